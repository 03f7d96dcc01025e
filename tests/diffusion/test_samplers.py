"""DPM-Solver against a distribution whose score is known: a mixture of Gaussians, integrated very finely."""

import math

import pytest
import torch

from gcd.diffusion.samplers import Cancelled, check_evaluations, dpm_solver, time_steps
from gcd.diffusion.schedules import VPSchedule

schedule = VPSchedule()
MEANS, SPREAD = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64), 0.3


def mixture_denoiser(x, t):
    """eps = -sigma * score of the mixture at time t."""
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    variance = alpha**2 * SPREAD**2 + sigma**2
    away = x[..., None] - alpha * MEANS
    weights = torch.softmax(-(away**2) / (2 * variance), dim=-1)
    return sigma * (weights * away).sum(-1) / variance


def noise():
    return torch.randn(64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def reference():
    return dpm_solver(mixture_denoiser, noise(), schedule, evaluations=999, order=3)


def error(evaluations, order, spacing="lambda"):
    x = dpm_solver(
        mixture_denoiser, noise(), schedule, evaluations=evaluations, order=order, time_spacing=spacing
    )
    return float((x - reference()).abs().mean())


@pytest.mark.parametrize("order", [1, 2, 3])
def test_error_falls_with_the_solver_s_order(order):
    steps = 40
    ratio = error(steps * order, order) / error(2 * steps * order, order)
    assert 2 ** (order - 0.5) < ratio < 2 ** (order + 1.5)


def test_sixty_evaluations_of_order_3_are_accurate():
    assert error(60, 3) < 0.01
    assert error(60, 3) < error(60, 2) < error(60, 1)


@pytest.mark.parametrize("spacing", ["lambda", "t", "t-quadratic"])
def test_every_spacing_converges(spacing):
    assert error(600, 2, spacing) < 0.02


def test_samples_have_the_mixture_s_moments():
    x = torch.randn(20_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = dpm_solver(mixture_denoiser, x, schedule)
    assert float(x.mean()) == pytest.approx(float(MEANS.mean()), abs=0.05)
    assert float(x.std()) == pytest.approx(math.sqrt(float(MEANS.var(correction=0)) + SPREAD**2), abs=0.05)


def test_default_steps_are_uniform_in_lambda():
    times = time_steps(schedule, 20, "lambda", 1.0, 1e-3)
    steps = schedule.lambda_(times).diff()
    assert torch.allclose(steps, torch.full((20,), 0.4791, dtype=torch.float64), atol=1e-4)


def test_evaluations_are_counted_and_reported():
    calls, seen = [], []

    def counting(x, t):
        calls.append(t)
        return mixture_denoiser(x, t)

    dpm_solver(counting, noise(), schedule, evaluations=12, order=3, callback=seen.append)
    assert len(calls) == 12
    assert [step.evaluations for step in seen] == [3, 6, 9, 12]
    assert seen[-1].t == pytest.approx(1e-3)
    assert seen[-1].total == 12


def test_callback_cancels():
    def cancel(step):
        if step.evaluations == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        dpm_solver(mixture_denoiser, noise(), schedule, evaluations=12, order=3, callback=cancel)


@pytest.mark.parametrize(
    ("evaluations", "order", "words"),
    [(20, 3, "multiple of 3"), (0, 1, "from 1 to"), (61, 2, "multiple of 2"), (9, 4, "1, 2 or 3")],
)
def test_unreachable_evaluations_are_refused_with_the_legal_ones(evaluations, order, words):
    with pytest.raises(ValueError, match=words):
        check_evaluations(evaluations, order)


def test_unknown_spacing_is_refused():
    with pytest.raises(ValueError, match="lambda, t, t-quadratic"):
        check_evaluations(3, 3, "cosine")
