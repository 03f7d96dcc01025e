"""A campaign as it gets on: numbers, boundaries, energies, failures, and what it can be told."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from gcd.campaigns.control import Places, tell
from gcd.campaigns.read_shockley import fit_read_shockley
from gcd.campaigns.served import ACTIVE, run_on_server
from gcd.campaigns.status import status_of
from gcd.campaigns.store import StoreError
from gcd.views.campaigns import angle_figure, candidates_figure
from gcd.views.style import config
from pages.parts.campaigns import rows
from pages.parts.campaigns.opened import show_structure

SECONDS = 3.0  # between two looks at one that runs
ICONS = {
    "running": "play_circle",
    "paused": "pause_circle",
    "done": "check_circle",
    "starting": "hourglass_top",
}
MOST_ROWS = 1_000
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def show(places: Places) -> None:
    """Everything about one campaign."""
    state = _state(places)
    active = state is not None and state["state"] in ACTIVE
    st.fragment(_numbers, run_every=SECONDS if active else None)(places)
    _controls(places, state)
    if state is None or not state["groups"]:
        return
    st.fragment(_energies, run_every=3 * SECONDS if active else None)(places)
    _downloads(places)


def _state(places: Places) -> dict[str, Any] | None:
    try:
        return status_of(places)
    except StoreError:
        return None


def _numbers(places: Places) -> None:
    state = _state(places)
    if state is None:
        st.caption("It has not been run yet.")
        return
    was = st.session_state.get("campaign_state")
    st.session_state["campaign_state"] = (places.store, state["state"])
    if was not in (None, (places.store, state["state"])) and was[0] == places.store:
        st.rerun()  # its buttons are others now
    with st.grid(6, min_column_width=110):
        st.metric("State", state["state"].capitalize())
        st.metric("Done", f"{state['done']:,} of {state['total']:,}")
        st.metric(
            "Distinct", f"{state['distinct']:,}", help="Told by energy, [n] and the distances between atoms."
        )
        st.metric("Failed", f"{state['failed']:,}")
        st.metric("Core-seconds", f"{state['core_seconds']:,.0f}")
        busy = f"{state['busy']} of {state['threads']}" if state["threads"] else "none"
        st.metric("Cores busy", busy)
    if state["total"]:
        st.progress(min(1.0, state["done"] / state["total"]), text="Candidates that are finished")
    if state["message"]:
        st.warning(state["message"], icon=":material/info:")
    if state["groups"]:
        st.dataframe(
            [_row(group) for group in state["groups"][:MOST_ROWS]],
            hide_index=True,
            column_config={
                "progress": st.column_config.ProgressColumn(
                    "progress", format="percent", min_value=0, max_value=1
                ),
                "lowest E_gb (J/m²)": st.column_config.NumberColumn(format="%.4f"),
                "core-s": st.column_config.NumberColumn(format="%.0f"),
            },
            alt="Progress and lowest energy of each boundary",
        )


def _row(group: dict[str, Any]) -> dict[str, Any]:
    return {
        "boundary": group["title"],
        "metal": group["metal"],
        "progress": group["done"] / group["total"] if group["total"] else 0.0,
        "lowest E_gb (J/m²)": group["lowest"],
        "distinct": group["distinct"],
        "failed": group["failed"],
        "core-s": group["core_seconds"],
        "ended early": group["stopped"],
    }


# --- What it can be told ------------------------------------------------------------------------------------


def _controls(places: Places, state: dict[str, Any] | None) -> None:
    word = "" if state is None else state["state"]
    if not _may_tell(places):
        st.caption("On a server for others a campaign is paused and ended by whoever started it.")
        return
    with st.container(horizontal=True):
        if word in ("running", "starting"):
            st.button("Pause", icon=":material/pause:", on_click=partial(_tell, places, "pause"))
        if word == "paused":
            st.button("Go on", icon=":material/play_arrow:", on_click=partial(_tell, places, "run"))
        if word in ACTIVE:
            st.button("Cancel", icon=":material/stop:", on_click=partial(_tell, places, "cancel"))
        elif word != "done":
            st.button(
                "Run it" if state is None else "Resume",
                icon=":material/play_arrow:",
                on_click=partial(_run, places),
            )
        if word in ACTIVE and state is not None and state["dashboard"]:
            st.link_button("Dask's dashboard", state["dashboard"], icon=":material/dashboard:")
    if told := st.session_state.pop("campaign_told", ""):
        st.caption(told)


def _may_tell(places: Places) -> bool:
    """Whether this reader runs the server, which then only this machine can reach, or has started the campaign."""
    own = st.session_state.get("campaigns_started", ())
    return st.get_option("server.address") in THIS_MACHINE or places.spec.stem in own


def _tell(places: Places, word: str) -> None:
    tell(places, word)
    st.session_state["campaign_told"] = {
        "pause": "Told to pause: bundles under way are finished first.",
        "run": "Told to go on.",
        "cancel": "Told to end: what is finished stays.",
    }[word]


def _run(places: Places) -> None:
    try:
        run_on_server(places)
    except ValueError as error:
        st.session_state["campaign_told"] = str(error)
    else:
        st.session_state["campaign_told"] = "It starts: its workers need a few seconds."


# --- Energies -----------------------------------------------------------------------------------------------


def _energies(places: Places) -> None:
    state = _state(places)
    found = rows.kept(places.store)
    if state is None or not found.by_group:
        return
    curves = _curves(state)
    left, right = st.columns(2, gap="large")
    picked = ""
    if curves:
        with left:
            st.subheader("E_gb against angle", anchor="angle")
            laws = {}
            for label, points in curves.items():
                law = fit_read_shockley([(p[0], p[1]) for p in points])
                if law is not None:
                    laws[label] = [(k / 4, law.energy(k / 4)) for k in range(1, 61)]
            event = st.plotly_chart(
                angle_figure(curves, laws), key="campaign_angle", on_select="rerun", selection_mode="points",
                config=config("egb-angle"), alt="Lowest boundary energy against angle",
            )  # fmt: skip
            picked = _picked(event)
    with right if curves else st.container():
        st.subheader("E_gb against [n]", anchor="n")
        groups = [group["group"] for group in state["groups"] if group["group"] in found.by_group]
        titles = {group["group"]: f"{group['title']}, {group['metal']}" for group in state["groups"]}
        group = str(st.selectbox("Boundary", groups, format_func=lambda g: titles[g], key="campaign_group"))
        event = st.plotly_chart(
            candidates_figure(found.by_group[group]), key="campaign_n", on_select="rerun", selection_mode="points",
            config=config("egb-n"), alt="Energies of the candidates against n",
        )  # fmt: skip
        picked = _picked(event) or picked
    if found.failures:
        with st.expander(f"Failures by kind: {sum(found.failures.values()):,}"):
            st.dataframe(
                [{"reason": kind, "candidates": count} for kind, count in found.failures.items()],
                hide_index=True, alt="Why candidates failed",
            )  # fmt: skip
    if picked:
        show_structure(places.store, picked)
    else:
        st.caption("Click a point to open its structure.")


def _picked(event: Any) -> str:
    points = (event or {}).get("selection", {}).get("points", [])
    names = [point["customdata"][0] for point in points if point.get("customdata")]
    return str(names[0]) if names else ""


def _curves(state: dict[str, Any]) -> dict[str, list[tuple[float, float, str, str]]]:
    """Lowest E_gb by angle, for each metal and potential with more than one angle."""
    curves: dict[str, list[tuple[float, float, str, str]]] = {}
    for group in state["groups"]:
        if group["lowest"] is None or group["angle"] is None or math.isinf(group["lowest"]):
            continue
        kind = "twist" if "twist" in group["title"] else "tilt" if "tilt" in group["title"] else ""
        label = f"{group['metal']} {kind}" + (
            "" if group["potential"] == "zhou2004" else f", {group['potential']}"
        )
        point = (float(group["angle"]), float(group["lowest"]), f"Σ{group['sigma']}", group["lowest_name"])
        curves.setdefault(label, []).append(point)
    return {label: points for label, points in curves.items() if len({p[0] for p in points}) > 1}


# --- Downloads ----------------------------------------------------------------------------------------------


def _downloads(places: Places) -> None:
    path = Path(places.store)
    if not path.is_file():
        return
    stem, changed = places.spec.stem, path.stat().st_mtime_ns
    kinds = {
        "csv": ("Table", "text/csv"),
        "extxyz": ("Structures", "chemical/x-xyz"),
        "html": ("Report", "text/html"),
    }
    with st.container(horizontal=True):
        for form, (label, mime) in kinds.items():
            st.download_button(
                f"{label} ({form})", partial(rows.export, places.store, form, changed), f"{stem}.{form}", mime,
                icon=":material/download:", on_click="ignore", key=f"campaign_{form}",
            )  # fmt: skip
        st.download_button(
            "The campaign's file (toml)", places.spec.read_bytes(), places.spec.name, "application/toml",
            icon=":material/download:", on_click="ignore", key="campaign_toml",
        )  # fmt: skip
