"""Whether two candidates are the same structure: by their energy and [n], then by the distances between their atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gcd.search.store import duplicate_key

if TYPE_CHECKING:
    from ase import Atoms

CORE = 6.0  # Å on either side of the plane: the atoms that are told apart
REACH, SHELLS = 6.0, 12  # Å up to which they see others, and bins of distance
SAME = 0.12  # neighbours an atom, in any bin: twice what relaxation leaves between two copies


def core_print(atoms: Atoms, plane: float) -> tuple[float, ...]:
    """Neighbours that an atom of the core has at each distance, on average: (SHELLS,), blind to shifts and turns.

    Bins overlap as tents do, so that a distance near a border counts for both.
    """
    from scipy.spatial import cKDTree

    z = atoms.positions[:, 2] - plane
    core = np.flatnonzero(np.abs(z) < CORE)
    if not len(core):
        return (0.0,) * SHELLS
    near = np.flatnonzero(np.abs(z) < CORE + REACH)
    a, b = atoms.cell.array[0], atoms.cell.array[1]
    reach = [int(np.ceil(REACH / np.linalg.norm(v))) for v in (a, b)]
    shifts = [i * a + j * b for i in range(-reach[0], reach[0] + 1) for j in range(-reach[1], reach[1] + 1)]
    images = np.concatenate([atoms.positions[near] + shift for shift in shifts])
    pairs = cKDTree(atoms.positions[core]).sparse_distance_matrix(
        cKDTree(images), REACH, output_type="ndarray"
    )
    distances = pairs["v"][pairs["v"] > 1e-3]
    x = distances / REACH * SHELLS
    low = np.floor(x).astype(int)
    counts = np.zeros(SHELLS + 2)
    np.add.at(counts, low, 1 - (x - low))
    np.add.at(counts, low + 1, x - low)
    return tuple(round(float(v), 3) for v in counts[:SHELLS] / len(core))


class Known:
    """The structures that a campaign has found, group by group; a group is a boundary, a metal and a potential."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, float], list[tuple[str, tuple[float, ...]]]] = {}
        self.distinct: dict[str, int] = {}

    def add(self, group: str, name: str, egb: float, n: float, shells: tuple[float, ...]) -> str:
        """Take a structure in; the name of the one that it repeats, or nothing."""
        if not np.isfinite(egb):
            return ""
        alike = self._found.setdefault((group, *duplicate_key(egb, n)), [])
        for other, known in alike:
            if len(known) == len(shells) and np.abs(np.subtract(known, shells)).max(initial=0.0) < SAME:
                return other
        alike.append((name, shells))
        self.distinct[group] = self.distinct.get(group, 0) + 1
        return ""
