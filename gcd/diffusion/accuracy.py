"""How far a solver stays from the exact solution of its equation, on problems whose answer is known or computed finely.

Two problems of one number, whose best possible denoiser is a formula, stand beside real models: data from one
Gaussian, whose probability-flow ODE has a solution in closed form, and data from two narrow clusters, the smallest
picture of a crystal's many equal sites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from gcd.diffusion.samplers import Denoiser, Step, dpm_solver
from gcd.diffusion.schedules import VPSchedule

FINE_EVALUATIONS = 999  # of order 3: the solution that others are held against where none is known


@dataclass(frozen=True)
class Mixture:
    """Data of one number: equally likely Gaussians around ``means``, all of standard deviation ``spread``."""

    means: tuple[float, ...]
    spread: float

    def denoiser(self, schedule: VPSchedule) -> Denoiser:
        """The noise expected in x at t, eps = -sigma d log p_t(x) / dx: what a perfectly trained network would say."""

        def denoise(x: Tensor, t: float) -> Tensor:
            alpha, sigma = schedule.alpha(t), schedule.sigma(t)
            variance = alpha**2 * self.spread**2 + sigma**2
            away = x[..., None] - alpha * torch.tensor(self.means, dtype=x.dtype)
            weights = torch.softmax(-(away**2) / (2 * variance), dim=-1)
            return sigma * (weights * away).sum(-1) / variance

        return denoise

    def density(self, x: Tensor, alpha: float = 1.0, sigma: float = 0.0) -> Tensor:
        """Probability density of alpha x_0 + sigma eps at x; of the data themselves by default."""
        variance = alpha**2 * self.spread**2 + sigma**2
        away = x[..., None] - alpha * torch.tensor(self.means, dtype=x.dtype)
        return (torch.exp(-(away**2) / (2 * variance)) / (2 * torch.pi * variance) ** 0.5).mean(-1)

    def solution(
        self, x: Tensor, schedule: VPSchedule, *, t_start: float = 1.0, t_end: float = 1e-3
    ) -> Tensor:
        """Where the probability-flow ODE takes x from t_start to t_end.

        For one Gaussian it is known: x keeps its number of standard deviations from the mean. For several it is
        computed with `FINE` steps.
        """
        if len(self.means) > 1:
            return dpm_solver(
                self.denoiser(schedule),
                x,
                schedule,
                evaluations=FINE_EVALUATIONS,
                t_start=t_start,
                t_end=t_end,
            )
        (mean,) = self.means
        start, end = (
            (schedule.alpha(t), (schedule.alpha(t) ** 2 * self.spread**2 + schedule.sigma(t) ** 2).sqrt())
            for t in (t_start, t_end)
        )
        return end[0] * mean + end[1] / start[1] * (x - start[0] * mean)


ONE_GAUSSIAN = Mixture((0.6,), 0.25)
TWO_CLUSTERS = Mixture((-1.0, 1.0), 0.08)


def solver_errors(
    denoiser: Denoiser,
    x: Tensor,
    exact: Tensor,
    schedule: VPSchedule,
    evaluations: Iterable[int],
    *,
    orders: Iterable[int] = (1, 2, 3),
    time_spacing: str = "lambda",
    t_end: float = 1e-3,
    callback: Callable[[int, int], None] | None = None,
) -> dict[int, list[tuple[int, float]]]:
    """Root mean square distance from ``exact`` of what DPM-Solver makes of ``x``.

    Args:
        denoiser: of the problem.
        x: (B, ...) states at t = 1.
        exact: what they become at t_end.
        evaluations: of the denoiser; each order takes those that it can spend, the multiples of itself.
        callback: called with (order, evaluations) before each run.

    Returns:
        order -> [(evaluations, error)].
    """
    wanted = sorted(set(evaluations))
    errors: dict[int, list[tuple[int, float]]] = {}
    for order in orders:
        errors[order] = []
        for count in wanted:
            if count % order:
                continue
            if callback is not None:
                callback(order, count)
            made = dpm_solver(
                denoiser, x, schedule, evaluations=count, order=order, time_spacing=time_spacing, t_end=t_end
            )
            errors[order].append((count, float((made - exact).double().square().mean().sqrt())))
    return errors


def trajectories(
    denoiser: Denoiser, x: Tensor, schedule: VPSchedule, *, evaluations: int, order: int
) -> tuple[Tensor, Tensor]:
    """The states on the way: times (S + 1,) from 1 down, and (S + 1, B, ...) states, beginning with x."""
    times, states = [torch.tensor(1.0, dtype=torch.float64)], [x]

    def keep(step: Step) -> None:
        times.append(torch.tensor(step.t, dtype=torch.float64))
        states.append(step.x)

    dpm_solver(denoiser, x, schedule, evaluations=evaluations, order=order, callback=keep)
    return torch.stack(times), torch.stack(states)
