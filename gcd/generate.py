"""The verbs: whole ways through the house, from what is asked for to `ase.Atoms` that say how they were made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gcd import limits
from gcd.checkpoints import load_decoder, load_unet, read_config
from gcd.devices import resolve_device
from gcd.diffusion.prediction import denoiser_of
from gcd.diffusion.samplers import Step, check_evaluations, dpm_solver
from gcd.diffusion.schedules import VPSchedule
from gcd.structures.crystals import check_element, check_phase, check_size, crystal_grid, lattice_constant_of
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

# Voxels in one forward pass: eight 24^3 arrays on a CPU, where larger batches only wait for memory.
VOXELS_AT_ONCE = {"cpu": 8 * 24**3, "cuda": 64 * 24**3}


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


def generate_crystals(
    phase: str,
    *,
    count: int = 1,
    size: int | Sequence[int] = (4, 4, 4),
    seed: int = 0,
    evaluations: int = 60,
    order: int = 3,
    spacing: str = "lambda",
    element: str | None = None,
    lattice_constant: float | None = None,
    device: str = "auto",
    checkpoint: str | None = None,
    first: int = 0,
    callback: Callable[[Progress], None] | None = None,
    return_voxels: bool = False,
) -> list[Atoms] | tuple[list[Atoms], np.ndarray]:
    """Crystals of a phase from its voxel diffusion model: noise, DPM-Solver, decoder.

    Args:
        phase: "sc", "bcc" or "fcc".
        count: how many.
        size: conventional cells along x, y, z.
        seed: sample i starts from noise of its own, drawn from (seed, first + i), whatever the batch it is in.
        evaluations: of the network, a sample; a multiple of the solver's order.
        element, lattice_constant: what the atoms are called and the cell's edge in Å; the model knows neither.
        checkpoint: name or folder of the model, by default crystal-PHASE.
        first: index of the first sample, so that a long series can be made in parts.
        callback: called with a `Progress` after each solver step; raising `Cancelled` in it stops the work.
        return_voxels: also give the generated voxels (count, X, Y, Z), in units of atoms.

    Returns:
        The crystals. `info` holds phase, size, seed, index, evaluations, order, spacing, model, expected_atoms,
        lattice_constant (Å), device, seconds and gcd_version.

    Raises:
        ValueError: an argument outside the legal ones, named in one sentence.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    import gcd

    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    limits.check_count(count)
    limits.check_seed(seed)
    check_evaluations(evaluations, order, spacing)
    symbol = check_element(element or entry.default_element)
    edge = lattice_constant_of(entry.name, symbol) if lattice_constant is None else lattice_constant
    grid = crystal_grid(entry.name, cells, edge)
    if count * grid.count > limits.MAX_TOTAL_VOXELS:
        raise ValueError(
            f"{count} samples of {grid.count:,} voxels are too many for one job: "
            f"the most is {limits.MAX_TOTAL_VOXELS // grid.count} of this size."
        )
    where = resolve_device(device)
    name = checkpoint or f"crystal-{entry.name}"
    model = VoxelModel.load(name, where)
    if model.config.get("phase") != entry.name:
        raise ValueError(f"The checkpoint {name!r} makes {model.config.get('phase')}, not {entry.name}.")
    decoder = load_decoder(where)

    from gcd.voxels.decoder import decode

    structures: list[Atoms] = []
    arrays: list[np.ndarray] = []
    batch = max(1, VOXELS_AT_ONCE[where.type] // grid.count)
    for start in range(0, count, batch):
        indices = range(start, min(start + batch, count))
        begun = time.perf_counter()
        noise = torch.stack([initial_noise(grid, seed, first + i) for i in indices]).to(where)
        report = _reporter(callback, indices, evaluations, count, model.scale)
        with torch.inference_mode():
            voxels = model.sample(
                noise, grid, evaluations=evaluations, order=order, spacing=spacing, callback=report
            )
            positions = decode(decoder, voxels, grid)
        seconds = (time.perf_counter() - begun) / len(indices)
        arrays.append(voxels.cpu().numpy())
        for i, r in zip(indices, positions, strict=True):
            info = {
                "phase": entry.name,
                "size": list(cells),
                "seed": int(seed),
                "index": first + i,
                "evaluations": int(evaluations),
                "order": int(order),
                "spacing": spacing,
                "model": str(name),
                "expected_atoms": int(np.prod(cells)) * entry.atoms_per_cell,
                "lattice_constant": float(edge),
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            structures.append(_atoms(symbol, r, grid, info))
    return (structures, np.concatenate(arrays)) if return_voxels else structures


@dataclass(frozen=True)
class VoxelModel:
    """A loaded diffusion model with all that sampling needs from its configuration."""

    unet: Any
    config: dict[str, Any]
    schedule: VPSchedule
    scale: float

    @classmethod
    def load(cls, name: str, device: torch.device) -> VoxelModel:
        """Load a checkpoint by name or folder."""
        unet, config = load_unet(name, device)
        return cls(unet, config, VPSchedule(**config["schedule"]), float(config["scale"]))

    def sample(
        self,
        noise: Tensor,
        grid: Grid,
        *,
        evaluations: int = 60,
        order: int = 3,
        spacing: str = "lambda",
        callback: Callable[[Step], None] | None = None,
    ) -> Tensor:
        """(B, X, Y, Z) voxels, in units of atoms, from noise of the same shape."""
        x = dpm_solver(
            denoiser_of(self.unet, self.schedule, self.config["prediction"], grid.periodic),
            noise[:, None],
            self.schedule,
            evaluations=evaluations,
            order=order,
            spacing=spacing,
            t_end=self.config["t_end"],
            callback=callback,
        )
        return x[:, 0] * self.scale


def fast_settings(name: str) -> dict[str, int] | None:
    """The evaluations and order that a checkpoint's card recommends as "fast", when they have been measured."""
    return read_config(name).get("fast")


def initial_noise(grid: Grid, seed: int, index: int) -> Tensor:
    """(X, Y, Z) standard normal noise of one sample, the same on every device and in every batch."""
    state = np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state) & (2**63 - 1))
    return torch.randn(grid.shape, generator=generator)


def _reporter(
    callback: Callable[[Progress], None] | None, indices: range, evaluations: int, count: int, scale: float
) -> Callable[[Step], None] | None:
    """Turn a solver's steps over one batch into progress over the whole job."""
    if callback is None:
        return None

    def report(step: Step) -> None:
        done = indices.start * evaluations + step.evaluations * len(indices)
        preview = (step.x0[0, 0] * scale).float().cpu().numpy()
        callback(Progress(done, count * evaluations, indices.start, step.t, preview))

    return report


def _atoms(symbol: str, positions: np.ndarray, grid: Grid, info: dict[str, Any]) -> Atoms:
    from ase import Atoms

    return Atoms([symbol] * len(positions), positions, cell=grid.lengths, pbc=grid.periodic, info=info)
