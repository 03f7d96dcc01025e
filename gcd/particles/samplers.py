"""Ways back from noise to particles: probability-flow ODE, reverse SDE and restarts, along sigma = k t.

Song et al. 2021, arXiv:2011.13456; Xu et al. 2023, arXiv:2306.14878.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gcd.diffusion.samplers import Cancelled, Step
from gcd.limits import MAX_EVALUATIONS, MAX_RESTARTS, check_integer, is_finite
from gcd.particles.noise import VESchedule

__all__ = ["SAMPLERS", "Cancelled", "Restart", "Step", "check_sampler", "evaluations_of", "sample_particles"]

SAMPLERS = ("ode", "sde", "restart")

# (x, t) -> y = score * sigma: x (B, N, 3) in lattice constants, t a float in (0, 1]
ScoreFunction = Callable[[Tensor, float], Tensor]

# (sigma,) -> (B, N, 3) standard normal noise, for each structure from a generator of its own
Noise = Callable[[], Tensor]


@dataclass(frozen=True)
class Restart:
    """How often, and how far, the restart sampler goes back into noise after the ODE has come to its end."""

    times: int = 4
    t: float = 0.4
    steps: int = 25

    def __post_init__(self) -> None:
        check_integer("the number of restarts", self.times, 1, MAX_RESTARTS)
        if not is_finite(self.t) or not 0 < self.t <= 1:
            raise ValueError(f"The time that restarts go back to is above 0 and at most 1, not {self.t!r}.")

    def label(self, sampler: str, steps: int | None = None) -> str:
        """The sampler in a word, with its restarts where they are not the usual ones, and its steps if given."""
        if sampler != "restart" or self == Restart():
            return f"{sampler}{'' if steps is None else steps}"
        return f"{sampler}-{self.times}x{self.t:g}{'' if steps is None else f'-{steps}'}"


def check_sampler(sampler: str, steps: int) -> None:
    """Raise a ValueError that names the legal values unless there is such a sampler and number of steps."""
    if sampler not in SAMPLERS:
        raise ValueError(f"The sampler is one of {', '.join(SAMPLERS)}, not {sampler!r}.")
    if isinstance(steps, bool) or steps != int(steps) or not 1 <= steps <= MAX_EVALUATIONS:
        raise ValueError(
            f"The number of steps must be a whole number from 1 to {MAX_EVALUATIONS:,}, not {steps!r}."
        )


def evaluations_of(sampler: str, steps: int, restart: Restart | None = None) -> int:
    """How often the network is asked for a structure."""
    restart = restart or Restart()
    return steps + (restart.times * restart.steps if sampler == "restart" else 0)


def sample_particles(
    score: ScoreFunction,
    x: Tensor,
    schedule: VESchedule,
    *,
    sampler: str = "ode",
    steps: int = 128,
    t_start: float = 1.0,
    noise: Noise | None = None,
    restart: Restart | None = None,
    callback: Callable[[Step], None] | None = None,
) -> Tensor:
    """Denoise x from t_start to 0 with one evaluation of the network a step; times are uniform, as in the paper.

    Args:
        score: gives y = score * sigma in x at time t.
        x: (B, N, 3) the state at t_start.
        sampler: "ode", "sde", or "restart": the ODE, then `restart.times` ways back to restart.t and down again.
        noise: draws (B, N, 3) standard normal numbers; the ODE needs none.
        callback: called after each step; raising `Cancelled` there stops the sampler.

    Returns:
        The state at t = 0, of x's shape; positions are not wrapped.

    Raises:
        ValueError: an unknown sampler or a number of steps out of range.
    """
    check_sampler(sampler, steps)
    restart = restart or Restart()
    rounds = [(t_start, steps)]
    if sampler == "restart":
        rounds += [(min(restart.t, 1.0), restart.steps)] * restart.times
    total, done = sum(count for _, count in rounds), 0
    advance = _sde_step if sampler == "sde" else _ode_step
    for number, (begin, count) in enumerate(rounds):
        if number:
            assert noise is not None, "restarts draw noise"
            x = x + schedule.sigma(begin) * noise()
        times = torch.linspace(begin, 0.0, count + 1, dtype=torch.float64).tolist()
        for s, t in itertools.pairwise(times):
            y = score(x, s)
            x0 = x + schedule.sigma(s) * y
            x = advance(x, y, schedule.sigma(s), schedule.sigma(t), noise)
            done += 1
            if callback is not None:
                callback(Step(done, total, t, x, x0))
    return x


def _ode_step(x: Tensor, y: Tensor, sigma: float, lower: float, noise: Noise | None) -> Tensor:
    """Euler's step of dx = -sigma score d sigma = -y d sigma."""
    return x + (sigma - lower) * y


def _sde_step(x: Tensor, y: Tensor, sigma: float, lower: float, noise: Noise | None) -> Tensor:
    """The ancestral step of the variance-exploding chain; from sigma to 0 it is the expected x0, without noise."""
    removed = sigma**2 - lower**2
    x = x + removed / sigma * y
    if lower == 0:
        return x
    assert noise is not None, "the SDE draws noise"
    return x + lower * math.sqrt(removed) / sigma * noise()
