"""Grain boundaries: perfect ends, in-painting, decoder, and a check of what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd import limits
from gcd.checkpoints import BoundaryCheckpoint, ManyBoundariesCheckpoint
from gcd.generate.boundary_models import (
    boundary_models,
    candidate_ends,
    cell_of,
    check_likeness,
    checkpoint_of,
    model_of,
    usual_model,
)
from gcd.generate.painting import ATTEMPTS, MAX_RESTARTS, RESTARTS, Painter, Wish, as_asked, batch_report
from gcd.generate.voxel_model import Progress, batches
from gcd.structures.bicrystal_ends import BicrystalEnds, boundary_of
from gcd.structures.boundary import Boundary

if TYPE_CHECKING:
    from ase import Atoms

Report = Callable[[int | None], Callable[[Any], None] | None]

__all__ = [
    "MAX_RESTARTS",
    "RESTARTS",
    "boundary_ends",
    "boundary_models",
    "candidate_ends",
    "checkpoint_of",
    "generate_boundaries",
    "model_of",
    "usual_model",
]


def boundary_ends(
    twist: str | Sequence[int] | Boundary = "sigma5",
    *,
    model: str | None = None,
    metal: str = "W",
    repeats: Sequence[int] | None = None,
    planes: Sequence[int] | None = None,
    painted: float | None = None,
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
        boundary_of(twist, metal),
        metal,
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
    model: str | None = None,
    metal: str = "W",
    count: int = 1,
    repeats: Sequence[int] | None = None,
    planes: Sequence[int] | None = None,
    painted: float | None = None,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    n: float | Sequence[float] | str | None = None,
    low_energy: bool | float | None = None,
    guidance: float | None = None,
    attempts: int = ATTEMPTS,
    anyway: bool = False,
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
        model: "full" (trained on the whole dataset of that boundary), "window" (on its mediocre structures alone),
            "any" (trained on many boundaries, and paints those that it has never seen), or another one's name; by
            default `usual_model`.
        count: how many candidates.
        repeats: cells along x and y; by default one, with "any" as many as make each edge 8 Å long.
        planes: of the lower and the upper grain; by default as many as in training.
        painted: thickness of the painted region in Å, in the middle; by default what the model is used to.
        in_plane_shift: of the upper grain along x and y in Å; when None, near that of a structure learnt from, drawn at
            random for each candidate (`draw_state`), with "any" anywhere in the cell after which the pattern repeats.
        spacing: Å by which the upper grain is lifted beyond perfect stacking; when None, drawn likewise.
        n: [n] to ask "any" for, or several of them in turn, or "all" that the cell has; None: as it comes.
        attempts: how often a candidate with another [n] than asked for is painted again, between other ends.
        low_energy: asks "any" for low energies: True, or a rank from 0 (lowest) to 1 among the structures at that [n].
        guidance: weight of the two wishes; 1 is what was learnt, others cost twice the time.
        anyway: paint a boundary too that is unlike all that "any" has learnt.
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
        physical, failure (why not, else empty), device, seconds, gcd_version; of a model of many also learnt (whether
        it has seen that boundary of that metal), and what was asked: asked_n (with attempts, as many as it took),
        asked_rank, guidance.
        ``arrays["painted"]`` tells painted atoms from the ends' own.

    Raises:
        ValueError: an argument outside the legal ones, or a boundary without a model, named in one sentence.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    import gcd

    limits.check_count(count)
    limits.check_first(first)
    boundary = boundary_of(twist, metal)
    found = model_of(twist, metal, model, checkpoint)
    if not anyway:
        check_likeness(found, boundary)
    limits.check_integer("the number of attempts", attempts, 1, 100)
    painter = Painter.load(
        found,
        device=device,
        seed=seed,
        evaluations=evaluations,
        order=order,
        time_spacing=time_spacing,
        restarts=restarts,
        wish=wish_of(found, n, low_energy, guidance),
    )

    def ends(index: int, attempt: int = 0) -> BicrystalEnds:
        return candidate_ends(
            found,
            boundary,
            metal,
            planes=planes,
            repeats=repeats,
            painted=painted,
            in_plane_shift=in_plane_shift,
            spacing=spacing,
            n=painter.wish.n_of(index, per_plane),
            seed=painter.seed,
            index=index,
            attempt=attempt,
        )

    per_plane = cell_of(boundary, metal, repeats).atoms_per_plane
    grid = ends(first).grid
    limits.check_total(count, grid.count)
    structures: list[Atoms] = []
    arrays: list[np.ndarray] = []
    for indices in batches(count, grid, painter.device):
        begun = time.perf_counter()
        numbers = [first + i for i in indices]
        report = batch_report(callback, indices, painter, count)
        made, voxels = painter.paint([ends(i) for i in numbers], numbers, report=report)
        for attempt in range(1, attempts):
            wrong = [k for k, atoms in enumerate(made) if not as_asked(atoms)]
            if not wrong:
                break
            tried = [numbers[k] for k in wrong]
            others, painted_anew = painter.paint(
                [ends(i, attempt) for i in tried],
                tried,
                attempt=attempt,
                report=partial(_once_more, report, wrong[0]),
            )
            for k, atoms, array in zip(wrong, others, painted_anew, strict=True):
                if as_asked(atoms) or attempt == attempts - 1:
                    made[k], voxels[k] = atoms, array
                    atoms.info["attempts"] = attempt + 1
        seconds = (time.perf_counter() - begun) / len(indices)
        if return_voxels:
            arrays.append(voxels.cpu().numpy())
        for atoms in made:
            atoms.info |= {"seconds": seconds, "gcd_version": gcd.__version__}
            if isinstance(found, ManyBoundariesCheckpoint):
                atoms.info["learnt"] = found.has_learnt(boundary, metal)
            structures.append(atoms)
            if on_candidate is not None:
                on_candidate(atoms)
    return (structures, np.concatenate(arrays)) if return_voxels else structures


def _once_more(report: Report, first: int, _: int | None) -> Callable[[Any], None] | None:
    """Progress of a batch that is painted already, so that it does not go back."""
    return report(first)


def wish_of(
    checkpoint: BoundaryCheckpoint | ManyBoundariesCheckpoint,
    n: float | Sequence[float] | str | None,
    low_energy: bool | float | None,
    guidance: float | None,
) -> Wish:
    """What is asked for, with the checkpoint's own rank and weight where none are given."""
    usual = checkpoint if isinstance(checkpoint, ManyBoundariesCheckpoint) else None
    rank: float | None = None
    if low_energy is True:
        rank = usual.rank if usual else 0.0
    elif low_energy is not None and low_energy is not False:
        rank = float(low_energy)
    if guidance is None:
        guidance = usual.guidance if usual else 1.0
    return Wish(n, rank, guidance)
