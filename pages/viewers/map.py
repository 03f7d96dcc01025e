"""Structures as marks on a map of two quantities; the mark nearest to the pointer is the one that is picked.

Chemiscope's own Streamlit component was tried first: of ten clicks 3 pixels off a mark four picked another structure,
it asks three strangers' servers for scripts, and it sends all structures again at every run of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HTML = """
<div class="map">
  <div class="tools"><select class="y" aria-label="Quantity up"></select> against
    <select class="x" aria-label="Quantity across"></select>
    <button type="button" class="reset">All</button></div>
  <canvas tabindex="0" role="application"></canvas>
  <div class="legend" role="group" aria-label="Shown on the map"></div>
  <div class="said" aria-live="polite"></div>
</div>
"""

_CSS = """
.map { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.8rem; }
.tools { display: flex; gap: 0.25rem; flex-wrap: wrap; align-items: center; margin-bottom: 0.2rem; }
.tools select, .tools button, .legend button { font: inherit; color: inherit; cursor: pointer; padding: 0.1rem 0.35rem;
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: 0.4rem;
  max-width: 5.4rem; }
canvas { width: 100%; height: var(--height); display: block; cursor: crosshair; touch-action: pan-y; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem; }
.legend button { border-color: transparent; max-width: none; }
.legend button::before { content: ""; display: inline-block; width: 0.55rem; height: 0.55rem; margin-right: 0.35rem;
  background: var(--mark); border-radius: 50%; }
.legend button.diamond::before { border-radius: 0; transform: rotate(45deg); }
.legend button[aria-pressed="false"] { opacity: 0.4; text-decoration: line-through; }
.said { opacity: 0.8; min-height: 2.5em; font-variant-numeric: tabular-nums; }
:is(canvas, select, button):focus-visible { outline: 2px solid var(--st-link-color); outline-offset: 1px; }
"""

_component = st.components.v2.component(
    "gcd_map", html=_HTML, css=_CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show_map(
    data: dict[str, Any],
    shown: tuple[str, int] | None,
    *,
    key: str,
    height: str,
    on_pick: Callable[[], None],
) -> None:
    """Draw the map; ``on_pick`` is called when a mark was picked, and finds it with :func:`picked`.

    Args:
        data: from :func:`gcd.views.boundary_map.boundary_map`.
        shown: kind and index of the mark to ring.
        key: of the component.
        height: of the canvas, as CSS.
        on_pick: see above.
    """
    _component(
        key=key,
        data=data | {"shown": list(shown) if shown else None, "height": height},
        on_picked_change=on_pick,
    )


def picked(key: str) -> tuple[str, int] | None:
    """Kind and index of the mark that was just picked; None when the browser sent nothing that makes sense."""
    sent: Any = getattr(st.session_state.get(key), "picked", None)
    try:
        return str(sent["kind"]), int(sent["index"])
    except (TypeError, KeyError, ValueError):
        return None
