"""The table of the Grain boundaries page: one row a structure, and a click on a row shows it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import as_fraction
from gcd.views.boundaries import SEARCH
from pages.parts.boundaries.bench import TABLE_HEIGHT
from pages.parts.boundaries.looking import TABLE, picked_in_table
from pages.parts.boundaries.outcome import Outcome

_UNITS = {
    "E_gb": "J/m²", "E_gb before": "J/m²", "closest pair": "Å", "shift x": "Å", "shift y": "Å", "spacing": "Å",
}  # fmt: skip


def show_run(run: Outcome, index: int) -> None:
    """One row a structure of a run; the one that is seen is selected."""
    rows = run.table()
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "seconds": number(format="%.2f"),
        "restarts": number(format="%d", help="How often it was painted again because atoms were too close."),
        "same as": number(
            format="%d", help="The first candidate with the same boundary, atom by atom; planes beside it do not count."
        ),
        "reason": st.column_config.TextColumn(width="large"),
    }  # fmt: skip
    for name, unit in _UNITS.items():
        digits = "%.3f" if unit == "J/m²" else "%.2f"
        columns[name] = number(f"{name} ({unit})", format=digits)
    if not any(row.get("reason") for row in rows):
        columns["reason"] = None  # nothing failed, nothing to say
    _show(rows, index, run.noun, columns)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={BoundaryDataset: id})
def _rows_of(dataset: BoundaryDataset) -> list[dict[str, Any]]:
    atoms = dataset.arrays["offsets"][1:] - dataset.arrays["offsets"][:-1]
    return [
        {"structure": i, "[n]": float(n), "E_gb": float(egb), "atoms": int(count)}
        for i, (n, egb, count) in enumerate(zip(dataset.n, dataset.egb, atoms, strict=True))
    ]


def show_search(dataset: BoundaryDataset, seen: int | None) -> None:
    """One row a structure that the search has left."""
    columns = {"E_gb": st.column_config.NumberColumn("E_gb (J/m²)", format="%.3f")}
    _show(_rows_of(dataset), seen, SEARCH, columns)


def _show(rows: list[dict[str, Any]], seen: int | None, kind: str, columns: dict[str, Any]) -> None:
    written = [row | {"[n]": "" if row["[n]"] is None else as_fraction(round(row["[n]"], 6))} for row in rows]
    st.session_state[TABLE] = {
        "selection": {"rows": [] if seen is None else [seen], "columns": [], "cells": []}
    }
    st.dataframe(
        written, hide_index=True, placeholder="", alt=f"One row a {kind}", column_config=columns, key=TABLE,
        height=TABLE_HEIGHT, on_select=lambda: picked_in_table(kind), selection_mode="single-row",
    )  # fmt: skip
