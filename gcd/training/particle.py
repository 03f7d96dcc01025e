"""Train the particle model of one crystal phase: denoising score matching (paper, Eq. 9)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gcd.devices import best_dtype
from gcd.particles.network import NetworkConfig, ScoreNetwork
from gcd.particles.noise import VESchedule
from gcd.structures.crystals import check_phase, check_size, ideal_positions
from gcd.training.common import RunConfig, Trained, begin_with, fit, record_of
from gcd.training.state import settings_of

Size = tuple[int, int, int]


def default_architecture(phase: str) -> NetworkConfig:
    """A cut-off with as many neighbours in every phase, 22 on average: 1.75 lattice constants in SC."""
    atoms = check_phase(phase).atoms_per_cell
    return NetworkConfig(cutoff=round(1.75 * atoms ** (-1 / 3), 2))


def default_schedule(phase: str) -> VESchedule:
    """The paper's k = 0.4 lattice constants in SC, and as much of an atom's share of space in the other phases.

    There the crystal is as far gone at t = 1: the wave of its shortest reciprocal vector has lost 96 to 98 %.
    """
    atoms = check_phase(phase).atoms_per_cell
    return VESchedule(round(0.4 * atoms ** (-1 / 3), 2))


@dataclass(frozen=True)
class ParticleTraining:
    """All that decides what a particle model becomes."""

    phase: str
    architecture: NetworkConfig
    run: RunConfig = field(
        default_factory=lambda: RunConfig(steps=28_000, batch_size=2, learning_rate=1e-3, validate_every=1000)
    )
    size: Size = (4, 4, 4)  # supercell that is trained on; the paper's
    schedule: VESchedule = field(default_factory=VESchedule)
    t_min: float = 0.005
    focus: tuple[float, float] | None = None  # half of the times are from here

    def __post_init__(self) -> None:
        if self.focus is not None and not self.t_min <= self.focus[0] < self.focus[1] <= 1:
            raise ValueError(
                f"The times to focus on are two numbers from {self.t_min:g} to 1, the smaller first, "
                f"not {self.focus[0]:g} and {self.focus[1]:g}."
            )

    def times(self, u: Tensor) -> Tensor:
        """Times of the noise for numbers u from 0 to 1: uniform from t_min to 1, or half of them in `focus`.

        The score of each time is the same function whatever the share of that time in training.
        """
        if self.focus is None:
            return self.t_min + (1 - self.t_min) * u
        low, high = self.focus
        half = (2 * u) % 1
        return torch.where(u < 0.5, self.t_min + (1 - self.t_min) * half, low + (high - low) * half)


class NoisyCrystals:
    """The ideal supercell under Gaussian displacements (Eq. 9), in lattice constants."""

    def __init__(self, phase: str, size: Size) -> None:
        self.phase = check_phase(phase)
        self.size = check_size(size, phase)
        self.sites = torch.tensor(ideal_positions(phase, self.size), dtype=torch.float32)

    def draw(self, sigma: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """r_t (B, N, 3) at the noise sigma (B,), and the noise eps that was put in.

        eps has the mean over the atoms taken out: a shift of all atoms cannot be seen in a periodic crystal, its best
        estimate is none, and a target without it has less variance and the same expectation.
        """
        eps = torch.randn(len(sigma), *self.sites.shape, generator=generator)
        eps = eps - eps.mean(dim=1, keepdim=True)
        return self.sites + sigma[:, None, None] * eps, eps

    def sha256(self) -> str:
        """Hash of what is trained on: the fractional sites and the supercell."""
        text = f"{np.asarray(self.phase.basis).tolist()} {self.size}"
        return hashlib.sha256(text.encode()).hexdigest()


def score_matching_loss(
    module: nn.Module,
    crystals: NoisyCrystals,
    training: ParticleTraining,
    batch: int,
    generator: torch.Generator,
    device: torch.device,
) -> Tensor:
    """Eq. 9, mean over coordinates: |score sigma + eps|^2 at random times, stratified over the batch."""
    t = training.times((torch.arange(batch) + torch.rand(batch, generator=generator)) / batch)
    positions, eps = crystals.draw(training.schedule.sigma(t), generator)
    y = module(positions.to(device), t.to(device), tuple(map(float, crystals.size)))
    return (y + eps.to(device)).square().mean()


def train_particle(
    training: ParticleTraining,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    start_from: nn.Module | None = None,
    anew: bool = False,
    progress: Callable[[int, float], None] | None = None,
    max_seconds: float | None = None,
) -> Trained:
    """Train, or go on with the run that `folder` holds.

    Args:
        folder: the run's state and log.
        anew: a run there with other settings is set aside and a new one begun, instead of refusing.
        start_from: a score network of the same architecture whose weights a new run begins with.

    Returns:
        The averaged network and the run's figures.
    """
    device = torch.device(device)
    torch.manual_seed(training.run.seed)  # of the initial weights
    network = ScoreNetwork(training.architecture)
    network.edge_format = best_dtype(device)
    if start_from is not None:
        begin_with(network, start_from)
    crystals = NoisyCrystals(training.phase, training.size)

    def loss_of_batch(module: nn.Module, generator: torch.Generator) -> Tensor:
        return score_matching_loss(module, crystals, training, training.run.batch_size, generator, device)

    uniform = replace(training, focus=None)  # so that losses of all trainings compare

    def validate(module: nn.Module) -> float:
        generator = torch.Generator().manual_seed(1_000_003)  # the same batches every time
        several = max(1, 1024 // len(crystals.sites))
        with torch.no_grad():
            losses = [
                float(score_matching_loss(module, crystals, uniform, several, generator, device))
                for _ in range(8)
            ]
        return math.fsum(losses) / len(losses)

    return fit(
        network.to(device),
        loss_of_batch,
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(training, kind="particle", data_sha256=crystals.sha256()),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def checkpoint_config(training: ParticleTraining, trained: Trained, command: str) -> dict[str, Any]:
    """config.json of a particle model: all that rebuilds the network, samples from it and says how it was made."""
    return {
        "kind": "particle",
        "phase": check_phase(training.phase).name,
        "architecture": training.architecture.as_dict(),
        "training_sizes": [list(training.size)],
        "schedule": {"k": training.schedule.k},
        "t_end": training.t_min,
        "focus": training.focus,
        "data_sha256": NoisyCrystals(training.phase, training.size).sha256(),
        **record_of(training.run, trained, command),
    }
