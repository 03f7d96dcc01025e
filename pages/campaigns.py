"""Campaigns: those of this server, watched, paused, ended; their energies as they come; and small ones to start."""

import streamlit as st

from gcd.campaigns.control import Places
from gcd.campaigns.served import campaigns_here
from pages.parts.campaigns import starting, watching
from pages.shared import frame

frame.enter()

st.title("Campaigns")
st.caption(
    "Many boundaries, metals and seeds from one file, run by Dask on the cores of a machine or of a cluster. "
    "A campaign goes on when this page is closed; whatever ends it, what is finished stays, and it goes on from there."
)
missing = starting.lacking()
if missing:
    st.warning(missing, icon=":material/inventory_2:")

here = {places.spec.stem: places for places in campaigns_here()}
if st.session_state.get("campaign") not in here:
    st.session_state.pop("campaign", None)
chosen: Places | None = None
if here:
    name = st.selectbox("Campaign", list(here), key="campaign", bind="query-params")
    chosen = here[str(name)]
else:
    st.info(
        "There is no campaign on this server yet: start a small one below, or put the file of one into the folder that "
        "`GCD_CAMPAIGNS` names and run it with `gcd campaign FILE.toml`.",
        icon=":material/rocket_launch:",
    )
if chosen is not None:
    watching.show(chosen)

st.header("Start a small one", anchor="start")
starting.form(disabled=bool(missing))
