"""What the address of the Grain boundaries page holds: one row a control, and the structure that is looked at.

A new control of a form is one row in :data:`FIELDS`, and no ``bind`` (see :mod:`pages.shared.address`).
"""

from __future__ import annotations

import streamlit as st

from gcd.generate import boundary_models
from gcd.limits import MAX_EVALUATIONS, MAX_PAGE_BOUNDARIES, MAX_PAGE_CANDIDATES, MAX_PAGE_SEARCH, MAX_SEED
from gcd.structures.bicrystal_ends import MIN_PAINTED, PAINTED
from gcd.structures.csl import AXES
from gcd.views.boundaries import SEARCH
from pages.parts.boundaries import choice as choices
from pages.parts.boundaries import looking
from pages.parts.boundaries.controls import BUILT, CHOSEN, RELAX, REPAINT, SAMPLED, SOURCES
from pages.parts.boundaries.sampling import MAX_PAINTED, REPEATS
from pages.shared.address import Field, choice, decimal, flag, integer, is_new, read, text, write

MAX_LIFT = 10.0  # Å; the form knows how far the grains may be lifted


def same(*words: str) -> dict[str, str]:
    """Choices that the address calls as the page does."""
    return dict(zip(words, words, strict=True))


FIELDS: dict[str, Field] = {
    # which boundary
    "potential": choice(choices.ZHOU, same(choices.ZHOU, choices.FILE)),
    "metal": text("W"),
    "boundary_from": choice(choices.LIST, same(choices.LIST, choices.OWN)),
    "lower": text(choices.LOWER),
    "upper": text(choices.UPPER),
    "axis": choice("001", {axis: f"[{axis}]" for axis in AXES}),
    "kind": choice("Twist", same(*choices.KINDS)),
    # sampling
    "model": text(None),
    "candidates": integer(4, 1, MAX_PAGE_CANDIDATES),
    "sample_seed": integer(0, 0, MAX_SEED),
    "gb_sampling": choice("Recommended", same("Recommended", "Custom")),
    "gb_nfe": integer(None, 1, MAX_EVALUATIONS),
    "gb_order": integer(None, 1, 3),
    "painted": decimal(round(PAINTED, 1), MIN_PAINTED, MAX_PAINTED),
    "painted_any": decimal(None, MIN_PAINTED, MAX_PAINTED),
    "anyway": flag(False),
    "ask_low": flag(True),
    "wish_n": text("any"),
    "guidance": decimal(None, 0.0, 4.0),
    "gb_cell": choice("1×1", same(*REPEATS)),
    "free_shift": flag(True),
    "free_spacing": flag(True),
    "spacing": decimal(0.0, -MAX_LIFT, MAX_LIFT),
    # building, and relaxing what the search has left
    "random": flag(False),
    "shift_x": decimal(0.0, 0.0, 1.0),
    "shift_y": decimal(0.0, 0.0, 1.0),
    "change": integer(0, -10_000, 10_000),
    "gap": decimal(0.3, -0.2, 3.0),
    "push": decimal(0.0, 0.0, 1.0),
    "variants": integer(1, 1, MAX_PAGE_BOUNDARIES),
    "gb_seed": integer(0, 0, MAX_SEED),
    # searching, and a slab of one's own
    "search_count": integer(8, 1, MAX_PAGE_SEARCH),
    "search_seed": integer(0, 0, MAX_SEED),
    "rescale": flag(False),
    "own_verb": choice(RELAX, same(RELAX, REPAINT)),
    "repaints": integer(16, 1, MAX_PAGE_CANDIDATES),
    "repaint_seed": integer(0, 0, MAX_SEED),
    "repaint_move": flag(False),
    "repaint_anyway": flag(False),
    # the stage
    "part": choice("boundary", {"boundary": "Boundary", "slab": "Whole slab"}),
    "cells": choice(2, {n: f"{n}×{n}" for n in (1, 2, 3)}),
    "gb_bonds": flag(False),
}


def from_address() -> None:
    """Before the first control: what the address says, when the page is opened and when Back has changed it."""
    state = st.session_state
    if not is_new("source"):
        return
    read(FIELDS)
    if "metal" in state:
        state["metal"] = (
            state["metal"].split()[0] if state["metal"].strip() else "W"
        )  # older links: "Mo (bcc)"
    state.update(choices.from_address(st.query_params))
    structure = _number("structure")
    source = st.query_params.get("source")
    if source not in SOURCES:
        source = CHOSEN if structure is not None else SAMPLED if boundary_models() else BUILT
    state["source"] = source
    state["structure"] = structure or 0
    state["seen"] = None
    if structure is not None and source != CHOSEN:
        state["seen"] = (SEARCH, structure)
    for kind in looking.MADE:
        if (index := _number(kind)) is not None:
            state["seen"] = (kind, index)


def to_address() -> None:
    """After the last control: all of it into the address."""
    state = st.session_state
    more = {"source": str(state["source"])}
    if state.get("boundary_from", choices.LIST) == choices.LIST and state.get("boundary"):
        more["boundary"] = str(state["boundary"])
    if state["seen"] is not None:
        kind, index = state["seen"]
        more["structure" if kind == SEARCH else kind] = str(index)
    elif state["source"] == CHOSEN:
        more["structure"] = str(state["structure"])
    write(FIELDS, more)


def _number(name: str) -> int | None:
    words = st.query_params.get(name, "")
    return int(words) if words.isdecimal() and len(words) < 10 else None
