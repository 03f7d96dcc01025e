"""The form that samples: which model paints how many candidates, and between which ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.checkpoints import BoundaryCheckpoint, read_checkpoint
from gcd.generate import boundary_models
from gcd.limits import MAX_EVALUATIONS, MAX_PAGE_CANDIDATES, MAX_SEED
from gcd.requests import BoundaryRequest
from gcd.structures.bicrystal_ends import MIN_PAINTED, PAINTED
from pages.parts.boundaries.choice import Choice
from pages.parts.boundaries.controls import BUILT, RANDOM, SEARCHED, asked_of, in_plane_shift, instead, pair
from pages.parts.boundaries.sampling import REPEATS, recommended

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MAX_PAINTED = 40.0  # Å; the slab leaves a little more
KNOWN_MODELS = ("window", "full")  # in this order; others come after them


def sampling(choice: Choice, place: DeltaGenerator) -> tuple[BoundaryRequest | None, bool]:
    """What to sample, and whether the button was pressed; None, with a sentence, where no model is there."""
    metal, slug = choice.metal, choice.boundary.slug
    models = boundary_models(slug, metal)
    if not models:
        st.warning(
            f"No model has learnt {metal} {choice.boundary.title}: search for its structures, or build one.",
            icon=":material/inventory_2:",
        )
        instead(SEARCHED, BUILT)
        return None, False
    names = sorted(models, key=lambda name: (name not in KNOWN_MODELS, name != KNOWN_MODELS[0], name))
    if st.session_state.get("model") not in (None, *names):
        st.session_state["model"] = names[0]
    model = str(
        st.segmented_control(
            "Model", names, default=names[0], required=True, key="model", bind="query-params"
        )
    )
    st.caption(trained_on(model, models[model]))
    options: dict[str, Any] = {}
    with pair():
        options["count"] = st.number_input(
            "Candidates", 1, MAX_PAGE_CANDIDATES, 4, key="candidates", bind="query-params"
        )
        options["seed"] = st.number_input("Seed", 0, MAX_SEED, 0, key="sample_seed", bind="query-params")
    best = recommended(model, slug, metal)
    custom = st.segmented_control(
        "Sampling", ["Recommended", "Custom"], default="Recommended", required=True, key="gb_sampling",
        bind="query-params",
        help=f"Recommended: {best['evaluations']} evaluations of order {best['order']}, as the model was measured.",
    )  # fmt: skip
    with pair():
        if custom == "Custom":
            options["evaluations"] = st.number_input(
                "Evaluations", 1, MAX_EVALUATIONS, best["evaluations"], key="gb_nfe", bind="query-params",
                help="Of the network, a candidate; a multiple of the solver's order.",
            )  # fmt: skip
            options["order"] = st.selectbox(
                "Solver order", [1, 2, 3], index=best["order"] - 1, key="gb_order", bind="query-params"
            )
        options["painted"] = st.number_input(
            "Painted (Å)", MIN_PAINTED, MAX_PAINTED, round(PAINTED, 1), step=1.0, format="%.1f", key="painted",
            bind="query-params", help="Thickness of the region around the boundary that the model paints.",
        )  # fmt: skip
        cells = st.selectbox(
            "Cell", list(REPEATS), key="gb_cell", bind="query-params",
            help="Copies of the boundary's cell along x and y. The model was trained on 1×1.",
        )  # fmt: skip
    options["repeats"] = REPEATS[cells]
    options["in_plane_shift"] = in_plane_shift(choice, default=True)
    a = choice.lattice_constant
    half = a * choice.boundary.spacing
    if not st.toggle(
        "Random spacing of the grains", value=True, key="free_spacing", bind="query-params", help=RANDOM
    ):  # fmt: skip
        options["spacing"] = st.number_input(
            "Spacing (Å)", -round(half, 2), round(half, 2), 0.0, step=0.1, key="spacing", bind="query-params",
            help="By which the upper grain is lifted beyond perfect stacking. Planes repeat every "
            f"{half:.2f} Å, so more would be the same ends with a plane more.",
        )  # fmt: skip
    pressed = place.button(
        "Sample and relax",
        type="primary",
        icon=":material/auto_awesome:",
        key="sample_button",
        width="stretch",
    )
    return BoundaryRequest(**asked_of(choice), model=model, relax=True, **options), pressed


def trained_on(model: str, name: str) -> str:
    """One sentence on what a model has seen."""
    checkpoint = read_checkpoint(name)
    assert isinstance(checkpoint, BoundaryCheckpoint)
    number = len(checkpoint.learnt.n)
    seen = f"Trained on {number} structures" if number else "Trained"
    window = checkpoint.learnt.window
    if window is not None and None not in window:
        return f"{seen} of {window[0]:g} to {window[1]:g} J/m² alone: it has never seen a boundary of low energy."
    return f"{seen} of every energy that the search found." if model == "full" else f"{seen}."
