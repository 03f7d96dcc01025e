"""The encoder EN: particles to voxels, without learnable parameters (paper, Eqs. 1 and 2)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

# Two atoms share no voxel along an axis when they are at least two voxels apart along it.
COARSE_DISTANCE_IN_VOXELS = 2.0


class CoarseGridWarning(UserWarning):
    """The voxels are too coarse for the shortest distance between atoms."""


def encode(
    positions: Tensor, grid: Grid, *, structure_index: Tensor | None = None, count: int | None = None
) -> Tensor:
    """Smear each particle over its eight nearest voxels and sum: C_I = sum_a P(a, I), Eqs. 1 and 2.

    Args:
        positions: (N, 3) coordinates in Å, any float type, on any device; several structures lie end to end.
        grid: the voxels.
        structure_index: (N,) which structure each particle belongs to, 0 to count - 1; all 0 when None.
        count: number of structures B; 1 when None and there is no index.

    Returns:
        (B, X, Y, Z) voxels of the positions' type and device; each structure sums to its number of particles.

    Raises:
        ValueError: positions of another shape or type or not finite, an index that does not fit them, or a particle
            outside an open axis.
    """
    if not isinstance(positions, Tensor) or not positions.is_floating_point():
        kind = positions.dtype if isinstance(positions, Tensor) else type(positions).__name__
        raise ValueError(f"Positions are a tensor of floating-point numbers, not {kind}.")
    if positions.ndim != 2 or positions.shape[1] != 3:
        raise ValueError(f"Positions have shape (N, 3), not {tuple(positions.shape)}.")
    if not torch.isfinite(positions).all():
        raise ValueError("Positions must be finite numbers; at least one is NaN or infinite.")
    if structure_index is None:
        structure_index = torch.zeros(len(positions), dtype=torch.long, device=positions.device)
        count = 1 if count is None else count
    elif count is None:
        count = int(structure_index.max()) + 1 if len(structure_index) else 1
    _check_index(structure_index, len(positions), count)

    # P(r, i) of Eq. 1 is 1 - f for the voxel below the particle and f for the one above, f its fraction between them.
    lower, upper, fraction = [], [], []
    for axis, (n, size, periodic) in enumerate(zip(grid.shape, grid.voxel_size, grid.periodic, strict=True)):
        r = positions[:, axis] / size
        if not periodic:
            r = _inside_open_axis(r, axis, n, size)
        below = torch.floor(r)
        fraction.append(r - below)
        if periodic:
            index = torch.remainder(below, n).long() % n
            lower.append(index)
            upper.append((index + 1) % n)
        else:
            index = below.long().clamp(0, n - 1)
            lower.append(index)
            upper.append((index + 1).clamp(max=n - 1))

    nx, ny, nz = grid.shape
    voxels = torch.zeros(count * nx * ny * nz, dtype=positions.dtype, device=positions.device)
    for corner in product((0, 1), repeat=3):
        i, j, k = (upper[a] if c else lower[a] for a, c in enumerate(corner))
        wx, wy, wz = (fraction[a] if c else 1 - fraction[a] for a, c in enumerate(corner))
        voxels.index_add_(0, ((structure_index * nx + i) * ny + j) * nz + k, wx * wy * wz)
    return voxels.view(count, nx, ny, nz)


def _check_index(index: Tensor, particles: int, count: int) -> None:
    """Refuse a structure index that does not fit the particles, with a ValueError of one sentence."""
    if index.shape != (particles,) or index.is_floating_point():
        raise ValueError(
            f"The structure index is one whole number for each of {particles} particles, not {index.dtype} of shape "
            f"{tuple(index.shape)}."
        )
    if particles and not 0 <= int(index.min()) <= int(index.max()) < count:
        raise ValueError(
            f"The structure index goes from 0 to {count - 1}, not from {int(index.min())} to {int(index.max())}."
        )


def _inside_open_axis(r: Tensor, axis: int, n: int, size: float) -> Tensor:
    """Positions along an open axis in voxels, or an error that names the first particle outside."""
    tolerance = 1e-4  # of a voxel: rounding of positions that lie on the first or last centre
    outside = (r < -tolerance) | (r > n - 1 + tolerance)
    if outside.any():
        which = int(outside.nonzero()[0])
        raise ValueError(
            f"Atom {which} lies at {float(r[which]) * size:.4f} Å on the open {'xyz'[axis]} axis; "
            f"legal are 0 to {(n - 1) * size:.4f} Å, the centres of the first and last voxel."
        )
    return r.clamp(0, n - 1)


def encode_atoms(
    atoms: Atoms | Sequence[Atoms],
    grid: Grid,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Encode one or several `ase.Atoms` that share the grid's cell.

    Returns:
        (B, X, Y, Z) voxels. Positions are wrapped on periodic axes.

    Raises:
        ValueError: no structure, a cell that is not orthorhombic or not the grid's, or an atom outside an open axis.

    Warns:
        CoarseGridWarning: the shortest distance between atoms is below two voxels, so that atoms share voxels.
    """
    structures: list[Any] = [atoms] if hasattr(atoms, "positions") else list(atoms)
    if not structures:
        raise ValueError("There is no structure to encode.")
    for structure in structures:
        lengths = cell_lengths(structure)
        if not np.allclose(lengths, grid.lengths, rtol=1e-6, atol=1e-6):
            raise ValueError(f"The structure's cell is {_abc(lengths)} Å, the grid's {_abc(grid.lengths)} Å.")
        if not np.isfinite(structure.positions).all():
            raise ValueError("Positions must be finite numbers; at least one is NaN or infinite.")
        _warn_if_coarse(structure, grid)
    positions = torch.as_tensor(np.concatenate([s.positions for s in structures]), dtype=dtype, device=device)
    index = torch.repeat_interleave(torch.arange(len(structures)), torch.tensor([len(s) for s in structures]))
    return encode(positions, grid, structure_index=index.to(device), count=len(structures))


def grid_for(
    atoms: Atoms,
    shape: tuple[int, int, int] | None = None,
    *,
    voxel_size: float | None = None,
    periodic: tuple[bool, bool, bool] | None = None,
) -> Grid:
    """The grid over a structure's cell with a given shape, or with the voxel size nearest the one asked for.

    Raises:
        ValueError: a cell that is not orthorhombic, or neither or both of shape and voxel_size.
    """
    lengths = cell_lengths(atoms)
    if (shape is None) == (voxel_size is None):
        raise ValueError("Give either the grid's shape or the voxel size, not both and not neither.")
    if shape is None:
        assert voxel_size is not None
        if not isinstance(voxel_size, int | float | np.number) or not 0 < voxel_size < np.inf:
            raise ValueError(f"The voxel size is a finite number above 0 Å, not {voxel_size!r}.")
        shape = tuple(max(1, round(length / voxel_size)) for length in lengths)  # type: ignore[assignment]
    assert shape is not None
    if periodic is None:
        periodic = tuple(bool(p) for p in atoms.pbc)  # type: ignore[assignment]
    assert periodic is not None
    return Grid(shape, lengths, periodic)


def cell_lengths(atoms: Atoms) -> tuple[float, float, float]:
    """Edge lengths of an orthorhombic cell whose edges lie along x, y and z, in Å.

    Raises:
        ValueError: no cell, angles other than 90 degrees (named), or edges that are turned away from the axes.
    """
    cell = np.asarray(atoms.cell, dtype=float)
    lengths = np.linalg.norm(cell, axis=1)
    if not np.isfinite(cell).all() or lengths.min() < 1e-8:
        raise ValueError(f"The structure has no cell of three edges; its edge lengths are {_abc(lengths)} Å.")
    unit = cell / lengths[:, None]
    cosines = np.clip([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]], -1, 1)
    angles = np.degrees(np.arccos(cosines))
    if np.abs(angles - 90).max() > 1e-3:
        alpha, beta, gamma = angles
        raise ValueError(
            "The encoder needs an orthorhombic cell (all angles 90°); this one has "
            f"alpha = {alpha:.2f}°, beta = {beta:.2f}°, gamma = {gamma:.2f}°."
        )
    if np.abs(cell - np.diag(np.diag(cell))).max() > 1e-4 * lengths.max() or np.diag(cell).min() <= 0:
        raise ValueError(
            "The encoder needs cell edges along x, y and z; this cell is orthorhombic but turned. "
            "Rotate it to standard form first (ase: atoms.set_cell(atoms.cell.lengths(), scale_atoms=True))."
        )
    return float(lengths[0]), float(lengths[1]), float(lengths[2])


def _warn_if_coarse(atoms: Atoms, grid: Grid) -> None:
    """Say when two atoms are so close that they share voxels along every axis."""
    from scipy.spatial import cKDTree

    if len(atoms) < 2:
        return
    lengths = np.array(grid.lengths)
    positions = np.array(atoms.positions)
    box = np.where(grid.periodic, lengths, 0.0)
    wrapped = np.where(grid.periodic, np.mod(positions, lengths), positions)
    wrapped = np.where(np.asarray(grid.periodic) & (wrapped >= lengths), 0.0, wrapped)
    shortest = float(cKDTree(wrapped, boxsize=box).query(wrapped, k=2)[0][:, 1].min())
    size = max(grid.voxel_size)
    if shortest < COARSE_DISTANCE_IN_VOXELS * size:
        warnings.warn(
            f"The voxel size {size:.3f} Å is too coarse: the shortest distance is {shortest:.3f} Å, and below "
            f"{COARSE_DISTANCE_IN_VOXELS:.0f} voxels ({COARSE_DISTANCE_IN_VOXELS * size:.3f} Å) atoms share voxels and "
            "cannot be told apart.",
            CoarseGridWarning,
            stacklevel=3,
        )


def _abc(lengths: Sequence[float] | np.ndarray) -> str:
    return " x ".join(f"{x:.4f}" for x in lengths)
