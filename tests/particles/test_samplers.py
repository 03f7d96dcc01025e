"""Samplers of the particle model against crystals whose score is known."""

import math

import pytest
import torch

from gcd.diffusion.samplers import Cancelled
from gcd.particles.noise import VESchedule
from gcd.particles.samplers import SAMPLERS, Restart, check_sampler, evaluations_of, sample_particles

schedule = VESchedule()
WIDTH = 0.05


def score_of_wells(x, t):
    """y = score * sigma of coordinates that are normal, of that width, about whole numbers, under the noise of t."""
    variance = WIDTH**2 + schedule.sigma(t) ** 2
    sites = torch.arange(-4, 5, dtype=x.dtype)
    away = x[..., None] - sites
    weights = torch.softmax(-(away**2) / (2 * variance), dim=-1)
    return -schedule.sigma(t) * (weights * away).sum(-1) / variance


def noise_of(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


def sample(sampler, steps=128, t_start=1.0, count=2000, **options):
    begin = torch.randint(-1, 2, (count, 2, 3), generator=torch.Generator().manual_seed(1)).double()
    noise = noise_of((count, 2, 3))
    x = begin + math.hypot(WIDTH, schedule.sigma(t_start)) * noise()
    return sample_particles(
        score_of_wells, x, schedule, sampler=sampler, steps=steps, t_start=t_start, noise=noise, **options
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samples_have_the_width_of_the_wells(sampler):
    x = sample(sampler, steps=400, restart=Restart(2, 0.4, 200))
    assert float((x - x.round()).std()) == pytest.approx(WIDTH, rel=0.06)


def test_the_ode_from_a_small_noise_returns_to_the_site_it_came_from():
    begin = 3.0 + 0.1 * noise_of((50, 4, 3))()
    x = sample_particles(score_of_wells, begin, schedule, t_start=schedule.t_of_sigma(0.1), steps=64)
    torch.testing.assert_close(x.round(), torch.full_like(x, 3.0))


def test_same_noise_same_structure():
    for sampler in SAMPLERS:
        assert torch.equal(sample(sampler, 8, count=5), sample(sampler, 8, count=5))


@pytest.mark.parametrize(("sampler", "total"), [("ode", 8), ("sde", 8), ("restart", 8 + 4 * 25)])
def test_the_callback_hears_of_every_step(sampler, total):
    steps = []
    x = sample(sampler, 8, count=3, callback=steps.append)
    assert evaluations_of(sampler, 8) == total == len(steps)
    assert [s.evaluations for s in steps] == list(range(1, total + 1))
    assert {s.total for s in steps} == {total}
    assert steps[-1].t == 0
    torch.testing.assert_close(steps[-1].x, x)
    torch.testing.assert_close(steps[-1].x0, x)  # the last step goes to the expected x0


def test_a_callback_cancels():
    def stop(step):
        if step.evaluations == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample("sde", 10, count=2, callback=stop)


@pytest.mark.parametrize("steps", [0, -1, 1001, 2.5, True])
def test_impossible_steps_are_refused(steps):
    with pytest.raises(ValueError, match="from 1 to 1,000"):
        check_sampler("ode", steps)


def test_an_unknown_sampler_is_refused():
    with pytest.raises(ValueError, match="ode, sde, restart"):
        check_sampler("euler", 10)
