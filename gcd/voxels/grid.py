"""The grid: everything there is to say about a voxel array."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels over an orthorhombic cell.

    Voxel (i, j, k) is centred at (i Lx, j Ly, k Lz), as in the paper's section 2.3, so that voxel 0 straddles the
    cell's face: on a periodic axis its other half lies at the far end of the cell.

    Args:
        shape: number of voxels along x, y, z.
        lengths: edge lengths of the cell, in Å.
        periodic: whether each axis repeats. On an open axis atoms must lie between the first and the last voxel
            centre, where the whole of each smeared atom stays on the grid.

    Raises:
        ValueError: a shape or length that is not positive and finite, or other than three of each.
    """

    shape: tuple[int, int, int]
    lengths: tuple[float, float, float]
    periodic: tuple[bool, bool, bool] = (True, True, True)

    def __post_init__(self) -> None:
        shape = _three(self.shape)
        if shape is None or not all(math.isfinite(n) and n == int(n) and n >= 1 for n in shape):
            raise ValueError(f"A grid's shape is three whole numbers from 1 up, not {self.shape!r}.")
        lengths = _three(self.lengths)
        if lengths is None or not all(math.isfinite(x) and x > 0 for x in lengths):
            raise ValueError(
                f"A grid's edge lengths are three finite numbers above 0 Å, not {self.lengths!r}."
            )
        periodic = _three(self.periodic)
        if periodic is None:
            raise ValueError(f"A grid's axes are periodic or not, three truth values, not {self.periodic!r}.")
        object.__setattr__(self, "shape", tuple(int(n) for n in shape))
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "periodic", tuple(bool(p) for p in periodic))

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """L along each axis, in Å."""
        return tuple(length / n for length, n in zip(self.lengths, self.shape, strict=True))  # type: ignore[return-value]

    @property
    def volume(self) -> float:
        """Volume of the cell, in Å³."""
        return math.prod(self.lengths)

    @property
    def count(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)


def _three(values: object) -> tuple[float, float, float] | None:
    """The three numbers that a sequence holds, or None if it is anything else."""
    try:
        x, y, z = (float(value) for value in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
    return x, y, z
