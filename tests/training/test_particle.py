"""What the particle models are trained on, and with which loss."""

import numpy as np
import pytest
import torch

from gcd.particles.network import NetworkConfig
from gcd.particles.noise import VESchedule
from gcd.structures.crystals import PHASES
from gcd.training.common import RunConfig
from gcd.training.particle import (
    NoisyCrystals,
    ParticleTraining,
    default_architecture,
    score_matching_loss,
    train_particle,
)

SMALL = NetworkConfig(features=8, layers=1, cutoff=1.2, time_features=8)


def generator():
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize(("phase", "atoms"), [("sc", 64), ("bcc", 128), ("fcc", 256)])
def test_batches_are_ideal_cells_under_gaussian_displacements(phase, atoms):
    sigma = torch.tensor([0.0, 0.1, 0.4])
    positions, eps = NoisyCrystals(phase, (4, 4, 4)).draw(sigma, generator())
    assert positions.shape == eps.shape == (3, atoms, 3)
    np.testing.assert_allclose((positions - positions[0]).std((1, 2)), sigma, rtol=0.1)
    np.testing.assert_allclose(eps.mean(1), 0.0, atol=1e-6)
    torch.testing.assert_close(positions - sigma[:, None, None] * eps, positions[:1].expand(3, -1, -1))


def test_a_network_that_knows_the_noise_has_no_loss_and_a_silent_one_has_its_variance():
    crystals, training = NoisyCrystals("sc", (4, 4, 4)), ParticleTraining("sc", SMALL)

    def knowing(positions, t, lengths):
        return -(positions - crystals.sites) / training.schedule.sigma(t)[:, None, None]

    def loss_of(module):
        return float(score_matching_loss(module, crystals, training, 64, generator(), torch.device("cpu")))

    assert loss_of(knowing) < 1e-5
    assert loss_of(lambda positions, *_: torch.zeros_like(positions)) == pytest.approx(1 - 1 / 64, rel=0.03)


@pytest.mark.parametrize("phase", PHASES)
def test_an_atom_has_as_many_neighbours_in_every_phase(phase):
    density = PHASES[phase].atoms_per_cell
    volume = 4 / 3 * np.pi * default_architecture(phase).cutoff ** 3
    assert density * volume == pytest.approx(22.4, rel=0.03)


def test_the_data_hash_names_phase_and_size():
    hashes = {
        NoisyCrystals(phase, size).sha256() for phase in ("sc", "fcc") for size in ((4, 4, 4), (4, 4, 5))
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("k", [0.0, -0.4, 3.0, float("nan")])
def test_an_absurd_noise_is_refused(k):
    with pytest.raises(ValueError, match="at most 2 lattice constants"):
        VESchedule(k)


def test_half_of_the_times_are_in_focus():
    u = (torch.arange(2000) + 0.5) / 2000
    times = ParticleTraining("sc", SMALL, focus=(0.4, 0.6)).times(u)
    assert times.min() == pytest.approx(0.005, abs=1e-2)
    assert times.max() == pytest.approx(1, abs=1e-2)
    inside = float(((times >= 0.4) & (times <= 0.6)).float().mean())
    assert inside == pytest.approx(0.5 + 0.5 * 0.2 / 0.995, abs=5e-3)
    even = ParticleTraining("sc", SMALL).times(u)
    torch.testing.assert_close(even, 0.005 + 0.995 * u)


@pytest.mark.parametrize("focus", [(0.6, 0.4), (0.4, 0.4), (0.0, 0.5), (0.5, 1.5), (float("nan"), 0.5)])
def test_an_absurd_focus_is_refused(focus):
    with pytest.raises(ValueError, match=r"two numbers from 0\.005 to 1, the smaller first"):
        ParticleTraining("sc", SMALL, focus=focus)


def test_a_small_run_learns_and_resumes(tmp_path):
    training = ParticleTraining(
        "sc", SMALL, RunConfig(steps=12, validate_every=6, batch_size=2), size=(2, 2, 1)
    )
    first = train_particle(training, folder=tmp_path, max_seconds=0.0)
    assert first.step == 1
    last = train_particle(training, folder=tmp_path)
    assert last.finished
    assert np.isfinite(last.validation_loss)
