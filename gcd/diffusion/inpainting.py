"""In-painting: generate part of a voxel array, with the rest kept clean and fixed (paper, section 3.2; Palette)."""

from __future__ import annotations

import torch
from torch import Tensor

from gcd.diffusion.prediction import Network
from gcd.diffusion.unet import Periodic


def layer_mask(shape: tuple[int, int, int], low: int, high: int) -> Tensor:
    """(X, Y, Z) ones in the layers low <= z < high that are painted, zeros in those that are known."""
    mask = torch.zeros(shape)
    mask[:, :, low:high] = 1.0
    return mask


def network_input(x: Tensor, known: Tensor, mask: Tensor) -> Tensor:
    """(B, 2, X, Y, Z): x where the mask is 1 and the clean voxels elsewhere, then the mask itself.

    Args:
        x, known, mask: (B, 1, X, Y, Z), the first two in scaled voxel units.
    """
    return torch.cat([torch.where(mask > 0, x, known), mask.expand_as(x)], dim=1)


def painting_network(unet: Network, known: Tensor, mask: Tensor) -> Network:
    """The in-painting U-Net as a network of x and t alone, which sees the known voxels clean whatever the solver does.

    They are put in place at every evaluation, so at every stage of a solver's step.
    """

    def network(x: Tensor, t: Tensor, periodic: Periodic) -> Tensor:
        return unet(network_input(x, known, mask), t, periodic)

    return network
