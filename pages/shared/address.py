"""A page's controls in its address, and back: one row a control, and the browser's Back brings the page back too.

Streamlit's own bound widgets lose the address as soon as a script writes to it as well (a page where a click on a plot
chooses a structure has to), and do not follow Back. So such a page declares its controls here, reads them before its
first widget, and writes them after its last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


@dataclass(frozen=True)
class Field:
    """One control: what it is when the address says nothing, and what it may be.

    A default of None is for controls whose default follows from others: the address always says them.
    """

    default: Any
    kind: type = str
    low: float = -math.inf
    high: float = math.inf
    words: Mapping[Any, str] | None = None  # value -> as the address says it; only these are legal

    def read(self, text: str) -> Any:
        """The value that the address says; None where it says nothing legal."""
        if self.words is not None:
            return next((value for value, word in self.words.items() if word == text), None)
        if self.kind is bool:
            return {"true": True, "false": False}.get(text.lower())
        if self.kind is str:
            return text[:200]
        try:
            number = self.kind(text)
        except ValueError:
            return None
        return number if self.low <= number <= self.high else None

    def write(self, value: Any) -> str:
        """The value as the address says it."""
        if self.words is not None:
            return self.words.get(value, "")
        return str(value).lower() if self.kind is bool else str(value)


def integer(default: int | None, low: int, high: int) -> Field:
    """A whole number within limits."""
    return Field(default, int, low, high)


def decimal(default: float | None, low: float, high: float) -> Field:
    """A number within limits."""
    return Field(default, float, low, high)


def flag(default: bool) -> Field:
    """A toggle."""
    return Field(default, bool)


def choice(default: Any, words: Mapping[Any, str]) -> Field:
    """One of several, with the word that the address has for each."""
    return Field(default, words=words)


def text(default: str | None) -> Field:
    """Words; what they may be is checked where they are used."""
    return Field(default)


def is_new(anchor: str) -> bool:
    """Whether the address has something to say: on a page just opened, or after Back or Forward in the browser.

    ``anchor`` is the key of a control that the page always shows.
    """
    back = bool(getattr(get_script_run_ctx(), "is_history_navigation", False))
    return back or anchor not in st.session_state


def read(fields: Mapping[str, Field]) -> None:
    """Fill the controls in from the address; those that it does not name get their defaults back."""
    state = st.session_state
    for key, field in fields.items():
        said = st.query_params.get(key)
        value = None if said is None else field.read(said)
        if value is not None:
            state[key] = value
        elif key in state:  # as Back goes to an address without it
            if field.default is None:
                del state[key]
            else:
                state[key] = field.default


def write(fields: Mapping[str, Field], more: Mapping[str, str]) -> None:
    """Put the controls that are not at their defaults into the address, and ``more``; what else was there goes."""
    state = st.session_state
    wanted = {
        key: field.write(state[key])
        for key, field in fields.items()
        if key in state and state[key] is not None and state[key] != field.default
    }
    wanted = {name: value for name, value in (wanted | dict(more)).items() if value}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
