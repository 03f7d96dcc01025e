"""Why the voxel size L must be a small fraction of the bond length: two atoms pushed together until decoding fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from gcd.voxels.decoder import Decoder, decode
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

BOX = 8  # voxels along each edge of the periodic box: the images of a pair stay at least half of it away


class PairDecoding(NamedTuple):
    """What became of pairs of atoms at one distance."""

    separation: float  # voxels
    right: float  # share of the pairs decoded as exactly two atoms, both within half a voxel
    atoms: float  # decoded, on average; two are right


def pair_positions(separation: float, count: int, seed: int, *, in_plane: bool = False) -> np.ndarray:
    """(count, 2, 3) pairs in the middle of the box, in voxels: anywhere on the grid, in any direction (across z)."""
    rng = np.random.default_rng(seed)
    middle = BOX / 2 + rng.uniform(-0.5, 0.5, (count, 1, 3))
    direction = rng.standard_normal((count, 1, 3)) * (1.0, 1.0, 0.0 if in_plane else 1.0)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return middle + separation * direction * np.array([-0.5, 0.5])[:, None]


def decode_pairs(
    decoder: Decoder, separations: Sequence[float], *, count: int = 8, noise: float = 0.0, seed: int = 0
) -> list[PairDecoding]:
    """Encode pairs of atoms at each distance, add Gaussian noise, decode, and count.

    Args:
        decoder: a trained decoder.
        separations: distances in voxels, up to half the box.
        count: pairs at each distance.
        noise: standard deviation added to every voxel.
        seed: of the placements and the noise.
    """
    if any(not 0 <= s <= BOX / 2 for s in separations):
        raise ValueError(f"Distances of pairs go from 0 to {BOX / 2:g} voxels.")
    grid = Grid((BOX,) * 3, (float(BOX),) * 3)
    true = np.stack([pair_positions(s, count, seed) for s in separations]).reshape(-1, 2, 3)
    index = torch.arange(len(true)).repeat_interleave(2)
    voxels = encode(torch.tensor(true.reshape(-1, 3)), grid, structure_index=index, count=len(true)).float()
    voxels += noise * torch.randn(voxels.shape, generator=torch.Generator().manual_seed(seed))
    decoded = decode(decoder, voxels, grid)
    right = np.array([_is_right(a, b) for a, b in zip(true, decoded, strict=True)]).reshape(-1, count)
    atoms = np.array([len(found) for found in decoded], dtype=float).reshape(-1, count)
    return [
        PairDecoding(float(s), float(r.mean()), float(a.mean()))
        for s, r, a in zip(separations, right, atoms, strict=True)
    ]


def _is_right(true: np.ndarray, found: np.ndarray) -> bool:
    """Whether two atoms were found, each within half a voxel of its own."""
    if len(found) != 2:
        return False
    away = np.linalg.norm(found[:, None] - true[None], axis=-1)  # the box keeps them off its faces
    return bool(min(np.diag(away).max(), np.diag(away[::-1]).max()) <= 0.5)
