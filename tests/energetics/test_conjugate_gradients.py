"""Conjugate gradients on functions whose minima are known."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gcd.energetics.conjugate_gradients import ENERGY, FORCE, LIMIT, NEW, RUNNING, STUCK, State, advance

TOLERANCES = {"energy_tolerance": 0.0, "force_tolerance": 1e-6, "max_evaluations": 5000}


def minimise(function, x, **tolerances):
    """x (B, M, 3) -> the state at the end."""
    state = State.empty(*x.shape[:2], torch.device("cpu"))
    state.x = x.clone()
    for _ in range(6000):
        at = state.x.detach().requires_grad_()
        energy = function(at)
        (gradient,) = torch.autograd.grad(energy.sum(), at)
        advance(state, energy.detach(), -gradient, **TOLERANCES | tolerances)
        if not (state.status <= RUNNING).any():
            return state
    raise AssertionError("it does not end")


def bowl(x):
    """Ellipsoids with different axes in each system, minimum 3 at (1, 2, 3)."""
    stiffness = torch.tensor([1.0, 10.0, 100.0], dtype=x.dtype)
    return 3 + ((x - torch.tensor([1.0, 2.0, 3.0], dtype=x.dtype)) ** 2 * stiffness).sum((1, 2))


def valley(x):
    """Rosenbrock's banana in the first two coordinates."""
    a, b = x[:, 0, 0], x[:, 0, 1]
    return 1 + (1 - a) ** 2 + 100 * (b - a * a) ** 2 + (x[:, 1:] ** 2).sum((1, 2)) + x[:, 0, 2] ** 2


@pytest.mark.parametrize("function", [bowl, valley])
def test_minima_are_found(function):
    x = torch.tensor([[[-1.2, 1.0, 0.5]], [[0.0, 0.0, 0.0]], [[1.5, 1.8, -0.3]]], dtype=torch.float64)
    state = minimise(function, x)
    expected = (1.0, 2.0, 3.0) if function is bowl else (1.0, 1.0, 0.0)
    assert torch.allclose(state.x[:, 0], torch.tensor(expected, dtype=torch.float64), atol=1e-3)
    assert set(state.status.tolist()) <= {FORCE, STUCK}


def test_systems_do_not_see_each_other():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, 3, dtype=torch.float64, generator=generator)
    together = minimise(valley, x)
    for k in range(5):
        alone = minimise(valley, x[k : k + 1])
        assert torch.allclose(alone.x[0], together.x[k], atol=1e-10)
        assert alone.evaluations[0] == together.evaluations[k]


def test_no_step_is_longer_than_a_tenth():
    places = []

    def watched(x):
        places.append(x.detach().clone())
        return bowl(x)

    minimise(watched, torch.zeros(1, 1, 3, dtype=torch.float64))
    starts = torch.stack(places)
    assert (starts[1:] - starts[:-1]).abs().max() <= 0.1 + 1e-12


def test_energy_goes_down_from_line_to_line():
    state = State.empty(1, 1, torch.device("cpu"))
    state.x[:] = torch.tensor([-1.2, 1.0, 0.5], dtype=torch.float64)
    energies = []
    while state.status.item() in (NEW, RUNNING):
        at = state.x.detach().requires_grad_()
        energy = valley(at)
        (gradient,) = torch.autograd.grad(energy.sum(), at)
        advance(state, energy.detach(), -gradient, **TOLERANCES)
        energies.append(state.e0.item())
    assert all(b <= a + 1e-8 for a, b in pairwise(energies))


def test_a_minimum_is_known_at_once():
    state = minimise(bowl, torch.tensor([[[1.0, 2.0, 3.0]]], dtype=torch.float64))
    assert (state.status.item(), state.evaluations.item()) == (FORCE, 1)


def test_why_it_stopped():
    x = torch.tensor([[[-1.2, 1.0, 0.5]]], dtype=torch.float64)
    assert minimise(valley, x, energy_tolerance=1e-3).status.item() == ENERGY
    limited = minimise(valley, x, max_evaluations=7)
    assert limited.status.item() == LIMIT
    assert limited.evaluations.item() <= 9


def test_a_wall_leaves_it_at_the_last_good_place():
    """A force that promises what the energy does not keep: every step is refused."""
    x = torch.zeros(1, 1, 3, dtype=torch.float64)
    state = State.empty(1, 1, torch.device("cpu"))
    force = torch.ones(1, 1, 3, dtype=torch.float64)
    for _ in range(200):
        energy = torch.tensor([0.0 if state.x.abs().max() == 0 else 1.0], dtype=torch.float64)
        advance(state, energy, force, **TOLERANCES)
    assert state.status.item() == STUCK
    assert torch.equal(state.x, x)
