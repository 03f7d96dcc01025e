"""Voxels as a solid: the surface where they reach a level and the atoms, turned by hand, without WebGL."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from gcd.views.voxels import MAX_DRAWN_VOXELS, downsample
from gcd.voxels.grid import Grid

_HERE = Path(__file__).parent
SURFACE_SCRIPT = (_HERE / "surface.js").read_text(encoding="utf-8")

_component = st.components.v2.component(
    "gcd_solid",
    html='<div class="solid"><canvas role="img"></canvas><div class="hint">drag or arrow keys: turn</div></div>',
    css="""
.solid { font-family: var(--st-font); color: var(--st-text-color); text-align: center; }
.solid canvas { width: 100%; height: min(var(--height), 92vw); cursor: grab; display: block; }
.solid .hint { font-size: 0.8rem; opacity: 0.7; }
""",
    js=SURFACE_SCRIPT + "\n" + (_HERE / "solid.js").read_text(encoding="utf-8"),
)


def levels_of(voxels: np.ndarray, top: float) -> np.ndarray:
    """Voxels as bytes: 0 for nothing or less, 255 for ``top`` or more."""
    return (np.clip(np.asarray(voxels) / top, 0.0, 1.0) * 255.0).astype(np.uint8)


def packed(levels: np.ndarray) -> str:
    """Bytes as text for a browser."""
    return base64.b64encode(np.ascontiguousarray(levels).tobytes()).decode("ascii")


def show_solid(
    voxels: np.ndarray,
    grid: Grid,
    *,
    level: float,
    positions: np.ndarray,
    key: str,
    name: str,
    height: int = 400,
) -> None:
    """The surface where ``voxels`` (X, Y, Z) hold ``level`` atoms, and atoms at ``positions`` (N, 3) in Å."""
    drawn, blocks = downsample(voxels, MAX_DRAWN_VOXELS // 2)
    sizes = [block * size for block, size in zip(blocks, grid.voxel_size, strict=True)]
    top = max(float(drawn.max()), level)
    # Soft levels: bytes go as the square root, so that a level of a few hundredths keeps its place.
    data: dict[str, Any] = {
        "shape": list(drawn.shape),
        "data": packed(levels_of(np.sqrt(np.clip(drawn, 0.0, None)), top**0.5)),
        "level": 255.0 * (level / top) ** 0.5,
        "periodic": list(grid.periodic),
        "sizes": sizes,
        "atoms": np.round(np.asarray(positions) / sizes, 3).tolist(),
        "name": name,
        "height": height,
    }
    data["id"] = hashlib.sha256(repr(data).encode()).hexdigest()[:16]
    _component(key=key, data=data)
