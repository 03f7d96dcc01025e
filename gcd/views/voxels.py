"""Voxel arrays as figures: a slice across any axis with the decoded atoms on top, and frames of a live picture.

Above 100,000 voxels the array is block-averaged before it is sent to a browser. Atoms always lie where they are.
"""

from __future__ import annotations

import base64
import itertools
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gcd.views.style import ATOM_RING, VOXEL_SCALE, colour_bar, layout
from gcd.voxels.grid import Grid

MAX_DRAWN_VOXELS = 100_000
FRAME_VOXELS = 15_000  # of a live picture
DEFAULT_LEVEL = 0.06  # atoms a voxel; the decoder takes more than 0.05 for a sign of an atom
AXES = "xyz"


def block_edges(shape: tuple[int, ...], limit: int = MAX_DRAWN_VOXELS) -> tuple[int, ...]:
    """Edges of the smallest blocks of voxels, as cubic as can be, that leave at most ``limit`` of them."""
    edges = [1] * len(shape)
    while math.prod(drawn := [-(-n // edge) for n, edge in zip(shape, edges, strict=True)]) > limit:
        edges[drawn.index(max(drawn))] += 1
    return tuple(edges)


def drawn_shape(shape: tuple[int, ...], limit: int = MAX_DRAWN_VOXELS) -> tuple[int, ...]:
    """Shape of an array after :func:`downsample`."""
    return tuple(-(-n // edge) for n, edge in zip(shape, block_edges(shape, limit), strict=True))


def downsample(voxels: np.ndarray, limit: int = MAX_DRAWN_VOXELS) -> tuple[np.ndarray, tuple[int, ...]]:
    """Block averages of ``voxels``, any number of axes, and the block's edge along each axis.

    Where a block does not divide its axis, the last one is averaged over the voxels it has.
    """
    edges = block_edges(voxels.shape, limit)
    result: np.ndarray = np.asarray(voxels, dtype=np.float32)
    for axis, edge in enumerate(edges):
        if edge > 1:
            starts = np.arange(0, result.shape[axis], edge)
            counts = np.diff(np.append(starts, result.shape[axis]))
            counts = counts.reshape([-1 if a == axis else 1 for a in range(result.ndim)])
            result = np.add.reduceat(result, starts, axis=axis) / counts
    return result, edges


def slice_figure(
    voxels: np.ndarray,
    grid: Grid,
    axis: int,
    layer: int,
    *,
    positions: np.ndarray | None = None,
    symbol: str = "atom",
    top: float | None = None,
    height: int = 340,
) -> go.Figure:
    """A cut through a voxel array, in Å.

    Args:
        voxels: (X, Y, Z), in atoms a voxel.
        grid: of the voxels.
        axis: the one that is cut across, 0, 1 or 2.
        layer: index of the voxel layer on that axis.
        positions: decoded atoms (N, 3) in Å; those whose centre lies within one voxel of the cut are ringed, the
            larger the closer.
        symbol: what an atom is called when pointed at.
        top: value of the brightest colour; by default (nearly) the largest one of the whole array.
        height: pixels.
    """
    across, up = (other for other in range(3) if other != axis)
    layer = int(np.clip(layer, 0, grid.shape[axis] - 1))
    size = grid.voxel_size
    cut, (step_across, step_up) = downsample(np.take(voxels, layer, axis=axis), MAX_DRAWN_VOXELS // 3)
    figure = go.Figure(
        go.Heatmap(
            z=np.round(cut.T, 4),
            x=_centres(cut.shape[0], step_across) * size[across],
            y=_centres(cut.shape[1], step_up) * size[up],
            colorscale=VOXEL_SCALE,
            zmin=0.0,
            zmax=largest(voxels) if top is None else top,
            colorbar=colour_bar("atoms per voxel"),
            hovertemplate=f"{AXES[across]} = %{{x:.2f}} Å, {AXES[up]} = %{{y:.2f}} Å<br>"
            "%{z:.3f} atoms in this voxel<extra></extra>",
        )
    )  # fmt: skip
    if positions is not None and len(positions):
        figure.add_trace(
            _rings(positions, grid, axis, across, up, layer, symbol, _ring_size(grid, up, height))
        )
    figure.update_layout(
        layout(
            height=height,
            showlegend=False,
            title={
                "text": f"{AXES[axis]} = {layer * size[axis]:.2f} Å",
                "x": 0.5,
                "xref": "paper",
                "xanchor": "center",
                "font": {"size": 15},
            },
        )
    )
    quiet = {"constrain": "domain", "showgrid": False, "zeroline": False}
    narrow = grid.lengths[across] < 0.5 * grid.lengths[up]  # no room for many numbers below it
    figure.update_xaxes(
        title={"text": f"{AXES[across]} (Å)", "standoff": 10}, tickangle=0, nticks=2 if narrow else 6, **quiet
    )
    figure.update_yaxes(title={"text": f"{AXES[up]} (Å)", "standoff": 20}, scaleanchor="x", **quiet)
    return figure


def largest(voxels: np.ndarray) -> float:
    """The value that colours and levels go up to: nearly the largest one, so that one odd voxel hides nothing."""
    return float(np.quantile(voxels, 0.9995)) or 1.0


def box_edges(cell: np.ndarray) -> np.ndarray:
    """The twelve edges of a cell (3, 3), as (12, 2, 3) pairs of points."""
    edges = []
    for axis in range(3):
        first, second = (cell[other] for other in range(3) if other != axis)
        for a, b in itertools.product((0.0, 1.0), repeat=2):
            start = a * first + b * second
            edges.append([start, start + cell[axis]])
    return np.array(edges, dtype=float)


def box_trace(cell: np.ndarray) -> go.Scatter3d:
    """The cell's edges as thin grey lines."""
    edges = box_edges(cell)
    lines = np.concatenate([edges, np.full((len(edges), 1, 3), np.nan)], axis=1).reshape(-1, 3)
    return go.Scatter3d(
        x=lines[:, 0], y=lines[:, 1], z=lines[:, 2], mode="lines", hoverinfo="skip", name="cell",
        line={"color": "rgba(128,140,140,0.9)", "width": 2},
    )  # fmt: skip


def scene_layout() -> dict[str, Any]:
    """A quiet 3D frame: axes in Å, true proportions, nothing behind."""
    axis = {
        "showbackground": False,
        "showspikes": False,
        "showgrid": False,
        "zeroline": False,
        "nticks": 5,
    }
    return {
        "xaxis": axis | {"title": {"text": "x (Å)"}},
        "yaxis": axis | {"title": {"text": "y (Å)"}},
        "zaxis": axis | {"title": {"text": "z (Å)"}},
        "aspectmode": "data",
        "camera": {"eye": {"x": 1.45, "y": -2.9, "z": 1.1}, "center": {"x": 0, "y": 0, "z": -0.06}},
    }


def frame(voxels: np.ndarray, *, limit: int = FRAME_VOXELS) -> dict[str, Any]:
    """A voxel array made small for a live picture: shape, and bytes from 0 to the largest value, base64.

    The largest value is at least that of noise-free voxels' typical blobs (0.1 atoms a voxel), so that an early,
    nearly empty preview is not blown up to full contrast.
    """
    small, _ = downsample(voxels, limit)
    top = max(float(np.quantile(small, 0.999)), 0.1)
    levels = np.clip(small / top, 0.0, 1.0) * 255.0
    return {
        "shape": list(small.shape),
        "data": base64.b64encode(np.ascontiguousarray(levels.astype(np.uint8)).tobytes()).decode("ascii"),
    }


def _centres(count: int, block: int) -> np.ndarray:
    """Centres of blocks of voxels, in voxels; voxel i is centred at i."""
    return np.arange(count) * block + 0.5 * (block - 1)


def _wrap(positions: np.ndarray, grid: Grid, low: float = -0.5) -> np.ndarray:
    """Positions moved along the periodic axes into one cell that begins ``low`` voxels from 0."""
    start = low * np.array(grid.voxel_size)
    wrapped = (positions - start) % np.array(grid.lengths) + start
    return np.where(grid.periodic, wrapped, positions)


def _ring_size(grid: Grid, up: int, height: int) -> float:
    """Pixels across a ring on the cut, near twice a voxel: smaller where a tall cell is drawn small."""
    voxel = 0.5 * height / grid.lengths[up] * min(grid.voxel_size)
    return float(np.clip(1.8 * voxel, 4.0, 13.0))


def _rings(
    positions: np.ndarray, grid: Grid, axis: int, across: int, up: int, layer: int, symbol: str, size: float
) -> go.Scatter:
    distance = positions[:, axis] - layer * grid.voxel_size[axis]
    if grid.periodic[axis]:
        distance -= grid.lengths[axis] * np.round(distance / grid.lengths[axis])
    distance = np.abs(distance) / grid.voxel_size[axis]
    near = distance <= 1.0
    shown = _wrap(positions[near], grid)
    return go.Scatter(
        x=np.round(shown[:, across], 3),
        y=np.round(shown[:, up], 3),
        mode="markers",
        marker={
            "symbol": "circle-open",
            "size": size * (1 - 0.54 * distance[near]),
            "color": ATOM_RING,
            "line": {"width": min(2.0, size / 5)},
        },
        customdata=np.round(distance[near], 2),
        hovertemplate=f"{symbol} at %{{x:.3f}}, %{{y:.3f}} Å<br>%{{customdata}} voxels from the cut<extra></extra>",
    )
