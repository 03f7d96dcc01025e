"""Train one in-painting model on many boundaries (the paper's outlook; docs/many-boundaries.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gcd.diffusion.conditions import COUNT, Conditions, told
from gcd.diffusion.unet import UNet, UNetConfig
from gcd.search.collection import BoundaryCollection, HeldOut
from gcd.structures.bicrystal_ends import measure_state
from gcd.structures.boundary import VOXEL
from gcd.training.boundary import SLAB
from gcd.training.common import RunConfig, Trained, begin_with, fit, record_of
from gcd.training.diffusion import Diffusion, diffusion_loss
from gcd.training.state import settings_of
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

WIDE = 0.3  # lattice constants: planes that far apart tell a boundary's excess volume from a part of a plane
MARGIN = 2  # voxel layers beyond the frame whose atoms have a share in it


def default_architecture() -> UNetConfig:
    """As for one boundary, and told its conditions."""
    return UNetConfig(in_channels=2, strides=(2, 2), conditions=COUNT)


@dataclass(frozen=True)
class ManyTraining:
    """All that decides what a model of many boundaries becomes."""

    collection: Path  # of gcd.search.collection
    held_out: Path | None = None  # another list than data/held-out.toml
    frame: int = 44  # voxel layers that the network sees, the boundary in their middle
    layers: tuple[int, int] = (14, 30)  # of them painted: the mask's thickness is drawn between these
    off_centre: float = 2.0  # voxel layers by which the mask's middle may miss the boundary
    shift_z: float = 1.5  # voxels by which structures are moved along z
    voxels: int = 30_000  # in a batch, about: structures of one boundary, as many as fit
    mixing: float = 0.5  # a boundary is drawn with weight (its structures) ** mixing
    balance: float = 0.5  # an [n] of it with weight (its structures) ** balance
    preference: float = 0.4  # J/m2: at an [n], with weight exp(-(E_gb - lowest) / preference)
    unasked: float = 0.1  # share of structures of which neither, not [n], and not the rank is told
    scale: float = 0.05  # s: voxels are divided by it
    architecture: UNetConfig = field(default_factory=default_architecture)
    diffusion: Diffusion = field(default_factory=lambda: Diffusion(detail=5.0))
    run: RunConfig = field(
        default_factory=lambda: RunConfig(steps=9_000, learning_rate=8e-4, validate_every=250)
    )


class ManyBatches:
    """Batches of one boundary each: relaxed structures under its symmetry and any translation, masks, conditions."""

    def __init__(self, training: ManyTraining) -> None:
        self.training = training
        self.collection = data = BoundaryCollection.load(training.collection)
        HeldOut.read(data.phase, training.held_out).refuse(data.members)
        self.frames = [self._frame(m) for m in range(len(data.members))]
        self.indices = [data.of(m) for m in range(len(data.members))]
        self.ranks, self.weights = np.zeros(len(data)), np.zeros(len(data))
        for here in self.indices:
            self._weigh(here)
        counts = torch.tensor([float(len(here)) for here in self.indices], dtype=torch.float64)
        self.mixing = counts**training.mixing

    def _frame(self, m: int) -> Grid:
        """The voxels in which a boundary is learnt, in voxels."""
        nx, ny = self.collection.members[m].boundary.voxels()
        nz = self.training.frame
        return Grid((nx, ny, nz), (float(nx), float(ny), float(nz)), SLAB)

    def voxel_size(self, m: int) -> np.ndarray:
        """(3,) lattice constants."""
        member, (nx, ny, _) = self.collection.members[m], self.frames[m].shape
        return np.array([*(member.cell / member.lattice_constant / (nx, ny)), VOXEL])

    def _weigh(self, here: np.ndarray) -> None:
        """By the number of structures at an [n], within it by energy; and the rank of each within its [n]."""
        egb, n = self.collection.egb[here], self.collection.n[here]
        for value in np.unique(n):
            at = n == value
            energy = egb[at] - egb[at].min()
            weights = np.exp(-energy / self.training.preference)
            self.weights[here[at]] = weights * at.sum() ** self.training.balance / weights.sum()
            self.ranks[here[at]] = (energy.argsort().argsort() + 0.5) / len(energy)

    def draw(
        self, generator: torch.Generator, member: int | None = None, batch: int | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 1, X, Y, Z) scaled voxels, masks of the same shape, and (B, COUNT) conditions, of one boundary."""
        m = int(torch.multinomial(self.mixing, 1, generator=generator)) if member is None else member
        grid = self.frames[m]
        batch = max(1, round(self.training.voxels / grid.count)) if batch is None else batch
        weights = torch.tensor(self.weights[self.indices[m]])
        rows = torch.multinomial(weights, batch, replacement=True, generator=generator).tolist()
        chosen = [int(self.indices[m][row]) for row in rows]
        placed = [self._place(m, i, generator) for i in chosen]
        index = torch.repeat_interleave(torch.arange(batch), torch.tensor([len(r) for r, _ in placed]))
        nx, ny, nz = grid.shape
        tall = Grid((nx, ny, nz + 2 * MARGIN), (float(nx), float(ny), float(nz + 2 * MARGIN)), SLAB)
        voxels = encode(torch.cat([r for r, _ in placed]), tall, structure_index=index, count=batch)
        x0 = voxels[:, None, :, :, MARGIN:-MARGIN] / self.training.scale
        masks = torch.stack([self._mask(grid, plane, generator) for _, plane in placed])[:, None]
        return x0, masks, told([self._conditions(m, i, generator) for i in chosen])

    def _place(self, m: int, index: int, generator: torch.Generator) -> tuple[Tensor, float]:
        """One structure turned and moved at random, in voxels of the tall frame; the plane's height in the frame."""
        u = torch.rand(5, generator=generator).tolist()
        member, (nx, ny, nz) = self.collection.members[m], self.frames[m].shape
        group = member.boundary.cell_group()
        swapping = [g for g in group if g.swaps == (u[0] < 0.5)] or group
        turn = swapping[int(len(swapping) * u[1])].rotation
        r = self.collection.positions(index) @ turn.T / member.lattice_constant / self.voxel_size(m)
        up = (nz - 1) / 2 + (2 * u[2] - 1) * self.training.shift_z
        r += np.array([u[3] * nx, u[4] * ny, up + MARGIN])
        inside = (r[:, 2] >= 0) & (r[:, 2] <= nz + 2 * MARGIN - 1)
        return torch.tensor(r[inside], dtype=torch.float32), up

    def _mask(self, grid: Grid, plane: float, generator: torch.Generator) -> Tensor:
        """(X, Y, Z) ones in the layers that are painted, around the boundary."""
        u = torch.rand(2, generator=generator).tolist()
        low, high = self.training.layers
        thickness = low + (high + 1 - low) * u[0]
        centre = plane + 0.5 + (2 * u[1] - 1) * self.training.off_centre
        mask = torch.zeros(grid.shape)
        mask[:, :, max(0, round(centre - thickness / 2)) : round(centre + thickness / 2)] = 1.0
        return mask

    def _conditions(self, m: int, index: int, generator: torch.Generator) -> Conditions:
        u = float(torch.rand(1, generator=generator)) / self.training.unasked
        n = None if u < 2 else float(self.collection.n[index])
        rank = None if u < 1 or 2 <= u < 3 else float(self.ranks[index])
        x, y, z = self.voxel_size(m).tolist()
        return Conditions((x, y, z), n, rank)

    def excess(self) -> tuple[float, float]:
        """Mean and standard deviation of the excess volume an area, in lattice constants.

        By it the upper grain lies higher than the atoms of [n] planes make it, up to whole planes: it can be told where
        planes are not much closer than it varies.
        """
        found: list[float] = []
        for m, member in enumerate(self.collection.members):
            spacing, a = member.boundary.spacing, member.lattice_constant
            if spacing < WIDE:
                continue
            for i in self.indices[m]:
                r = self.collection.positions(int(i))
                lift = measure_state(r, 0.0, float(member.cell[0]), member.boundary, member.metal)[2] / a
                found.append(float((lift - self.collection.n[i] * spacing) % spacing))
        middle = [v for v in found if v < WIDE] or [0.0]
        return float(np.median(middle)), float(np.std(middle))

    def learnt(self) -> list[dict[str, Any]]:
        """What each member is and holds, for config.json."""
        return [
            member.as_dict()
            | {
                "voxels": list(self.frames[m].shape[:2]),
                "structures": len(here),
                "lowest": {f"{n:.6g}": round(float(self.collection.egb[here][at].min()), 4)
                           for n in np.unique(self.collection.n[here])
                           if (at := self.collection.n[here] == n).any()},
            }
            for m, (member, here) in enumerate(zip(self.collection.members, self.indices, strict=True))
        ]  # fmt: skip


def train_boundaries(
    training: ManyTraining,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    start_from: nn.Module | None = None,
    anew: bool = False,
    progress: Callable[[int, float], None] | None = None,
    max_seconds: float | None = None,
) -> Trained:
    """Train, or go on with the run that `folder` holds; arguments as in `gcd.training.crystal.train_crystal`."""
    device = torch.device(device)
    batches = ManyBatches(training)
    torch.manual_seed(training.run.seed)  # of the initial weights
    unet = UNet(training.architecture)
    if start_from is not None:
        begin_with(unet, start_from)
    unet = unet.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def loss_of(module: nn.Module, generator: torch.Generator, member: int | None = None) -> Tensor:
        x0, mask, conditions = (v.to(device) for v in batches.draw(generator, member))
        options = {"periodic": SLAB, "conditions": conditions}
        return diffusion_loss(module, x0, training.diffusion, generator, mask=mask, **options)

    def validate(module: nn.Module) -> float:
        generator = torch.Generator().manual_seed(1_000_003)  # the same batches every time
        with torch.no_grad():
            members = range(len(batches.frames))
            return sum(float(loss_of(module, generator, m)) for m in members) / len(members)

    return fit(
        unet,
        loss_of,
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(training, kind="boundaries", data_sha256=batches.collection.sha256()),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def checkpoint_config(training: ManyTraining, trained: Trained, command: str) -> dict[str, Any]:
    """config.json: all that rebuilds the network, samples from it and says how it was made."""
    batches = ManyBatches(training)
    held = HeldOut.read(batches.collection.phase, training.held_out)
    return {
        "kind": "boundaries",
        "phase": batches.collection.phase,
        "architecture": training.architecture.as_dict(),
        "periodic": list(SLAB),
        "frame": training.frame,
        "painted_layers": list(training.layers),
        "excess": [round(float(v), 4) for v in batches.excess()],
        "scale": training.scale,
        **training.diffusion.as_config(),
        "learnt": batches.learnt(),
        "held_out": {"boundaries": sorted(held.boundaries), "metals": sorted(held.metals)},
        "data": {
            "file": training.collection.name,
            "file_sha256": hashlib.sha256(training.collection.read_bytes()).hexdigest(),
            **{
                key: getattr(training, key)
                for key in ("voxels", "mixing", "balance", "preference", "unasked")
            },
        },
        "data_sha256": batches.collection.sha256(),
        **record_of(training.run, trained, command),
    }
