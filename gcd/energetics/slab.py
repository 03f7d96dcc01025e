"""A bicrystal slab made ready to be relaxed, and [n], the fraction of a plane that its boundary holds (Eq. 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LAYER_GAP = 0.35  # Å between planes of atoms, at least, to tell them apart
CORE = 6.0  # Å on either side of the plane where atoms need not lie in planes


@dataclass(frozen=True)
class Slab:
    """A slab with z across the boundary, periodic in x and y alone.

    Made by :func:`gcd.energetics.boundary_plane.make_slab`.
    """

    positions: np.ndarray  # (N, 3) Å, in the order of the file; z without wrapping
    cell: np.ndarray  # (3, 3) Å; a and b in the plane, c along z
    metal: str
    plane: float  # z of the boundary, Å
    lower: np.ndarray  # (N,) bool, clamped at their place
    upper: np.ndarray  # (N,) bool, move as one rigid block

    @property
    def area(self) -> float:
        """Of the boundary, Å^2."""
        return float(np.linalg.norm(np.cross(self.cell[0], self.cell[1])))


def layers(slab: Slab) -> list[tuple[float, int]]:
    """Planes of atoms along z as (mean z, number of atoms), from below; planes closer than 0.35 Å are one."""
    z = np.sort(slab.positions[:, 2])
    parts = np.split(z, np.flatnonzero(np.diff(z) > LAYER_GAP) + 1)
    return [(float(part.mean()), len(part)) for part in parts]


def atoms_per_plane(slab: Slab) -> int:
    """Atoms in one bulk plane parallel to the boundary: the number that most planes away from it hold."""
    planes = layers(slab)
    counts = [count for z, count in planes if abs(z - slab.plane) > CORE] or [count for _, count in planes]
    return int(np.bincount(counts).argmax())


def n_fraction(slab: Slab) -> float:
    """[n] of Eq. 8: atoms from a whole plane below the boundary to a whole plane above it, modulo one plane.

    Counting between whole planes rather than all atoms, it does not matter what the free surfaces have lost or won.
    """
    number = atoms_per_plane(slab)
    whole = [z for z, count in layers(slab) if count == number]
    below = [z for z in whole if z < slab.plane - CORE]
    above = [z for z in whole if z > slab.plane + CORE]
    z = slab.positions[:, 2]
    inside = len(z)
    if below and above:  # the nearest whole planes: defects of the grains, if any, stay outside
        inside = int(((z > below[-1] - LAYER_GAP) & (z < above[0] + LAYER_GAP)).sum())
    return inside % number / number
