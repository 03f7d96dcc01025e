"""Duplicates merged: the up to eight estimates that the decoder gives of one atom become one position."""

from __future__ import annotations

import numpy as np

Periodic = tuple[bool, bool, bool]


def merge_estimates(
    estimates: np.ndarray,
    mass: np.ndarray,
    evidence: np.ndarray,
    *,
    shape: tuple[int, int, int],
    periodic: Periodic,
    link: float,
    absorb: float,
    minimum_evidence: float,
) -> np.ndarray:
    """Average the estimates of each atom, weighted by mass squared; lengths in voxels.

    1. Estimates closer than `link` belong together: connected components, nearest images across periodic axes.
       `link` is short, so that stray estimates between two atoms do not chain them into one.
    2. From the heaviest component down, each takes in those within `absorb` that are not taken: stray estimates and
       the rest of an atom that fell in two.
    3. What holds at least `minimum_evidence` is an atom.

    Args:
        estimates: (M, 3) positions.
        mass: (M,) the denoised voxel that each estimate came from: its share of an atom.
        evidence: (M,) what each estimate adds to the belief that there is an atom.
        shape: edge lengths of the cell.
        periodic: which axes repeat.
        link: of the order of an estimate's error.
        absorb: about half the shortest distance between two atoms.
        minimum_evidence: sum over the estimates of one atom.

    Returns:
        (N, 3) positions, inside the cell on periodic axes.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if len(estimates) == 0:
        return np.empty((0, 3))
    box = np.where(periodic, np.array(shape, dtype=float), 0.0)
    mass = np.maximum(mass, 1e-6)
    estimates = wrap(estimates, box)
    pairs = cKDTree(estimates, boxsize=box).query_pairs(link, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(estimates),) * 2)
    label = connected_components(graph, directed=False)[1]
    centres, total = _average(estimates, mass, label, box), np.bincount(label, evidence)

    near = cKDTree(centres, boxsize=box).query_ball_point(centres, absorb)
    taken = np.full(len(centres), -1)
    for number, heavy in enumerate(np.argsort(-total, kind="stable")):
        if taken[heavy] < 0:
            free = [c for c in near[heavy] if taken[c] < 0]
            taken[free] = number
    atom = np.unique(taken[label], return_inverse=True)[1]
    return _average(estimates, mass, atom, box)[np.bincount(atom, evidence) >= minimum_evidence]


def _average(estimates: np.ndarray, mass: np.ndarray, label: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(K, 3) mean position of each label 0 to K - 1.

    The error of an estimate falls as its voxel's share of the atom grows: weighting by the square of the share gave
    the smallest error of the average.
    """
    count = int(label.max()) + 1
    weight = mass**2
    anchor = np.empty((count, 3))
    anchor[label] = (
        estimates  # means are taken about one member, so that no atom on the cell's face is torn apart
    )
    offset = minimum_image(estimates - anchor[label], box)
    mean = np.stack([np.bincount(label, weight * offset[:, a], count) for a in range(3)], axis=1)
    return wrap(anchor + mean / np.bincount(label, weight, count)[:, None], box)


def minimum_image(vectors: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(M, 3) vectors to their shortest images; a box edge of zero marks an open axis."""
    edge = np.where(box > 0, box, 1.0)
    return vectors - np.where(box > 0, box * np.rint(vectors / edge), 0.0)


def wrap(positions: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(M, 3) positions into [0, box) along periodic axes, also when rounding would give the edge itself."""
    edge = np.where(box > 0, box, 1.0)
    wrapped = positions - np.where(box > 0, box * np.floor(positions / edge), 0.0)
    return np.where((box > 0) & (wrapped >= box), 0.0, wrapped)
