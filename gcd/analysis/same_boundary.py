"""Whether two relaxed slabs hold the same grain boundary, by where its atoms have their neighbours.

Energies alone do not say: two boundaries may cost the same by chance. Positions alone do not either: the same boundary
may lie higher in one slab, be shifted in the plane, or have whole crystal planes more beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

NEIGHBOURS = 14  # of an atom that are compared: the first two shells of BCC, and more than the first of FCC
SURFACE = 9.0  # Å from the free ends of a slab whose atoms say nothing of the boundary
DISTURBED = 0.15  # Å: an atom with a neighbour so far from where the crystal has it belongs to the boundary
TOLERANCE = 0.05  # Å, root mean square over the neighbours' distances of the atoms that are paired
SPARE = 0.1  # part of the atoms that may count as disturbed in one slab alone: those at the edge of being so


def neighbour_distances(atoms: Atoms) -> np.ndarray:
    """(M, NEIGHBOURS) Å: sorted distances of the neighbours of each disturbed atom; M is 0 for a perfect crystal.

    The slab is periodic in x and y, with free ends along z unless it is periodic there, too.
    """
    from gcd.analysis.neighbours import nearest_neighbours

    if len(atoms) <= NEIGHBOURS:
        return np.zeros((0, NEIGHBOURS))
    distances = nearest_neighbours(atoms, NEIGHBOURS).distances.reshape(len(atoms), NEIGHBOURS)
    z = atoms.positions[:, 2]
    inner = np.ones(len(atoms), bool) if atoms.pbc[2] else (z > z.min() + SURFACE) & (z < z.max() - SURFACE)
    if not inner.any():
        return np.zeros((0, NEIGHBOURS))
    distances = distances[inner]
    crystal = np.median(distances, axis=0)
    return distances[np.abs(distances - crystal).max(axis=1) > DISTURBED]


def same_boundary(one: Atoms, two: Atoms) -> bool:
    """Whether the disturbed atoms of both slabs can be paired so that their neighbours are equally far."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    a, b = neighbour_distances(one), neighbour_distances(two)
    if abs(len(a) - len(b)) > SPARE * max(len(a), len(b)):
        return False
    if not len(a) or not len(b):
        return len(a) == len(b)
    cost = cdist(a, b, "sqeuclidean") / NEIGHBOURS
    rows, columns = linear_sum_assignment(cost)
    return bool(np.sqrt(cost[rows, columns].mean()) < TOLERANCE)
