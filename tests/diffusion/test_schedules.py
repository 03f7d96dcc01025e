"""The VP schedule against the values of its closed form."""

import pytest
import torch

from gcd.diffusion.schedules import VPSchedule

schedule = VPSchedule()


def test_known_values():
    assert float(schedule.alpha(1.0)) == pytest.approx(0.006572, abs=5e-7)
    assert float(schedule.sigma(1e-3)) == pytest.approx(0.010485, abs=5e-7)
    assert float(schedule.lambda_(1.0)) == pytest.approx(-5.0250, abs=5e-5)
    assert float(schedule.lambda_(1e-3)) == pytest.approx(4.5577, abs=5e-5)


def test_variance_is_preserved():
    t = torch.linspace(1e-4, 1, 50)
    assert torch.allclose(
        schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2, torch.ones(50, dtype=torch.float64)
    )


def test_t_of_lambda_is_the_inverse():
    t = torch.linspace(1e-4, 1, 200, dtype=torch.float64)
    assert torch.allclose(schedule.t_of_lambda(schedule.lambda_(t)), t, atol=1e-9)
