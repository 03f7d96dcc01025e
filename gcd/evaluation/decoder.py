"""How well voxels are read back into atoms: the learned decoder beside the centre-of-mass yardstick."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gcd.structures.crystals import PHASES
from gcd.training.decoder_structures import Sample, grain, random_addition, slab, thermal
from gcd.training.selection import grid_of, match_atoms
from gcd.voxels.decoder import Decoder, decode
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid
from gcd.voxels.yardstick import centre_of_mass_decode

NOISE = 0.05  # standard deviation that the noisy bars are stated for
SLAB = (12, 12, 72)  # voxels of 0.834 Å, the paper's grid for the tungsten boundary

# Structures that the decoder is held against. None is trained on: their sizes, densities and seeds are their own.
KINDS: dict[str, Callable[[np.random.Generator], Sample]] = {
    "random, 2.6 L, saturated": lambda rng: random_addition(rng, 2.6, 1.0, edge=16),
    "random, 2.6 L, 60 % of it": lambda rng: random_addition(rng, 2.6, 0.6, edge=16),
    **{f"thermal {p}": partial(thermal, phase=p, cells=4, rms=0.2, vacancies=0.0) for p in PHASES},
    "thermal bcc, vacancies": lambda rng: thermal(rng, "bcc", 4, rms=0.2, vacancies=0.03),
    "turned bcc grain": lambda rng: grain(rng, "bcc", 2.6),
    "W bicrystal, 2.8 L": lambda rng: slab(rng, 2.8, SLAB),
    "random, 2.6 L, 20 % of it": lambda rng: random_addition(rng, 2.6, 0.2, edge=16),
}


def relaxed_boundary(rng: np.random.Generator) -> Sample:
    """A Sigma5 boundary of tungsten on the paper's grid, at random, relaxed with the Zhou potential."""
    from gcd.energetics.boundary_energy import relax_boundaries
    from gcd.structures.bicrystals import push_atoms, twist_bicrystal

    while True:
        shift, gap, remove = rng.uniform(0, 10, 2), rng.uniform(0, 0.8), int(rng.integers(0, 10))
        try:
            atoms = twist_bicrystal(
                "sigma5", "W", in_plane_shift=tuple(shift), gap=gap, remove=remove, rng=rng
            )
        except ValueError:  # two atoms on top of each other
            continue
        push_atoms(atoms, atoms.info["plane"], 0.3, rng)
        atoms = relax_boundaries(atoms, "W", workers=1)[0]
        if "error" not in atoms.info:
            r = atoms.positions / (atoms.cell.lengths()[0] / SLAB[0])
            r[:, :2] %= SLAB[0]
            r[:, 2] += rng.uniform(0, 1) - r[:, 2].min() + 1
            return Sample(r, SLAB, (True, True, False))


# Takes a second each, and LAMMPS to be quick: not among the kinds that the tests hold the decoder against.
RELAXED: dict[str, Callable[[np.random.Generator], Sample]] = {"W boundary, relaxed": relaxed_boundary}


def kinds_here() -> list[str]:
    """The kinds whose structures can be made on this machine: a relaxed boundary needs ASE."""
    try:
        import ase  # noqa: F401
    except ImportError:
        return list(KINDS)
    return [*KINDS, *RELAXED]


@dataclass(frozen=True)
class Row:
    """One decoder on one kind of structure; errors in voxels."""

    kind: str
    decoder: str
    noise: float
    structures: int
    atoms: int
    right_number: int  # structures with exactly as many atoms as were encoded
    missed: int  # atoms with nothing decoded within 1.3 voxels
    extra: int  # decoded atoms that belong to no encoded one
    rms: float  # root of the mean squared distance
    rms_coordinate: float  # the same per coordinate: rms over the root of three
    largest: float


def evaluate_decoder(
    decoder: Decoder,
    *,
    count: int = 100,
    noises: Iterable[float] = (0.0, NOISE),
    seed: int = 0,
    kinds: Iterable[str] = (),
) -> list[Row]:
    """Encode structures never trained on, add noise, decode, compare: one row a kind, a noise and a decoder.

    Args:
        decoder: a trained decoder.
        count: structures of each kind.
        noises: standard deviations that are added to the voxels.
        seed: of structures and noise.
        kinds: names in `KINDS` and `RELAXED`; all of them when empty.
    """
    rows = []
    methods: dict[str, Callable[[Tensor, Grid], list[np.ndarray]]] = {
        "learned": partial(decode, decoder),
        "centre of mass": centre_of_mass_decode,
    }
    makers = KINDS | RELAXED
    for kind in kinds or makers:
        rng = np.random.default_rng([seed, list(makers).index(kind), 7])
        samples = [makers[kind](rng) for _ in range(count)]
        grid = grid_of(samples[0])
        clean = torch.cat([encode(torch.as_tensor(s.positions, dtype=torch.float32), grid) for s in samples])
        for noise in noises:
            generator = torch.Generator().manual_seed(seed)
            voxels = clean + noise * torch.randn(clean.shape, generator=generator)
            for name, method in methods.items():
                rows.append(_row(kind, name, noise, samples, method(voxels, grid)))
    return rows


def _row(kind: str, name: str, noise: float, samples: list[Sample], decoded: list[np.ndarray]) -> Row:
    errors, missed, extra, right = [np.empty(0)], 0, 0, 0
    for sample, found in zip(samples, decoded, strict=True):
        distance, m, e = compare(sample, found)
        errors.append(distance)
        missed, extra, right = missed + m, extra + e, right + (len(found) == len(sample.positions))
    error = np.concatenate(errors)
    rms = float(np.sqrt((error**2).mean())) if len(error) else float("nan")
    atoms = sum(len(s.positions) for s in samples)
    largest = float(error.max(initial=0))
    return Row(kind, name, noise, len(samples), atoms, right, missed, extra, rms, rms / 3**0.5, largest)


def compare(sample: Sample, found: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Distances of matched pairs, atoms missed, atoms extra; each atom is matched to at most one decoded position."""
    first, _, distance = match_atoms(sample, found)
    return distance, len(sample.positions) - len(first), len(found) - len(first)


def markdown(rows: list[Row]) -> str:
    """The table as a person reads it."""
    lines = [
        "| structures | noise | decoder | right number | missed | extra | of atoms | rms | a coordinate | largest |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.kind} | {r.noise:g} | {r.decoder} | {r.right_number} of {r.structures} | {r.missed} | {r.extra} | "
        f"{r.atoms} | {r.rms:.4f} | {r.rms_coordinate:.4f} | {r.largest:.3f} |"
        for r in rows
    ]
    return "\n".join(lines)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """The table for `--json`."""
    return [asdict(row) for row in rows]
