"""A recording of denoising to scrub and play: everything is in the browser, so that a picture follows at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from gcd.generate.recording import Recording
from pages.viewers.solid import SURFACE_SCRIPT, packed

_HERE = Path(__file__).parent
LEVELS = (2, 40)  # hundredths of an atom a voxel that the surface can be drawn at

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
        <label><input type="checkbox" class="atoms" checked /> <span></span></label>
        <label>surface at <input type="range" class="level" min="2" max="40" value="6"
          aria-label="surface at, in hundredths of an atom per voxel" />
        <output class="levelsaid"></output></label>
      </div>
    </div>
    <div class="right">
      <div class="options kinds" role="radiogroup" aria-label="what the slices show">
        <label><input type="radio" name="kind" value="estimate" checked /> <span></span></label>
        <label><input type="radio" name="kind" value="state" /> <span></span></label>
      </div>
      <div class="slices">
        <figure><canvas role="img"></canvas>
          <figcaption><span></span> <input type="range" min="0" /></figcaption></figure>
        <figure><canvas role="img"></canvas>
          <figcaption><span></span> <input type="range" min="0" /></figcaption></figure>
        <figure><canvas role="img"></canvas>
          <figcaption><span></span> <input type="range" min="0" /></figcaption></figure>
      </div>
    </div>
  </div>
  <canvas class="curves" role="img"></canvas>
  <div class="legend"><span class="a"></span><span class="o"></span>
    <span class="m">final atoms in place (%)</span></div>
</div>
"""

_CSS = """
.film { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.85rem; container-type: inline-size; }
.transport { display: flex; gap: 0.7rem; align-items: center; flex-wrap: wrap; }
.transport .scrub { flex: 1 1 12rem; accent-color: var(--st-link-color); }
.said { font-variant-numeric: tabular-nums; min-width: 15rem; }
.play { border: 1px solid var(--st-border-color); background: transparent; color: inherit; cursor: pointer;
  border-radius: var(--st-button-radius); width: 2.6rem; height: 2rem; }
.scene { display: flex; flex-direction: column; gap: 0.8rem; margin-top: 0.6rem; }
.solid { width: 100%; height: min(24rem, 90cqw); display: block; cursor: grab; }
.options { display: flex; gap: 0.4rem 1.2rem; flex-wrap: wrap; align-items: center; }
.options label { display: inline-flex; gap: 0.35rem; align-items: center; }
.options input { accent-color: var(--st-link-color); }
.slices { display: flex; gap: 0.6rem; margin-top: 0.5rem; }
.slices figure { margin: 0; flex: 1; min-width: 0; text-align: center; }
.slices canvas { width: 100%; image-rendering: pixelated; border-radius: 0.4rem; display: block; }
.slices figcaption { font-size: 0.75rem; opacity: 0.85; margin-top: 0.25rem; }
.slices input { width: 90%; accent-color: var(--st-link-color); }
.long .slices { flex-direction: column; }
.long .slices figure:first-child { max-width: 7rem; align-self: center; }
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


@dataclass(frozen=True)
class Words:
    """What the film's parts are called."""

    atoms: str
    number: str
    estimate: str
    state: str


WORDS = {
    "voxels": Words("decoded atoms", "number of atoms", "what the model expects", "the noisy voxels"),
    "particles": Words("atoms", "number of atoms", "where the model expects the atoms", "the atoms as they are"),
    "boundary": Words(
        "decoded atoms (grey: given)", "number of painted atoms", "what the model expects", "the noisy voxels"
    ),
}  # fmt: skip


def film_name(about: dict[str, Any]) -> str:
    """What a film shows, in a few words."""
    if about["kind"] == "boundary":
        return f"{about['metal']} {about['twist']} boundary, {about['model']} model"
    model = " from the particle model" if about["kind"] == "particles" else ""
    return f"{str(about['phase']).upper()} crystal{model}"


def show_film(recording: Recording, *, key: str) -> None:
    """The film; where it stands and how it is looked at is read from the address bar, and written there."""
    kind = str(recording.about["kind"])
    grid = recording.grid
    # A long box lies on its side: its longest axis runs across the page.
    turn = (2, 0, 1) if grid.shape[2] > 2 * max(grid.shape[:2]) else (0, 1, 2)
    voxels = [
        np.ascontiguousarray(a.transpose(0, *(1 + axis for axis in turn)))
        for a in (recording.estimate, recording.state)
    ]
    sizes = np.array(grid.voxel_size)[list(turn)]

    def placed(positions: np.ndarray) -> list[list[float]]:
        return np.round(positions[:, turn] / sizes, 2).tolist()

    words = WORDS[kind]
    data: dict[str, Any] = {
        "shape": list(voxels[0].shape[1:]),
        "sizes": (sizes / sizes.min()).round(4).tolist(),
        "periodic": [grid.periodic[axis] for axis in turn],
        "axes": ["xyz"[axis] for axis in turn],
        "t": np.round(recording.t, 4).tolist(),
        "estimate": packed(voxels[0]),
        "state": packed(voxels[1]),
        "top": recording.top,
        "signed": recording.reach > 0,
        "solid": "estimate" if recording.reach > 0 else "state",
        "atoms": [placed(atoms) for atoms in recording.atoms],
        "known": placed(recording.known),
        "occupied": np.round(100 * recording.occupied, 2).tolist(),
        "matched": np.round(100 * recording.matched, 1).tolist(),
        "view": view_asked(st.query_params.to_dict(), voxels[0].shape),
        "words": asdict(words),
        "name": f"{film_name(recording.about)}, {len(recording.t) - 1} steps",
    }
    digest = hashlib.sha256(recording.estimate.tobytes() + recording.state.tobytes()).hexdigest()

    def moved() -> None:
        view = getattr(st.session_state.get(key), "view", None)
        if isinstance(view, dict):
            words = {name: str(value).lower() for name, value in view.items() if name in CONTROLS}
            st.query_params.update(words)

    _component(key=key, data=data | {"id": digest[:16]}, on_view_change=moved)


CONTROLS = ("step", "level", "atoms", "slices", "layer_1", "layer_2", "layer_3", "turned", "tilted")


def view_asked(query: dict[str, str], shape: tuple[int, ...]) -> dict[str, Any]:
    """How the address asks the film to be looked at; what makes no sense for arrays (S + 1, X, Y, Z) is left out."""

    def whole(name: str, low: int, high: int) -> dict[str, int]:
        text = query.get(name, "")
        fits = text.isascii() and text.isdecimal() and len(text) < 5 and low <= int(text) <= high
        return {name: int(text)} if fits else {}

    def angle(name: str, most: float) -> dict[str, float]:
        text = query.get(name, "")
        fits = re.fullmatch(r"-?[0-9]{1,2}(\.[0-9]{1,3})?", text) is not None and abs(float(text)) <= most
        return {name: float(text)} if fits else {}

    view: dict[str, Any] = whole("step", 0, shape[0] - 1) | whole("level", *LEVELS)
    for axis in (1, 2, 3):
        view |= whole(f"layer_{axis}", 0, shape[axis] - 1)
    view |= angle("turned", 99.0) | angle("tilted", 1.5)
    if query.get("atoms") in ("true", "false"):
        view["atoms"] = query["atoms"] == "true"
    if query.get("slices") in ("estimate", "state"):
        view["slices"] = query["slices"]
    return view
