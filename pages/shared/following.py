"""Controls that follow the data: set anew to what fits whenever what they speak of has changed."""

from __future__ import annotations

from typing import Any

import streamlit as st


def follow(key: str, value: Any, source: str) -> None:
    """Set the control of that key to a value when the data are others than before.

    Called before the control is drawn. A widget's own default counts only once in a session; and what a link asked for,
    or a person has chosen, holds for the data that it was chosen for.

    Args:
        key: of the control.
        value: what fits the data.
        source: names the data; as long as it stays the same the control is left alone.
    """
    seen = f"{key}_follows"
    if st.session_state.get(seen, source) != source:
        st.session_state[key] = value
    st.session_state[seen] = source
