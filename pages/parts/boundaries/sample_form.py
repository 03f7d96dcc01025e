"""The form that samples: which model paints how many candidates, and between which ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.checkpoints import BoundaryCheckpoint, ManyBoundariesCheckpoint, read_checkpoint
from gcd.generate import boundary_models
from gcd.generate.boundary_models import painted_thickness
from gcd.limits import MAX_EVALUATIONS, MAX_PAGE_CANDIDATES, MAX_SEED
from gcd.requests import BoundaryRequest
from gcd.structures.bicrystal_ends import MIN_PAINTED, PAINTED
from gcd.structures.bicrystals import as_fraction
from pages.parts.boundaries.choice import Choice
from pages.parts.boundaries.controls import (
    BUILT,
    RANDOM,
    SEARCHED,
    asked_of,
    in_plane_shift,
    instead,
    pair,
    within,
)
from pages.parts.boundaries.sampling import MAX_PAINTED, REPEATS, recommended

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

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
    model = str(st.segmented_control("Model", names, default=names[0], required=True, key="model"))
    checkpoint = read_checkpoint(models[model])
    options: dict[str, Any] = {}
    if isinstance(checkpoint, ManyBoundariesCheckpoint):
        options |= _of_many(checkpoint, choice)
    else:
        st.caption(trained_on(model, models[model]))
    with pair():
        options["count"] = st.number_input("Candidates", 1, MAX_PAGE_CANDIDATES, 4, key="candidates")
        options["seed"] = st.number_input("Seed", 0, MAX_SEED, 0, key="sample_seed")
    best = recommended(model, slug, metal)
    custom = st.segmented_control(
        "Sampling", ["Recommended", "Custom"], default="Recommended", required=True, key="gb_sampling",
        help=f"Recommended: {best['evaluations']} evaluations of order {best['order']}, as the model was measured.",
    )  # fmt: skip
    with pair():
        if custom == "Custom":
            options["evaluations"] = st.number_input(
                "Evaluations", 1, MAX_EVALUATIONS, best["evaluations"], key="gb_nfe",
                help="Of the network, a candidate; a multiple of the solver's order.",
            )  # fmt: skip
            options["order"] = st.selectbox(
                "Solver order", [1, 2, 3], index=best["order"] - 1, key="gb_order"
            )
        many = isinstance(checkpoint, ManyBoundariesCheckpoint)
        usual = PAINTED
        if isinstance(checkpoint, ManyBoundariesCheckpoint):
            usual = painted_thickness(checkpoint, choice.lattice_constant)
        options["painted"] = st.number_input(
            "Painted (Å)", MIN_PAINTED, MAX_PAINTED, round(usual, 1), step=1.0, format="%.1f",
            key="painted_any" if many else "painted",
            help="Thickness of the region around the boundary that the model paints.",
        )  # fmt: skip
        one = choice.boundary.grown(choice.lattice_constant).repeats if many else (1, 1)
        cells = st.selectbox(
            "Cell", list(REPEATS), key="gb_cell",
            help=f"Copies of a cell of {one[0]} x {one[1]} of the smallest one, whose edges are 8 Å or more."
            if many else "Copies of the boundary's cell along x and y. The model was trained on 1×1.",
        )  # fmt: skip
    across, up = REPEATS[cells]
    options["repeats"] = (across * one[0], up * one[1])
    options["in_plane_shift"] = in_plane_shift(choice, default=True)
    a = choice.lattice_constant
    half = a * choice.boundary.spacing
    if not st.toggle(
        "Random spacing of the grains", value=True, key="free_spacing", help=RANDOM
    ):  # fmt: skip
        within("spacing", -round(half, 2), round(half, 2))
        options["spacing"] = st.number_input(
            "Spacing (Å)", -round(half, 2), round(half, 2), 0.0, step=0.1, key="spacing",
            help="By which the upper grain is lifted beyond perfect stacking. Planes repeat every "
            f"{half:.2f} Å, so more would be the same ends with a plane more.",
        )  # fmt: skip
    pressed = place.button(
        "Sample and relax",
        type="primary",
        disabled=options.get("anyway") is False,
        icon=":material/auto_awesome:",
        key="sample_button",
        width="stretch",
    )
    return BoundaryRequest(**asked_of(choice), model=model, relax=True, **options), pressed


def _of_many(checkpoint: ManyBoundariesCheckpoint, choice: Choice) -> dict[str, Any]:
    """What a model of many boundaries has seen of this one, and what it can be asked for."""
    boundary, metal = choice.boundary, choice.metal
    if checkpoint.has_learnt(boundary, metal):
        st.badge(
            "learnt",
            icon=":material/school:",
            color="blue",
            help="Structures of it were in the training set.",
        )
    elif checkpoint.has_learnt(boundary):
        st.badge(
            f"never seen in {metal}", icon=":material/travel_explore:", color="green",
            help="The training set had this boundary of other metals.",
        )  # fmt: skip
    else:
        st.badge(
            "never seen", icon=":material/travel_explore:", color="green",
            help="No structure of this boundary was in the training set, of any metal.",
        )  # fmt: skip
    wishes: dict[str, Any] = {}
    if boundary.family not in checkpoint.families:
        st.warning(
            f"The model was never trained on anything like a {boundary.family}: it has learnt "
            f"{', '.join(sorted(checkpoint.families))}.",
            icon=":material/warning:",
        )
        wishes["anyway"] = st.toggle("Paint it all the same", key="anyway")
    wishes["low_energy"] = st.toggle(
        "Ask for low energy", value=True, key="ask_low",
        help="The model was told the rank of each structure among those of its boundary and [n].",
    )  # fmt: skip
    per_plane = boundary.grown(choice.lattice_constant).atoms_per_plane
    legal = ["any", "all in turn", *(as_fraction(k / per_plane) for k in range(per_plane))]
    if st.session_state.get("wish_n") not in (None, *legal):
        del st.session_state["wish_n"]  # of another boundary
    asked = st.selectbox(
        "[n] asked for", legal, key="wish_n",
        help="Atoms beyond whole planes, as a share of a plane. Candidates with another [n] are painted again, up to "
        "ten times.",
    )  # fmt: skip
    if asked != "any":
        wishes["n"] = "all" if asked == "all in turn" else asked
    if wishes["low_energy"] or asked != "any":
        wishes["guidance"] = st.slider(
            "Guidance weight", 0.0, 4.0, checkpoint.guidance, 0.25, key="guidance",
            help="How strongly the wishes are followed: 1 is what was learnt, other weights take twice the time.",
        )  # fmt: skip
    return wishes


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
