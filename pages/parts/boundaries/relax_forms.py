"""The forms that relax: a boundary built from its grains, or a structure that the search has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_SEED
from gcd.requests import BuildRequest, ChosenRequest
from pages.parts.boundaries.choice import Choice
from pages.parts.boundaries.controls import BUILT, SEARCHED, asked_of, in_plane_shift, instead, pair, within
from pages.parts.boundaries.data import dataset_of

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def building(choice: Choice, place: DeltaGenerator) -> tuple[BuildRequest, bool]:
    """What to build and relax, and whether the button was pressed."""
    grown = choice.boundary.grown(choice.lattice_constant)
    per_plane = grown.atoms_per_plane
    within("change", -per_plane, per_plane)
    change = st.number_input(
        "Atoms put in (taken out, if negative)",
        -per_plane, per_plane, 0, key="change",
        help=f"At the edge of the upper grain, whose planes have {per_plane}; [n] follows.",
    )  # fmt: skip
    shift = in_plane_shift(choice, default=False)
    gap = st.number_input(
        "Gap (Å)", -0.2, 3.0, 0.3, step=0.1, key="gap",
        help="By which the grains are lifted apart beyond the spacing of their planes.",
    )  # fmt: skip
    push, count, seed, pressed = _relaxing(place)
    request = BuildRequest(
        **asked_of(choice), in_plane_shift=shift or (0.0, 0.0), random_shift=shift is None, gap=float(gap),
        remove=max(0, -change), insert=max(0, change), push=push, count=count, seed=seed,
    )  # fmt: skip
    return request, pressed


def choosing(choice: Choice, place: DeltaGenerator) -> tuple[ChosenRequest | None, bool]:
    """Which structure of the search to relax, and whether the button was pressed; None where there is no search."""
    dataset = dataset_of(choice.boundary.slug, choice.metal)
    if dataset is None:
        st.info(
            f"No search of {choice.metal} {choice.boundary.title} came with this installation: run a small one, or "
            "build a boundary.",
            icon=":material/search_off:",
        )
        instead(SEARCHED, BUILT)
        return None, False
    st.session_state["structure"] = min(st.session_state["structure"], len(dataset) - 1)
    structure = st.number_input(
        "Structure", 0, len(dataset) - 1, key="structure",
        help="Sorted by [n] and energy. A click on a mark of the map picks it, too.",
    )  # fmt: skip
    push, count, seed, pressed = _relaxing(place)
    return ChosenRequest(**asked_of(choice), structure=structure, push=push, count=count, seed=seed), pressed


def _relaxing(place: DeltaGenerator) -> tuple[float, int, int, bool]:
    """The controls that building and choosing share: push, variants, seed, and whether the button was pressed."""
    with pair():
        push = st.number_input(
            "Push (Å)", 0.0, 1.0, 0.0, step=0.1, key="push",
            help="Atoms near the boundary are moved at random by up to this much.",
        )  # fmt: skip
        count = st.number_input(
            "Variants", 1, MAX_PAGE_BOUNDARIES, 1, key="variants",
            help="Each with its own choice of atoms, push and random shift.",
        )  # fmt: skip
    seed = st.number_input("Seed", 0, MAX_SEED, 0, key="gb_seed")
    pressed = place.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
    return float(push), int(count), int(seed), pressed
