"""The variance-exploding noise schedule of the particle model: alpha = 1, sigma = k t (paper, appendix)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

Time = TypeVar("Time", float, Tensor)


@dataclass(frozen=True)
class VESchedule:
    """Eq. 9 with alpha_t = 1: displacements of standard deviation sigma(t) a coordinate.

    Attributes:
        k: sigma at t = 1, in lattice constants; 0.4 in the paper, where atoms are as good as randomly placed.
    """

    k: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.k <= 2:
            raise ValueError(
                f"The largest noise k is above 0 and at most 2 lattice constants, not {self.k!r}."
            )

    def sigma(self, t: Time) -> Time:
        """The noise at time t, in lattice constants."""
        return self.k * t

    def t_of_sigma(self, sigma: Time) -> Time:
        """The time at which the noise is sigma."""
        return sigma / self.k
