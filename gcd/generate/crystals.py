"""Crystals: noise, voxel diffusion, decoder, `ase.Atoms` that say how they were made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gcd import limits
from gcd.checkpoints import load_decoder
from gcd.devices import resolve_device
from gcd.diffusion.samplers import check_evaluations
from gcd.generate.voxel_model import Progress, VoxelModel, batches, check_total, initial_noise, reporter
from gcd.structures.crystals import check_element, check_phase, check_size, crystal_grid, lattice_constant_of
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms


def generate_crystals(
    phase: str,
    *,
    count: int = 1,
    size: int | Sequence[int] = (4, 4, 4),
    seed: int = 0,
    evaluations: int = 60,
    order: int = 3,
    spacing: str = "lambda",
    element: str | None = None,
    lattice_constant: float | None = None,
    device: str = "auto",
    checkpoint: str | None = None,
    first: int = 0,
    callback: Callable[[Progress], None] | None = None,
    return_voxels: bool = False,
) -> list[Atoms] | tuple[list[Atoms], np.ndarray]:
    """Crystals of a phase from its voxel diffusion model: noise, DPM-Solver, decoder.

    Args:
        phase: "sc", "bcc" or "fcc".
        count: how many.
        size: conventional cells along x, y, z.
        seed: sample i starts from noise of its own, drawn from (seed, first + i), whatever the batch it is in.
        evaluations: of the network, a sample; a multiple of the solver's order.
        element, lattice_constant: what the atoms are called and the cell's edge in Å; the model knows neither.
        checkpoint: name or folder of the model, by default crystal-PHASE.
        first: index of the first sample, so that a long series can be made in parts.
        callback: called with a `Progress` after each solver step; raising `Cancelled` in it stops the work.
        return_voxels: also give the generated voxels (count, X, Y, Z), in units of atoms.

    Returns:
        The crystals. `info` holds phase, size, seed, index, evaluations, order, spacing, model, expected_atoms,
        lattice_constant (Å), device, seconds and gcd_version.

    Raises:
        ValueError: an argument outside the legal ones, named in one sentence.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    import gcd

    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    limits.check_count(count)
    limits.check_seed(seed)
    limits.check_first(first)
    check_evaluations(evaluations, order, spacing)
    symbol = check_element(element or entry.default_element)
    edge = lattice_constant_of(entry.name, symbol) if lattice_constant is None else lattice_constant
    grid = crystal_grid(entry.name, cells, edge)
    check_total(count, grid)
    where = resolve_device(device)
    name = checkpoint or f"crystal-{entry.name}"
    model = VoxelModel.load(name, where)
    if model.config.get("phase") != entry.name:
        raise ValueError(f"The checkpoint {name!r} makes {model.config.get('phase')}, not {entry.name}.")
    decoder = load_decoder(where)

    from gcd.voxels.decoder import decode

    structures: list[Atoms] = []
    arrays: list[np.ndarray] = []
    for indices in batches(count, grid, where):
        begun = time.perf_counter()
        noise = torch.stack([initial_noise(grid, seed, first + i) for i in indices]).to(where)
        report = reporter(callback, indices, evaluations, count, model.scale)
        with torch.inference_mode():
            voxels = model.sample(
                noise, grid, evaluations=evaluations, order=order, spacing=spacing, callback=report
            )
            positions = decode(decoder, voxels, grid)
        seconds = (time.perf_counter() - begun) / len(indices)
        arrays.append(voxels.cpu().numpy())
        for i, r in zip(indices, positions, strict=True):
            info = {
                "phase": entry.name,
                "size": list(cells),
                "seed": int(seed),
                "index": first + i,
                "evaluations": int(evaluations),
                "order": int(order),
                "spacing": spacing,
                "model": str(name),
                "expected_atoms": int(np.prod(cells)) * entry.atoms_per_cell,
                "lattice_constant": float(edge),
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            structures.append(_atoms(symbol, r, grid, info))
    return (structures, np.concatenate(arrays)) if return_voxels else structures


def _atoms(symbol: str, positions: np.ndarray, grid: Grid, info: dict[str, Any]) -> Atoms:
    from ase import Atoms

    return Atoms([symbol] * len(positions), positions, cell=grid.lengths, pbc=grid.periodic, info=info)
