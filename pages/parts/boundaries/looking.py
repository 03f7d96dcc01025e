"""Which structure the reader looks at: a mark of the map or a row of the table, kept as kind and index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from gcd.search.dataset import BoundaryDataset
from gcd.views.boundaries import SEARCH
from pages.parts.boundaries.controls import CHOSEN
from pages.parts.boundaries.outcome import Outcome
from pages.viewers.map import picked

MADE = ("candidate", "proposal", "variant")  # kinds that a job makes: the nouns of outcomes
MAP, TABLE = "gb_map", "gb_table"  # keys of the two


@dataclass(frozen=True)
class Look:
    """What is on the stage: a structure of the search, one of a run, or neither: what the form describes."""

    seen: int | None = None  # of the search
    run: Outcome | None = None
    index: int = 0  # in the run

    @property
    def mark(self) -> tuple[str, int] | None:
        """Kind and index, as the map has them."""
        if self.seen is not None:
            return SEARCH, self.seen
        return None if self.run is None else (self.run.noun, self.index)


def look_at(kind: str, index: int) -> None:
    """Look at a structure from now on."""
    state = st.session_state
    if kind == SEARCH and state["source"] == CHOSEN:
        state["structure"], state["seen"] = index, None  # the form has a number for it
    elif kind in (SEARCH, *MADE):
        state["seen"] = (kind, index)


def picked_on_map() -> None:
    """A mark was picked."""
    if (mark := picked(MAP)) is not None:
        look_at(*mark)


def picked_in_table(kind: str) -> None:
    """A row was selected; selecting it again leaves it."""
    rows = st.session_state[TABLE]["selection"]["rows"]
    if rows:
        look_at(kind, int(rows[0]))


def what_is_seen(dataset: BoundaryDataset | None, runs: Mapping[str, Outcome], own: Outcome | None) -> Look:
    """What is on the stage.

    Args:
        dataset: of the chosen boundary.
        runs: noun -> outcome about that boundary.
        own: the outcome of the form that is open, whose best is seen when nothing else was picked.
    """
    state = st.session_state
    kind, index = state["seen"] or ("", 0)
    if kind == SEARCH and dataset is not None:
        return Look(seen=min(index, len(dataset) - 1))
    if kind in runs and runs[kind].before:
        run = runs[kind]
        return Look(run=run, index=min(index, len(run.before) - 1))
    if own is not None and own.before:
        return Look(run=own, index=own.best)
    if state["source"] == CHOSEN and dataset is not None:
        return Look(seen=min(state["structure"], len(dataset) - 1))
    return Look()
