"""The atomic graph: every pair within a cut-off, periodic images included, for a batch of structures in one cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

PAIRS_AT_ONCE = 4_000_000  # distances held at a time: 50 MB of vectors


@dataclass(frozen=True)
class Graph:
    """Directed edges between the atoms of a batch, which lie end to end; sorted by receiver.

    Attributes:
        sender: (E,) index of atom j.
        receiver: (E,) index of atom i.
        vectors: (E, 3) r_j - r_i, of the periodic image within the cut-off.
    """

    sender: Tensor
    receiver: Tensor
    vectors: Tensor


def periodic_graph(positions: Tensor, lengths: Sequence[float], cutoff: float) -> Graph:
    """All pairs at most ``cutoff`` apart in a periodic orthorhombic cell.

    By dense distances to the nearest images, and to further ones where an edge of the cell is shorter than twice the
    cut-off: an atom then has several edges to the same atom, and edges to its own images.

    Args:
        positions: (B, N, 3), anywhere in space; in the units of lengths and cut-off.
        lengths: the cell's edges.

    Returns:
        The edges of all B structures; differentiable in the positions.
    """
    batch, atoms, _ = positions.shape
    cell = torch.as_tensor(lengths, dtype=positions.dtype, device=positions.device)
    # Nearest images lie within half an edge, so an image s edges further on is within reach if s <= cut-off/edge + 1/2.
    reach = [math.floor(cutoff / float(length) + 0.5) for length in lengths]
    shifts = torch.cartesian_prod(*(torch.arange(-n, n + 1) for n in reach)).to(positions) * cell  # (S, 3)
    home = int((shifts == 0).all(dim=1).nonzero())
    rows = max(1, PAIRS_AT_ONCE // (batch * atoms * len(shifts)))
    parts = []
    for first in range(0, atoms, rows):
        with torch.no_grad():
            vectors = positions[:, None] - positions[:, first : first + rows, None]  # (B, rows, N, 3): j - i
            nearest = cell * torch.round(vectors / cell)
            vectors = (vectors - nearest)[..., None, :] + shifts  # (B, rows, N, S, 3)
            close = vectors.square().sum(dim=-1) <= cutoff**2
            itself = torch.arange(vectors.shape[1], device=close.device)
            close[:, itself, itself + first, home] = False
            b, i, j, s = close.nonzero(as_tuple=True)
            shift = shifts[s] - nearest[b, i, j]
        parts.append((b * atoms + j, b * atoms + i + first, shift))
    sender, receiver, shift = (torch.cat(part) for part in zip(*parts, strict=True))
    if len(parts) > 1 and batch > 1:
        order = receiver.argsort(stable=True)
        sender, receiver, shift = sender[order], receiver[order], shift[order]
    flat = positions.reshape(-1, 3)
    return Graph(sender, receiver, flat.index_select(0, sender) - flat.index_select(0, receiver) + shift)
