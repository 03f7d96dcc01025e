"""Structures to train and to test the decoder on, made on the fly; all lengths in voxels.

The decoder reads crystals, but also what lies between them: so it learns from ideal, thermal and strained crystals,
vacancies, turned grains, random packings from sparse to dense, and bicrystal slabs with vacuum at both ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gcd.structures.crystals import PHASES

Periodic = tuple[bool, bool, bool]
TUNGSTEN = 3.795  # lattice constant of tungsten on the paper's boundary grid: 3.165 Å over 0.834 Å
SLAB = (12, 12, 40)  # the paper's 12 x 12 voxels across the boundary, and half of its 72 along z
CELLS = {
    "sc": 3,
    "bcc": 4,
    "fcc": 3,
}  # unit cells an edge: 18 to 20 voxels, enough to surround what the network sees
VACUUM = 4.0  # voxels without atoms at each end of a slab


@dataclass(frozen=True)
class Sample:
    """One structure: (N, 3) positions in voxels, on a grid of this shape."""

    positions: np.ndarray
    shape: tuple[int, int, int]
    periodic: Periodic = (True, True, True)


def ideal(rng: np.random.Generator, phase: str, cells: int = 3) -> Sample:
    """An ideal crystal on the paper's grid for its phase, shifted at random."""
    cell = PHASES[phase].voxels_per_cell
    return _periodic(rng, _lattice(PHASES[phase].basis, cells) * cell, cells * cell)


def thermal(
    rng: np.random.Generator,
    phase: str,
    cells: int = 3,
    *,
    rms: float | None = None,
    vacancies: float | None = None,
) -> Sample:
    """A crystal with Gaussian displacements of `rms` voxels per coordinate, a long strain wave, and vacancies."""
    cell = PHASES[phase].voxels_per_cell
    edge = cells * cell
    r = _lattice(PHASES[phase].basis, cells) * cell
    wave = np.sin(2 * np.pi * (r @ _wave_vector(rng)) / edge + rng.uniform(0, 2 * np.pi))
    r = r + rng.normal(0, 0.3, 3) * wave[:, None]
    r = r + rng.normal(0, rng.uniform(0, 0.35) if rms is None else rms, r.shape)
    share = rng.choice([0.0, 0.02, 0.1]) if vacancies is None else vacancies
    r = r[rng.random(len(r)) >= share]
    return _periodic(rng, push_apart(r, (edge,) * 3, 2.45), edge)


def grain(rng: np.random.Generator, phase: str | None = None, shortest: float | None = None) -> Sample:
    """A crystal turned at random that fills a periodic box, which it does not fit: a seam where it meets itself."""
    phase = phase or str(rng.choice(list(PHASES)))
    crystal = PHASES[phase]
    edge = 20
    lattice_constant = crystal.voxels_per_cell * rng.uniform(0.85, 1.1)
    lattice_constant = max(lattice_constant, 3.2 / crystal.nearest_neighbour)
    n = int(np.ceil(edge * 3**0.5 / lattice_constant)) + 1
    r = (_lattice(crystal.basis, n) - n / 2) * lattice_constant @ _rotation(rng).T + edge / 2
    r = r[((r >= 0) & (r < edge)).all(axis=1)] + rng.normal(0, rng.uniform(0, 0.2), 3)
    shortest = rng.uniform(2.45, 0.95 * 3.2) if shortest is None else shortest
    r = thin_out(rng, r, (edge,) * 3, 0.75 * shortest)
    return _periodic(rng, push_apart(r, (edge,) * 3, shortest), edge)


def random_addition(
    rng: np.random.Generator, shortest: float | None = None, filling: float | None = None, edge: int = 20
) -> Sample:
    """Random sequential addition: points at random, kept when no closer than `shortest` to those already there.

    Filling 1 goes on until hardly a place is left; less stops at that share of the saturated number, which is
    0.384 of the volume in spheres of this diameter.
    """
    shortest = rng.uniform(2.4, 3.6) if shortest is None else shortest
    filling = float(rng.choice([rng.uniform(0.02, 1), 1.0])) if filling is None else filling
    target = filling * 0.384 * edge**3 / (np.pi / 6 * shortest**3)
    # Only cells of half a voxel that no sphere covers wholly are tried, so that saturation comes quickly.
    cells = np.stack(np.meshgrid(*[np.arange(0, edge, 0.5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    r = np.empty((0, 3))
    for _ in range(200):
        if len(r) >= target or not len(cells):
            break
        trial = cells[rng.integers(0, len(cells), 128)] + rng.uniform(0, 0.5, (128, 3))
        if len(r):
            trial = trial[_distances(trial, r, (edge,) * 3).min(axis=1) >= shortest]
        near = _distances(trial, trial, (edge,) * 3) < shortest
        keep: list[int] = []
        for a in range(len(trial)):
            if not near[a, keep].any():
                keep.append(a)
        for atom in trial[keep]:
            d = cells + 0.25 - atom
            d -= edge * np.rint(d / edge)
            cells = cells[(d**2).sum(1) >= (shortest - 0.433) ** 2]
        r = np.concatenate([r, trial[keep]])
    return _periodic(rng, r[: int(np.ceil(target))], edge)


def packing(rng: np.random.Generator, shortest: float | None = None, density: float | None = None) -> Sample:
    """A dense random packing, as of a metallic glass: random points, then overlaps pushed apart."""
    edge = 20
    shortest = rng.uniform(2.45, 2.9) if shortest is None else shortest
    density = (
        rng.uniform(0.4, 0.6) if density is None else density
    )  # of the volume in spheres of that diameter
    count = int(density * edge**3 / (np.pi / 6 * shortest**3))
    return _periodic(
        rng, push_apart(rng.uniform(0, edge, (count, 3)), (edge,) * 3, shortest, steps=200), edge
    )


def slab(
    rng: np.random.Generator, shortest: float | None = None, shape: tuple[int, int, int] = SLAB
) -> Sample:
    """A bcc tungsten twist bicrystal with vacuum at both z ends, its boundary disordered and then pushed apart.

    Grains turned by the Sigma5 angle either way fit 12 x 12 voxels exactly. Atoms near the boundary are
    displaced by up to about 0.4 voxels, and up to half a plane is removed.
    """
    edge, depth = shape[0], shape[2]
    middle = depth / 2
    thickness = rng.uniform(0.3, 1) * (middle - VACUUM)
    n = int(np.ceil(2 * edge / TUNGSTEN)) + 2
    grains = []
    for sign in (-1, 1):
        x, y = np.array([3, sign]) / 10**0.5, np.array([-sign, 3]) / 10**0.5
        r = (_lattice(PHASES["bcc"].basis, 2 * n) - n) * TUNGSTEN
        r[:, :2] = r[:, :2] @ np.stack([x, y]).T
        r[:, 2] -= np.floor(r[:, 2].min() / TUNGSTEN) * TUNGSTEN
        planar = (r[:, :2] >= -1e-6) & (r[:, :2] < edge - 1e-6)
        r = r[planar.all(axis=1) & (r[:, 2] <= thickness)]
        gap = rng.uniform(0.3, 1.1) * TUNGSTEN / 4
        r[:, 2] = middle + sign * (r[:, 2] + gap)
        r[:, :2] += rng.uniform(0, edge, 2)
        first = np.flatnonzero(np.abs(r[:, 2] - middle) < gap + 0.1)
        r = np.delete(r, rng.permutation(first)[: rng.integers(0, 6)], axis=0)
        grains.append(r)
    r = np.concatenate(grains)
    near = np.exp(-((r[:, 2:] - middle) ** 2) / (2 * rng.uniform(2, 6) ** 2))
    r = r + rng.normal(0, 1, r.shape) * (rng.uniform(0, 0.05) + rng.uniform(0, 0.4) * near)
    periodic = (True, True, False)
    shortest = rng.uniform(2.5, 3.0) if shortest is None else shortest
    r = push_apart(thin_out(rng, r, shape, 0.6 * shortest, periodic), shape, shortest, periodic=periodic)
    r[:, 2] = np.clip(r[:, 2] + rng.uniform(-0.5, 0.5), 0, depth - 1)
    return Sample(r, shape, periodic)


KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Sample]]] = {
    # kind: (how often, how it is made)
    **{f"ideal {p}": (0.5, lambda rng, p=p, n=n: ideal(rng, p, n)) for p, n in CELLS.items()},  # type: ignore[misc]
    **{f"thermal {p}": (1.0, lambda rng, p=p, n=n: thermal(rng, p, n)) for p, n in CELLS.items()},  # type: ignore[misc]
    "grain": (2.0, grain),
    "random": (3.0, random_addition),
    "packing": (1.5, packing),
    "slab": (3.0, slab),
}


def turned(rng: np.random.Generator, sample: Sample) -> Sample:
    """The same structure after a random symmetry of its grid and a random shift along its periodic axes."""
    shape, r = np.array(sample.shape), sample.positions
    alike = sample.shape[0] == sample.shape[2] and sample.periodic[0] == sample.periodic[2]
    axes = rng.permutation(3) if alike else np.append(rng.permutation(2), 2)
    r = r[:, axes]
    flip = rng.integers(0, 2, 3).astype(bool)
    r = np.where(flip, shape - 1 - r, r)
    shift = np.where(sample.periodic, rng.uniform(0, shape), 0.0)
    return Sample(np.where(sample.periodic, (r + shift) % shape, r), sample.shape, sample.periodic)


def push_apart(
    r: np.ndarray,
    shape: tuple[float, float, float],
    shortest: float,
    *,
    periodic: Periodic = (True, True, True),
    steps: int = 100,
) -> np.ndarray:
    """Move pairs closer than `shortest` apart along their line; drop any atom that is still too near at the end."""
    r, box = r.copy(), np.array(shape, dtype=float)
    for step in range(steps):
        if step % 5 == 0:
            first, second = np.nonzero(np.triu(_distances(r, r, shape, periodic) < shortest + 1, 1))
        d = r[first] - r[second]
        d -= np.where(periodic, box * np.rint(d / box), 0.0)
        length = np.sqrt((d**2).sum(1))
        overlap = np.maximum(0, shortest * 1.001 - length)
        if len(overlap) == 0 or (step % 5 == 0 and overlap.max() < 1e-4):
            break
        push = (0.5 * overlap / np.maximum(length, 1e-6))[:, None] * d
        for axis in range(3):
            r[:, axis] += np.bincount(first, push[:, axis], len(r)) - np.bincount(
                second, push[:, axis], len(r)
            )
    if not periodic[2]:
        r[:, 2] = np.clip(r[:, 2], 0.5, shape[2] - 1.5)
    return thin_out(np.random.default_rng(0), r, shape, shortest, periodic)


def thin_out(
    rng: np.random.Generator,
    r: np.ndarray,
    shape: tuple[float, float, float],
    shortest: float,
    periodic: Periodic = (True, True, True),
) -> np.ndarray:
    """Remove atoms, in random order, until none is closer than `shortest` to another."""
    near = _distances(r, r, shape, periodic) < shortest
    np.fill_diagonal(near, False)
    keep = np.ones(len(r), dtype=bool)
    for a in rng.permutation(np.flatnonzero(near.any(axis=1))):
        keep[a] = not (near[a] & keep).any()
    return r[keep]


def _lattice(basis: np.ndarray, n: int) -> np.ndarray:
    cells = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    return (cells + basis).reshape(-1, 3)


def _rotation(rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def _wave_vector(rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.array([1, rng.integers(0, 2), 0])).astype(float)


def _periodic(rng: np.random.Generator, r: np.ndarray, edge: int) -> Sample:
    return Sample((r + rng.uniform(0, edge, 3)) % edge, (edge,) * 3)


def _distances(
    a: np.ndarray, b: np.ndarray, shape: tuple[float, float, float], periodic: Periodic = (True, True, True)
) -> np.ndarray:
    total = np.zeros((len(a), len(b)), dtype=np.float32)
    for axis, (edge, wraps) in enumerate(zip(shape, periodic, strict=True)):
        d = (a[:, None, axis] - b[None, :, axis]).astype(np.float32)
        if wraps:
            d -= edge * np.rint(d / edge)
        total += d * d
    return np.sqrt(total)
