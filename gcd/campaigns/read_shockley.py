"""Read and Shockley's energy of a boundary of small angle, fitted to a sweep (Phys. Rev. 78, 275, 1950).

E = E_0 theta (A - ln theta), theta in radians: a wall of dislocations, whose strains reach as far as they are apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGEST_ANGLE = 15.0  # degrees; beyond it the cores of the dislocations overlap


@dataclass(frozen=True)
class ReadShockley:
    """The fitted law."""

    e0: float  # J/m2
    a: float
    points: int
    rms: float  # J/m2, of the points about it

    def energy(self, degrees: float) -> float:
        """J/m2 at that angle."""
        theta = math.radians(degrees)
        return self.e0 * theta * (self.a - math.log(theta)) if theta > 0 else 0.0


def fit_read_shockley(
    points: Sequence[tuple[float, float]], largest: float = LARGEST_ANGLE
) -> ReadShockley | None:
    """Fit the law to (degrees, J/m2) of angles up to the largest; None with fewer than two of them.

    It is linear in E_0 A and E_0, so that least squares need no start.
    """
    used = [
        (math.radians(angle), egb) for angle, egb in points if 0 < angle <= largest and math.isfinite(egb)
    ]
    if len({theta for theta, _ in used}) < 2:
        return None
    theta = np.array([t for t, _ in used])
    egb = np.array([e for _, e in used])
    design = np.column_stack([theta, -theta * np.log(theta)])
    (product, e0), *_ = np.linalg.lstsq(design, egb, rcond=None)
    rms = float(np.sqrt(np.mean((design @ [product, e0] - egb) ** 2)))
    if e0 <= 0:
        return None
    return ReadShockley(float(e0), float(product / e0), len(used), rms)
