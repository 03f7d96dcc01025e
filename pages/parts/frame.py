"""A page belongs in the frame that `app.py` draws, also when its link is the first that a fresh server sees."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def enter() -> None:
    """Run the page again inside the frame if Streamlit is about to show it alone.

    Until `st.navigation` has been called once, Streamlit takes a folder named `pages` for its older kind of
    multipage app and answers a link to a page with the bare script.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
