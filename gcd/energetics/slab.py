"""A bicrystal slab made ready to be relaxed, and [n], the fraction of a plane that its boundary holds (Eq. 8)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LAYER_GAP = 0.35  # Å between planes of atoms, at least, to tell them apart
FINER_GAPS = (0.2, 0.1)  # Å, where planes of high indices lie closer, as those of a Σ25 (430) tilt
MERGED = 1.5  # Å: a layer of the grains this thick is several planes
SHARE = 1 / 3  # of the grains' atoms that must lie in planes of one size for these to be the planes
CORE = 6.0  # Å on either side of the plane where atoms need not lie in planes
SURFACE = 4.0  # Å from either end where a free surface may be rough
WINDOW = 21.5  # Å on either side of the plane whose atoms count for E_gb: the free 20 Å and 1.5 Å more


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
    # How it lay in its file: file = slab @ turn for positions, and which cell vector leads across the boundary.
    turn: np.ndarray = field(default_factory=lambda: np.eye(3))
    axis: int = 2
    words: tuple[str, ...] = ()  # what there is to say of it: turned, strained, no boundary
    other: float | None = None  # z of a pile's other boundary, when it is a different one

    @property
    def area(self) -> float:
        """Of the boundary, Å^2."""
        return float(np.linalg.norm(np.cross(self.cell[0], self.cell[1])))


def layers(slab: Slab) -> list[tuple[float, int]]:
    """Planes of atoms along z as (mean z, number of atoms), from below; planes closer than `layer_gap` are one."""
    return [(float(part.mean()), len(part)) for part in _parts(slab, layer_gap(slab))]


def layer_gap(slab: Slab) -> float:
    """Å between planes of atoms that tells those of the grains apart: 0.35, or less where planes lie closer."""
    merged = [part for part in _parts(slab, LAYER_GAP) if np.abs(part - slab.plane).max() > CORE]
    if max((float(np.ptp(part)) for part in merged), default=0.0) < MERGED:
        return LAYER_GAP
    for gap in FINER_GAPS:
        sizes = np.array([len(p) for p in _parts(slab, gap) if abs(p.mean() - slab.plane) > CORE])
        number = int(np.bincount(sizes).argmax()) if len(sizes) else 0
        if (sizes == number).sum() * number > SHARE * sizes.sum():
            return gap
    return LAYER_GAP


def _parts(slab: Slab, gap: float) -> list[np.ndarray]:
    """Heights of the atoms, split where two are further apart than the gap."""
    z = np.sort(slab.positions[:, 2])
    return np.split(z, np.flatnonzero(np.diff(z) > gap) + 1)


def atoms_per_plane(slab: Slab) -> int:
    """Atoms in one bulk plane parallel to the boundary: the number that most planes away from it hold."""
    planes = layers(slab)
    counts = [count for z, count in planes if abs(z - slab.plane) > CORE] or [count for _, count in planes]
    return int(np.bincount(counts).argmax())


def n_fraction(slab: Slab) -> float:
    """[n] of Eq. 8: atoms from a whole plane below the boundary to a whole plane above it, modulo one plane.

    The planes are the outermost whole ones among those that count for E_gb, so vacancies in the grains count, and what
    free surfaces have lost or won does not.
    """
    number = atoms_per_plane(slab)
    z = slab.positions[:, 2]
    low = max(z.min() + SURFACE, slab.plane - WINDOW)
    high = min(z.max() - SURFACE, slab.plane + WINDOW)
    whole = np.array([mean for mean, count in layers(slab) if count == number])
    below = whole[(whole > low) & (whole < slab.plane - CORE)]
    above = whole[(whole < high) & (whole > slab.plane + CORE)]
    inside = len(z)
    if len(below) and len(above):
        gap = layer_gap(slab)
        inside = int(((z > below[0] - gap) & (z < above[-1] + gap)).sum())
    return inside % number / number
