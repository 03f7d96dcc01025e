"""Train the voxel diffusion model of one crystal phase (paper, sections 2.3 and 3.1)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gcd.diffusion.unet import UNet, UNetConfig
from gcd.structures.crystals import check_phase, check_size
from gcd.training.common import RunConfig, Trained, begin_with, fit, record_of
from gcd.training.diffusion import Diffusion, diffusion_loss
from gcd.training.state import settings_of
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

Size = tuple[int, int, int]


def default_architecture(phase: str) -> UNetConfig:
    """Tokens of the deepest level span whole conventional cells: then all of them see the crystal in the same place,
    and what they say of it can be averaged over any supercell (docs/results.md).
    """
    voxels = check_phase(phase).voxels_per_cell
    return UNetConfig(strides=(2, math.lcm(2, voxels) // 2))


def default_scale(phase: str) -> float:
    """Three quarters of the voxels' standard deviation, about: s = 0.03 for SC, 0.05 for BCC and FCC.

    An atom's shares squared sum to (2/3)³ on average over translations, so the variance is (2/3)³ rho - rho² for
    rho atoms a voxel.
    """
    entry = check_phase(phase)
    density = entry.atoms_per_cell / entry.voxels_per_cell**3
    return round(0.75 * math.sqrt((2 / 3) ** 3 * density - density**2), 2)


@dataclass(frozen=True)
class CrystalTraining:
    """All that decides what a crystal model becomes."""

    phase: str
    architecture: UNetConfig
    run: RunConfig = field(default_factory=lambda: RunConfig(steps=3000, learning_rate=1e-3))
    sizes: tuple[Size, ...] = (
        (4, 4, 4),
    )  # supercells that the batches are drawn from; the paper has 4x4x4 alone
    scale: float = 0.05  # s: voxels are divided by it, which shifts the noise schedule
    diffusion: Diffusion = field(default_factory=Diffusion)


class CrystalBatches:
    """Ideal supercells under random translations, encoded to voxels.

    Translations are uniform over the whole cell: over U(0, L) for the encoder's sake, as in the paper, and over whole
    voxels because a network that joins voxels into tokens is equivariant to shifts by whole tokens only.
    """

    def __init__(self, phase: str, sizes: Sequence[Size], scale: float) -> None:
        self.phase = check_phase(phase)
        self.sizes = [check_size(size, phase) for size in sizes]
        self.scale = scale

    def draw(self, size: Size, batch: int, generator: torch.Generator) -> Tensor:
        """(batch, 1, X, Y, Z) scaled voxels of ideal supercells; lengths are in voxels."""
        n = self.phase.voxels_per_cell
        shape = (size[0] * n, size[1] * n, size[2] * n)
        cells = torch.cartesian_prod(*(torch.arange(float(s)) for s in size)).view(-1, 1, 3)
        sites = ((cells + torch.tensor(np.asarray(self.phase.basis), dtype=torch.float32)) * n).view(-1, 3)
        shift = torch.rand(batch, 1, 3, generator=generator) * n
        positions = (sites + shift).view(-1, 3)
        index = torch.arange(batch).repeat_interleave(len(sites))
        grid = Grid(shape, (float(shape[0]), float(shape[1]), float(shape[2])))
        return encode(positions, grid, structure_index=index, count=batch)[:, None] / self.scale

    def sha256(self) -> str:
        """Hash of what is trained on: the fractional sites, voxels a cell and supercells."""
        text = f"{np.asarray(self.phase.basis).tolist()} {self.phase.voxels_per_cell} {sorted(self.sizes)}"
        return hashlib.sha256(text.encode()).hexdigest()


def train_crystal(
    training: CrystalTraining,
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
        start_from: a U-Net of the same architecture whose weights a new run begins with.

    Returns:
        The averaged U-Net and the run's figures.
    """
    device = torch.device(device)
    torch.manual_seed(training.run.seed)  # of the initial weights
    unet = UNet(training.architecture)
    if start_from is not None:
        begin_with(unet, start_from)
    unet = unet.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    batches = CrystalBatches(training.phase, training.sizes, training.scale)

    def loss_of_batch(module: nn.Module, generator: torch.Generator) -> Tensor:
        which = int(torch.randint(len(batches.sizes), (1,), generator=generator))
        size = batches.sizes[which]
        batch = max(1, round(training.run.batch_size * 64 / math.prod(size)))
        x0 = batches.draw(size, batch, generator).to(device)
        return diffusion_loss(module, x0, training.diffusion, generator)

    def validate(module: nn.Module) -> float:
        generator = torch.Generator().manual_seed(1_000_003)  # the same batches every time
        losses = []
        for _ in range(4):
            for size in batches.sizes:
                x0 = batches.draw(size, max(2, round(512 / math.prod(size))), generator).to(device)
                with torch.no_grad():
                    losses.append(float(diffusion_loss(module, x0, training.diffusion, generator)))
        return sum(losses) / len(losses)

    return fit(
        unet,
        loss_of_batch,
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(training, kind="crystal", data_sha256=batches.sha256()),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def checkpoint_config(training: CrystalTraining, trained: Trained, command: str) -> dict[str, Any]:
    """config.json of a crystal model: all that rebuilds the network, samples from it and says how it was made."""
    phase = check_phase(training.phase)
    batches = CrystalBatches(training.phase, training.sizes, training.scale)
    return {
        "kind": "crystal",
        "phase": phase.name,
        "architecture": training.architecture.as_dict(),
        "voxels_per_cell": phase.voxels_per_cell,
        "training_sizes": [list(size) for size in training.sizes],
        "periodic": [True, True, True],
        "scale": training.scale,
        **training.diffusion.as_config(),
        "data_sha256": batches.sha256(),
        **record_of(training.run, trained, command),
    }
