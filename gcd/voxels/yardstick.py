"""The yardstick that a learned decoder has to beat: the centre of mass of each blob, nothing learned."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from gcd.limits import MAX_ATOMS
from gcd.voxels.grid import Grid
from gcd.voxels.merging import wrap

DETECTION_MASS = 0.5  # half of the one atom that is smeared
DUPLICATE_DISTANCE = 1.5  # voxels; two blocks closer than this hold the same atom


@torch.no_grad()
def centre_of_mass_decode(voxels: Tensor, grid: Grid) -> list[np.ndarray]:
    """Atoms as the centres of mass of 2x2x2 blocks of voxels.

    Smearing keeps the first moment (Eq. 1): an atom lies in one block of eight voxels, whose sum is 1 and whose
    centre of mass is the atom, exactly, when no other atom reaches into the block. Blocks are accepted from the
    heaviest down to half an atom, when no accepted one has its centre of mass nearby. No voxel is cut off before the
    moments are taken.

    Args:
        voxels: (B, X, Y, Z) in units of atoms.
        grid: the voxels' grid.

    Returns:
        B arrays (N, 3) of positions in Å, float64, inside the cell on periodic axes.

    Raises:
        ValueError: voxels that are not on the grid, not finite, or of more atoms than there can be.
    """
    check_voxels(voxels, grid)
    return [_blocks(C, grid) * np.array(grid.voxel_size) for C in voxels.detach().cpu().double()]


def check_voxels(voxels: Tensor, grid: Grid) -> None:
    """Refuse, in one sentence, voxels that are not on the grid, not finite, or of more atoms than there can be."""
    if voxels.ndim != 4 or tuple(voxels.shape[1:]) != grid.shape:
        wanted = ", ".join(map(str, grid.shape))
        raise ValueError(f"Voxels on this grid have shape (B, {wanted}), not {tuple(voxels.shape)}.")
    if not torch.isfinite(voxels).all():
        raise ValueError("Voxels must be finite numbers; at least one is NaN or infinite.")
    for extreme in map(float, voxels.aminmax() if voxels.numel() else ()):
        if abs(extreme) > MAX_ATOMS:  # the numbers that the decoders make of it would overflow
            raise ValueError(
                f"Voxels hold from -{MAX_ATOMS:,} to {MAX_ATOMS:,} atoms, the most there can be, not {extreme:.3g}."
            )


def _blocks(C: Tensor, grid: Grid) -> np.ndarray:
    """(X, Y, Z) voxels to (N, 3) positions in voxels."""
    mass, moment = torch.zeros_like(C), torch.zeros(*C.shape, 3, dtype=C.dtype)
    for corner in product((0, 1), repeat=3):
        part = C.roll(
            [-c for c in corner], (0, 1, 2)
        )  # the block of voxel (i, j, k) is (i, j, k) to (i+1, j+1, k+1)
        for axis, (c, wraps) in enumerate(zip(corner, grid.periodic, strict=True)):
            if c and not wraps:
                part.select(axis, -1).zero_()
        mass += part
        moment += part[..., None] * torch.tensor(corner, dtype=C.dtype)
    block = (mass >= DETECTION_MASS).nonzero()
    m = mass[mass >= DETECTION_MASS]
    positions = (block + moment[mass >= DETECTION_MASS] / m[:, None]).numpy()
    return heaviest_first(
        positions, m.numpy(), shape=grid.shape, periodic=grid.periodic, distance=DUPLICATE_DISTANCE
    )


def heaviest_first(
    positions: np.ndarray,
    mass: np.ndarray,
    *,
    shape: tuple[int, int, int],
    periodic: tuple[bool, bool, bool],
    distance: float,
) -> np.ndarray:
    """Keep positions from the heaviest down, each if no kept one is within `distance`."""
    from scipy.spatial import cKDTree

    box = np.where(periodic, np.array(shape, dtype=float), 0.0)
    positions = wrap(positions, box)
    if len(positions) == 0:
        return positions
    near = cKDTree(positions, boxsize=box).query_ball_point(positions, distance)
    free = np.ones(len(positions), dtype=bool)
    kept = []
    for a in np.argsort(-np.round(mass, 9), kind="stable"):
        if free[a]:
            kept.append(a)
            free[near[a]] = False
    return positions[np.sort(kept)]
