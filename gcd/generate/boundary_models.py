"""Which model paints a boundary, and the two perfect grains that each of its candidates is painted between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gcd import limits
from gcd.checkpoints import (
    BoundaryCheckpoint,
    CheckpointError,
    Learnt,
    ManyBoundariesCheckpoint,
    available,
    read_checkpoint,
)
from gcd.structures.bicrystal_ends import PAINTED, BicrystalEnds, bicrystal_ends, boundary_of, draw_state
from gcd.structures.bicrystals import MAX_PLANES, potential_lattice_constant, working_cell
from gcd.structures.boundary import VOXEL, Boundary

# Lattice constants that a painted boundary needs beyond the excess of relaxed ones: with none, candidates came out 0.13
# to 0.18 of a plane short of the [n] asked for (Σ5 twist and (310) tilt of W), with this 0.06 short to 0.03 over.
ROOM = 0.066
ANY = ManyBoundariesCheckpoint.variant
PaintingCheckpoint = BoundaryCheckpoint | ManyBoundariesCheckpoint


def boundary_models(twist: str | Sequence[int] | Boundary = "sigma5", metal: str = "W") -> dict[str, str]:
    """The models that paint a boundary: what each is called, and its checkpoint's name; its own ones first."""
    boundary = boundary_of(twist, metal)
    own: dict[str, str] = {}
    any_of: dict[str, str] = {}
    for folder, found in available().items():
        if isinstance(found, BoundaryCheckpoint):
            if found.metal == metal and found.boundary.slug == boundary.slug:
                own[found.variant] = folder
        elif isinstance(found, ManyBoundariesCheckpoint) and found.phase == boundary.phase:
            any_of.setdefault(found.variant, folder)
    return own | any_of


def usual_model(twist: str | Sequence[int] | Boundary, metal: str) -> str:
    """The model that is asked when none is named: "full" of the boundary, else the one of many, else any there is."""
    models = boundary_models(twist, metal)
    return next((name for name in ("full", "any", *models) if name in models), "full")


def checkpoint_of(twist: str | Sequence[int] | Boundary, metal: str, model: str) -> str:
    """The checkpoint of a boundary's model; ValueError that names those there are."""
    models = boundary_models(twist, metal)
    if model in models:
        return models[model]
    there = [
        f"{found.subject} {found.variant}"
        for found in available().values()
        if isinstance(found, PaintingCheckpoint)
    ]
    raise ValueError(
        f"There is no model {model!r} of the boundary {metal} {boundary_of(twist, metal).slug}; there are "
        f"{', '.join(there) if there else 'none at all'}."
    )


def model_of(
    twist: str | Sequence[int] | Boundary, metal: str, variant: str | None, checkpoint: str | None = None
) -> PaintingCheckpoint:
    """The checkpoint of a boundary's model, by default of `usual_model`, or the one of that name or folder.

    Raises:
        ValueError: there is none, or it is a model of something else.
        CheckpointError: it is incomplete or damaged.
    """
    found = read_checkpoint(checkpoint or checkpoint_of(twist, metal, variant or usual_model(twist, metal)))
    if not isinstance(found, PaintingCheckpoint):
        raise ValueError(f"The checkpoint {found.name!r} is a {found.kind}, not a model of a boundary.")
    return found


def own_model_of(
    twist: str | Sequence[int] | Boundary, metal: str, variant: str, checkpoint: str | None = None
) -> BoundaryCheckpoint:
    """`model_of` where it has to be a model of that one boundary; CheckpointError for one of many."""
    found = model_of(twist, metal, variant, checkpoint)
    if not isinstance(found, BoundaryCheckpoint):
        raise CheckpointError(f"The checkpoint {found.name!r} is of many boundaries, not of one.")
    return found


def check_likeness(checkpoint: PaintingCheckpoint, boundary: Boundary) -> None:
    """ValueError, in one sentence, for a boundary unlike all that a model of many has learnt."""
    if not isinstance(checkpoint, ManyBoundariesCheckpoint):
        return
    if boundary.phase != checkpoint.phase:
        raise ValueError(
            f"The model {checkpoint.name!r} has learnt boundaries of {checkpoint.phase}, not of {boundary.phase}."
        )
    if boundary.family not in checkpoint.families:
        raise ValueError(
            f"The model {checkpoint.name!r} was never trained on anything like {boundary.title} "
            f"({boundary.family}): it has learnt {', '.join(sorted(checkpoint.families))}; to paint it all the same, "
            "say so (--anyway, anyway=True)."
        )


def candidate_ends(
    checkpoint: PaintingCheckpoint,
    boundary: Boundary | None = None,
    metal: str | None = None,
    *,
    planes: Sequence[int] | None = None,
    repeats: Sequence[int] | None = None,
    painted: float | None = None,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    n: float | None = None,
    seed: int = 0,
    index: int = 0,
    attempt: int = 0,
) -> BicrystalEnds:
    """What sample `index` of a model is painted between, with what is not given drawn from (seed, index).

    Args:
        checkpoint: of the model.
        boundary, metal: for a model of many; one of a single boundary has its own.
        painted: Å; by default what the model was measured with.
        n: [n] that the ends of a model of many shall leave room for, where no spacing is given.
        planes, repeats, in_plane_shift, spacing, seed, index: as in `generate_boundaries`.
        attempt: at a candidate of the [n] asked for; another one than the first has other ends.
    """
    rng = np.random.default_rng([limits.check_seed(seed), index, 1, *([attempt] if attempt else [])])
    if isinstance(checkpoint, ManyBoundariesCheckpoint):
        if boundary is None or metal is None:
            raise ValueError(
                f"The model {checkpoint.name!r} paints many boundaries: say which, and of which metal."
            )
        return _ends_of_any(
            checkpoint, boundary, metal, rng, planes, repeats, painted, in_plane_shift, spacing, n
        )
    a = potential_lattice_constant(checkpoint.metal)
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
        planes=None if planes is None else pair("planes", planes),
        repeats=(1, 1) if repeats is None else pair("repeats", repeats),
        painted=PAINTED if painted is None else painted,
        in_plane_shift=shift_of(in_plane_shift) or (float(shift[0]), float(shift[1])),
        spacing=lift if spacing is None else spacing,
    )


def _ends_of_any(
    checkpoint: ManyBoundariesCheckpoint,
    boundary: Boundary,
    metal: str,
    rng: np.random.Generator,
    planes: Sequence[int] | None,
    repeats: Sequence[int] | None,
    painted: float | None,
    in_plane_shift: Sequence[float] | None,
    spacing: float | None,
    n: float | None,
) -> BicrystalEnds:
    """Ends at any in-plane shift of the DSC cell, beyond which the pattern of the grains repeats.

    The upper grain is lifted by [n] planes' spacing and by the excess volume that boundaries were measured to have: n
    planes' atoms more need as much more room. A whole plane up or down gives the same ends, so that without a wish for
    [n] the lift is anything within one plane's spacing.
    """
    a = potential_lattice_constant(metal)
    cell = cell_of(boundary, metal, repeats)
    shift = rng.uniform(0.0, 1.0, 2) @ cell.dsc() * a % (cell.edges * a)
    mean, deviation = checkpoint.excess
    room = float(rng.uniform()) if n is None else n
    excess = float(rng.normal(mean + ROOM, deviation))
    lift = (room * cell.spacing + excess + cell.spacing / 2) % cell.spacing - cell.spacing / 2
    return bicrystal_ends(
        cell,
        metal,
        voxel_height=VOXEL * a,
        planes=None if planes is None else pair("planes", planes),
        painted=painted_thickness(checkpoint, a) if painted is None else painted,
        in_plane_shift=shift_of(in_plane_shift) or (float(shift[0]), float(shift[1])),
        spacing=lift * a if spacing is None else spacing,
    )


def cell_of(boundary: Boundary, metal: str, repeats: Sequence[int] | None) -> Boundary:
    """The boundary in the cell that a model of many paints: with those repeats, or as many as make each edge 8 Å."""
    pairs = None if repeats is None else pair("repeats", repeats)
    return working_cell(boundary, potential_lattice_constant(metal), pairs)


def painted_thickness(checkpoint: ManyBoundariesCheckpoint, lattice_constant: float) -> float:
    """Å that a model of many paints by default: a little less than the most that it has learnt to."""
    return (checkpoint.painted_layers[1] - 4) * VOXEL * lattice_constant


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


def pair(name: str, values: Sequence[int]) -> tuple[int, int]:
    """Two whole numbers, ValueError otherwise."""
    if not isinstance(values, Sequence | np.ndarray) or len(values) != 2:
        raise ValueError(f"The {name} are two whole numbers, not {values!r}.")
    high = limits.MAX_CELLS_PER_AXIS if name == "repeats" else MAX_PLANES
    first, second = (limits.check_integer(f"each of the {name}", v, 1, high) for v in values)
    return first, second


def shift_of(values: Sequence[float] | None) -> tuple[float, float] | None:
    """Two finite numbers in Å or None, ValueError otherwise."""
    if values is None:
        return None
    two = isinstance(values, Sequence | np.ndarray) and len(values) == 2
    if not two or not all(limits.is_finite(value) for value in values):
        raise ValueError(f"The in-plane shift is two finite numbers in Å, not {values!r}.")
    return float(values[0]), float(values[1])
