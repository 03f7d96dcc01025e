"""Voxels condensing out of noise, live or replayed: a turning cloud and three slices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

_HTML = """
<div class="condense">
  <div class="scene" role="img">
    <canvas class="cloud"></canvas>
    <div class="slices">
      <figure><canvas></canvas><figcaption>across x</figcaption></figure>
      <figure><canvas></canvas><figcaption>across y</figcaption></figure>
      <figure><canvas></canvas><figcaption>across z</figcaption></figure>
    </div>
  </div>
  <div class="controls">
    <button class="play" type="button" aria-label="pause">❚❚</button>
    <input class="scrub" type="range" min="0" max="0" value="0" aria-label="step" />
    <span class="label"></span>
  </div>
</div>
"""

_CSS = """
.condense { container-type: inline-size; font-family: var(--st-font); color: var(--st-text-color); }
.scene { display: flex; flex-direction: column; align-items: center; gap: 0.5rem; }
.cloud { width: min(100%, 22rem); aspect-ratio: 1; }
.slices { display: flex; gap: 0.6rem; width: min(100%, 22rem); }
.slices figure { flex: 1; margin: 0; text-align: center; font-size: 0.75rem; }
.slices figcaption { opacity: 0.8; margin-top: 0.15rem; }
.slices canvas { width: 100%; image-rendering: pixelated; border-radius: 0.4rem; display: block; }
.controls { display: flex; gap: 0.6rem; align-items: center; font-size: 0.8rem; min-height: 1.9rem; }
.scrub { flex: 1; accent-color: var(--st-link-color); min-width: 4rem; }
.label { opacity: 0.75; text-align: center; font-variant-numeric: tabular-nums; }
.play { border: 1px solid var(--st-border-color); background: transparent; color: inherit; cursor: pointer;
  border-radius: var(--st-button-radius); width: 2.2rem; height: 1.8rem; font-size: 0.7rem; }
.condense:not([data-mode="replay"]) :is(.play, .scrub) { display: none; }
.condense[data-mode="noise"] .controls { display: none; }
.condense:not([data-mode="replay"]) .label { flex: 1; }
@container (min-width: 30rem) {
  .scene { flex-direction: row; justify-content: center; gap: 1.5rem; }
  .cloud { width: min(70cqw, 27rem); }
  .slices { flex-direction: column; width: min(22cqw, 7.5rem); gap: 0.35rem; }
}
"""

_component = st.components.v2.component(
    "gcd_condense", html=_HTML, css=_CSS, js=(_HERE / "condense.js").read_text(encoding="utf-8")
)


def show_noise(*, key: str, shape: tuple[int, ...] = (18, 18, 18)) -> None:
    """Plain random noise, made in the browser: what every crystal starts from."""
    _mount(key, {"id": "noise", "mode": "noise", "frames": [], "shape": list(shape), "name": "random noise"})


def show_live(frame: dict[str, Any], *, key: str) -> None:
    """The latest estimate of a running job: a frame of :func:`gcd.views.voxels.frame` with ``id`` and ``label``."""
    _mount(key, {"id": frame["id"], "mode": "live", "frames": [frame], "name": "voxels condensing"})


def show_replay(frames: Sequence[dict[str, Any]], *, key: str) -> None:
    """All estimates of a job that has ended, to play and scrub."""
    if frames:
        name = f"voxels condensing in {len(frames)} steps"
        _mount(key, {"id": frames[-1]["id"], "mode": "replay", "frames": list(frames), "name": name})


def _mount(key: str, data: dict[str, Any]) -> None:
    _component(key=key, data=data)
