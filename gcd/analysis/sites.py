"""How far atoms are from the nearest site of an ideal lattice: defects show as the atoms that are far from any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from gcd.analysis.matching import match_crystal
from gcd.analysis.pairing import wrap
from gcd.structures.crystals import check_phase, check_size, ideal_positions

if TYPE_CHECKING:
    from ase import Atoms


def lattice_translation(atoms: Atoms, phase: str, size: int | Sequence[int]) -> np.ndarray:
    """(3,) Å, by which the ideal supercell that fits the structure best is moved; zero without atoms.

    Raises:
        ValueError: unknown phase, size out of range, or a cell that is not orthorhombic.
    """
    return match_crystal(atoms, phase, size).translation


def site_distances(
    positions: np.ndarray,
    lengths: Sequence[float],
    phase: str,
    size: int | Sequence[int],
    translation: np.ndarray | None = None,
) -> np.ndarray:
    """(N,) distances to the nearest site of the ideal supercell, in nearest-neighbour distances.

    Several atoms may have the same nearest site; what is asked is whether an atom sits on the lattice, not whether
    the site is its own.

    Args:
        positions: (N, 3) Å, anywhere in space.
        lengths: edges of the periodic cell, Å.
        translation: (3,) Å, of the ideal sites.
    """
    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    cell = np.asarray(lengths, dtype=float)
    edges = cell / np.array(cells)
    tree = cKDTree(wrap(ideal_positions(entry.name, cells) * edges, cell), boxsize=cell)
    moved = np.asarray(positions, dtype=float).reshape(-1, 3) - (0.0 if translation is None else translation)
    distances, _ = tree.query(wrap(moved, cell))
    return np.asarray(distances) / (entry.nearest_neighbour * float(edges.mean()))
