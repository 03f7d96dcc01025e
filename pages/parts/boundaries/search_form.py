"""The form that searches for structures of a boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gcd.limits import MAX_PAGE_SEARCH, MAX_SEED
from gcd.requests import SearchRequest
from pages.parts.boundaries.choice import Choice
from pages.parts.boundaries.controls import asked_of, pair

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def searching(choice: Choice, place: DeltaGenerator) -> tuple[SearchRequest, bool]:
    """What to search for, and whether the button was pressed."""
    with pair():
        count = st.number_input(
            "Candidates", 1, MAX_PAGE_SEARCH, 8, key="search_count",
            help="Each with a random shift, atoms taken out or put in, most annealed before they are relaxed: some "
            "seconds of one core each. `gcd search` takes any number.",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, MAX_SEED, 0, key="search_seed")
    low, high = st.select_slider(
        "Molecular dynamics (steps of 2 fs)", [300, 1000, 3000, 10_000, 30_000], (300, 3000), key="search_steps",
        help="Log-uniform between the two, at 1,000 to 2,500 K. Longer runs find lower energies, and cost more.",
    )  # fmt: skip
    pressed = place.button(
        "Search", type="primary", icon=":material/travel_explore:", key="search_button", width="stretch"
    )
    return SearchRequest(**asked_of(choice), count=count, seed=seed, md_steps=(low, high)), pressed
