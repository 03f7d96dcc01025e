"""What the forms of the Grain boundaries page share: where a boundary can come from, its shift, and its engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gcd.energetics import lammps
from gcd.energetics.boundary_energy import choose_engine
from pages.parts.boundaries.choice import Choice

SAMPLED, BUILT, CHOSEN = "sample", "build", "search"  # where a boundary comes from; the words of links
SEARCHED, UPLOADED = "find", "upload"
SOURCES = {
    SAMPLED: ":material/auto_awesome: Sample",
    BUILT: ":material/construction: Build",
    SEARCHED: ":material/travel_explore: Search",
    CHOSEN: ":material/search: From search",
    UPLOADED: ":material/upload_file: Your slab",
}
RELAX, REPAINT = "Relax", "Repaint"  # what is done with a slab of one's own
RANDOM = "Drawn for each candidate, near that of a structure that the model has learnt from."


def pair() -> Any:
    """Room for controls two by two, or one by one where it is narrow."""
    return st.grid(2, min_column_width=100, gap="small")


def asked_of(choice: Choice) -> dict[str, Any]:
    """What every request about the chosen boundary begins with."""
    return {"boundary": choice.word, "metal": choice.metal, "potential": choice.potential}


def within(key: str, low: float, high: float) -> None:
    """Before a number is asked for: what an address says of it has to lie in limits that depend on other controls."""
    if st.session_state.get(key) is not None and not low <= st.session_state[key] <= high:
        del st.session_state[key]


def go_to(source: str) -> None:
    """Another place that a boundary can come from."""
    st.session_state["source"] = source


def instead(*sources: str) -> None:
    """Buttons to other places that a boundary can come from, where one has nothing to offer."""
    with st.container(horizontal=True):
        for source in sources:
            st.button(SOURCES[source], key=f"instead_{source}", on_click=go_to, args=(source,))


def in_plane_shift(choice: Choice, *, default: bool) -> tuple[float, float] | None:
    """The upper grain's shift along x and y in Å, asked for in edges of the cell; None: at random."""
    random = st.toggle(
        "Random shift of the upper grain", value=default, key="free_shift" if default else "random",
        help=RANDOM if default else None,
    )  # fmt: skip
    if random:
        return None
    edges = choice.boundary.edges * choice.lattice_constant
    with pair():
        x, y = (
            st.number_input(
                f"Shift along {axis}", 0.0, 1.0, 0.0, step=0.05, key=f"shift_{axis}",
                help=f"Of the upper grain, in edges of the cell ({edge:.3f} Å).",
            )
            for axis, edge in zip("xy", edges, strict=True)
        )  # fmt: skip
    return round(float(x * edges[0]), 4), round(float(y * edges[1]), 4)


def say_engine(potential: Any) -> None:
    """Without LAMMPS, say so and what is done instead."""
    if (reason := lammps.missing()) is None:
        return
    try:
        engine = choose_engine("auto", potential)
    except ValueError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    st.caption(f"{reason} Relaxation is done in {engine} instead, which is slower.")
