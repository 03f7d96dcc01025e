"""The denoising loss: how much each noise counts."""

from __future__ import annotations

import pytest
import torch

from gcd.training.diffusion import Diffusion, diffusion_loss


class Nothing(torch.nn.Module):
    """A network that predicts empty voxels."""

    def forward(self, x, *_, **__):
        return torch.zeros_like(x[:, :1])


def loss(seed: int, **settings: float) -> float:
    x0 = torch.ones(1, 1, 4, 4, 4)
    return float(diffusion_loss(Nothing(), x0, Diffusion(**settings), torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("detail", [0.5, 3.0])
def test_detail_weighs_little_noise_by_the_formula(seed, detail):
    """1 + c / (sigma / alpha + 0.1), over 1 + c; the error itself is 1 everywhere, so that the loss is the weight."""
    u = float(torch.rand(1, generator=torch.Generator().manual_seed(seed)))
    t = torch.tensor(1e-3 + (1 - 1e-3) * u)
    schedule = Diffusion().schedule
    ratio = float(schedule.sigma(t) / schedule.alpha(t))
    assert loss(seed, detail=detail) == pytest.approx((1 + detail / (ratio + 0.1)) / (1 + detail), rel=1e-5)


def test_without_detail_every_noise_counts_the_same():
    assert [loss(seed) for seed in range(4)] == pytest.approx([1.0] * 4)
    assert Diffusion().as_config()["detail"] == 0.0


def test_the_checkpoint_says_what_it_was_trained_with():
    assert Diffusion(detail=0.25).as_config()["detail"] == 0.25
