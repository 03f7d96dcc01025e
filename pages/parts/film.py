"""A recording of denoising to scrub and play: everything is in the browser, so that a picture follows at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from gcd.generate.recording import Recording
from gcd.structures.crystals import PHASES
from pages.parts.solid import SURFACE_SCRIPT, packed

_HERE = Path(__file__).parent

_HTML = """
<div class="film">
  <div class="transport">
    <button class="play" type="button" aria-label="play">▶</button>
    <input class="scrub" type="range" min="0" value="0" aria-label="step" />
    <output class="said"></output>
  </div>
  <div class="scene">
    <div class="left">
      <canvas class="solid" role="img" aria-label="surface and atoms"></canvas>
      <div class="options">
        <label><input type="checkbox" class="atoms" checked /> decoded atoms</label>
        <label>surface at <input type="range" class="level" min="2" max="40" value="6" aria-label="level" />
        <output class="levelsaid"></output></label>
      </div>
    </div>
    <div class="right">
      <div class="options kinds" role="radiogroup" aria-label="what the slices show">
        <label><input type="radio" name="kind" value="estimate" checked /> what the model expects</label>
        <label><input type="radio" name="kind" value="state" /> the noisy voxels</label>
      </div>
      <div class="slices">
        <figure><canvas role="img"></canvas><figcaption>across x <input type="range" min="0" aria-label="layer x" />
          </figcaption></figure>
        <figure><canvas role="img"></canvas><figcaption>across y <input type="range" min="0" aria-label="layer y" />
          </figcaption></figure>
        <figure><canvas role="img"></canvas><figcaption>across z <input type="range" min="0" aria-label="layer z" />
          </figcaption></figure>
      </div>
    </div>
  </div>
  <canvas class="curves" role="img"></canvas>
  <div class="legend"><span class="a">number of atoms</span><span class="o">voxels occupied (%)</span>
    <span class="m">final atoms in place (%)</span></div>
</div>
"""

_CSS = """
.film { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.85rem; container-type: inline-size; }
.transport { display: flex; gap: 0.7rem; align-items: center; flex-wrap: wrap; }
.transport .scrub { flex: 1 1 12rem; accent-color: var(--st-primary-color); }
.said { font-variant-numeric: tabular-nums; min-width: 15rem; }
.play { border: 1px solid var(--st-border-color); background: transparent; color: inherit; cursor: pointer;
  border-radius: var(--st-button-radius); width: 2.6rem; height: 2rem; }
.scene { display: flex; flex-direction: column; gap: 0.8rem; margin-top: 0.6rem; }
.solid { width: 100%; height: min(24rem, 90cqw); display: block; cursor: grab; }
.options { display: flex; gap: 0.4rem 1.2rem; flex-wrap: wrap; align-items: center; }
.options label { display: inline-flex; gap: 0.35rem; align-items: center; }
.options input { accent-color: var(--st-primary-color); }
.slices { display: flex; gap: 0.6rem; margin-top: 0.5rem; }
.slices figure { margin: 0; flex: 1; min-width: 0; text-align: center; }
.slices canvas { width: 100%; image-rendering: pixelated; border-radius: 0.4rem; display: block; }
.slices figcaption { font-size: 0.75rem; opacity: 0.85; }
.slices input { width: 90%; accent-color: var(--st-primary-color); }
.curves { width: 100%; height: 11rem; display: block; margin-top: 0.8rem; cursor: ew-resize; touch-action: pan-y; }
.legend { display: flex; gap: 0.3rem 1.2rem; flex-wrap: wrap; font-size: 0.8rem; }
.legend span::before { content: ""; display: inline-block; width: 1.1rem; height: 0.2rem; margin-right: 0.4rem;
  vertical-align: middle; background: currentColor; }
.legend .a { color: var(--st-blue-color); } .legend .o { color: var(--st-orange-color); }
.legend .m { color: var(--st-green-color); }
@container (min-width: 44rem) {
  .scene { flex-direction: row; } .left { flex: 5; min-width: 0; } .right { flex: 6; min-width: 0; align-self: center; }
}
"""

_component = st.components.v2.component(
    "gcd_film",
    html=_HTML,
    css=_CSS,
    js=SURFACE_SCRIPT + "\n" + (_HERE / "film.js").read_text(encoding="utf-8"),
)


def show_film(recording: Recording, *, key: str, step: int, on_step: Callable[[], None]) -> None:
    """The film, at ``step`` first; ``on_step`` is called when the reader has moved, who left ``step`` under ``key``."""
    about = recording.about
    edge = PHASES[str(about["phase"])].voxels_per_cell
    data: dict[str, Any] = {
        "shape": list(recording.estimate.shape[1:]),
        "t": np.round(recording.t, 4).tolist(),
        "estimate": packed(recording.estimate),
        "state": packed(recording.state),
        "top": recording.top,
        "reach": recording.reach,
        "atoms": [np.round(atoms * edge, 2).tolist() for atoms in recording.atoms],
        "occupied": np.round(100 * recording.occupied, 2).tolist(),
        "matched": np.round(100 * recording.matched, 1).tolist(),
        "step": step,
        "name": f"{str(about['phase']).upper()} condensing in {len(recording.t) - 1} steps",
    }
    digest = hashlib.sha256(recording.estimate.tobytes() + recording.state.tobytes()).hexdigest()
    _component(key=key, data=data | {"id": digest[:16]}, on_step_change=on_step)
