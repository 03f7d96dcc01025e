"""What a network for many boundaries is told beside the time, and guidance by it (Ho & Salimans, arXiv:2207.12598).

Told are the size of a voxel along each axis, in lattice constants, which it must know; and two wishes, which training
leaves out in part of the steps: [n], and the rank of E_gb among the structures of that boundary and [n].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gcd.diffusion.prediction import Network
from gcd.diffusion.unet import Periodic, UNet

COUNT = 8  # numbers that the network is told
VOXEL = 0.2635  # lattice constants: a voxel of this size is told as 0
SPREAD = 0.2  # of the logarithm of a voxel's size that is told as 1


@dataclass(frozen=True)
class Conditions:
    """What is told about one structure.

    Attributes:
        voxel: size of a voxel along x, y, z in lattice constants.
        n: [n] from 0 to 1, or None: any.
        rank: share of the structures of that boundary and [n] that have a lower energy, 0 to 1, or None: any.
    """

    voxel: tuple[float, float, float]
    n: float | None = None
    rank: float | None = None

    def numbers(self) -> list[float]:
        """COUNT numbers of order 1; a wish that is None is told as zeros."""
        told = [math.log(size / VOXEL) / SPREAD for size in self.voxel]
        told += (
            [0.0] * 3 if self.n is None else [1.0, math.cos(math.tau * self.n), math.sin(math.tau * self.n)]
        )
        return told + ([0.0] * 2 if self.rank is None else [1.0, 2.0 * self.rank - 1.0])

    @property
    def unasked(self) -> Conditions:
        """Without the wishes."""
        return replace(self, n=None, rank=None)

    @property
    def wished(self) -> bool:
        """Whether there is any wish."""
        return self.n is not None or self.rank is not None


def told(conditions: Sequence[Conditions]) -> Tensor:
    """(B, COUNT) what the network is told of a batch."""
    return torch.tensor([c.numbers() for c in conditions], dtype=torch.float32)


def told_network(unet: UNet, conditions: Sequence[Conditions], guidance: float = 1.0) -> Network:
    """The network with its conditions; with another weight than 1 it is asked twice, with the wishes and without.

    Args:
        conditions: one a sample of the batch.
        guidance: w; the prediction is (1 - w) times the one without wishes plus w times the one with them.
    """
    wishes, plain = told(conditions), told([c.unasked for c in conditions])
    once = guidance == 1.0 or not any(c.wished for c in conditions)

    def network(x: Tensor, t: Tensor, periodic: Periodic) -> Tensor:
        with_wishes = unet(x, t, periodic, wishes.to(x.device))
        if once:
            return with_wishes
        without = unet(x, t, periodic, plain.to(x.device))
        return without + guidance * (with_wishes - without)

    return network
