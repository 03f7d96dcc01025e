"""The pages there are, and how a page gets into the frame of `app.py` when its link is the first a server sees.

Until `st.navigation` has run once in the server's life, Streamlit takes a folder named `pages` for its older kind of
multipage app and answers a link to a page with the bare script, without the frame, to everyone who comes.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HOUSE = Path(__file__).parents[2]  # where app.py is
ICON, LOGO = (str(Path(__file__).with_name(name)) for name in ("icon.svg", "logo.svg"))
ABOUT = (
    "Crystals and grain boundaries from a voxel diffusion model, after Lei et al., "
    "[arXiv:2408.15601](https://arxiv.org/abs/2408.15601)."
)

_opened = False  # whether st.navigation has run in this process


def navigation() -> st.Page:
    """Declare title and pages; gives the page that was asked for. A new page is one entry here and one on Home."""
    global _opened  # noqa: PLW0603 - a fact about the process
    # Before the navigation: without an icon of our own the browser would fetch the page's from a stranger's server.
    st.set_page_config(
        page_title="gcd: crystals out of noise", page_icon=ICON, layout="wide", menu_items={"About": ABOUT}
    )
    st.logo(LOGO, icon_image=ICON, size="large")
    page = st.navigation(
        [
            st.Page(
                HOUSE / "pages/home.py",
                title="Home",
                icon=":material/home:",
                default=True,
                help="Make a crystal with one button; what each page is for; what is installed and what is missing.",
            ),
            st.Page(
                HOUSE / "pages/crystals.py",
                title="Crystals",
                icon=":material/grain:",
                help="Choose phase, element and supercell, watch voxels condense, inspect and download the crystals.",
            ),
            st.Page(
                HOUSE / "pages/particle_or_voxel.py",
                title="Particle or voxel",
                icon=":material/compare:",
                help="The same phase from both models side by side, and how much disorder a particle model can undo.",
            ),
            st.Page(
                HOUSE / "pages/boundaries.py",
                title="Grain boundaries",
                icon=":material/join_inner:",
                help="Paint new boundaries, build one or pick one of the search; relax it, and see what it costs.",
            ),
            st.Page(
                HOUSE / "pages/how_it_works.py",
                title="How it works",
                icon=":material/school:",
                help="Play with the encoder, the noise, the solver and the decoder, one step of the method at a time.",
            ),
            st.Page(
                HOUSE / "pages/your_structure.py",
                title="Your structure",
                icon=":material/upload_file:",
                help="Encode, decode and analyse an example or a file of your own, and relax it when it is a slab.",
            ),
            st.Page(
                HOUSE / "pages/denoising.py",
                title="Denoising",
                icon=":material/movie:",
                help="Scrub and play a crystal's way from noise: slices, surface, and the atoms found at each step.",
            ),
            st.Page(
                HOUSE / "pages/health.py",
                title="Health",
                icon=":material/monitor_heart:",
                help="What this server is doing now, its limits, and what is installed.",
            ),
        ]
    )
    _opened = True
    return page


def enter() -> None:
    """The first line of every page: run again inside the frame if Streamlit is about to show the page alone."""
    if not _opened:
        navigation()  # from here on, and in every session, app.py comes first
        st.rerun()
