"""The pages there are, and how a page gets into the frame of `app.py` when its link is the first a server sees.

Until `st.navigation` has run once in the server's life, Streamlit takes a folder named `pages` for its older kind of
multipage app and answers a link to a page with the bare script, without the frame, to everyone who comes.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HOUSE = Path(__file__).parents[2]  # where app.py is

_opened = False  # whether st.navigation has run in this process


def navigation() -> st.Page:
    """Declare the pages; gives the one that was asked for. A new page is one entry here and one on Home."""
    global _opened  # noqa: PLW0603 - a fact about the process
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
        ]
    )
    _opened = True
    return page


def enter() -> None:
    """The first line of every page: run again inside the frame if Streamlit is about to show the page alone."""
    if not _opened:
        navigation()  # from here on, and in every session, app.py comes first
        st.rerun()
