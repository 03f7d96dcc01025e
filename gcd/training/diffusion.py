"""The denoising loss that crystals and boundaries share: random times, noise, what the network predicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gcd.devices import best_dtype
from gcd.diffusion.inpainting import network_input
from gcd.diffusion.prediction import training_target
from gcd.diffusion.schedules import VPSchedule


@dataclass(frozen=True)
class Diffusion:
    """The noise that a model is trained on, and what it predicts."""

    prediction: str = "x0"  # one of gcd.diffusion.prediction.PREDICTIONS
    schedule: VPSchedule = field(default_factory=VPSchedule)
    t_min: float = 1e-3
    detail: float = 0.0  # c: the loss at t has weight 1 + c / (sigma / alpha + 0.1): little noise counts more

    def as_config(self) -> dict[str, Any]:
        """The entries of config.json that sampling reads."""
        return {
            "prediction": self.prediction,
            "schedule": {"beta_min": self.schedule.beta_min, "beta_max": self.schedule.beta_max},
            "t_end": self.t_min,
            "detail": self.detail,
        }


def diffusion_loss(
    module: nn.Module,
    x0: Tensor,
    diffusion: Diffusion,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Mean squared error of the prediction at random times, stratified over the batch.

    Args:
        module: the U-Net; of two input channels where there is a mask.
        x0: (B, 1, X, Y, Z) scaled voxels.
        mask: (B, 1, X, Y, Z), 1 where voxels are painted: noise and loss are there alone, the rest is clean.
        options: for the network, such as periodic.
    """
    batch = len(x0)
    u = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    t = diffusion.t_min + (1 - diffusion.t_min) * u
    eps = torch.randn(x0.shape, generator=generator).to(x0)
    shape = (batch, 1, 1, 1, 1)
    alpha = diffusion.schedule.alpha(t).to(x0).view(shape)
    sigma = diffusion.schedule.sigma(t).to(x0).view(shape)
    x = alpha * x0 + sigma * eps
    if mask is not None:
        x = network_input(x, x0, mask)
    with torch.autocast(
        x0.device.type, best_dtype(x0.device), enabled=best_dtype(x0.device) != torch.float32
    ):
        output = module(x, t.to(x0.device), **options)
    weight = (1 + diffusion.detail / (sigma / alpha + 0.1)) / (1 + diffusion.detail)
    error = weight * (output.float() - training_target(diffusion.prediction, x0, eps, alpha, sigma)).square()
    return error.mean() if mask is None else (error * mask).sum() / mask.sum()
