"""The symmetries of the score network, and a score that is known in closed form."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gcd.particles.network import NetworkConfig, ScoreNetwork

LENGTHS = (2.0, 2.5, 3.0)
SMALL = NetworkConfig(features=16, layers=2, cutoff=1.3, time_features=8)


def network(config=SMALL):
    torch.manual_seed(0)
    return ScoreNetwork(config).double().eval().requires_grad_(False)


def state(seed, batch=2, atoms=7):
    generator = torch.Generator().manual_seed(seed)
    positions = torch.rand(batch, atoms, 3, generator=generator, dtype=torch.float64) * torch.tensor(LENGTHS)
    return positions, torch.rand(batch, generator=generator, dtype=torch.float64)


seeds = st.integers(0, 2**31)


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_permuting_the_atoms_permutes_the_scores(seed):
    positions, t = state(seed)
    order = torch.randperm(positions.shape[1], generator=torch.Generator().manual_seed(seed))
    net = network()
    torch.testing.assert_close(net(positions[:, order], t, LENGTHS), net(positions, t, LENGTHS)[:, order])


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_moving_any_atom_by_lattice_vectors_changes_nothing(seed):
    positions, t = state(seed)
    steps = torch.randint(-2, 3, positions.shape, generator=torch.Generator().manual_seed(seed))
    net = network()
    torch.testing.assert_close(
        net(positions + steps * torch.tensor(LENGTHS), t, LENGTHS), net(positions, t, LENGTHS)
    )


@settings(deadline=None, max_examples=10)
@given(seeds)
def test_moving_all_atoms_together_changes_nothing_and_the_scores_sum_to_zero(seed):
    positions, t = state(seed)
    net = network()
    scores = net(positions, t, LENGTHS)
    torch.testing.assert_close(net(positions + torch.tensor([0.3, -1.1, 7.7]), t, LENGTHS), scores)
    torch.testing.assert_close(scores.sum(dim=1), torch.zeros(2, 3, dtype=torch.float64))
    assert scores.abs().max() > 1e-3


def test_a_larger_cell_of_the_same_crystal_has_the_same_scores():
    positions, t = state(3, batch=1)
    twice = torch.cat([positions, positions + torch.tensor([LENGTHS[0], 0.0, 0.0])], dim=1)
    net = network()
    scores = net(positions, t, LENGTHS)
    torch.testing.assert_close(
        net(twice, t, (2 * LENGTHS[0], *LENGTHS[1:])), torch.cat([scores, scores], dim=1)
    )


def test_structures_of_a_batch_do_not_see_each_other():
    positions, t = state(4, batch=3)
    net = network()
    alone = torch.cat([net(p[None], s[None], LENGTHS) for p, s in zip(positions, t, strict=True)])
    torch.testing.assert_close(net(positions, t, LENGTHS), alone)


@pytest.mark.parametrize("config", [SMALL, NetworkConfig(8, 1, 1.3, 8, edge_frequencies=6)])
def test_atoms_out_of_reach_are_not_seen(config):
    net = network(config)
    positions = torch.tensor([[[0.0, 0.0, 0.0], [1.31, 0.0, 0.0]]], dtype=torch.float64)
    t = torch.tensor([0.5], dtype=torch.float64)
    far = net(positions, t, (9.0, 9.0, 9.0))
    farther = net(positions + torch.tensor([[0.0], [1.0]]), t, (9.0, 9.0, 9.0))
    torch.testing.assert_close(far, farther)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="whole numbers from 1"):
        NetworkConfig(features=0)
    with pytest.raises(ValueError, match="above 0"):
        NetworkConfig(cutoff=-1.0)


def test_the_score_of_a_gaussian_well_is_learned():
    """Two atoms alike; their separation u is normal about d or, from the other's side, about -d.

    With s² = width² + 2 sigma², the score of that mixture is y = -+ sigma (u - d tanh(u d / s²)) / s².
    """
    d, w, cell = torch.tensor([0.9, 0.3, -0.2]), 0.15, (5.0, 5.0, 5.0)
    torch.manual_seed(0)
    net = ScoreNetwork(NetworkConfig(features=32, layers=2, cutoff=2.4, time_features=16))
    optimizer = torch.optim.Adam(net.parameters())

    def draw(batch):
        sigma = 0.05 + 0.15 * torch.rand(batch)
        eps = torch.randn(batch, 2, 3)
        eps = eps - eps.mean(1, keepdim=True)
        x = sigma[:, None, None] * eps
        x[:, 1] += d + w * torch.randn(batch, 3)
        return x, sigma, eps

    steps = 700
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 + math.cos(math.pi * step / steps)) / 2
        x, sigma, eps = draw(256)
        loss = (net(x, sigma / 0.4, cell) + eps).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, sigma, _ = draw(2000)
    with torch.no_grad():
        y = net(x, sigma / 0.4, cell)
    u, s2 = x[:, 1] - x[:, 0], (w**2 + 2 * sigma**2)[:, None]
    pull = -sigma[:, None] * (u - d * torch.tanh((u * d).sum(1, keepdim=True) / s2)) / s2
    exact = torch.stack([-pull, pull], dim=1)
    assert float((y - exact).square().mean().sqrt() / exact.square().mean().sqrt()) < 0.05
