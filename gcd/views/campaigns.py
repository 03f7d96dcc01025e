"""Campaigns as pictures: lowest E_gb against angle, and E_gb against [n], with each point's structure behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from gcd.views.style import GENERATED, IDEAL, OTHERS, layout

COLOURS = (GENERATED, *OTHERS)


def angle_figure(
    curves: Mapping[str, Sequence[tuple[float, float, str, str]]],
    laws: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    *,
    height: int = 400,
) -> go.Figure:
    """Lowest E_gb against the angle of misorientation.

    Args:
        curves: label -> (degrees, J/m2, what is written at the point, what the point stands for).
        laws: label -> (degrees, J/m2) of Read and Shockley's law fitted to it.
        height: pixels.
    """
    figure = go.Figure()
    for number, (label, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        ordered = sorted(points)
        figure.add_scatter(
            x=[p[0] for p in ordered], y=[p[1] for p in ordered], text=[p[2] for p in ordered],
            customdata=[[p[3]] for p in ordered], mode="lines+markers+text", textposition="top center", name=label,
            line={"color": colour, "width": 1.2}, marker={"size": 9},
            hovertemplate="%{text}, %{x:.2f}°: %{y:.4f} J/m²<extra>%{fullData.name}</extra>",
        )  # fmt: skip
        if laws and label in laws:
            figure.add_scatter(
                x=[p[0] for p in laws[label]], y=[p[1] for p in laws[label]], mode="lines",
                name=f"Read-Shockley, {label}", line={"color": colour, "width": 1, "dash": "dash"}, hoverinfo="skip",
            )  # fmt: skip
    figure.update_layout(**layout(height=height, margin={"l": 8, "r": 8, "t": 78, "b": 8}))
    figure.update_xaxes(title="angle (degrees)")
    figure.update_yaxes(title="lowest E_gb (J/m²)", rangemode="tozero")
    return figure


def candidates_figure(rows: Sequence[tuple[float, float, str]], *, height: int = 400) -> go.Figure:
    """E_gb against [n] of one boundary's candidates, the lowest at each [n] marked.

    Args:
        rows: ([n], J/m2, name of the candidate).
        height: pixels.
    """
    lowest: dict[float, tuple[float, str]] = {}
    for n, egb, name in rows:
        key = round(n, 4)
        if key not in lowest or egb < lowest[key][0]:
            lowest[key] = (egb, name)
    figure = go.Figure()
    marks: list[tuple[str, list[Any], dict[str, Any]]] = [
        (
            "candidates",
            [(n, e, name) for n, e, name in rows],
            {"color": GENERATED, "size": 7, "opacity": 0.55},
        ),
        (
            "lowest at its [n]",
            [(n, e, name) for n, (e, name) in sorted(lowest.items())],
            {"color": IDEAL, "size": 10, "symbol": "diamond"},
        ),
    ]
    for label, points, marker in marks:
        figure.add_scatter(
            x=[p[0] for p in points], y=[p[1] for p in points], customdata=[[p[2]] for p in points], mode="markers",
            name=label, marker=marker,
            hovertemplate="[n] = %{x:.3f}: %{y:.4f} J/m²<extra>%{customdata[0]}</extra>",
        )  # fmt: skip
    low = min((e for _, e, _ in rows), default=0.0)
    figure.update_layout(**layout(height=height, margin={"l": 8, "r": 8, "t": 62, "b": 8}))
    figure.update_xaxes(title="[n]", range=[-0.05, 1.0])
    figure.update_yaxes(title="E_gb (J/m²)", range=[low - 0.15, low + 1.8])
    return figure
