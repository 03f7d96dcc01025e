"""What every generator stands on: a loaded voxel model, noise that belongs to one sample, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gcd.checkpoints import Checkpoint, CrystalCheckpoint, SolverSettings, VoxelCheckpoint, load_unet
from gcd.diffusion.conditions import Conditions, told_network
from gcd.diffusion.inpainting import painting_network
from gcd.diffusion.prediction import Network, denoiser_of
from gcd.diffusion.samplers import Step, dpm_solver
from gcd.diffusion.schedules import VPSchedule
from gcd.diffusion.unet import UNet
from gcd.voxels.grid import Grid

# Voxels in one forward pass: eight 24^3 arrays on a CPU, where larger batches only wait for memory.
VOXELS_AT_ONCE = {"cpu": 8 * 24**3, "cuda": 64 * 24**3}
FAST_EDGE = 4  # cells an edge of the supercell that a checkpoint's "fast" is measured on
FAST_LOSS = 0.05  # of the share of perfect crystals, that "fast" may lose: one in twenty


@dataclass(frozen=True)
class Progress:
    """How far a sampling job has come.

    Attributes:
        done: network evaluations so far, over all samples.
        total: evaluations in all.
        sample: index of the sample that the preview belongs to.
        t: its diffusion time, from 1 (noise) to 0.
        preview: (X, Y, Z) the model's present estimate of the final voxels, in units of atoms.
    """

    done: int
    total: int
    sample: int
    t: float
    preview: np.ndarray


@dataclass(frozen=True)
class VoxelModel:
    """A loaded diffusion model: its network, and what its checkpoint says of sampling."""

    unet: UNet
    checkpoint: VoxelCheckpoint

    @classmethod
    def load(cls, name: str | VoxelCheckpoint, device: torch.device) -> VoxelModel:
        """Load a checkpoint by name or folder, or one that has been read already."""
        return cls(*load_unet(name, device))

    @property
    def schedule(self) -> VPSchedule:
        """How noise grows with time."""
        return self.checkpoint.schedule

    @property
    def scale(self) -> float:
        """Voxels, in units of atoms, are divided by it."""
        return self.checkpoint.scale

    def sample(
        self,
        noise: Tensor,
        grid: Grid,
        *,
        evaluations: int = 60,
        order: int = 3,
        time_spacing: str = "lambda",
        callback: Callable[[Step], None] | None = None,
    ) -> Tensor:
        """(B, X, Y, Z) voxels, in units of atoms, from noise of the same shape."""
        return self._solve(self.unet, noise, grid, evaluations, order, time_spacing, callback)

    def paint(
        self,
        noise: Tensor,
        known: Tensor,
        mask: Tensor,
        grid: Grid,
        *,
        evaluations: int = 60,
        order: int = 3,
        time_spacing: str = "lambda",
        callback: Callable[[Step], None] | None = None,
        again: Tensor | None = None,
        t_start: float = 1.0,
        conditions: Sequence[Conditions] = (),
        guidance: float = 1.0,
    ) -> Tensor:
        """(B, X, Y, Z) voxels, in units of atoms: painted where the mask is 1, elsewhere the known ones unchanged.

        With `again`, voxels (B, X, Y, Z) in units of atoms, these are noised to t_start and painted anew from there. A
        model that is told conditions takes one a sample, and the weight of its wishes.
        """
        clean = known / self.scale
        if again is not None:
            alpha, sigma = float(self.schedule.alpha(t_start)), float(self.schedule.sigma(t_start))
            noise = alpha * again / self.scale + sigma * noise
        unet = told_network(self.unet, conditions, guidance) if conditions else self.unet
        network = painting_network(unet, clean[:, None], mask[:, None])

        def report(step: Step) -> None:
            assert callback is not None
            callback(replace(step, x0=torch.where(mask[:, None] > 0, step.x0, clean[:, None])))

        reported = report if callback else None
        x = self._solve(network, noise, grid, evaluations, order, time_spacing, reported, t_start)
        return torch.where(mask > 0, x, known)

    def _solve(
        self,
        network: Network,
        noise: Tensor,
        grid: Grid,
        evaluations: int,
        order: int,
        time_spacing: str,
        callback: Callable[[Step], None] | None,
        t_start: float = 1.0,
    ) -> Tensor:
        x = dpm_solver(
            denoiser_of(network, self.schedule, self.checkpoint.prediction, grid.periodic),
            noise[:, None],
            self.schedule,
            evaluations=evaluations,
            order=order,
            time_spacing=time_spacing,
            t_start=t_start,
            t_end=self.checkpoint.t_end,
            callback=callback,
        )
        return x[:, 0] * self.scale


def fast_settings(checkpoint: Checkpoint | None, size: Sequence[int]) -> SolverSettings | None:
    """The fewest evaluations, and their order, that a crystal model was measured to be as good with at this size.

    Larger supercells take more: their regions have to agree on one lattice. What is measured are cubes, so a supercell
    counts as the smallest of them that its longest edge fits in, or as the largest there is.

    Args:
        checkpoint: of a crystal model; any other has none.
        size: cells along each axis.

    Returns:
        evaluations and order, or None if the fewest have never been looked for.
    """
    if not isinstance(checkpoint, CrystalCheckpoint):
        return None
    fast = checkpoint.fast
    if fast is None or max(size) <= FAST_EDGE:
        return fast
    cubes: dict[int, list[dict[str, Any]]] = {}
    for row in checkpoint.quality:
        edge, *others = map(int, row["size"].split("x"))
        if others == [edge, edge] and edge > FAST_EDGE and row["spacing"] == "lambda":
            cubes.setdefault(edge, []).append(row)
    if not cubes:
        return fast
    rows = cubes[min((edge for edge in cubes if edge >= max(size)), default=max(cubes))]
    rows = sorted(rows, key=lambda row: row["evaluations"])
    good = _perfect_share(rows[-1]) - FAST_LOSS
    best = next(row for row in rows if _perfect_share(row) >= good)
    return SolverSettings(best["evaluations"], best["order"])


def _perfect_share(row: dict[str, Any]) -> float:
    return float(row["perfect"] / row["samples"])


def initial_noise(grid: Grid, seed: int, index: int, restart: int = 0) -> Tensor:
    """(X, Y, Z) standard normal noise of one sample, the same on every device and in every batch."""
    state = np.random.SeedSequence([seed, index, *([restart] if restart else [])]).generate_state(
        1, np.uint64
    )[0]
    generator = torch.Generator().manual_seed(int(state) & (2**63 - 1))
    return torch.randn(grid.shape, generator=generator)


def batch_size(grid: Grid, device: torch.device) -> int:
    """Samples that go through the network together."""
    return max(1, VOXELS_AT_ONCE[device.type] // grid.count)


def batches(count: int, grid: Grid, device: torch.device) -> Iterator[range]:
    """The indices of `count` samples, batch by batch."""
    size = batch_size(grid, device)
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def reporter(
    callback: Callable[[Progress], None] | None,
    indices: range,
    evaluations: int,
    count: int,
    scale: float,
    *,
    restarted: int | None = None,
) -> Callable[[Step], None] | None:
    """Turn a solver's steps over one batch into progress over the whole job.

    Where part of the batch is painted again, `restarted` is the first of it: the previews are of that sample, and the
    batch counts as done, so that progress never goes back.
    """
    if callback is None:
        return None
    sample = indices.start if restarted is None else restarted

    def report(step: Step) -> None:
        spent = step.evaluations if restarted is None else evaluations
        done = indices.start * evaluations + spent * len(indices)
        preview = (step.x0[0, 0] * scale).float().cpu().numpy()
        callback(Progress(done, count * evaluations, sample, step.t, preview))

    return report
