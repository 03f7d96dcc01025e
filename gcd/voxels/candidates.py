"""Candidates for atoms: what the networks found, fitted to the voxels, and what a scan finds that they missed."""

from __future__ import annotations

import numpy as np

from gcd.voxels.fitting import SMALLEST_NOISE, fit_positions, interpolated, log_bayes_factors
from gcd.voxels.merging import wrap
from gcd.voxels.scan import scan_for_atoms
from gcd.voxels.selection import Candidates

Periodic = tuple[bool, bool, bool]
CERTAIN = 1e-6  # probabilities nearer to 0 or 1 count as this near


def find_candidates(
    C: np.ndarray,
    merged: np.ndarray,
    probability: np.ndarray,
    *,
    periodic: Periodic,
    error: float,
    weak_gain: float,
    least_gain: float,
    apart: float,
) -> Candidates:
    """Fit the merged estimates, take back the weak ones, look for atoms in what is left, fit all together.

    Args:
        C: (X, Y, Z) voxels as they came, not denoised.
        merged: (K, 3) estimates with duplicates merged, in voxels.
        probability: (X, Y, Z) that each voxel is occupied, Eq. 4.
        periodic: which axes repeat.
        error: expected error of an estimate along an axis, in voxels.
        weak_gain: estimates that gain less log-likelihood are looked for anew: most of them lie beside their atom.
        least_gain: of an atom that the scan finds.
        apart: voxels between two candidates of which the scan found one.
    """
    box = np.where(periodic, C.shape, 0.0)
    fit = fit_positions(merged, C, periodic=periodic, error=error)
    strong = fit.gain >= weak_gain
    start, known = merged[strong], fit.positions[strong]
    left = fit.residual if strong.all() else fit_positions(known, C, periodic=periodic, error=error).residual
    # The median does not see the few voxels that hold what was missed.
    sigma = max(SMALLEST_NOISE, 1.4826 * float(np.median(np.abs(left))))
    more = scan_for_atoms(
        left, wrap(known, box), sigma, periodic=periodic, least_gain=least_gain, apart=apart
    )
    if len(more):
        start = np.concatenate([start, more])
    if len(more) or not strong.all():
        fit = fit_positions(start, C, periodic=periodic, error=error)
    p = probability.clip(CERTAIN, 1 - CERTAIN)
    return Candidates(
        positions=wrap(fit.positions, box),
        start=start,
        log_bayes_factor=log_bayes_factors(fit, periodic),
        strength=fit.strength,
        evidence=interpolated(np.log(p / (1 - p)), fit.positions, periodic),
        sigma=fit.sigma,
    )
