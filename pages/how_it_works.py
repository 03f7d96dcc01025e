"""How it works: the encoder, the decoder and the diffusion between them, each to be played with."""

import streamlit as st

from pages.parts.how_it_works.decoder import show_decoder, show_resolution
from pages.parts.how_it_works.diffusion import show_schedule, show_solver
from pages.parts.how_it_works.encoder import show_board, show_crystal
from pages.parts.how_it_works.ends import show_ends
from pages.shared import frame

frame.enter()

PARTS = {
    "Atoms to voxels": show_board,
    "In 3D": show_crystal,
    "Noise": show_schedule,
    "The way back": show_solver,
    "Voxels to atoms": show_decoder,
    "How small is L": show_resolution,
    "Why the ends are enough": show_ends,
}

st.title("How it works")
st.caption(
    "From atoms to voxels, from voxels to noise, and back again: each step of the method with the control that "
    "moves it. "
    "Every picture is computed by the code that makes the crystals."
)
for tab, show in zip(
    st.tabs(list(PARTS), key="part", on_change="rerun", bind="query-params"), PARTS.values(), strict=True
):
    if tab.open:
        with tab:
            show()
