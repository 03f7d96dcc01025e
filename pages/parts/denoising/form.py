"""The settings of a film of one's own, like those of the last job on the page that makes such structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gcd.generate import boundary_models
from gcd.limits import MAX_EVALUATIONS, MAX_INITIAL_SIGMA, MAX_PAGE_CANDIDATES, MAX_SEED, check_initial_sigma
from gcd.particles.samplers import SAMPLERS
from gcd.structures.crystals import PHASES
from pages.parts.denoising.run import BOUNDARY, MOST_CELLS, PARTICLES, VOXELS
from pages.shared import status, work

# Boundaries to film, beside that of the last job: the first was learnt, the model "any" has never seen the others.
BOUNDARIES = (("sigma5", "W"), ("s13-320-001", "W"), ("sigma29", "W"), ("sigma17", "Ta"))


def _last(slot: str) -> Any:
    """The settings of the last job that ended well under that name; None when there is none."""
    job = work.current(slot)
    return job.result.settings if job and job.state == "done" and job.result is not None else None


def _phase(here: status.Installation, prefix: str, like: Any) -> str | None:
    options = [phase.upper() for phase in PHASES if f"{prefix}-{phase}" in here.checkpoints]
    if not options or status.DECODER not in here.checkpoints:
        st.warning(
            status.missing_sentence([f"{prefix}-{phase}" for phase in PHASES]), icon=":material/inventory_2:"
        )
        return None
    default = like.phase.upper() if like and like.phase.upper() in options else options[0]
    chosen = st.segmented_control(
        "Phase", options, default=default, required=True, key=f"{prefix}_own_phase", bind="query-params"
    )
    return str(chosen).lower()


def _seed(place: Any, default: int) -> int:
    return int(place.number_input("Seed", 0, MAX_SEED, default, key="own_seed", bind="query-params"))


def _cells(default: int) -> int:
    return int(
        st.slider("Cells along each edge", 1, MOST_CELLS, default, key="own_cells", bind="query-params")
    )


def _solver() -> dict[str, Any]:
    """Evaluations, order and spacing of the voxel models' solver."""
    nfe = st.number_input("Evaluations", 1, MAX_EVALUATIONS, 30, key="own_nfe", bind="query-params")
    left, right = st.columns(2, gap="small")
    order = left.segmented_control(
        "Order", [1, 2, 3], default=1, required=True, key="own_order", bind="query-params"
    )
    spacing = right.segmented_control(
        "Steps even in", ["t", "lambda"], default="t", required=True, key="own_spacing", bind="query-params",
        help="The pages that sample step evenly in lambda; evenly in t shows more of how atoms appear.",
    )  # fmt: skip
    return {"evaluations": int(nfe), "order": int(order or 1), "spacing": str(spacing)}


def _voxels(here: status.Installation) -> dict[str, Any] | None:
    like = _last("crystals_job")
    phase = _phase(here, "crystal", like)
    if phase is None:
        return None
    cells = _cells(min(max(like.size), MOST_CELLS) if like else 4)
    seed = _seed(st, like.seed if like else 0)
    return {"phase": phase, "size": cells, "seed": seed} | _solver()


def _particles(here: status.Installation) -> dict[str, Any] | None:
    like = _last("duet_job")
    phase = _phase(here, "particle", like)
    if phase is None:
        return None
    cells = _cells(4)
    left, right = st.columns(2, gap="small")
    random = left.toggle(
        "Random positions", like is None or like.initial_sigma is None, key="own_random", bind="query-params"
    )
    sigma = right.number_input(
        "Noise (lattice constants)", 0.0, MAX_INITIAL_SIGMA, like.initial_sigma or 0.2 if like else 0.2, 0.05,
        key="own_sigma", bind="query-params", help="On the ideal crystal, when positions are not random.",
    )  # fmt: skip
    sampler = st.segmented_control(
        "Sampler", SAMPLERS, default=like.sampler if like else "sde", required=True, key="own_sampler",
        bind="query-params",
    )  # fmt: skip
    left, right = st.columns(2, gap="small")
    steps = left.number_input(
        "Steps", 1, MAX_EVALUATIONS, like.steps if like else 60, key="own_steps", bind="query-params"
    )
    return {
        "phase": phase, "size": cells, "seed": _seed(right, like.seed if like else 0), "sampler": str(sampler),
        "initial_sigma": None if random else check_initial_sigma(sigma), "steps": int(steps),
    }  # fmt: skip


def _boundary(_: status.Installation) -> dict[str, Any] | None:
    like = _last("boundary_samples_job")
    last = [(like.boundary, like.metal)] if like else []
    there = [pair for pair in dict.fromkeys([*last, *BOUNDARIES]) if boundary_models(*pair)]
    if not there:
        st.warning(
            "There is no model of a boundary here: put one under `checkpoints/`.",
            icon=":material/inventory_2:",
        )
        return None
    names = {f"{metal} {name}": (name, metal) for name, metal in there}
    chosen = st.selectbox("Boundary", list(names), key="own_boundary", bind="query-params")
    twist, metal = names[chosen]
    same = like is not None and (twist, metal) == last[0]
    models = list(boundary_models(twist, metal))
    if st.session_state.get("own_model") not in (None, *models):
        st.session_state["own_model"] = models[0]
    model = st.segmented_control(
        "Model", models, default=like.model if same and like.model in models else models[0], required=True,
        key="own_model", bind="query-params",
    )  # fmt: skip
    left, right = st.columns(2, gap="small")
    index = left.number_input(
        "Candidate", 0, MAX_PAGE_CANDIDATES - 1, 0, key="own_candidate", bind="query-params"
    )
    seed = _seed(right, like.seed if like else 0)
    solver = _solver()
    ends = {k: v for k, v in like.arguments().items() if k in ENDS} if same else {}
    if ends and not st.toggle("The same grains as your last boundaries", value=True, key="own_ends"):
        ends = {}
    return {
        "twist": twist, "metal": metal, "model": str(model), "index": int(index), "seed": seed,
        "evaluations": solver["evaluations"], "order": solver["order"], "time_spacing": solver["spacing"],
    } | ends  # fmt: skip


ENDS = ("painted", "in_plane_shift", "spacing", "repeats")
FORMS: dict[str, Callable[[status.Installation], dict[str, Any] | None]] = {
    VOXELS: _voxels,
    PARTICLES: _particles,
    BOUNDARY: _boundary,
}
