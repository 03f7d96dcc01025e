"""How thick a cell is: the distances between its opposite faces."""

from __future__ import annotations

import numpy as np


def plane_distances(cell: np.ndarray) -> np.ndarray:
    """(3,) distances in Å between opposite faces of a cell (3, 3): its edges when it is orthorhombic.

    The rows of the cell are its vectors, the columns of its inverse the reciprocal ones, whose lengths are the
    reciprocals of the distances.
    """
    return 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
