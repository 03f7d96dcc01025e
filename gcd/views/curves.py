"""Curves: radial distribution, Steinhardt parameters, training loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gcd.analysis.steinhardt import Neighbours, ideal_order
from gcd.structures.crystals import PHASES
from gcd.views.style import GENERATED, IDEAL, OTHERS, layout

MAX_POINTS = 2_000  # atoms drawn of one set; plain SVG, because browsers keep few WebGL contexts
COLOURS = (GENERATED, *OTHERS)


def rdf_figure(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    shells: Sequence[tuple[float, int]] = (),
    height: int = 360,
) -> go.Figure:
    """g(r) of one or several sets of structures, with the shells of the ideal crystal as stems.

    Args:
        curves: label -> (r in Å, g).
        shells: (radius in Å, number of neighbours) of the ideal crystal.
        height: pixels.
    """
    figure = go.Figure()
    top = max((float(np.max(g, initial=1.0)) for _, g in curves.values()), default=1.0)
    last = max((float(np.max(r, initial=0.0)) for r, _ in curves.values()), default=np.inf)
    drawn = [(radius, count) for radius, count in shells if radius <= last]
    if drawn:
        x = [value for radius, _ in drawn for value in (radius, radius, None)]
        y = [value for _ in drawn for value in (0.0, 1.06 * top, None)]
        figure.add_scatter(
            x=x, y=y, mode="lines", name="ideal shells", line={"color": IDEAL, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[radius for radius, _ in drawn],
            y=_staggered([radius for radius, _ in drawn], 0.05 * last, 1.06 * top, 0.07 * top),
            mode="text",
            text=[str(count) for _, count in drawn],
            textposition="top center",
            textfont={"color": IDEAL},
            name="neighbours in the shell",
            showlegend=False,
            hovertemplate="ideal shell at %{x:.3f} Å: %{text} neighbours<extra></extra>",
        )
    for (label, (r, g)), colour in zip(curves.items(), _cycle(len(curves)), strict=True):
        figure.add_scatter(
            x=r, y=g, mode="lines", name=label, line={"color": colour, "width": 2},
            hovertemplate="r = %{x:.3f} Å, g = %{y:.2f}<extra>" + label + "</extra>",
        )  # fmt: skip
    figure.update_layout(layout(height=height))
    figure.update_xaxes(title="distance r (Å)", rangemode="tozero")
    figure.update_yaxes(title="g(r)", rangemode="tozero", range=[0.0, 1.26 * top])
    return figure


def steinhardt_figure(
    points: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    neighbours: Neighbours,
    phase: str | None = None,
    height: int = 360,
) -> go.Figure:
    """One point an atom in the plane of q4 and q6, and the ideal crystals as rings, by the same rule.

    Args:
        points: label -> (q4 (N,), q6 (N,)); at most 2,000 atoms of each are drawn, evenly picked.
        neighbours: the rule that the points were computed by; crystals that it says nothing of have no ring.
        phase: the phase that was asked for; its ring stands out.
        height: pixels.
    """
    figure = go.Figure()
    for (label, (q4, q6)), colour in zip(points.items(), _cycle(len(points)), strict=True):
        step = max(1, -(-len(q4) // MAX_POINTS))
        figure.add_scatter(
            x=q4[::step], y=q6[::step], mode="markers", name=label,
            marker={"color": colour, "size": 6, "opacity": 0.55},
            hovertemplate="q4 = %{x:.4f}, q6 = %{y:.4f}<extra>" + label + "</extra>",
        )  # fmt: skip
    rings = {name: place for name in PHASES if (place := ideal_order(name, neighbours)) is not None}
    if others := {name: place for name, place in rings.items() if name != phase}:
        label = "ideal crystals" if phase is None else "other ideal crystals"
        figure.add_trace(_rings(others, label, OTHERS[-1], size=13, width=1.5))
    if phase in rings:
        figure.add_trace(_rings({phase: rings[phase]}, "ideal", IDEAL, size=20, width=2.5))
    figure.update_layout(layout(height=height))
    figure.update_xaxes(title="q<sub>4</sub>", range=[0.0, 0.88])
    figure.update_yaxes(title="q<sub>6</sub>", range=[0.2, 0.76])
    return figure


def loss_figure(
    losses: Mapping[str, tuple[np.ndarray, np.ndarray]], *, log: bool = True, height: int = 360
) -> go.Figure:
    """Training losses: label -> (steps, loss)."""
    figure = go.Figure()
    for (label, (steps, loss)), colour in zip(losses.items(), _cycle(len(losses)), strict=True):
        figure.add_scatter(
            x=steps, y=loss, mode="lines", name=label, line={"color": colour, "width": 2},
            hovertemplate="step %{x:,}: %{y:.4g}<extra>" + label + "</extra>",
        )  # fmt: skip
    figure.update_layout(layout(height=height))
    figure.update_xaxes(title="training step")
    figure.update_yaxes(title="loss", type="log" if log else "linear")
    return figure


def _rings(
    places: Mapping[str, tuple[float, float]], name: str, colour: str, *, size: int, width: float
) -> go.Scatter:
    return go.Scatter(
        x=[q4 for q4, _ in places.values()],
        y=[q6 for _, q6 in places.values()],
        mode="markers+text",
        name=name,
        text=[phase.upper() for phase in places],
        textposition="top center",
        textfont={"color": colour},
        marker={"symbol": "circle-open", "size": size, "color": colour, "line": {"width": width}},
        hovertemplate="ideal %{text}: q4 = %{x:.4f}, q6 = %{y:.4f}<extra></extra>",
    )


def _staggered(places: Sequence[float], room: float, low: float, step: float) -> list[float]:
    """Heights of labels at increasing places: one step up where the one before is closer than ``room``."""
    heights: list[float] = []
    for i, place in enumerate(places):
        crowded = i > 0 and place - places[i - 1] < room and heights[-1] == low
        heights.append(low + step if crowded else low)
    return heights


def _cycle(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]
