"""How thick a cell is: the distances between its opposite faces."""

from __future__ import annotations

import itertools

import numpy as np


def plane_distances(cell: np.ndarray) -> np.ndarray:
    """(3,) distances in Å between opposite faces of a cell (3, 3): its edges when it is orthorhombic.

    The rows of the cell are its vectors, the columns of its inverse the reciprocal ones, whose lengths are the
    reciprocals of the distances.
    """
    return 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)


def right_angled(cell: np.ndarray, most: int = 4, cosine: float = 2e-3) -> np.ndarray | None:
    """The smallest cell with a right angle in the plane of the first two vectors: (2, 2) whole numbers of them (rows).

    Of cells of one size it is the squarest, and the one the cell itself is, where it is one.

    Args:
        cell: (3, 3), or its first two rows.
        most: times the area of the cell, at the most; None when there is no such one.
        cosine: of the angle, up to which it is a right one.
    """
    edges = np.asarray(cell, dtype=float)[:2]
    numbers = range(-most, most + 1)
    vectors = [np.array(v) for v in itertools.product(numbers, repeat=2) if v > (0, 0)]
    found = []
    for u, v in itertools.product(vectors, vectors):
        times = abs(int(u[0] * v[1] - u[1] * v[0]))
        if not 0 < times <= most:
            continue
        a, b = u @ edges, v @ edges
        long, wide = float(np.linalg.norm(a)), float(np.linalg.norm(b))
        if abs(a @ b) > cosine * long * wide:
            continue
        itself = [u.tolist(), v.tolist()] == [[1, 0], [0, 1]]
        found.append((times, not itself, round(max(long / wide, wide / long), 6), u.tolist(), v.tolist()))
    return np.array(min(found)[3:]) if found else None
