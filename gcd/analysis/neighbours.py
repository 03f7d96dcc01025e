"""Neighbours under periodicity, of any cell and any cut-off.

freud's own searches need a cell at least twice as long as the cut-off; generated crystals can be one cell
thick. Here the periodic images are laid out explicitly, so that an atom may even be its own neighbour, as it
is in a one-atom cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from gcd.structures.cells import plane_distances

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Bonds:
    """Directed pairs, sorted by ``first``: from atom ``first`` to (an image of) atom ``second``."""

    first: np.ndarray  # (K,) int
    second: np.ndarray  # (K,) int
    vectors: np.ndarray  # (K, 3) Å

    @property
    def distances(self) -> np.ndarray:
        """(K,) lengths in Å."""
        return np.linalg.norm(self.vectors, axis=1)


def neighbours_within(atoms: Atoms, cutoff: float) -> Bonds:
    """All neighbours no farther than ``cutoff`` (Å), periodic images included, the atom itself left out."""
    positions, points, owner = _with_images(atoms, cutoff)
    found = cKDTree(points).query_ball_point(positions, cutoff)
    first = np.repeat(np.arange(len(positions)), [len(f) for f in found])
    chosen = np.concatenate([np.asarray(f, dtype=int) for f in found]) if len(found) else np.zeros(0, int)
    keep = chosen != first  # the images come after the atoms, so that equal numbers mean the atom itself
    first, chosen = first[keep], chosen[keep]
    return Bonds(first, owner[chosen], points[chosen] - positions[first])


def nearest_neighbours(atoms: Atoms, count: int) -> Bonds:
    """The ``count`` nearest neighbours of each atom, nearest first; fewer where there are no more."""
    n = len(atoms)
    if n == 0 or count == 0:
        return Bonds(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)))
    reach = 2.0 * mean_spacing(atoms)
    limit = np.inf if atoms.pbc.any() else _extent(atoms)
    while True:
        positions, points, owner = _with_images(atoms, reach)
        distances, chosen = cKDTree(points).query(positions, k=min(count + 1, len(points)))
        distances, chosen = distances.reshape(n, -1), chosen.reshape(n, -1)
        enough = distances.shape[1] == count + 1 and distances[:, -1].max() <= reach
        if enough or reach > limit:
            break
        reach *= 1.5
    first = np.repeat(np.arange(n), chosen.shape[1])
    chosen = chosen.ravel()
    keep = chosen != first
    first, chosen = first[keep], chosen[keep]
    # Two atoms at one point: the search may return the other one first, and then the atom itself is not the
    # extra one.
    rank = np.arange(len(first)) - np.searchsorted(first, first)
    first, chosen = first[rank < count], chosen[rank < count]
    return Bonds(first, owner[chosen], points[chosen] - positions[first])


def reduced(atoms: Atoms) -> Atoms:
    """The same structure with a right-handed cell, and the shortest vectors along its periodic axes.

    freud ends the process on a left-handed cell, and a skewed one would need far more images.
    """
    from ase.geometry import minkowski_reduce

    cell = np.asarray(atoms.cell[:], dtype=float)
    if atoms.cell.rank < 3 or np.array_equal(cell, np.diag(np.abs(np.diag(cell)))):
        return atoms
    cell = np.array(minkowski_reduce(cell, atoms.pbc)[0])
    if np.linalg.det(cell) < 0:
        cell[2] *= -1
    same = atoms.copy()
    same.set_cell(cell, scale_atoms=False)
    return same


def mean_spacing(atoms: Atoms) -> float:
    """(V / N)^(1/3) in Å: the scale of distances; from the extent where the cell has no volume."""
    volume = abs(np.linalg.det(atoms.cell.complete()[:])) if atoms.cell.rank == 3 else 0.0
    if volume < 1e-9:
        volume = (_extent(atoms) + 1.0) ** 3
    return float((volume / max(len(atoms), 1)) ** (1 / 3))


def _extent(atoms: Atoms) -> float:
    return float(np.linalg.norm(np.ptp(atoms.positions, axis=0))) if len(atoms) else 0.0


def _with_images(atoms: Atoms, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wrapped positions (N, 3); those and their images within ``reach`` of the cell (M, 3); owners (M,)."""
    atoms = reduced(atoms)
    cell = np.asarray(atoms.cell.complete()[:])
    fractional = atoms.positions @ np.linalg.inv(cell)
    fractional = np.where(atoms.pbc, fractional % 1.0, fractional)
    margin = reach / plane_distances(cell)
    layers = np.where(atoms.pbc, np.ceil(margin).astype(int), 0)
    shifts = np.array(list(product(*(range(-n, n + 1) for n in layers))), dtype=float)
    shifts = shifts[np.argsort(np.abs(shifts).sum(axis=1), kind="stable")]  # no shift first
    images, owners = [], []
    for shift in shifts:
        image = fractional + shift
        near = np.all(~atoms.pbc | ((image >= -margin - 1e-9) & (image <= 1 + margin + 1e-9)), axis=1)
        images.append(image[near])
        owners.append(np.flatnonzero(near))
    return fractional @ cell, np.concatenate(images) @ cell, np.concatenate(owners)
