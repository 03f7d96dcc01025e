"""Crystals: noise, voxel diffusion, decoder, `ase.Atoms` that say how they were made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gcd.checkpoints import load_decoder
from gcd.devices import resolve_device
from gcd.diffusion.samplers import Step
from gcd.generate.voxel_model import Progress, VoxelModel, batches, initial_noise, reporter
from gcd.requests import CrystalRequest, Listener
from gcd.structures.crystals import PHASES
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms


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
    request = CrystalRequest(
        phase=phase,
        count=count,
        size=size,  # type: ignore[arg-type] # settled by the request
        seed=seed,
        evaluations=evaluations,
        order=order,
        time_spacing=spacing,
        element=element,
        lattice_constant=lattice_constant,
        device=device,
        checkpoint=checkpoint,
        first=first,
    )
    told = Told(callback, keep_voxels=return_voxels)
    structures = make_crystals(request, told)
    return (structures, np.concatenate(told.arrays)) if return_voxels else structures


class Told(Listener):
    """A listener that hands progress to a callback, and keeps the voxels if it shall."""

    def __init__(self, callback: Callable[[Any], None] | None, *, keep_voxels: bool = False) -> None:
        self.callback, self.keep_voxels = callback, keep_voxels
        self.arrays: list[np.ndarray] = []

    def progress(self, progress: Any) -> None:
        """Hand it on."""
        if self.callback is not None:
            self.callback(progress)

    def voxels(self, voxels: Any) -> None:
        """Keep them."""
        if self.keep_voxels:
            self.arrays.append(voxels)


def make_crystals(
    request: CrystalRequest, listener: Listener | None = None, on_step: Callable[[Step], None] | None = None
) -> list[Atoms]:
    """Run a request: noise, DPM-Solver, decoder; `on_step` sees the solver's own steps, batch by batch."""
    import gcd
    from gcd.voxels.decoder import decode

    grid = request.grid
    where = resolve_device(request.device)
    model = VoxelModel.load(request.model, where)
    if (made := getattr(model.checkpoint, "phase", model.checkpoint.subject)) != request.phase:
        raise ValueError(f"The checkpoint {request.model!r} makes {made}, not {request.phase}.")
    decoder = load_decoder(where)
    evaluations = request.evaluations
    structures: list[Atoms] = []
    for indices in batches(request.count, grid, where):
        begun = time.perf_counter()
        noise = torch.stack([initial_noise(grid, request.seed, request.first + i) for i in indices]).to(where)
        report = reporter(
            None if listener is None else listener.progress, indices, evaluations, request.count, model.scale
        )
        with torch.inference_mode():
            voxels = model.sample(
                noise,
                grid,
                evaluations=evaluations,
                order=request.order,
                time_spacing=request.time_spacing,
                callback=both(report, on_step),
            )
            positions = decode(decoder, voxels, grid)
        seconds = (time.perf_counter() - begun) / len(indices)
        if listener is not None:
            listener.voxels(voxels.cpu().numpy())
        for i, r in zip(indices, positions, strict=True):
            info = {
                "phase": request.phase,
                "size": list(request.size),
                "seed": request.seed,
                "index": request.first + i,
                "evaluations": evaluations,
                "order": request.order,
                "spacing": request.time_spacing,
                "model": request.model,
                "expected_atoms": math.prod(request.size) * PHASES[request.phase].atoms_per_cell,
                "lattice_constant": request.lattice_constant,
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            structures.append(_atoms(str(request.element), r, grid, info))
            if listener is not None:
                listener.made(structures[-1])
    return structures


def both(
    first: Callable[[Step], None] | None, second: Callable[[Step], None] | None
) -> Callable[[Step], None] | None:
    """A callback that calls either, or both; None where there is none."""
    if first is None or second is None:
        return first or second

    def call(step: Step) -> None:
        first(step)
        second(step)

    return call


def _atoms(symbol: str, positions: np.ndarray, grid: Grid, info: dict[str, Any]) -> Atoms:
    from ase import Atoms

    return Atoms([symbol] * len(positions), positions, cell=grid.lengths, pbc=grid.periodic, info=info)
