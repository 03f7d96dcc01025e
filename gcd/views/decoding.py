"""The decoder's stages on one layer of voxels, and how close two atoms may come before it fails. Lengths in voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from gcd.views.style import ATOM_RING, GENERATED, IDEAL, OTHERS, VOXEL_SCALE, colour_bar, layout
from gcd.voxels.decoder import Stages
from gcd.voxels.resolution import PairDecoding

STAGES = ("Input", "Denoise", "Classify", "Displace", "Merge", "Fit")
NEAR = 0.75  # voxels from the layer within which atoms are drawn on it


def stage_figure(
    stage: str,
    voxels: np.ndarray,
    stages: Stages,
    truth: np.ndarray,
    layer: int,
    *,
    height: int = 480,
) -> go.Figure:
    """One layer across z at one stage of decoding.

    Args:
        stage: one of :data:`STAGES`.
        voxels: (X, Y, Z) as they went into the decoder, in atoms a voxel.
        stages: of :func:`gcd.voxels.decoder.decode_in_stages`.
        truth: (N, 3) the atoms that were encoded, in voxels.
        layer: index along z.
        height: pixels.
    """
    if stage not in STAGES:
        raise ValueError(f"The stages are {', '.join(STAGES)}, not {stage!r}.")
    number = STAGES.index(stage)
    probability = stage == "Classify"
    array = (
        voxels if number == 0 else stages.estimates.probability if probability else stages.estimates.denoised
    )
    figure = go.Figure(_cells(array[:, :, layer], probability=probability, top=_top(array)))
    shape = np.array(voxels.shape)
    if number >= 3:
        figure.add_trace(_arrows(stages, layer))
    if number == 4:
        figure.add_trace(_points(stages.merged, shape, layer, "merged", "circle-open", ATOM_RING, 15))
    if number == 5:
        figure.add_trace(_points(stages.atoms, shape, layer, "decoded atoms", "circle-open", ATOM_RING, 15))
    if number >= 4 or number == 0:
        figure.add_trace(_points(truth, shape, layer, "true atoms", "x-thin", "#7FE0A8", 10))
    figure.update_layout(layout(height=height, showlegend=number >= 3 or number == 0))
    quiet = {"constrain": "domain", "showgrid": False, "zeroline": False}
    figure.update_xaxes(title={"text": "x (voxels)", "standoff": 10}, range=[-0.5, shape[0] - 0.5], **quiet)
    figure.update_yaxes(
        title={"text": "y (voxels)", "standoff": 10}, range=[-0.5, shape[1] - 0.5], scaleanchor="x", **quiet
    )
    return figure


def _top(array: np.ndarray) -> float:
    return max(float(np.quantile(array, 0.9995)), 0.1)


def _cells(values: np.ndarray, *, probability: bool, top: float) -> go.Heatmap:
    """(X, Y) values as coloured cells, each with its number when pointed at."""
    unit = "probability" if probability else "atoms per voxel"
    return go.Heatmap(
        z=np.round(values.T, 4),
        colorscale=VOXEL_SCALE,
        zmin=0.0,
        zmax=1.0 if probability else top,
        colorbar=colour_bar("probability that the voxel is occupied" if probability else unit),
        hovertemplate=f"voxel (%{{x}}, %{{y}}): %{{z:.3f}} {unit}<extra></extra>",
        name="voxels",
    )  # fmt: skip


def _arrows(stages: Stages, layer: int) -> go.Scatter:
    """From the centre of each occupied voxel of the layer to where it says its atom lies."""
    found = stages.estimates
    here = found.voxels[:, 2] == layer
    start, end = found.voxels[here, :2], found.positions[here, :2]
    gap = np.full((len(start), 1), np.nan)
    x = np.hstack([start[:, :1], end[:, :1], gap]).ravel()
    y = np.hstack([start[:, 1:], end[:, 1:], gap]).ravel()
    return go.Scatter(
        x=np.round(x, 3), y=np.round(y, 3), mode="lines+markers", name="displacements", hoverinfo="skip",
        line={"color": IDEAL, "width": 1.6},
        marker={"symbol": "arrow", "angleref": "previous", "size": [0, 9, 0] * len(start), "color": IDEAL},
    )  # fmt: skip


def _points(
    points: np.ndarray, shape: np.ndarray, layer: int, name: str, symbol: str, colour: str, size: int
) -> go.Scatter:
    """Positions within reach of the layer, wrapped so that they lie on its cells."""
    points = (np.asarray(points, dtype=float).reshape(-1, 3) + 0.5) % shape - 0.5
    away = points[:, 2] - layer
    near = points[np.abs(away - shape[2] * np.rint(away / shape[2])) <= NEAR]
    return go.Scatter(
        x=np.round(near[:, 0], 3), y=np.round(near[:, 1], 3), mode="markers", name=name,
        marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 2.5, "color": colour}},
        hovertemplate=name + " at %{x:.2f}, %{y:.2f}<extra></extra>",
    )  # fmt: skip


def pairs_figure(
    curve: Sequence[PairDecoding],
    *,
    now: float | None = None,
    models: dict[str, float] | None = None,
    height: int = 330,
) -> go.Figure:
    """Share of atom pairs decoded right, against their distance in voxels.

    Args:
        curve: of :func:`gcd.voxels.resolution.decode_pairs`.
        now: distance to mark.
        models: name -> bond length in voxels of a model, marked below the curve.
        height: pixels.
    """
    x = [point.separation for point in curve]
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=[100 * point.right for point in curve], mode="lines+markers", name="decoded right (%)",
        line={"color": GENERATED, "width": 2}, marker={"size": 7},
        customdata=[point.atoms for point in curve],
        hovertemplate="%{x:.2f} voxels apart: %{y:.0f} % right, %{customdata:.2f} atoms found<extra></extra>",
    )  # fmt: skip
    lengths = sorted((models or {}).values())
    for name, value in (models or {}).items():
        crowded = any(
            0 < other - value < 0.5 for other in lengths
        )  # the next line would run through the name
        figure.add_vline(x=value, line={"color": IDEAL, "width": 1.2, "dash": "dot"})
        figure.add_annotation(
            x=value, y=0, text=name, showarrow=False, textangle=-90, yanchor="bottom",
            xanchor="right" if crowded else "left", font={"color": IDEAL},
        )  # fmt: skip
    if now is not None:
        figure.add_vline(x=now, line={"color": OTHERS[0], "width": 2})
        figure.add_annotation(
            x=now, y=118, text="now", showarrow=False, font={"color": OTHERS[0]}, xanchor="right", yanchor="top",
            xshift=-3,
        )  # fmt: skip
    figure.update_layout(layout(height=height, showlegend=False))
    figure.update_xaxes(title="distance / L (voxels)", rangemode="tozero")
    figure.update_yaxes(title="decoded right (%)", range=[-5, 120], tickvals=[0, 25, 50, 75, 100])
    return figure
