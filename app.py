"""The frame of the web app: navigation, title, and what this installation has. Start it with `make app`."""

from pathlib import Path

import streamlit as st

from pages.parts import frame, status

HERE = Path(__file__).parent

st.set_page_config(
    page_title="gcd: crystals out of noise",
    page_icon=str(HERE / "pages/parts/icon.svg"),
    layout="wide",
    menu_items={
        "About": "Crystals and grain boundaries from a voxel diffusion model, after Lei et al., "
        "[arXiv:2408.15601](https://arxiv.org/abs/2408.15601)."
    },
)
st.logo(str(HERE / "pages/parts/logo.svg"), icon_image=str(HERE / "pages/parts/icon.svg"), size="large")

page = frame.navigation()

with st.sidebar:
    status.show_in_sidebar()

page.run()
