"""A particle model so small and untrained that all it makes is disorder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def particle_models(models: Path) -> Path:
    """The folder of untrained checkpoints with `particle-sc` among them; there are none for BCC and FCC."""
    import torch

    from gcd.checkpoints import save
    from gcd.particles.network import NetworkConfig, ScoreNetwork
    from gcd.training.common import Trained
    from gcd.training.particle import ParticleTraining, checkpoint_config
    from gcd.training.particle_card import model_card

    torch.manual_seed(0)
    training = ParticleTraining("sc", NetworkConfig(features=8, layers=1, cutoff=1.2, time_features=8))
    network = ScoreNetwork(training.architecture)
    config = checkpoint_config(training, Trained(network, 1, 1.0, 1.0, 1.0, True), "none")
    save(models / "particle-sc", network, config, model_card(config))
    return models
