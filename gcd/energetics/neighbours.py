"""Which atoms see each other: pairs within a cut-off, for one structure or a batch of them (the list is vesin's)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gcd.structures.cells import plane_distances


@dataclass(frozen=True)
class Pairs:
    """Each pair once, in a batch of ``count`` structures whose atoms lie end to end."""

    i: Tensor  # (P,) index of the first atom in the batch
    j: Tensor  # (P,) index of the second atom
    shift: Tensor  # (P, 3) Å, from periodic images: r_ij = x_j - x_i + shift
    structure_index: Tensor  # (N,) which structure each atom belongs to
    count: int

    def distances(self, positions: Tensor) -> Tensor:
        """|r_ij| (P,) in Å, for positions (N, 3); differentiable."""
        vectors = positions.index_select(0, self.j) - positions.index_select(0, self.i) + self.shift
        return torch.linalg.vector_norm(vectors, dim=1)


def neighbour_arrays(
    positions: np.ndarray, cell: np.ndarray, periodic: Sequence[bool], cutoff: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs i, j (P,) and their shifts (P, 3) in Å of one structure; each pair once, images included.

    ``cell`` is (3, 3) in Å; a zero row is fine in a direction that is not periodic. ValueError when positions are not
    finite numbers.
    """
    from vesin import NeighborList

    if len(positions) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3))
    if not np.isfinite(positions).all():
        raise ValueError("Some positions are not finite numbers.")
    box = _complete(np.asarray(cell, dtype=float), periodic, np.asarray(positions))
    search = NeighborList(cutoff=cutoff, full_list=False, n_threads=1)
    near = _close_up(np.asarray(positions, dtype=float), box, periodic, 2 * cutoff)
    i, j, images = search.compute(near, box, list(periodic), "ijS")
    return i.astype(np.int64), j.astype(np.int64), images.astype(float) @ box


def _complete(cell: np.ndarray, periodic: Sequence[bool], positions: np.ndarray) -> np.ndarray:
    """The cell with a vector wherever it has none."""
    from ase.geometry import complete_cell

    if any(p and not np.any(row) for p, row in zip(periodic, cell, strict=True)):
        raise ValueError("The cell has no length in a direction that is periodic.")
    return np.ascontiguousarray(complete_cell(cell))


def _close_up(positions: np.ndarray, box: np.ndarray, periodic: Sequence[bool], gap: float) -> np.ndarray:
    """The positions with empty stretches longer than ``gap`` shortened to it, where there is no period.

    vesin lays its grid over all the space between the atoms, and dies when one of them has gone very far.
    """
    fractional = positions @ np.linalg.inv(box)
    heights = plane_distances(box)
    for axis in np.flatnonzero(np.logical_not(periodic)):
        order = np.argsort(fractional[:, axis])
        gaps = np.diff(fractional[order, axis], prepend=fractional[order[0], axis])
        fractional[order, axis] = np.cumsum(np.minimum(gaps, gap / heights[axis]))
    return np.ascontiguousarray(fractional @ box)


def batch_pairs(
    parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    atoms: Sequence[int],
    *,
    device: Any = "cpu",
    dtype: torch.dtype = torch.float64,
) -> Pairs:
    """Join the arrays of several structures, with those numbers of atoms, into one list."""
    offsets = np.concatenate([[0], np.cumsum(atoms)])
    i = np.concatenate([part[0] + offset for part, offset in zip(parts, offsets, strict=False)])
    j = np.concatenate([part[1] + offset for part, offset in zip(parts, offsets, strict=False)])
    shift = np.concatenate([part[2] for part in parts])
    index = np.repeat(np.arange(len(atoms)), atoms)
    return Pairs(
        i=torch.as_tensor(i, device=device),
        j=torch.as_tensor(j, device=device),
        shift=torch.as_tensor(shift, dtype=dtype, device=device),
        structure_index=torch.as_tensor(index, device=device),
        count=len(atoms),
    )


def neighbour_pairs(
    structures: Any, cutoff: float, *, device: Any = "cpu", dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Pairs]:
    """Positions (N, 3) end to end, and pairs within ``cutoff`` Å, of one ``ase.Atoms`` or a list of them."""
    structures = [structures] if hasattr(structures, "positions") else list(structures)
    parts = [neighbour_arrays(a.positions, a.cell.array, a.pbc, cutoff) for a in structures]
    positions = np.concatenate([np.asarray(a.positions) for a in structures])
    pairs = batch_pairs(parts, [len(a) for a in structures], device=device, dtype=dtype)
    return torch.as_tensor(positions, dtype=dtype, device=device), pairs
