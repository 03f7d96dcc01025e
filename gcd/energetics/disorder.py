"""How far each atom's surroundings are from a crystal's, for potentials that have no energies of atoms.

The centrosymmetry parameter (Kelchner, Plimpton and Hamilton, Phys. Rev. B 58, 11085, 1998): neighbours on opposite
sides of an atom cancel in a crystal with one atom a lattice point.
"""

from __future__ import annotations

import numpy as np

NEIGHBOURS = {"bcc": 8, "fcc": 12}


def centrosymmetry(
    positions: np.ndarray, cell: np.ndarray, periodic: tuple[bool, bool, bool], phase: str, nearest: float
) -> np.ndarray:
    """(N,) sum over pairs of opposite neighbours of |r + r'|^2, over the nearest distance (Å) squared."""
    from gcd.energetics.neighbours import neighbour_arrays

    count = NEIGHBOURS[phase]
    i, j, shift = neighbour_arrays(positions, cell, periodic, 1.7 * nearest)
    vectors = positions[j] - positions[i] + shift
    i, vectors = np.concatenate([i, j]), np.concatenate([vectors, -vectors])
    result = np.empty(len(positions))
    order = np.lexsort((np.linalg.norm(vectors, axis=1), i))
    starts = np.searchsorted(i[order], np.arange(len(positions) + 1))
    rows, columns = np.triu_indices(count, 1)
    for atom in range(len(positions)):
        near = vectors[order[starts[atom] : starts[atom + 1]]][:count]
        if len(near) < count:
            result[atom] = count
            continue
        sums = np.square(near[rows] + near[columns]).sum(1)
        result[atom] = np.sort(sums)[: count // 2].sum() / nearest**2
    return result
