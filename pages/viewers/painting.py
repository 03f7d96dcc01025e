"""A boundary being painted, live: the voxels lying on their side, with the painted region marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HTML = """
<div class="painting" role="img">
  <div class="names"><span>lower grain</span><span class="middle">painted</span><span>upper grain</span></div>
  <figure><div class="strip"><canvas></canvas></div><figcaption></figcaption></figure>
  <figure><div class="strip"><canvas></canvas></div><figcaption></figcaption></figure>
  <div class="label"></div>
</div>
"""

_CSS = """
.painting { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.8rem; }
.names { display: grid; grid-template-columns: var(--low) calc(var(--high) - var(--low)) 1fr; text-align: center;
  opacity: 0.8; margin-bottom: 0.25rem; }
.names .middle { color: var(--st-primary-color); font-weight: 600; }
figure { margin: 0 0 0.45rem; }
figcaption, .label { opacity: 0.7; text-align: center; font-variant-numeric: tabular-nums; }
.strip { position: relative; border-radius: 0.4rem; overflow: hidden; line-height: 0; }
.strip canvas { width: 100%; image-rendering: pixelated; display: block; }
.strip::before, .strip::after { content: ""; position: absolute; top: 0; bottom: 0; border: 0 dashed #5fd4e8;
  background: rgb(120 132 132 / 0.35); }
.strip::before { left: 0; width: var(--low); border-right-width: 2px; }
.strip::after { left: var(--high); right: 0; border-left-width: 2px; }
"""

_component = st.components.v2.component(
    "gcd_painting", html=_HTML, css=_CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show_painting(frame: dict[str, Any], *, key: str, run: int) -> None:
    """The latest estimate: a frame of :func:`gcd.views.boundaries.strip_frame` with ``id`` and ``label``.

    The page scrolls to the first one of a ``run``: the button that started it may be far below.
    """
    _component(
        key=key, data=frame | {"name": "voxels of a boundary being painted between two grains", "run": run}
    )
