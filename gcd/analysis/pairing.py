"""One-to-one pairs of points under periodicity: the arithmetic behind :mod:`gcd.analysis.matching`."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

SMALL = 128  # points for which the full table of distances is solved at once
MOST_PARTNERS = (
    64  # nearest partners considered before the full table is; needed only where atoms lie in a heap
)
MAX_EDGES = 5_000_000  # possible pairs that are weighed against each other; a few seconds


def pair(
    a: np.ndarray, b: np.ndarray, lengths: np.ndarray, periodic: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """min(N, M) pairs (index in a, index in b) with the least sum of squared minimum-image distances.

    Args:
        a, b: positions (N, 3) and (M, 3), Å.
        lengths: (3,) edges of the orthorhombic cell, Å.
        periodic: (3,) whether each axis repeats.

    Raises:
        ValueError: more points without an obvious partner than can be solved for.
    """
    if len(a) > len(b):
        second, first = pair(b, a, lengths, periodic)
        return first, second
    rows = np.arange(len(a))
    if len(a) == 0:
        return rows, rows
    boxsize = np.where(periodic, lengths, 0.0)
    wrapped_a, wrapped_b = wrap(a, lengths, periodic), wrap(b, lengths, periodic)
    tree = cKDTree(wrapped_b, boxsize=boxsize)
    _, nearest = tree.query(wrapped_a)
    if len(np.unique(nearest)) == len(a):
        return rows, nearest  # each has a nearest partner of its own: nothing can be better
    return rows, _assign(wrapped_a, wrapped_b, tree, lengths, periodic)


def _assign(
    a: np.ndarray, b: np.ndarray, tree: cKDTree, lengths: np.ndarray, periodic: np.ndarray
) -> np.ndarray:
    """Partners in b for each of a, by the assignment problem.

    Large ones are solved among the nearest partners only, twice as many until everyone finds one: for random
        points
    16 already give the same pairs as the full table, 25 times faster.
    """
    partners = 16
    while partners <= MOST_PARTNERS and len(b) > SMALL:
        if len(a) * partners > MAX_EDGES:
            raise ValueError(f"The structures differ in too many of their {len(b):,} atoms to be paired.")
        distances, nearest = tree.query(a, k=partners)
        # The solver takes a missing entry for "not allowed", and a zero for missing: hence the constant.
        costs = csr_array(
            ((distances**2 + 1.0).ravel(), nearest.ravel(), np.arange(0, nearest.size + 1, partners)),
            shape=(len(a), len(b)),
        )
        try:
            return min_weight_full_bipartite_matching(costs)[1]
        except ValueError:  # two atoms too many around the same sites
            partners *= 2
    if len(a) * len(b) > MAX_EDGES:
        raise ValueError(f"The structures differ in too many of their {len(b):,} atoms to be paired.")
    difference = minimum_image(a[:, None] - b[None], lengths, periodic)
    return linear_sum_assignment((difference**2).sum(axis=2))[1]


def wrap(positions: np.ndarray, lengths: np.ndarray, periodic: np.ndarray | bool = True) -> np.ndarray:
    """Positions moved into [0, length) along the periodic axes."""
    wrapped = positions % lengths
    wrapped[wrapped >= lengths] = (
        0.0  # the remainder of a tiny negative number rounds up to the length itself
    )
    return np.where(periodic, wrapped, positions)


def minimum_image(vectors: np.ndarray, lengths: np.ndarray, periodic: np.ndarray | bool = True) -> np.ndarray:
    """The shortest of each vector's periodic images."""
    return vectors - np.where(periodic, lengths * np.round(vectors / lengths), 0.0)
