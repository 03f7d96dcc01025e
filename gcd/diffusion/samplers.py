"""DPM-Solver, singlestep, orders 1 to 3, in noise prediction (Lu et al. 2022, arXiv:2206.00927)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import torch
from torch import Tensor

from gcd.diffusion.schedules import VPSchedule
from gcd.limits import MAX_EVALUATIONS

# (x, t) -> eps: x of any shape (B, ...), t a float in (0, 1]
Denoiser = Callable[[Tensor, float], Tensor]

SPACINGS = ("lambda", "t", "t-quadratic")


class Cancelled(Exception):
    """Raised by a callback to stop a sampler at once."""


@dataclass(frozen=True)
class Step:
    """What a sampler tells its callback after each solver step.

    Attributes:
        evaluations: function evaluations done.
        total: function evaluations in all.
        t: the time that has been reached.
        x: the state at t.
        x0: the denoiser's estimate of the data, made at the step's start.
    """

    evaluations: int
    total: int
    t: float
    x: Tensor
    x0: Tensor


def check_evaluations(evaluations: int, order: int, time_spacing: str = "lambda") -> None:
    """Raise a ValueError that names the legal values unless a solver of this order can spend these evaluations."""
    if order not in (1, 2, 3) or not isinstance(order, Integral):
        raise ValueError(f"The solver's order is 1, 2 or 3, not {order!r}.")
    if time_spacing not in SPACINGS:
        raise ValueError(f"The spacing is one of {', '.join(SPACINGS)}, not {time_spacing!r}.")
    whole = isinstance(evaluations, Integral)
    if not whole or evaluations < order or evaluations % order or evaluations > MAX_EVALUATIONS:
        raise ValueError(
            f"A solver of order {order} spends {order} evaluations a step: the number of evaluations is a multiple of "
            f"{order} from {order} to {MAX_EVALUATIONS // order * order}, not {evaluations!r}."
        )


def time_steps(schedule: VPSchedule, steps: int, time_spacing: str, t_start: float, t_end: float) -> Tensor:
    """The steps + 1 times from t_start down to t_end, uniform in lambda, in t, or in sqrt(t)."""
    if time_spacing == "lambda":
        ends = schedule.lambda_(torch.tensor([t_start, t_end]))
        times = schedule.t_of_lambda(
            torch.linspace(float(ends[0]), float(ends[1]), steps + 1, dtype=torch.float64)
        )
    elif time_spacing == "t":
        times = torch.linspace(t_start, t_end, steps + 1, dtype=torch.float64)
    else:
        times = torch.linspace(math.sqrt(t_start), math.sqrt(t_end), steps + 1, dtype=torch.float64) ** 2
    times[0], times[-1] = t_start, t_end
    return times


def dpm_solver(
    denoiser: Denoiser,
    x: Tensor,
    schedule: VPSchedule,
    *,
    evaluations: int = 60,
    order: int = 3,
    time_spacing: str = "lambda",
    t_start: float = 1.0,
    t_end: float = 1e-3,
    callback: Callable[[Step], None] | None = None,
) -> Tensor:
    """Integrate the probability-flow ODE from t_start to t_end: DPM-Solver-1, -2 (r1 = 1/2) or -3 (r1 = 1/3, r2 = 2/3).

    Args:
        denoiser: gives the noise eps in x at time t.
        x: (B, ...) the state at t_start, usually pure noise.
        evaluations: calls of the denoiser; a multiple of the order.
        callback: called after each step; raising `Cancelled` there stops the sampler.

    Returns:
        The state at t_end, of x's shape.

    Raises:
        ValueError: evaluations, order or time_spacing outside the legal ones.
    """
    check_evaluations(evaluations, order, time_spacing)
    step = (_step_1, _step_2, _step_3)[order - 1]
    times = time_steps(schedule, evaluations // order, time_spacing, t_start, t_end)
    for i, (s, t) in enumerate(zip(times[:-1].tolist(), times[1:].tolist(), strict=True)):
        eps = denoiser(x, s)
        x0 = (x - float(schedule.sigma(s)) * eps) / float(schedule.alpha(s))
        x = step(denoiser, x, eps, s, t, schedule)
        if callback is not None:
            callback(Step((i + 1) * order, evaluations, t, x, x0))
    return x


def _step_1(denoiser: Denoiser, x: Tensor, eps: Tensor, s: float, t: float, schedule: VPSchedule) -> Tensor:
    """DPM-Solver-1 (DDIM): x_t = alpha_t/alpha_s x - sigma_t (e^h - 1) eps, h = lambda_t - lambda_s."""
    ratio, sigma, h = _coefficients(schedule, s, t)
    return ratio * x - sigma * math.expm1(h) * eps


def _step_2(denoiser: Denoiser, x: Tensor, eps: Tensor, s: float, t: float, schedule: VPSchedule) -> Tensor:
    """DPM-Solver-2, Algorithm 1: an evaluation halfway in lambda."""
    ratio, sigma, h = _coefficients(schedule, s, t)
    s1 = _between(schedule, s, h / 2)
    u = _step_1(denoiser, x, eps, s, s1, schedule)
    return ratio * x - sigma * math.expm1(h) * denoiser(u, s1)


def _step_3(denoiser: Denoiser, x: Tensor, eps: Tensor, s: float, t: float, schedule: VPSchedule) -> Tensor:
    """DPM-Solver-3, Algorithm 2: evaluations a third and two thirds of the way in lambda."""
    r1, r2 = 1 / 3, 2 / 3
    ratio, sigma, h = _coefficients(schedule, s, t)
    s1, s2 = _between(schedule, s, r1 * h), _between(schedule, s, r2 * h)
    u1 = _step_1(denoiser, x, eps, s, s1, schedule)
    d1 = denoiser(u1, s1) - eps
    ratio2, sigma2, _ = _coefficients(schedule, s, s2)
    e2 = math.expm1(r2 * h)
    u2 = ratio2 * x - sigma2 * e2 * eps - sigma2 * r2 / r1 * (e2 / (r2 * h) - 1) * d1
    d2 = denoiser(u2, s2) - eps
    e = math.expm1(h)
    return ratio * x - sigma * e * eps - sigma / r2 * (e / h - 1) * d2


def _coefficients(schedule: VPSchedule, s: float, t: float) -> tuple[float, float, float]:
    """alpha_t / alpha_s, sigma_t and h = lambda_t - lambda_s."""
    ratio = float((schedule.log_alpha(t) - schedule.log_alpha(s)).exp())
    return ratio, float(schedule.sigma(t)), float(schedule.lambda_(t) - schedule.lambda_(s))


def _between(schedule: VPSchedule, s: float, step: float) -> float:
    """The time whose lambda lies a step above that of s."""
    return float(schedule.t_of_lambda(schedule.lambda_(s) + step))
