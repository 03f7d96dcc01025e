"""Grain boundaries: perfect ends, in-painting, decoder, and a check of what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gcd import limits
from gcd.checkpoints import BoundaryCheckpoint, Learnt, available, load_decoder, read_checkpoint
from gcd.devices import resolve_device
from gcd.diffusion.samplers import check_evaluations
from gcd.generate.painted_slab import assemble, decode_middle, known_voxels
from gcd.generate.voxel_model import Progress, VoxelModel, batches, initial_noise, reporter
from gcd.structures.bicrystal_ends import PAINTED, BicrystalEnds, bicrystal_ends, boundary_of, draw_state
from gcd.structures.bicrystals import MAX_PLANES, potential_lattice_constant
from gcd.structures.boundary import Boundary

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.decoder import Decoder

RESTARTS, MAX_RESTARTS = 3, 20
RESTART_TIME = 0.6  # noise enough to move atoms, not to forget the boundary


def boundary_models(twist: str | Sequence[int] | Boundary = "sigma5", metal: str = "W") -> dict[str, str]:
    """The models of a boundary that are there: what each is called, and its checkpoint's name."""
    name = boundary_of(twist, metal).slug
    return {
        checkpoint.variant: folder
        for folder, checkpoint in available().items()
        if isinstance(checkpoint, BoundaryCheckpoint)
        and checkpoint.metal == metal
        and checkpoint.boundary.slug == name
    }


@dataclass(frozen=True)
class _Request:
    """What every sample of a call shares; None is drawn at random for each sample."""

    checkpoint: BoundaryCheckpoint
    model: VoxelModel
    decoder: Decoder
    planes: tuple[int, int] | None
    repeats: tuple[int, int]
    painted: float
    in_plane_shift: tuple[float, float] | None
    spacing: float | None
    seed: int
    evaluations: int
    order: int
    time_spacing: str
    restarts: int

    def ends(self, index: int) -> BicrystalEnds:
        return candidate_ends(
            self.checkpoint,
            planes=self.planes,
            repeats=self.repeats,
            painted=self.painted,
            in_plane_shift=self.in_plane_shift,
            spacing=self.spacing,
            seed=self.seed,
            index=index,
        )

    def paint(
        self, indices: range, first: int, count: int, callback: Callable[[Progress], None] | None
    ) -> tuple[list[Atoms], Tensor]:
        """Candidates and their voxels (B, X, Y, Z); those that are not physical are noised and painted again."""
        grid = self.ends(first).grid
        ends = [self.ends(first + i) for i in indices]
        parts = zip(*map(known_voxels, ends), strict=True)
        device = next(self.decoder.parameters()).device
        known, mask = (torch.stack(part).to(device) for part in parts)
        voxels = torch.empty_like(known)
        made: dict[int, Atoms] = {}
        todo = list(range(len(indices)))
        for restart in range(self.restarts + 1):
            noise = [initial_noise(grid, self.seed, first + indices[i], restart) for i in todo]
            with torch.inference_mode():
                voxels[todo] = self.model.paint(
                    torch.stack(noise).to(device),
                    known[todo],
                    mask[todo],
                    grid,
                    evaluations=self.evaluations,
                    order=self.order,
                    time_spacing=self.time_spacing,
                    callback=reporter(
                        callback,
                        indices,
                        self.evaluations,
                        count,
                        self.model.scale,
                        restarted=indices[todo[0]] if restart else None,
                    ),
                    again=voxels[todo] if restart else None,
                    t_start=RESTART_TIME if restart else 1.0,
                )
                positions = decode_middle(self.decoder, voxels[todo], ends[0])
            for i, r in zip(todo, positions, strict=True):
                made[i] = assemble(ends[i], r)
                made[i].info["restarts"] = restart
            todo = [i for i in todo if not made[i].info["physical"]]
            if not todo:
                break
        return [made[i] for i in range(len(indices))], voxels


def boundary_ends(
    twist: str | Sequence[int] | Boundary = "sigma5",
    *,
    model: str = "full",
    metal: str = "W",
    repeats: Sequence[int] = (1, 1),
    planes: Sequence[int] | None = None,
    painted: float = PAINTED,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    seed: int = 0,
    index: int = 0,
    checkpoint: str | None = None,
) -> Atoms:
    """The two grains that sample `index` of `generate_boundaries` is painted between; arguments as there.

    Returns:
        The known atoms; ``info["painted_z"]`` is the region in Å that is painted, ``arrays["grain"]`` 0 below, 1 above.
    """
    return candidate_ends(
        model_of(twist, metal, model, checkpoint),
        planes=planes,
        repeats=repeats,
        painted=painted,
        in_plane_shift=in_plane_shift,
        spacing=spacing,
        seed=seed,
        index=index,
    ).atoms


def generate_boundaries(
    twist: str | Sequence[int] | Boundary = "sigma5",
    *,
    model: str = "full",
    metal: str = "W",
    count: int = 1,
    repeats: Sequence[int] = (1, 1),
    planes: Sequence[int] | None = None,
    painted: float = PAINTED,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    seed: int = 0,
    evaluations: int | None = None,
    order: int | None = None,
    time_spacing: str = "lambda",
    restarts: int = RESTARTS,
    device: str = "auto",
    checkpoint: str | None = None,
    first: int = 0,
    callback: Callable[[Progress], None] | None = None,
    on_candidate: Callable[[Atoms], None] | None = None,
    return_voxels: bool = False,
) -> list[Atoms] | tuple[list[Atoms], np.ndarray]:
    """Candidates for a grain boundary: the middle of a bicrystal painted by a voxel diffusion model, then decoded.

    Args:
        twist: the boundary, in any spelling of `find_boundary`.
        metal: of its phase.
        model: "full" (trained on the whole dataset) or "window" (on mediocre structures alone), or another one's name.
        count: how many candidates.
        repeats: cells along x and y.
        planes: of the lower and the upper grain; by default as many as in training.
        painted: thickness of the painted region in Å, in the middle.
        in_plane_shift: of the upper grain along x and y in Å; when None, near that of a structure learnt from, drawn at
            random for each candidate (`draw_state`).
        spacing: Å by which the upper grain is lifted beyond perfect stacking; when None, of that same structure.
        seed: candidate i has noise and ends of its own, drawn from (seed, first + i), whatever the batch it is in.
        evaluations, order, time_spacing: of the solver; by default what the checkpoint was measured with.
        restarts: how often a candidate with atoms too close to each other is noised to t = 0.6 and painted again.
        checkpoint: name or folder of the model, instead of the one named by twist, metal and model.
        first: index of the first candidate, so that a long series can be made in parts.
        callback: called with a `Progress` after each solver step; raising `Cancelled` in it stops the work.
        on_candidate: called with each candidate as soon as it is decoded.
        return_voxels: also give the voxels (count, X, Y, Z), in units of atoms.

    Returns:
        The candidates, not relaxed, the unphysical ones too. `info` holds twist, sigma, angle, metal, model,
        checkpoint, seed, index, evaluations, order, time_spacing, restarts (as many as it took), planes, repeats,
        painted (Å), in_plane_shift (Å), spacing (Å), plane (Å), atoms_per_plane, n ([n], Eq. 8), minimum_distance (Å),
        physical, failure (why not, else empty), device, seconds, gcd_version. ``arrays["painted"]`` tells painted
        atoms from the ends' own.

    Raises:
        ValueError: an argument outside the legal ones, or a boundary without a model, named in one sentence.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    import gcd

    limits.check_count(count)
    limits.check_first(first)
    found = model_of(twist, metal, model, checkpoint)
    if order is None:
        order = 3 if evaluations is not None else found.sampling.order
    evaluations = found.sampling.evaluations if evaluations is None else evaluations
    check_evaluations(evaluations, order, time_spacing)
    where = resolve_device(device)
    request = _Request(
        checkpoint=found,
        model=VoxelModel.load(found, where),
        decoder=load_decoder(where),
        planes=None if planes is None else _pair("planes", planes),
        repeats=_pair("repeats", repeats),
        painted=painted,
        in_plane_shift=_shift(in_plane_shift),
        spacing=spacing,
        seed=limits.check_seed(seed),
        evaluations=evaluations,
        order=order,
        time_spacing=time_spacing,
        restarts=limits.check_integer("the number of restarts", restarts, 0, MAX_RESTARTS),
    )
    grid = request.ends(first).grid
    limits.check_total(count, grid.count)
    structures: list[Atoms] = []
    arrays: list[np.ndarray] = []
    for indices in batches(count, grid, where):
        begun = time.perf_counter()
        made, voxels = request.paint(indices, first, count, callback)
        seconds = (time.perf_counter() - begun) / len(indices)
        arrays.append(voxels.cpu().numpy())
        for i, atoms in zip(indices, made, strict=True):
            atoms.info |= {
                "model": found.variant,
                "checkpoint": found.name,
                "seed": int(seed),
                "index": first + i,
                "evaluations": int(evaluations),
                "order": int(order),
                "time_spacing": time_spacing,
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            structures.append(atoms)
            if on_candidate is not None:
                on_candidate(atoms)
    return (structures, np.concatenate(arrays)) if return_voxels else structures


def checkpoint_of(twist: str | Sequence[int] | Boundary, metal: str, model: str) -> str:
    """The checkpoint of a boundary's model; ValueError that names those there are."""
    models = boundary_models(twist, metal)
    if model in models:
        return models[model]
    there = [
        f"{found.subject} {found.variant}"
        for found in available().values()
        if isinstance(found, BoundaryCheckpoint)
    ]
    raise ValueError(
        f"There is no model {model!r} of the boundary {metal} {boundary_of(twist, metal).slug}; there are "
        f"{', '.join(there) if there else 'none at all'}."
    )


def model_of(
    twist: str | Sequence[int] | Boundary, metal: str, variant: str, checkpoint: str | None = None
) -> BoundaryCheckpoint:
    """The checkpoint of a boundary's model, or the one of that name or folder.

    Raises:
        ValueError: there is none, or it is a model of something else.
        CheckpointError: it is incomplete or damaged.
    """
    found = read_checkpoint(checkpoint or checkpoint_of(twist, metal, variant))
    if not isinstance(found, BoundaryCheckpoint):
        raise ValueError(f"The checkpoint {found.name!r} is a {found.kind}, not a model of a boundary.")
    return found


def candidate_ends(
    checkpoint: BoundaryCheckpoint,
    *,
    planes: Sequence[int] | None = None,
    repeats: Sequence[int] = (1, 1),
    painted: float = PAINTED,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    seed: int = 0,
    index: int = 0,
) -> BicrystalEnds:
    """What sample `index` of a model is painted between, with what is not given drawn from (seed, index).

    Args:
        checkpoint: of the model; the rest as in `generate_boundaries`.
    """
    a = potential_lattice_constant(checkpoint.metal)
    rng = np.random.default_rng([limits.check_seed(seed), index, 1])
    state = _state_seen(checkpoint.learnt, rng)
    shift, lift = draw_state(
        rng, checkpoint.boundary, a, state, jitter=checkpoint.jitter, opening=checkpoint.opening
    )
    nx, ny = checkpoint.voxels[:2]
    return bicrystal_ends(
        checkpoint.boundary,
        checkpoint.metal,
        voxels=(nx, ny),
        voxel_height=checkpoint.voxel_size[2],
        planes=None if planes is None else _pair("planes", planes),
        repeats=_pair("repeats", repeats),
        painted=painted,
        in_plane_shift=_shift(in_plane_shift) or (float(shift[0]), float(shift[1])),
        spacing=lift if spacing is None else spacing,
    )


def _state_seen(learnt: Learnt, rng: np.random.Generator) -> np.ndarray:
    """State (1, 3) of a structure learnt from: every [n] with the same chance, at it with the weight of training."""
    n, egb = learnt.n, learnt.egb
    here = np.flatnonzero(n == rng.choice(np.unique(n)))
    if learnt.preference is None:
        chosen = int(rng.integers(len(here)))
    else:
        weights = np.exp(-(egb[here] - egb[here].min()) / learnt.preference)
        chosen = int(rng.choice(len(here), p=weights / weights.sum()))
    return learnt.states[here[[chosen]]]


def _pair(name: str, values: Sequence[int]) -> tuple[int, int]:
    if not isinstance(values, Sequence | np.ndarray) or len(values) != 2:
        raise ValueError(f"The {name} are two whole numbers, not {values!r}.")
    high = limits.MAX_CELLS_PER_AXIS if name == "repeats" else MAX_PLANES
    first, second = (limits.check_integer(f"each of the {name}", v, 1, high) for v in values)
    return first, second


def _shift(values: Sequence[float] | None) -> tuple[float, float] | None:
    if values is None:
        return None
    two = isinstance(values, Sequence | np.ndarray) and len(values) == 2
    if not two or not all(limits.is_finite(value) for value in values):
        raise ValueError(f"The in-plane shift is two finite numbers in Å, not {values!r}.")
    return float(values[0]), float(values[1])
