"""The encoder's playground: particles on a 2D grid that are dragged, added and removed; Python encodes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

_HTML = """
<div class="playground">
  <svg class="board" role="group" preserveAspectRatio="xMidYMid meet"></svg>
  <div class="tools">
    <button class="add" type="button">Add a particle</button>
    <button class="remove" type="button">Remove it</button>
    <span class="said" aria-live="polite"></span>
  </div>
  <div class="hint">Drag a particle, or pick one and use the arrow keys. A dashed square is its smeared cube:
  the share of it in a cell is what that cell gets.</div>
</div>
"""

_CSS = """
.playground { font-family: var(--st-font); color: var(--st-text-color); }
.board { width: 100%; max-width: 33rem; aspect-ratio: 1; display: block; margin: 0 auto; touch-action: none;
  border-radius: 0.5rem; background: #0b0818; user-select: none; }
.board text { font-family: var(--st-font); font-variant-numeric: tabular-nums; text-anchor: middle;
  dominant-baseline: central; pointer-events: none; }
.board .cube { fill: rgba(95, 212, 232, 0.08); stroke: #5fd4e8; stroke-width: 0.035; stroke-dasharray: 0.12 0.09;
  pointer-events: none; }
.board .particle { fill: #5fd4e8; stroke: #062b33; stroke-width: 0.05; cursor: grab; }
.board .particle.outside { fill: none; stroke: #5fd4e8; }
.board .particle.chosen { stroke: #ffffff; stroke-width: 0.09; }
.board .particle:focus { outline: none; stroke: #ffd27a; stroke-width: 0.12; }
.tools { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; margin-top: 0.6rem; font-size: 0.85rem; }
.tools button { border: 1px solid var(--st-border-color); background: transparent; color: inherit; cursor: pointer;
  border-radius: var(--st-button-radius); padding: 0.3rem 0.7rem; font: inherit; }
.tools button:hover { border-color: var(--st-primary-color); color: var(--st-link-color); }
.said { opacity: 0.8; font-variant-numeric: tabular-nums; }
.hint { font-size: 0.8rem; opacity: 0.7; margin-top: 0.4rem; }
"""

_component = st.components.v2.component(
    "gcd_playground",
    html=_HTML,
    css=_CSS,
    js=Path(__file__).with_name("playground.js").read_text(encoding="utf-8"),
)


def show_playground(
    cells: np.ndarray,
    points: list[tuple[float, float]],
    box: float,
    periodic: bool,
    *,
    key: str,
    most: int,
    on_change: Callable[[], None],
) -> None:
    """Draw the board; ``on_change`` is called when particles were moved, and finds them under ``key``.

    Args:
        cells: (n, n) the encoder's voxels, x first.
        points: particles in Å; those off an open board are drawn hollow.
        box: the board's edge in Å.
        periodic: whether the edges are joined.
        key: of the component; its state ``points`` holds the particles as [[x, y], ...].
        most: particles.
        on_change: see above.
    """
    data: dict[str, Any] = {
        "cells": np.round(cells, 4).tolist(),
        "points": [[round(float(c), 4) for c in point] for point in points],
        "box": box,
        "periodic": periodic,
        "most": most,
    }
    _component(key=key, data=data, on_points_change=on_change)


def moved_points(key: str) -> list[tuple[float, float]]:
    """The particles after the last move; empty when the browser sent nothing that makes sense."""
    sent = getattr(st.session_state.get(key), "points", None)
    try:
        points = [(float(x), float(y)) for x, y in sent or []]
    except (TypeError, ValueError):
        return []
    return [point for point in points if np.isfinite(point).all()]
