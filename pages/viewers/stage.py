"""The stage: one or two bicrystals side by side, in parallel projection, edge-on until the reader turns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from gcd.views.atoms import atoms_figure, cdn_address
from gcd.views.style import config
from pages.viewers.atoms import STATIC_LIBRARY, loader_script, static_library

_PANEL = """<div class="viewer" hidden><div class="title"></div>
  <div class="frame"><div class="stage" role="img"></div>
  <canvas class="over" aria-hidden="true"></canvas></div></div>"""
_HTML = f"""
<div class="bench">
  <div class="tools">
    <span role="group" aria-label="Look"><button type="button" data-view="edge">Edge-on</button><button type="button"
    data-view="plan">Plan</button><button type="button" data-view="free">Free</button></span>
    <label>Size <input type="range" class="size" min="0.4" max="1.3" step="0.05" aria-label="Atom size" /></label>
    <label>Depth <input type="range" class="slice" min="0.1" max="1" step="0.05"
    aria-label="Depth from the back that is drawn" /></label>
    <button type="button" class="full" aria-label="Full screen" title="Full screen">Full</button>
    <button type="button" class="save">PNG</button>
  </div>
  <div class="panels">{_PANEL}{_PANEL}</div>
  <div class="legend" hidden><span class="scale"><span class="low"></span><span class="bar"></span><span
  class="high"></span> <span class="what"></span></span><span class="key"></span></div>
  <div class="note" aria-live="polite">Loading the 3D view …</div>
  <div class="hint">drag, arrow keys: turn · scroll, + −: zoom · click two atoms: distance</div>
</div>
"""

_CSS = """
.bench { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.8rem;
  background: var(--st-background-color); }
.bench[data-problem] { display: none; }
.tools { display: flex; flex-wrap: wrap; gap: 0.25rem 0.35rem; align-items: center; }
.tools button { font: inherit; color: inherit; background: transparent; cursor: pointer; padding: 0.12rem 0.4rem;
  border: 1px solid var(--st-border-color); border-radius: 0.4rem; }
.tools button[aria-pressed="true"] { border-color: var(--st-primary-color); color: var(--st-link-color); }
.tools span[role="group"] { display: inline-flex; gap: 0.15rem; }
.tools label { display: inline-flex; gap: 0.3rem; align-items: center; }
.tools input { width: 2.6rem; accent-color: var(--st-link-color); }
.panels { display: flex; gap: 0.4rem; }
.viewer { flex: 1 1 0; min-width: 0; }
.viewer[hidden] { display: none; }
.title { text-align: center; font-weight: 600; min-height: 1.3em; font-variant-numeric: tabular-nums; }
.frame { position: relative; border: 1px solid var(--st-border-color); border-radius: 0.5rem; overflow: hidden; }
.stage { position: relative; width: 100%; height: var(--height); cursor: grab; touch-action: pan-y; }
.stage:active { cursor: grabbing; }
.over { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; justify-content: center; margin-top: 0.2rem; }
.legend[hidden], .scale[hidden] { display: none; }
.scale { display: inline-flex; gap: 0.35rem; align-items: center; }
.bar { width: 5.5rem; height: 0.6rem; border-radius: 0.3rem; display: inline-block; }
.key { display: inline-flex; gap: 0.8rem; }
.key span::before { content: ""; display: inline-block; width: 0.65rem; height: 0.65rem; border-radius: 50%;
  margin-right: 0.3rem; background: var(--mark); }
.note, .hint { opacity: 0.7; text-align: center; min-height: 1.2em; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.note:empty { display: none; }
.note:not(:empty) + .hint { display: none; }
.bench:fullscreen { padding: 1rem; --height: calc(100vh - 8rem) !important; }
.bench:fullscreen .stage { height: calc(100vh - 8rem); }
:is(button, input, .stage):focus-visible { outline: 2px solid var(--st-link-color); outline-offset: 1px; }
"""

_component = st.components.v2.component("gcd_stage", html=_HTML, css=_CSS, js=loader_script("stage.js"))


def show_stage(
    panels: Sequence[tuple[str, dict[str, Any]]], *, key: str, height: str, file: str = "boundary"
) -> None:
    """Draw one or two scenes of :func:`gcd.views.boundaries.boundary_scene`, each under its title.

    Args:
        panels: title and scene of each.
        key: of the component; view, size and depth stay as the reader has set them.
        height: of a panel, as CSS.
        file: name of the picture that the reader can take, without its ending.
    """
    libraries = [STATIC_LIBRARY] if static_library().is_file() else []
    result = _component(
        key=key,
        data={
            "panels": [{"title": title, "scene": scene} for title, scene in panels],
            "height": height,
            "file": file,
            "libraries": [*libraries, cdn_address()],
        },
        on_problem_change=lambda: None,
    )
    if result.problem:
        for number, (title, scene) in enumerate(panels):
            st.markdown(f"**{title}**")
            figure = atoms_figure(scene, height=360)
            st.plotly_chart(figure, key=f"{key}_plotly{number}", config=config("atoms"), alt=scene["name"])
        why = "This browser offers no WebGL" if result.problem == "webgl" else "3Dmol.js could not be loaded"
        st.caption(f"{why}, so this is a simpler view.")
