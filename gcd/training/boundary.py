"""Train the in-painting model of a grain boundary (paper, sections 2.4 and 3.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gcd.diffusion.unet import Periodic, UNet, UNetConfig
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystal_ends import JITTER, OPENING, measure_state
from gcd.structures.placement import placement
from gcd.training.common import RunConfig, Trained, begin_with, fit, record_of
from gcd.training.diffusion import Diffusion, diffusion_loss
from gcd.training.state import settings_of
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

SLAB: Periodic = (True, True, False)


def default_architecture() -> UNetConfig:
    """Noisy voxels and the mask in; tokens of 2³ and 4³ voxels, which divide the frame of 12 x 12 x 72."""
    return UNetConfig(in_channels=2, strides=(2, 2))


@dataclass(frozen=True)
class BoundaryTraining:
    """All that decides what a boundary model becomes."""

    dataset: Path  # of gcd.search.dataset
    window: tuple[float, float] = (-np.inf, np.inf)  # E_gb in J/m2: other structures are never looked at
    balance: float = 0.0  # [n] is drawn with weight (its number of structures) ** balance
    preference: float = np.inf  # J/m2: at an [n], with weight exp(-(E_gb - lowest) / preference)
    layers: tuple[int, int] = (16, 44)  # voxel layers painted: the mask's thickness is drawn between these
    off_centre: float = 3.0  # voxel layers by which the mask's middle may miss the boundary
    shift_z: float = 2.0  # voxels by which slabs are moved along z
    shift_xy: float | None = (
        None  # voxels in x and y from where sampling puts the lower grain; None: anywhere
    )
    jitter: float = JITTER  # Å: how sampling draws its ends, as in `draw_state`
    opening: tuple[float, float] = OPENING  # Å: likewise
    scale: float = 0.05  # s: voxels are divided by it, which shifts the noise schedule
    architecture: UNetConfig = field(default_factory=default_architecture)
    diffusion: Diffusion = field(default_factory=Diffusion)
    run: RunConfig = field(
        default_factory=lambda: RunConfig(steps=12_000, batch_size=4, learning_rate=1e-3, validate_every=500)
    )


class BoundaryBatches:
    """Relaxed boundaries under the symmetry of their cell and random translations, encoded; with their masks.

    The operations are those of the boundary's point group that keep the cell; half of the time one that exchanges the
    grains, where there are such. Translations are uniform over the cell in x and y and over a few voxels in z; or,
    with `shift_xy`, over so many voxels about the place where `bicrystal_ends` puts the lower grain.
    """

    def __init__(self, training: BoundaryTraining) -> None:
        data = BoundaryDataset.load(training.dataset)
        low, high = training.window
        self.indices = np.flatnonzero((data.egb >= low) & (data.egb <= high))
        if not len(self.indices):
            raise ValueError(
                f"The dataset {str(training.dataset)!r} has no structure with E_gb from {low:g} to {high:g} J/m2: "
                f"legal are ranges that meet {data.egb.min():.3f} to {data.egb.max():.3f}."
            )
        self.training, self.about = training, data.about
        self.egb, self.n = data.egb[self.indices], data.n[self.indices]
        nx, ny, nz = data.voxels
        self.grid = Grid((nx, ny, nz), (float(nx), float(ny), float(nz)), SLAB)  # lengths in voxels
        size = data.cell / np.array(data.voxels)
        self.positions = [
            torch.tensor(data.positions(int(i)) / size, dtype=torch.float32) for i in self.indices
        ]
        self.planes = torch.tensor(data.arrays["plane"][self.indices] / size[2], dtype=torch.float32)
        self.weights = torch.tensor(self._weights(), dtype=torch.float64)
        self.voxel_size = size
        self.boundary = data.boundary
        self.operations = [g for g in self.boundary.cell_group() if nx == ny or abs(g.rotation[0, 0]) > 0.5]
        self._homes: dict[tuple[int, int], Tensor] = {}

    def _weights(self) -> np.ndarray:
        """By the number of structures at an [n]; within it by energy."""
        weights = np.zeros(len(self.egb))
        for n in np.unique(self.n):
            here = self.n == n
            energy = self.egb[here] - self.egb[here].min()
            weights[here] = np.exp(-energy / self.training.preference)
            weights[here] *= here.sum() ** self.training.balance / weights[here].sum()
        return weights

    def draw(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """(batch, 1, X, Y, Z) scaled voxels and masks of the same shape."""
        chosen = torch.multinomial(self.weights, batch, replacement=True, generator=generator).tolist()
        middle = [self._place(i, generator) for i in chosen]
        positions = torch.cat([r for r, _ in middle])
        index = torch.repeat_interleave(torch.arange(batch), torch.tensor([len(r) for r, _ in middle]))
        x0 = encode(positions, self.grid, structure_index=index, count=batch)[:, None] / self.training.scale
        masks = torch.stack([self._mask(plane, generator) for _, plane in middle])[:, None]
        return x0, masks

    def _place(self, index: int, generator: torch.Generator) -> tuple[Tensor, float]:
        """One structure turned and moved at random, in voxels, and the height of its boundary."""
        u = torch.rand(5, generator=generator)
        r, plane = self.positions[index], float(self.planes[index])
        nx, ny, nz = self.grid.shape
        group = [k for k, g in enumerate(self.operations) if g.swaps == bool(u[0] < 0.5)]
        which = (group or range(len(self.operations)))[int((len(group) or len(self.operations)) * u[1])]
        r = r @ torch.tensor(self.operations[which].rotation, dtype=r.dtype).T
        if self.operations[which].swaps:
            r[:, 2] += nz - 1
            plane = nz - 1 - plane
        near = self.training.shift_xy
        if near is None:
            move = torch.stack([u[3] * nx, u[4] * ny, (2 * u[2] - 1) * self.training.shift_z])
        else:
            move = self._home(index, which, r, plane)
            move = move + (2 * u[[3, 4, 2]] - 1) * torch.tensor([near, near, self.training.shift_z])
        r, up = r + move, float(move[2])
        inside = (r[:, 2] >= 0) & (r[:, 2] <= nz - 1)  # what leaves at a free end is far from the boundary
        return r[inside], plane + up

    def _home(self, index: int, which: int, r: Tensor, plane: float) -> Tensor:
        """(3,) voxels from a structure that was turned to where sampling builds ends of its state."""
        key = (index, which)
        if key not in self._homes:
            state = self.operations[which].state(self._state(index))
            move, _ = placement(*self._in_angstrom(r, plane), state, self.boundary, self.about["metal"])
            self._homes[key] = torch.tensor(move / self.voxel_size, dtype=torch.float32)
        return self._homes[key]

    def _in_angstrom(self, r: Tensor, plane: float) -> tuple[np.ndarray, float, float]:
        """Positions, height of the boundary and edge of the cell, Å."""
        edge = float(self.voxel_size[0]) * self.grid.shape[0]
        return r.double().numpy() * self.voxel_size, plane * float(self.voxel_size[2]), edge

    def _state(self, index: int) -> np.ndarray:
        """(3,) Å of one structure, by `measure_state`."""
        r, plane, edge = self._in_angstrom(self.positions[index], float(self.planes[index]))
        return measure_state(r, plane, edge, self.boundary, self.about["metal"])

    def _mask(self, plane: float, generator: torch.Generator) -> Tensor:
        """(X, Y, Z) ones in the layers that are painted, around the boundary."""
        u = torch.rand(2, generator=generator)
        low, high = self.training.layers
        thickness = low + (high + 1 - low) * float(u[0])
        centre = plane + 0.5 + (2 * float(u[1]) - 1) * self.training.off_centre
        mask = torch.zeros(self.grid.shape)
        mask[:, :, max(0, round(centre - thickness / 2)) : round(centre + thickness / 2)] = 1.0
        return mask

    def states(self) -> list[np.ndarray]:
        """(3,) Å of each structure: how its upper grain lies on the lower one, by `measure_state`."""
        return [self._state(index) for index in range(len(self.positions))]

    def sha256(self) -> str:
        """Hash of the structures trained on, and of nothing else in the file."""
        text = hashlib.sha256()
        for r, n, egb in zip(self.positions, self.n, self.egb, strict=True):
            text.update(r.numpy().tobytes() + f"{n:.6f} {egb:.6f}".encode())
        return text.hexdigest()


def train_boundary(
    training: BoundaryTraining,
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
    batches = BoundaryBatches(training)
    torch.manual_seed(training.run.seed)  # of the initial weights
    unet = UNet(training.architecture)
    if start_from is not None:
        begin_with(unet, start_from)
    unet = unet.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def loss_of(module: nn.Module, batch: int, generator: torch.Generator) -> Tensor:
        x0, mask = (v.to(device) for v in batches.draw(batch, generator))
        return diffusion_loss(module, x0, training.diffusion, generator, mask=mask, periodic=SLAB)

    def validate(module: nn.Module) -> float:
        generator = torch.Generator().manual_seed(1_000_003)  # the same batches every time
        with torch.no_grad():
            return sum(float(loss_of(module, 16, generator)) for _ in range(4)) / 4

    known = {key: batches.about[key] for key in ("twist", "metal")}
    return fit(
        unet,
        lambda module, generator: loss_of(module, training.run.batch_size, generator),
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(training, kind="boundary", **known, data_sha256=batches.sha256()),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def checkpoint_config(training: BoundaryTraining, trained: Trained, command: str) -> dict[str, Any]:
    """config.json of a boundary model: all that rebuilds the network, samples from it and says how it was made."""
    batches = BoundaryBatches(training)
    known = {key: batches.about[key] for key in ("twist", "metal", "atoms_per_plane")}
    known["boundary"] = batches.boundary.to_dict()
    limits = [None if np.isinf(limit) else limit for limit in training.window]
    return {
        "kind": "boundary",
        **known,
        "architecture": training.architecture.as_dict(),
        "grid": list(batches.grid.shape),
        "voxel_size": [round(float(v), 6) for v in batches.voxel_size],
        "periodic": list(SLAB),
        "painted_layers": list(training.layers),
        "ends": {"jitter": training.jitter, "opening": list(training.opening)},
        "scale": training.scale,
        **training.diffusion.as_config(),
        "data": {
            "file": training.dataset.name,
            "file_sha256": hashlib.sha256(training.dataset.read_bytes()).hexdigest(),
            "window": limits,
            "balance": training.balance,
            "shift_xy": training.shift_xy,
            "shift_z": training.shift_z,
            "preference": None if np.isinf(training.preference) else training.preference,
            "structures": [
                [round(float(n), 4), round(float(e), 4)] for n, e in zip(batches.n, batches.egb, strict=True)
            ],
            "states": [[round(float(v), 3) for v in state] for state in batches.states()],
        },
        "data_sha256": batches.sha256(),
        **record_of(training.run, trained, command),
    }
