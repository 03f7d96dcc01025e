"""Two trajectories of atoms on a page, in one linked 3Dmol grid, played and scrubbed together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from gcd.views.atoms import cdn_address
from pages.viewers.atoms import STATIC_LIBRARY, static_library

_HERE = Path(__file__).parent

_HTML = """
<div class="duet">
  <div class="captions">
    <div class="caption"><span class="title"></span> <span class="count"></span></div>
    <div class="caption"><span class="title"></span> <span class="count"></span></div>
  </div>
  <div class="stage" role="img"></div>
  <div class="controls" hidden>
    <button class="play" type="button" aria-label="play">▶</button>
    <input class="scrub" type="range" min="0" max="0" value="0" aria-label="step" />
  </div>
  <div class="legend"><span class="low"></span><span class="bar"></span><span class="high"></span>
  <span class="what"></span></div>
</div>
"""

_CSS = """
.duet { font-family: var(--st-font); color: var(--st-text-color); }
.duet[data-problem] { display: none; }
.captions { display: flex; }
.caption { flex: 1; text-align: center; font-size: 0.85rem; min-height: 2.4em; }
.caption .title { font-weight: 600; display: block; }
.caption .count { opacity: 0.8; font-variant-numeric: tabular-nums; }
.stage { position: relative; width: 100%; height: min(var(--height), 60vw); min-height: 15rem; cursor: grab;
  touch-action: pan-y; }
.stage:active { cursor: grabbing; }
.controls { display: flex; gap: 0.6rem; align-items: center; padding: 0.3rem 0; }
.controls[hidden] { display: none; }
.scrub { flex: 1; accent-color: var(--st-link-color); min-width: 4rem; }
.play { border: 1px solid var(--st-border-color); background: transparent; color: inherit; cursor: pointer;
  border-radius: var(--st-button-radius); width: 2.2rem; height: 1.8rem; font-size: 0.7rem; }
.legend { display: flex; gap: 0.5rem; justify-content: center; align-items: center; font-size: 0.8rem;
  flex-wrap: wrap; }
.legend .bar { width: 7rem; height: 0.6rem; border-radius: 0.3rem; }
.legend .what { opacity: 0.75; text-align: center; }
"""


def _script() -> str:
    """The loader of atoms.js without its component, and the player."""
    loader, _, _ = (_HERE / "atoms.js").read_text(encoding="utf-8").partition("export default function")
    return loader + "\n" + (_HERE / "duet.js").read_text(encoding="utf-8")


_component = st.components.v2.component("gcd_duet", html=_HTML, css=_CSS, js=_script())


def show_duet(film: dict[str, Any], *, key: str, height: int = 360) -> None:
    """Draw what :func:`gcd.views.trajectory.trajectories` gives, at its last moment; the camera stays put.

    Without 3Dmol or WebGL a sentence says so, and the last moments are drawn as seen along z.
    """
    libraries = [STATIC_LIBRARY] if static_library().is_file() else []
    result = _component(
        key=key,
        data={"film": film, "height": height, "libraries": [*libraries, cdn_address()]},
        on_problem_change=lambda: None,
    )
    if result.problem:
        what = "no WebGL" if result.problem == "webgl" else "no 3Dmol.js (`make setup` brings it along)"
        st.info(f"There is {what} here, so no 3D view: the atoms as seen along z instead.")
        _flat(film, key)


def _flat(film: dict[str, Any], key: str) -> None:
    import plotly.graph_objects as go

    from gcd.views.style import config, layout

    for number, (panel, column) in enumerate(zip(film["panels"], st.columns(2), strict=True)):
        frame = panel["frames"][-1] if panel["frames"] else {"xyz": [], "shades": [], "label": ""}
        xyz = np.reshape(frame["xyz"], (-1, 3))
        colours = [film["palette"][shade] for shade in frame["shades"]]
        figure = go.Figure(
            go.Scatter(x=xyz[:, 0], y=xyz[:, 1], mode="markers", marker={"color": colours, "size": 9})
        )
        figure.update_layout(layout(height=320))
        figure.update_yaxes(scaleanchor="x", title="y (Å)")
        figure.update_xaxes(title="x (Å)")
        column.markdown(f"**{panel['title']}** {len(colours)} atoms · {frame['label']}")
        column.plotly_chart(figure, key=f"{key}_flat_{number}", config=config("atoms"), alt=panel["title"])
