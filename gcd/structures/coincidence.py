"""Atoms that lie too near each other, found on a grid of cubes before any neighbour search is started."""

from __future__ import annotations

from itertools import product

import numpy as np

from gcd.limits import CROWD_EDGE, MAX_NEAR_PAIRS
from gcd.structures.cells import plane_distances


def check_crowd(positions: np.ndarray, cell: np.ndarray, periodic: np.ndarray, times: int = 1) -> None:
    """Refuse atoms of which more share a spot than any structure has, in a sort and no search.

    Atoms are counted in cubes of 2 Å, wrapped into the cell along its periodic axes (3,); an axis that is shorter
    than a cube counts its images. A list of sites that
    elements share may have ``times`` as many. Where this passes, the neighbours of all atoms are a bounded number.

    Raises:
        ValueError: too many pairs of atoms that share a cube.
    """
    if not len(positions):
        return
    fractional = positions @ np.linalg.inv(cell)
    fractional[:, periodic] -= np.floor(fractional[:, periodic])
    thick = plane_distances(cell)
    images = float(np.prod(np.maximum(CROWD_EDGE / thick[periodic], 1.0)))
    cubes = np.floor(fractional @ cell / CROWD_EDGE).astype(np.int64)
    counts = np.unique(_keys(cubes), return_counts=True)[1].astype(float)
    pairs = (counts**2).sum() * images
    if pairs > times * MAX_NEAR_PAIRS:
        raise ValueError(
            f"{pairs:,.0f} pairs of its atoms lie within {CROWD_EDGE:g} Å of each other: the most is "
            f"{times * MAX_NEAR_PAIRS:,}"
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
