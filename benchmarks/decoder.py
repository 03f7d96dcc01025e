"""Decoder: milliseconds a grid, its network and its merging apart, against the centre-of-mass yardstick."""

from __future__ import annotations

import torch

from benchmarks.measure import percent, quantity, table, together
from benchmarks.models import decoder_for_benchmark
from gcd.structures.crystals import PHASES, crystal_grid, ideal_positions, lattice_constant_of
from gcd.voxels.decoder import decode
from gcd.voxels.encoder import encode
from gcd.voxels.yardstick import centre_of_mass_decode

CASES = [("bcc", 4, 1), ("bcc", 4, 8), ("sc", 4, 8), ("fcc", 4, 8), ("bcc", 6, 1), ("fcc", 8, 1)]
NOISE = 0.02  # of an atom: what a generated voxel array is like


def run(quick: bool = False) -> None:
    """Ideal crystals, shifted by a fraction of a voxel, with a little noise."""
    decoder, trained = decoder_for_benchmark()
    generator = torch.Generator().manual_seed(0)
    rows = []
    for phase, cells, batch in CASES[: 2 if quick else None]:
        size = (cells, cells, cells)
        lattice_constant = lattice_constant_of(phase)
        grid = crystal_grid(phase, size, lattice_constant)
        atoms = torch.as_tensor(ideal_positions(phase, size) * lattice_constant)
        shifts = torch.rand(batch, 1, 3, generator=generator) * torch.tensor(grid.voxel_size)
        index = torch.arange(batch).repeat_interleave(len(atoms))
        clean = encode((atoms + shifts).reshape(-1, 3), grid, structure_index=index, count=batch).float()
        voxels = clean + NOISE * torch.randn(clean.shape, generator=generator)

        def network(v: torch.Tensor = voxels, periodic: tuple[bool, bool, bool] = grid.periodic) -> None:
            with torch.inference_mode():
                decoder(v, periodic)

        whole, forward, yardstick = together(
            [
                lambda v=voxels, g=grid: decode(decoder, v, g),  # type: ignore[misc]
                network,
                lambda v=voxels, g=grid: centre_of_mass_decode(v, g),  # type: ignore[misc]
            ],
            least=0.3 if quick else 1.0,
            repeats=3,
        )
        found = decode(decoder, voxels, grid)
        right = sum(len(f) == len(atoms) for f in found)
        rows.append(
            [
                f"{PHASES[phase].name} {cells}x{cells}x{cells}, {'x'.join(map(str, grid.shape))}, batch {batch}",
                quantity(1e3 * whole / batch),
                quantity(1e3 * forward / batch),
                percent(forward / whole),
                quantity(1e3 * yardstick / batch),
                f"{quantity(whole / yardstick, 2)} x",
                f"{right} of {batch}",
            ]
        )
    table(
        "Decoder, ms a grid" + ("" if trained else " (untrained)"),
        [
            "grid",
            "decode",
            "its network",
            "share",
            "centre of mass",
            "decode / centre of mass",
            "right number of atoms",
        ],
        rows,
        f"Ideal crystals at random sub-voxel positions with noise {NOISE}.",
    )


if __name__ == "__main__":
    run()
