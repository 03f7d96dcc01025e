"""A scan for atoms that nothing explains yet: the likelihood of one more atom everywhere, with nothing learned."""

from __future__ import annotations

from itertools import product

import numpy as np

from gcd.voxels.merging import wrap

Periodic = tuple[bool, bool, bool]
OFFSETS = np.array(
    list(product((0.1, 0.3, 0.5, 0.7, 0.9), repeat=3))
)  # (H, 3) places in a voxel that are tried
_CORNERS = np.array(list(product((0, 1), repeat=3)))  # the voxels that an atom between them reaches
# P(a, I) of Eq. 1 in the eight voxels around an atom at each offset.
_TEMPLATES = (1 - np.abs(_CORNERS[:, None] - OFFSETS)).prod(-1).astype(np.float32)  # (8, H)
_HALF_SQUARES = (_TEMPLATES**2).sum(0) / 2  # (H,)


def scan_for_atoms(
    residual: np.ndarray,
    known: np.ndarray,
    sigma: float,
    *,
    periodic: Periodic,
    least_gain: float,
    apart: float,
) -> np.ndarray:
    """Places where one more atom would raise the likelihood of the voxels most.

    An atom at r raises the logarithm of the likelihood by (residual . P(r) - |P(r)|²/2) / sigma², where residual is
    what the atoms known so far leave of the voxels, and sigma their noise: a matched filter, tried at `OFFSETS`.

    Args:
        residual: (X, Y, Z) voxels less the encoding of the atoms known.
        known: (N, 3) those atoms, in voxels, inside the cell on periodic axes.
        sigma: standard deviation of a voxel's noise.
        periodic: which axes repeat.
        least_gain: in the logarithm of the likelihood.
        apart: places closer than this, in voxels, to a known atom or to one that gains more are left out.

    Returns:
        (K, 3) positions in voxels, inside the cell on periodic axes.
    """
    from scipy.spatial import cKDTree

    shape = np.array(residual.shape)
    ends = [(0, 1 if repeats else 0) for repeats in periodic]
    padded = np.pad(residual.astype(np.float32), ends, mode="wrap")
    if min(padded.shape) < 2:
        return np.empty((0, 3))
    around = np.lib.stride_tricks.sliding_window_view(padded, (2, 2, 2))
    gain, best = np.empty(around.shape[:3], np.float32), np.empty(around.shape[:3], np.int64)
    for x, plane in enumerate(around):
        at_once = plane.reshape(-1, 8) @ _TEMPLATES - _HALF_SQUARES  # (Y Z, H)
        best[x] = at_once.argmax(1).reshape(best.shape[1:])
        gain[x] = at_once.max(1).reshape(gain.shape[1:])
    voxel = np.argwhere(gain > least_gain * sigma**2)
    if len(voxel) == 0:
        return np.empty((0, 3))
    places = voxel + OFFSETS[best[tuple(voxel.T)]]
    box = np.where(periodic, shape.astype(float), 0.0)
    places = wrap(places[np.argsort(-gain[tuple(voxel.T)], kind="stable")], box)
    if len(known):
        places = places[cKDTree(known, boxsize=box).query(places)[0] >= apart]
    kept = np.zeros(len(places), dtype=bool)
    if len(places):
        for here, near in enumerate(cKDTree(places, boxsize=box).query_ball_point(places, apart)):
            kept[here] = not kept[near].any()
    return places[kept]
