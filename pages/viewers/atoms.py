"""Atoms in 3D on a page: 3Dmol from the app's own static folder, else from its CDN, else a plotly figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from gcd.views.atoms import VIEWER_SCRIPT, atoms_figure, cdn_address
from gcd.views.style import config

STATIC_LIBRARY = "app/static/3Dmol-min.js"
_HERE = Path(__file__).parent

_HTML = """
<div class="viewer">
  <div class="stage" role="img"></div>
  <div class="legend" hidden><span class="low"></span><span class="bar"></span><span class="high"></span>
  <span class="what"></span></div>
  <div class="note" aria-live="polite">Loading the 3D view …</div>
  <div class="hint">drag or arrow keys: turn · click, then scroll, or + and −: zoom · click an atom</div>
</div>
"""

_CSS = """
.viewer { position: relative; font-family: var(--st-font); color: var(--st-text-color); }
.viewer[data-problem] { display: none; }
.stage { position: relative; width: 100%; height: min(var(--height), 92vw); cursor: grab; touch-action: pan-y; }
.stage:active { cursor: grabbing; }
.note, .hint { font-size: 0.8rem; opacity: 0.7; min-height: 1.2em; text-align: center; }
.note:empty { display: none; }
.note:not(:empty) + .hint { display: none; }
.legend { display: flex; gap: 0.5rem; justify-content: center; align-items: center; font-size: 0.8rem; }
.legend[hidden] { display: none; }
.legend .bar { width: 7rem; height: 0.6rem; border-radius: 0.3rem; }
.legend .what { opacity: 0.75; }
"""

_component = st.components.v2.component(
    "gcd_atoms",
    html=_HTML,
    css=_CSS,
    js=VIEWER_SCRIPT.read_text(encoding="utf-8") + "\n" + (_HERE / "atoms.js").read_text(encoding="utf-8"),
)


def static_library() -> Path:
    """Where set-up puts 3Dmol.js: the static folder beside app.py, which Streamlit serves."""
    return _HERE.parent.parent / "static" / "3Dmol-min.js"


def loader_script(name: str) -> str:
    """The script of that name behind what atoms.js says before its own component: how 3Dmol.js is loaded."""
    loader, _, _ = (_HERE / "atoms.js").read_text(encoding="utf-8").partition("export default function")
    return loader + "\n" + (_HERE / name).read_text(encoding="utf-8")


def show_atoms(scene: dict[str, Any], *, key: str, height: int = 480, group: str = "") -> None:
    """Draw a scene of :func:`gcd.views.atoms.scene`; the camera stays put when the scene changes.

    Viewers of one ``group`` turn together. At most three to a page, since browsers keep few WebGL contexts.
    """
    libraries = [STATIC_LIBRARY] if static_library().is_file() else []
    result = _component(
        key=key,
        data={"scene": scene, "height": height, "group": group, "libraries": [*libraries, cdn_address()]},
        on_problem_change=lambda: None,
    )
    if result.problem == "webgl":
        st.info(
            "This browser offers no WebGL, which 3D views need; the slices show the structure without it."
        )
    elif result.problem:
        figure = atoms_figure(scene, height=height)
        st.plotly_chart(figure, key=f"{key}_plotly", config=config("atoms"), alt=scene["name"])
        st.caption(
            "3Dmol.js could not be loaded, so this is a simpler view; `make setup` brings the library along."
        )
