"""Positions fitted to the voxels by least squares: the last step of decoding, with nothing learned."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

Periodic = tuple[bool, bool, bool]
STEPS = 5  # Gauss-Newton steps; from 0.03 voxels off, clean positions are right to 1e-4 after four
LARGEST_STEP = 0.2  # voxels along an axis
DIFFERENCE = 0.1  # voxels; half the step of the derivative of P, which must see both sides of P's kinks
SMALLEST_NOISE = 1e-3  # of a voxel; keeps the gain finite on clean voxels
_AROUND = np.array(
    list(product((-1, 0, 1), repeat=3))
)  # the voxels an atom reaches lie around its nearest one
# Places around a fitted position that `log_bayes_factors` sums over, along each axis. With noise 0.05 the likelihood of
# a lone atom's position is 0.04 to 0.1 voxels wide.
_STEP = 0.1
_PLACES = _STEP * np.arange(-4, 5)


class Fit(NamedTuple):
    """Positions fitted to voxels, and what the voxels say of each; lengths in voxels."""

    positions: np.ndarray  # (N, 3) not wrapped
    gain: np.ndarray  # (N,) by how much each atom raises the log-likelihood of the voxels, the others staying
    strength: np.ndarray  # (N,) |P|² / 2 sigma², the gain that an atom there has on average
    residual: np.ndarray  # (X, Y, Z) C - EN(R)
    sigma: float  # noise of a voxel


def fit_positions(
    positions: np.ndarray,
    C: np.ndarray,
    *,
    periodic: Periodic,
    error: float,
) -> Fit:
    """Minimise |C - EN(R)|² / sigma² + |R - R_0|² / error² over the positions R, starting at R_0; lengths in voxels.

    The network's positions are off by about `error`; the voxels know better, the more so the less noise sigma they
    hold, and sigma² is (C - EN(R))² over the number of voxels less that of the coordinates. On clean voxels the fit is
    exact, on noisy ones a compromise.
    Each atom takes its own Gauss-Newton step while the others stand still: they share a voxel at most.

    Args:
        positions: (N, 3) R_0.
        C: (X, Y, Z) voxels as they came, not denoised.
        periodic: which axes repeat.
        error: expected error of R_0 along an axis.

    Returns:
        The fit; the gain compares with the same structure without the atom.
    """
    shape = np.array(C.shape)
    flat, positions, start = C.reshape(-1), positions.copy(), positions
    sigma2 = 1.0
    for _ in range(STEPS):
        index, P, gradient = _smeared(positions, shape, periodic)
        residual = flat - np.bincount(index.ravel(), P.ravel(), len(flat))
        sigma2 = _variance(residual, len(positions))
        normal = np.einsum("nka,nkb->nab", gradient, gradient) + sigma2 / error**2 * np.eye(3)
        right = np.einsum("nka,nk->na", gradient, residual[index]) - sigma2 / error**2 * (positions - start)
        step = np.linalg.solve(normal, right[..., None])[..., 0]
        positions = positions + step.clip(-LARGEST_STEP, LARGEST_STEP)
        positions = np.where(periodic, positions, positions.clip(0, shape - 1))
    index, P, _ = _smeared(positions, shape, periodic)
    residual = flat - np.bincount(index.ravel(), P.ravel(), len(flat))
    sigma2 = _variance(residual, len(positions))
    without = residual[index] + P  # what is left of the voxels when the atom is taken away
    gain = (P * (2 * without - P)).sum(1) / (2 * sigma2)
    strength = (P**2).sum(1) / (2 * sigma2)
    return Fit(positions, gain, strength, residual.reshape(C.shape), sigma2**0.5)


def log_bayes_factors(fit: Fit, periodic: Periodic) -> np.ndarray:
    """How much more likely the voxels are with each atom somewhere near its place than without it, the others staying.

    The likelihood of the voxels, over that without the atom, is summed over places around the fitted one: an atom that
    could be anywhere in a voxel counts for more than one that must be exactly where it was fitted. With one atom
    expected a voxel these are its log-odds.

    Args:
        fit: positions and what they leave of the voxels.
        periodic: which axes repeat.

    Returns:
        (N,) natural logarithms.
    """
    shape = np.array(fit.residual.shape)
    index, P, _ = _smeared(fit.positions, shape, periodic)
    without = (fit.residual.reshape(-1)[index] + P).reshape(-1, 3, 3, 3)
    voxel = np.rint(fit.positions)[:, None] + np.array([[-1], [0], [1]])  # (N, 3 voxels, 3 axes)
    places = fit.positions[:, None] + _PLACES[:, None]  # (N, H places, 3 axes)
    on_grid = np.array(periodic) | ((voxel >= 0) & (voxel < shape))
    inside = np.array(periodic) | ((places >= 0) & (places <= shape - 1))
    # (N, H, 3 voxels, 3 axes) share of a voxel along each axis in an atom at each place
    p = np.maximum(0, 1 - np.abs(voxel[:, None] - places[:, :, None])) * on_grid[:, None]
    x, y, z = np.moveaxis(p, -1, 0)
    overlap = np.einsum("nijk,nai,nbj,nck->nabc", without, x, y, z, optimize=True)
    a, b, c = np.moveaxis((p**2).sum(2), -1, 0)
    norm = a[:, :, None, None] * b[:, None, :, None] * c[:, None, None, :]
    within = inside[:, :, None, None, 0] & inside[:, None, :, None, 1] & inside[:, None, None, :, 2]
    gain = np.where(within, (overlap - norm / 2) / fit.sigma**2, -np.inf).reshape(-1, len(_PLACES) ** 3)
    most = gain.max(axis=1, initial=-np.inf)
    return most + np.log(np.exp(gain - most[:, None]).sum(axis=1)) + 3 * np.log(_STEP)


def _variance(residual: np.ndarray, atoms: int) -> float:
    """Of a voxel's noise: three coordinates an atom have been fitted to it."""
    free = max(len(residual) - 3 * atoms, len(residual) // 4, 1)
    return max(float((residual**2).sum()) / free, SMALLEST_NOISE**2)


def interpolated(field: np.ndarray, positions: np.ndarray, periodic: Periodic) -> np.ndarray:
    """The (X, Y, Z) field at (N, 3) positions in voxels, by the shares P(a, I) of Eq. 1 in each voxel: (N,)."""
    index, P, _ = _smeared(positions, np.array(field.shape), periodic)
    return (P * field.reshape(-1)[index]).sum(1)


def _smeared(
    positions: np.ndarray, shape: np.ndarray, periodic: Periodic
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(a, I) of Eq. 1 in the 27 voxels around each atom: their flat indices, P (N, 27), its gradient (N, 27, 3)."""
    voxel = np.rint(positions)[:, None].astype(int) + _AROUND  # (N, 27, 3)
    d = voxel - positions[:, None]
    on_grid = (np.array(periodic) | ((voxel >= 0) & (voxel < shape))).all(-1)
    i, j, k = np.moveaxis(voxel % shape, -1, 0)
    p = np.maximum(0, 1 - np.abs(d))
    slope = np.maximum(0, 1 - np.abs(d - DIFFERENCE)) - np.maximum(0, 1 - np.abs(d + DIFFERENCE))
    slope /= 2 * DIFFERENCE
    gradient = np.stack(
        [
            slope[..., 0] * p[..., 1] * p[..., 2],
            p[..., 0] * slope[..., 1] * p[..., 2],
            p[..., 0] * p[..., 1] * slope[..., 2],
        ],
        axis=-1,
    )
    index = (i * shape[1] + j) * shape[2] + k
    return index, p.prod(-1) * on_grid, gradient * on_grid[..., None]
