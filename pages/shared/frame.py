"""The pages there are, and how a page gets into the frame of `app.py` when its link is the first a server sees.

Until `st.navigation` has run once in the server's life, Streamlit takes a folder named `pages` for its older kind of
multipage app and answers a link to a page with the bare script, without the frame, to everyone who comes.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.shared import strangers
from pages.shared.index import INDEX

HOUSE = Path(__file__).parents[2]  # where app.py is
ICON, LOGO = (str(Path(__file__).with_name(name)) for name in ("icon.svg", "logo.svg"))
ABOUT = (
    "Crystals and grain boundaries from a voxel diffusion model, after Lei et al., "
    "[arXiv:2408.15601](https://arxiv.org/abs/2408.15601)."
)

# What Streamlit's themes leave out. The accent carries white text on buttons, and so is too dark for text on a dark
# ground: what is chosen is written in the colour of links. And whatever Tab reaches shows that it has been reached.
STYLE = """<style>
:is([role="radio"][aria-checked="true"], [role="tab"][aria-selected="true"], [data-testid="stSliderThumbValue"]),
[role="radio"][aria-checked="true"] p {
  color: light-dark(#0B6E74, #5CC3C7) !important;
}
:is(a, button, summary):focus-visible, label:has([type="checkbox"]:focus-visible) {
  outline: 2px solid light-dark(#0B6E74, #5CC3C7) !important; outline-offset: 1px !important;
}
[data-testid="stElementToolbar"]:has(:focus-visible) { opacity: 1; }
</style>"""

_opened = False  # whether st.navigation has run in this process


def navigation() -> st.Page:
    """Declare title and pages; gives the page that was asked for."""
    global _opened  # noqa: PLW0603 - a fact about the process
    if not _opened:
        strangers.keep_apart()
    # Before the navigation: without an icon of our own the browser would fetch the page's from a stranger's server.
    st.set_page_config(
        page_title="gcd: crystals out of noise", page_icon=ICON, layout="wide", menu_items={"About": ABOUT}
    )
    st.html(STYLE)
    st.logo(LOGO, icon_image=ICON, size="large")
    page = st.navigation(
        [
            st.Page(
                HOUSE / entry.path,
                title=entry.title,
                icon=entry.icon,
                default=entry.name == "home",
                help=entry.help,
            )
            for entry in INDEX.values()
        ]
    )
    _opened = True
    return page


def enter() -> None:
    """The first line of every page: run again inside the frame if Streamlit is about to show the page alone."""
    if not _opened:
        navigation()  # from here on, and in every session, app.py comes first
        st.rerun()
