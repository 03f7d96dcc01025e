"""Problems with a known answer, and errors that fall as the orders say."""

import pytest
import torch

from gcd.diffusion.accuracy import ONE_GAUSSIAN, TWO_CLUSTERS, solver_errors, trajectories
from gcd.diffusion.samplers import dpm_solver
from gcd.diffusion.schedules import VPSchedule

schedule = VPSchedule()
x = torch.randn(64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_known_solution_of_a_gaussian_is_what_a_fine_solver_finds():
    fine = dpm_solver(ONE_GAUSSIAN.denoiser(schedule), x, schedule, evaluations=999)
    assert float((ONE_GAUSSIAN.solution(x, schedule) - fine).abs().max()) < 1e-6


@pytest.mark.parametrize("problem", [ONE_GAUSSIAN, TWO_CLUSTERS])
def test_errors_fall_with_the_order(problem):
    exact = problem.solution(x, schedule)
    errors = solver_errors(problem.denoiser(schedule), x, exact, schedule, (60, 120))
    for order, ((_, coarse), (_, fine)) in errors.items():
        assert coarse / fine > 2 ** (order - 0.9)
    assert errors[3][0][1] < errors[2][0][1] < errors[1][0][1]


def test_each_order_takes_the_evaluations_it_can_spend():
    exact = ONE_GAUSSIAN.solution(x, schedule)
    errors = solver_errors(ONE_GAUSSIAN.denoiser(schedule), x, exact, schedule, (4, 6, 9))
    assert {order: [n for n, _ in points] for order, points in errors.items()} == {
        1: [4, 6, 9],
        2: [4, 6],
        3: [6, 9],
    }


def test_clusters_are_where_solutions_end():
    ends = TWO_CLUSTERS.solution(x, schedule)
    assert float((ends.abs() - 1).abs().max()) < 0.4
    grid = torch.linspace(-3, 3, 3001, dtype=torch.float64)
    assert float(TWO_CLUSTERS.density(grid).sum() * 0.002) == pytest.approx(1.0, abs=1e-6)


def test_trajectories_begin_with_noise_and_end_with_the_solution():
    denoiser = ONE_GAUSSIAN.denoiser(schedule)
    times, states = trajectories(denoiser, x, schedule, evaluations=12, order=3)
    assert times.tolist()[0] == 1.0
    assert len(times) == len(states) == 5
    assert torch.equal(states[0], x)
    assert torch.equal(states[-1], dpm_solver(denoiser, x, schedule, evaluations=12))
