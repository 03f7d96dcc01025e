"""Atoms that lie too near each other, found on a grid of cubes before any neighbour search is started."""

from __future__ import annotations

from itertools import product

import numpy as np

from gcd.limits import CROWD_EDGE, MAX_CROWD


def crowd(positions: np.ndarray) -> int:
    """The most atoms in one cube of 2 Å, the cubes standing in a fixed grid: a sort, whatever the positions (N, 3).

    Positions are taken as they are, so that atoms that crowd only across a periodic face count as two crowds.
    """
    if not len(positions):
        return 0
    cubes = np.floor(positions / CROWD_EDGE).astype(np.int64)
    return int(np.unique(_keys(cubes), return_counts=True)[1].max())


def check_crowd(positions: np.ndarray) -> None:
    """ValueError where more atoms share a spot than any structure has."""
    if (most := crowd(positions)) > MAX_CROWD:
        raise ValueError(
            f"it has {most:,} atoms within {CROWD_EDGE:g} Å of each other: the most is {MAX_CROWD} in such a cube"
        )


def near_pairs(
    positions: np.ndarray, cell: np.ndarray, periodic: np.ndarray, distance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (P, 2) of different atoms nearer than ``distance`` in Å, and how far apart (P,) they are.

    Images across periodic faces count. The work grows with the atoms, not with their pairs, as long as
    :func:`check_crowd` let them pass.

    Args:
        positions: (N, 3) Å. Those of periodic axes are wrapped here.
        cell: (3, 3) Å.
        periodic: (3,) truth values.
        distance: below the thickness of the cell, or images beyond the first are missed.
    """
    from scipy.spatial import cKDTree

    inverse = np.linalg.inv(cell)
    fractional = positions @ inverse
    fractional[:, periodic] -= np.floor(fractional[:, periodic])
    reach = distance * np.linalg.norm(inverse, axis=0)  # in fractions of the cell, along each axis
    points, owners = [fractional], [np.arange(len(positions))]
    for shift in product(*[(-1, 0, 1) if axis else (0,) for axis in periodic]):
        if any(shift):
            moved = fractional + np.array(shift)
            inside = ((moved > -reach) & (moved < 1.0 + reach) | ~periodic).all(axis=1)
            points.append(moved[inside])
            owners.append(np.flatnonzero(inside))
    owner = np.concatenate(owners)
    place = np.concatenate(points) @ cell
    found = cKDTree(place[: len(positions)]).sparse_distance_matrix(
        cKDTree(place), distance, output_type="ndarray"
    )
    i, j = found["i"], owner[found["j"]]
    keep = i < j
    pairs, apart = np.stack([i[keep], j[keep]], axis=1), found["v"][keep]
    order = np.lexsort((apart, pairs[:, 1], pairs[:, 0]))
    pairs, apart = pairs[order], apart[order]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[first], apart[first]


def _keys(cubes: np.ndarray) -> np.ndarray:
    """One whole number a cube."""
    low = cubes.min(axis=0)
    spans = cubes.max(axis=0) - low + 1
    return ((cubes[:, 0] - low[0]) * spans[1] + cubes[:, 1] - low[1]) * spans[2] + cubes[:, 2] - low[2]
