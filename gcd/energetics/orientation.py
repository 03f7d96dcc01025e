"""Stand a bicrystal up: its boundary's normal along z, its first in-plane vector along x, however its file has it.

Files have the boundary across x, y or z, cells turned as a whole, left-handed ones, third vectors that point down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms

NAMES = ("x", "y", "z")
FAINT = 1e-4  # eV; an atom of a boundary stands out by more


@dataclass(frozen=True)
class Standing:
    """Atoms with z across their boundary."""

    atoms: Atoms
    turn: np.ndarray  # (3, 3); file = standing @ turn
    axis: int  # which cell vector of the file leads across
    words: tuple[str, ...]


def stand_up(atoms: Atoms, vacuum: float, excess: Callable[[Atoms], np.ndarray]) -> Standing:
    """The atoms turned; those that stand already are left as they are.

    Args:
        atoms: in their file's cell.
        vacuum: Å; an empty stretch longer than that is no crystal.
        excess: gives (N,) eV above the crystal of atoms that are periodic in all directions.
    """
    axis = _across(atoms, vacuum, excess)
    cell = atoms.cell.array
    order = [(axis + 1) % 3, (axis + 2) % 3, axis]
    a, b, c = cell[order]
    normal = np.cross(a, b)
    if axis == 2 and abs(a[2]) + abs(b[2]) < 1e-3:
        if c[2] > -1e-3:
            return Standing(atoms, np.eye(3), 2, ())
        standing = atoms.copy()
        standing.set_cell([a, b, -c], scale_atoms=False)
        return Standing(standing, np.eye(3), 2, ())
    if np.linalg.norm(normal) < 1.0 or not a.any():
        return Standing(atoms, np.eye(3), 2, ())  # refused by the checks that follow
    normal /= np.linalg.norm(normal)
    first = a / np.linalg.norm(a)
    rows = np.array([first, np.cross(normal, first), normal])
    if c.any() and np.linalg.norm(np.cross(c, normal)) > 1e-3 * np.linalg.norm(c):
        return Standing(atoms, np.eye(3), 2, ())  # sheared rather than turned: refused too
    if c @ normal < 0:
        c = -c
    turned = np.array([a, b, c]) @ rows.T
    turned[np.abs(turned) < 1e-9 * np.abs(turned).max()] = 0.0
    standing = atoms.copy()
    standing.positions = atoms.positions @ rows.T
    standing.set_cell(turned, scale_atoms=False)
    standing.pbc = atoms.pbc[order]
    along = np.flatnonzero(np.abs(normal) > 1 - 1e-6)
    where = f"along {NAMES[along[0]]}" if len(along) else "along " + " ".join(f"{v:.4f}" for v in normal)
    word = f"The boundary's normal lies {where}: the plane is counted along it."
    return Standing(standing, rows, axis, (word,))


def _across(atoms: Atoms, vacuum: float, excess: Callable[[Atoms], Any]) -> int:
    """Which cell vector leads across the boundary."""
    periodic = atoms.pbc
    if periodic.sum() == 2:
        return int(np.flatnonzero(~periodic)[0])
    cell = atoms.cell
    if not all(periodic) or len(atoms) < 2 or cell.rank < 3 or not np.isfinite(atoms.positions).all():
        return 2
    heights = atoms.cell.volume / np.array(
        [np.linalg.norm(np.cross(cell[(k + 1) % 3], cell[(k + 2) % 3])) for k in range(3)]
    )
    fractional = np.mod(atoms.positions @ np.linalg.inv(cell.array), 1.0)
    everything = [_widest_gap(fractional[:, k]) * heights[k] for k in range(3)]
    empty = [k for k in range(3) if everything[k] > vacuum and heights[k] > 2 * vacuum]
    if empty:
        return 2 if 2 in empty else empty[0]
    above = excess(atoms)
    above = above - np.median(above)
    if (largest := above.max()) < FAINT:
        return 2
    disturbed = above > 0.25 * largest
    gaps = [_widest_gap(fractional[disturbed, k]) * heights[k] for k in range(3)]
    best = int(np.argmax(gaps))
    return best if gaps[best] > 1.5 * gaps[2] else 2


def _widest_gap(fractional: np.ndarray) -> float:
    """Of places on a circle of length 1."""
    order = np.sort(fractional)
    return float(np.diff(np.append(order, order[0] + 1.0)).max())
