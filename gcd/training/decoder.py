"""Train the voxel-to-particle decoder (paper, section 2.3, Eqs. 3 to 6)."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gcd.devices import best_dtype
from gcd.training import decoder_structures
from gcd.training.common import RunConfig, Trained, begin_with, fit, record_of
from gcd.training.decoder_structures import KINDS, Sample, turned
from gcd.training.state import settings_of
from gcd.voxels.decoder import Decoder, DecoderConfig
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid
from gcd.voxels.selection import UNSEEN


@dataclass(frozen=True)
class DecoderTraining:
    """All that decides what the decoder becomes."""

    architecture: DecoderConfig = field(default_factory=DecoderConfig)
    run: RunConfig = field(
        default_factory=lambda: RunConfig(
            steps=1500, learning_rate=2e-3, minimum_learning_rate=1e-5, ema=0.998
        )
    )
    clean: float = 0.25  # share of structures without noise; the others have U(0, sigma_max)
    pool: int = 150  # structures of each kind that are kept, and used again turned and shifted
    noise_floor: float = (
        0.02  # errors are measured against noise² + this², so that clean voxels keep their say
    )
    denoising_weight: float = (
        10.0  # brings the mean squared errors of Eqs. 3 and 5 up to the cross entropy of Eq. 4
    )
    displacement_weight: float = 10.0


class Batch(NamedTuple):
    """Structures of one grid, with what the decoder should say of them."""

    clean: Tensor  # (B, X, Y, Z) EN(R)
    noisy: Tensor  # (B, X, Y, Z) EN(R) + sigma
    noise: Tensor  # (B,) its standard deviation
    displacement: Tensor  # (B, 3, X, Y, Z) to the atom with the largest share of the voxel, in voxels
    share: Tensor  # (B, X, Y, Z) that largest share
    atoms: int  # number of atoms in all structures
    periodic: tuple[bool, bool, bool]


class Structures:
    """A growing pool of structures of every kind; each draw turns and shifts one of them anew."""

    def __init__(self, seed: int, pool: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.capacity = pool
        self.pools: dict[str, list[Sample]] = {kind: [] for kind in KINDS}
        weights = np.array([weight for weight, _ in KINDS.values()])
        self.odds = weights / weights.sum()

    def draw(self, kind: str | None = None) -> Sample:
        kind = kind or str(self.rng.choice(list(KINDS), p=self.odds))
        pool = self.pools[kind]
        if len(pool) < self.capacity and self.rng.random() < max(0.2, 1 - len(pool) / 20):
            pool.append(KINDS[kind][1](self.rng))
        return turned(self.rng, pool[self.rng.integers(len(pool))])


def make_batch(samples: list[Sample], noise: Tensor, generator: torch.Generator) -> Batch:
    """Encode structures of one grid, add noise, and work out the displacements to learn."""
    shape, periodic = samples[0].shape, samples[0].periodic
    grid = Grid(shape, (float(shape[0]), float(shape[1]), float(shape[2])), periodic)
    r = torch.as_tensor(np.concatenate([s.positions for s in samples]), dtype=torch.float32)
    index = torch.repeat_interleave(
        torch.arange(len(samples)), torch.tensor([len(s.positions) for s in samples])
    )
    clean = encode(r, grid, structure_index=index, count=len(samples))
    displacement, share = displacements(r, index, len(samples), shape)
    noisy = clean + noise.view(-1, 1, 1, 1) * torch.randn(clean.shape, generator=generator)
    return Batch(clean, noisy, noise, displacement, share, len(r), periodic)


def displacements(r: Tensor, index: Tensor, count: int, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Delta r of Eq. 5: from each voxel's centre to the atom with the largest share of it, and that share.

    Returns:
        (B, 3, X, Y, Z) displacements in voxels, zero where no atom reaches, and (B, X, Y, Z) shares.
    """
    edge = torch.tensor(shape)
    below = r.floor()
    where, delta, share = [], [], []
    for corner in product((0, 1), repeat=3):
        voxel = below + torch.tensor(corner)
        d = r - voxel
        i, j, k = voxel.long().remainder(edge).unbind(1)
        where.append(((index * shape[0] + i) * shape[1] + j) * shape[2] + k)
        delta.append(d)
        share.append((1 - d.abs()).clamp(min=0).prod(1))
    flat, deltas, shares = torch.cat(where), torch.cat(delta), torch.cat(share)
    largest = torch.zeros(count * shape[0] * shape[1] * shape[2]).scatter_reduce(0, flat, shares, "amax")
    mine = shares >= largest[flat]
    field = torch.zeros(len(largest), 3)
    field[flat[mine]] = deltas[mine]
    return field.view(count, *shape, 3).permute(0, 4, 1, 2, 3), largest.view(count, *shape)


def decoder_loss(decoder: Decoder, batch: Batch, training: DecoderTraining) -> Tensor:
    """L_den + L_cls + L_cor of Eq. 6, each a sum over voxels, divided by the number of atoms.

    The squared errors of Eqs. 3 and 5 are measured in units of what the noise makes unavoidable, so that clean
    voxels, on which the decoder has to be precise, are not drowned by noisy ones.
    """
    occupied = batch.clean > training.architecture.threshold
    scale = (0.05**2 + training.noise_floor**2) / (batch.noise**2 + training.noise_floor**2)
    scale = scale.view(-1, 1, 1, 1).expand_as(batch.clean)

    denoised = decoder.denoised(batch.noisy, batch.periodic)
    denoising = (scale * (denoised - batch.clean).square()).sum()  # Eq. 3
    logits = decoder.logits(denoised, batch.periodic)
    classification = F.binary_cross_entropy_with_logits(logits, occupied.float(), reduction="sum")  # Eq. 4
    counts = (occupied | (logits.detach() > 0)) & (batch.share > 0)
    displacement = decoder.displacements(denoised, counts, batch.periodic)  # (M, 3)
    error = displacement - batch.displacement.permute(0, 2, 3, 4, 1)[counts]
    coordinate = (scale[counts] * error.square().sum(1)).sum()  # Eq. 5
    total = training.denoising_weight * denoising + classification + training.displacement_weight * coordinate
    return total / max(1, batch.atoms)


def train_decoder(
    training: DecoderTraining | None = None,
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
        start_from: a decoder of the same architecture whose weights a new run begins with.

    Returns:
        The averaged decoder and the run's figures.
    """
    training, device = training or DecoderTraining(), torch.device(device)
    torch.manual_seed(training.run.seed)  # of the initial weights
    decoder = Decoder(training.architecture).to(device)
    if start_from is not None:
        begin_with(decoder, start_from)
    structures: Structures | None = None

    def loss_of_batch(module: nn.Module, generator: torch.Generator) -> Tensor:
        nonlocal structures
        seed = int(torch.randint(2**31, (1,), generator=generator))
        if structures is None:  # a resumed run goes on with new structures
            structures = Structures(seed, training.pool)
        samples = [structures.draw() for _ in range(training.run.batch_size)]
        return _loss(module, samples, training, generator, device)

    fixed = Structures(1_000_003, training.pool)
    validation = [fixed.draw(kind) for kind in KINDS for _ in range(2)]

    def validate(module: nn.Module) -> float:
        with torch.no_grad():
            return float(
                _loss(module, validation, training, torch.Generator().manual_seed(1_000_003), device)
            )

    return fit(
        decoder,
        loss_of_batch,
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(training, kind="decoder"),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def _loss(
    module: Any,
    samples: list[Sample],
    training: DecoderTraining,
    generator: torch.Generator,
    device: torch.device,
) -> Tensor:
    """The loss averaged over structures; those that share a grid go through the network together."""
    grids: dict[tuple[Any, ...], list[Sample]] = {}
    for sample in samples:
        grids.setdefault((sample.shape, sample.periodic), []).append(sample)
    dtype = best_dtype(device)
    total = torch.zeros((), device=device)
    for group in grids.values():
        noise = training.architecture.noise * torch.rand(len(group), generator=generator)
        noise = noise * (torch.rand(len(group), generator=generator) >= training.clean)
        batch = make_batch(group, noise, generator)
        batch = Batch(*(part.to(device) if isinstance(part, Tensor) else part for part in batch))  # type: ignore[arg-type]
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss = decoder_loss(module, batch, training)
        total = total + loss * len(group)
    return total / len(samples)


def checkpoint_config(training: DecoderTraining, trained: Trained, command: str) -> dict[str, Any]:
    """config.json of the decoder: all that rebuilds it and says how it was made."""
    source = inspect.getsource(decoder_structures)
    return {
        "kind": "decoder",
        "architecture": training.architecture.as_dict(),
        "training": {
            "kinds": {kind: weight for kind, (weight, _) in KINDS.items()},
            "clean": training.clean,
            "noise_floor": training.noise_floor,
            "denoising_weight": training.denoising_weight,
            "displacement_weight": training.displacement_weight,
        },
        "data_sha256": hashlib.sha256(source.encode()).hexdigest(),
        **record_of(training.run, trained, command),
    }


def model_card(config: dict[str, Any], table: str) -> str:
    """README.md of the checkpoint: what it is, how it was made, how good it is (a markdown table)."""
    architecture, training, run = config["architecture"], config["training"], config["run"]
    kinds = ", ".join(f"{kind} ({weight:g})" for kind, weight in training["kinds"].items())
    return f"""# Voxel-to-particle decoder

Reads atoms out of a voxel array: three single-layer ConvNeXt modules (denoise, classify, displace; 3x3x3 filters,
{architecture["features"]} features), then estimates of the same atom merged, and the positions fitted
to the voxels; what nothing explains is scanned for more, and a graph network selects the atoms among these
candidates by the voxels' likelihood and their neighbours ({architecture["selection_layers"]} layers,
{architecture["selection_features"]} features). One decoder for every phase and for boundaries.

- Trained on structures made on the fly, by weight: {kinds}.
  Random shifts and symmetries of the grid. Noise: none in a share {training["clean"]:g} of the structures, else of a
  standard deviation uniform up to {architecture["noise"]:g}.
- {config["steps"]} steps of {run["batch_size"]} structures in {config["seconds"]} s. AdamW {run["learning_rate"]:g},
  weight decay {run["weight_decay"]:g}, {run["lr_schedule"]} schedule, averaged weights (EMA {run["ema"]:g}).
  Loss {config["loss"]:.3f}, on fixed structures {config["validation_loss"]:.3f}.
- Command: `{config["command"]}`
{_selection_lines(config.get("selection"))}
- sha256 of model.safetensors: {{sha256}}

## Measured

Structures never trained on; lengths in voxels; "right number" counts structures with exactly as many atoms as were
encoded. The rms is of the distance in 3D, beside it per coordinate.

{table}

What noise of 0.05 allows, for a lone atom anywhere (`gcd.evaluation.decoder_limits`): no estimate has an rms
distance below 0.125 (0.072 a coordinate), and no decision whether it is there errs less than once in 2,200 atoms at
a density of 0.02 atoms a voxel, once in 2,900 at 0.04. Only knowledge of where neighbours leave room for an atom does
better: that is what the selection has learned.
"""


def _selection_lines(selection: dict[str, Any] | None) -> str:
    """How the selection was trained, for the card."""
    if selection is None:
        return f"- Selection: not trained; what has a Bayes factor of more than {UNSEEN:g} nats is an atom."
    run, training = selection["run"], selection["training"]
    low, high = training["usual"]
    steps, batch, rate = selection["steps"], run["batch_size"], run["learning_rate"]
    before = selection.get("start_from", {})
    kept = "command" in before  # a selection begun anew keeps nothing of the one before
    stage = f" Begun with the selection of `{before['command']}`, {before['steps']} steps." if kept else ""
    return f"""- Selection, trained after that on the candidates in structures of the same kinds and, in a share
  {training["random"]:g}, in random ones from nearly empty to full; a share {training["between"]:g} of all with one
  atom more at random where there is room. Noise: none in a share {training["clean"]:g},
  up to {training["largest"]:g} in a share {training["rest"]:g}, {low:g} to {high:g} in the others.
- {steps} steps of {batch} structures, {training["pool"]} different ones at most, in {selection["seconds"]} s.
  AdamW {rate:g}, {run["lr_schedule"]} schedule, averaged weights (EMA {run["ema"]:g}).
  Cross entropy a structure {selection["loss"]:.3f}, on fixed structures {selection["validation_loss"]:.3f}.
- Command: `{selection["command"]}`.{stage}"""
