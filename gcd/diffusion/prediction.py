"""What the network predicts, and how the solver gets its noise from it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gcd.diffusion.samplers import Denoiser
from gcd.diffusion.schedules import VPSchedule
from gcd.diffusion.unet import ALL_PERIODIC, Periodic

# (x, t, periodic) -> what it predicts: x (B, 1, X, Y, Z), t (B,)
Network = Callable[[Tensor, Tensor, Periodic], Tensor]

# "x0": the clean voxels. Crystals are a smooth family of a few parameters, their noise is not: easiest to learn.
# "v": v = alpha eps - sigma x0 (Salimans & Ho 2022, arXiv:2202.00512), well conditioned at every t.
# "eps": the noise itself, the paper's choice; its estimate of x0 has (sigma / alpha)² times its error.
PREDICTIONS = ("x0", "v", "eps")


def training_target(prediction: str, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """The quantity that the network learns to give at a time with these alpha and sigma."""
    if prediction == "x0":
        return x0
    return alpha * eps - sigma * x0 if prediction == "v" else eps


def denoiser_of(
    network: Network, schedule: VPSchedule, prediction: str, periodic: Periodic = ALL_PERIODIC
) -> Denoiser:
    """The solver's denoiser (x, t) -> eps, from a network that predicts x0, v or eps.

    x is (B, 1, X, Y, Z) in scaled voxel units, float32.
    """
    if prediction not in PREDICTIONS:
        raise ValueError(f"A network predicts one of {', '.join(PREDICTIONS)}, not {prediction!r}.")

    def denoise(x: Tensor, t: float) -> Tensor:
        output = network(x, torch.full((len(x),), t, device=x.device), periodic).float()
        if prediction == "eps":
            return output
        alpha, sigma = float(schedule.alpha(t)), float(schedule.sigma(t))
        if prediction == "x0":
            return (x - alpha * output) / sigma
        return alpha * output + sigma * x

    return denoise
