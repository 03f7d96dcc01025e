"""The noise schedule, a diffusion model of one number, and the solver's error, as figures for a first meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch

from gcd.diffusion.schedules import VPSchedule
from gcd.views.style import BUTTONS, GENERATED, IDEAL, OTHERS, layout

ORDER_COLOURS = {1: OTHERS[0], 2: OTHERS[2], 3: GENERATED}
CURVES = (("alpha", "alpha: data left", GENERATED), ("sigma", "sigma: noise", OTHERS[0]))


def schedule_figure(schedule: VPSchedule, *, now: float | None = None, height: int = 350) -> go.Figure:
    """alpha(t) and sigma(t) on the left axis, lambda(t) on the right one; ``now`` is marked."""
    t = np.linspace(1e-3, 1.0, 300)
    figure = go.Figure()
    for name, label, colour in CURVES:
        values = getattr(schedule, name)(torch.tensor(t)).numpy()
        figure.add_scatter(
            x=t, y=np.round(values, 4), mode="lines", name=label, line={"color": colour, "width": 2.2},
            hovertemplate="t = %{x:.3f}: %{y:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=t, y=np.round(schedule.lambda_(torch.tensor(t)).numpy(), 4), mode="lines", name="lambda (right axis)",
        line={"color": OTHERS[1], "width": 2, "dash": "dash"}, yaxis="y2",
        hovertemplate="t = %{x:.3f}: %{y:.3f}<extra>lambda</extra>",
    )  # fmt: skip
    if now is not None:
        figure.add_vline(x=now, line={"color": IDEAL, "width": 2})
    figure.update_layout(
        layout(
            height=height,
            yaxis={"title": "alpha, sigma", "range": [0, 1.05]},
            yaxis2={
                "title": "lambda",
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "range": [-6, 6],
                "zeroline": False,
                "tickvals": [-5, -2.5, 0, 2.5, 5],
            },
        )
    )
    figure.update_xaxes(title="time t, from data (0) to noise (1)", range=[0, 1])
    return figure


def cells_figure(values: np.ndarray, *, top: float, height: int = 250) -> go.Figure:
    """(X, Y) voxels of any sign, blue below zero and orange above: noise has both."""
    figure = go.Figure(
        go.Heatmap(
            z=np.round(values.T, 4), zmin=-top, zmax=top, showscale=False,
            colorscale=[[0.0, "#2166AC"], [0.5, "#F4F4F0"], [1.0, "#B4530A"]],
            hovertemplate="voxel (%{x}, %{y}): %{z:.3f} atoms<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(layout(height=height, margin={"l": 0, "r": 0, "t": BUTTONS, "b": 4}))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", constrain="domain")
    return figure


def trajectories_figure(
    times: np.ndarray,
    states: np.ndarray,
    fine: tuple[np.ndarray, np.ndarray],
    density: tuple[np.ndarray, np.ndarray],
    *,
    height: int = 400,
) -> go.Figure:
    """Numbers on their way from noise (left) to data (right), in steps of equal length in lambda.

    Args:
        times, states: (S,) lambda and (S, N), the solver's steps.
        fine: the same, of an exact or very fine solution.
        density: (x, p) of the data, drawn along the right edge.
        height: pixels.
    """
    figure = go.Figure()
    for label, (t, x), line in (
        ("exact", fine, {"color": "rgba(138,154,154,0.75)", "width": 1.2}),
        ("solver", (times, states), {"color": GENERATED, "width": 1.4}),
    ):
        gap = np.full((1, x.shape[1]), np.nan)
        many = np.vstack([x, gap]).T.ravel()
        along = np.tile(np.append(t, np.nan), x.shape[1])
        figure.add_scatter(
            x=np.round(along, 4), y=np.round(many, 3), name=label, line=line,
            mode="lines+markers" if label == "solver" else "lines", marker={"size": 4}, hoverinfo="skip",
        )  # fmt: skip
    x, p = density
    figure.add_scatter(
        x=np.round(fine[0].max() + 0.2 + 1.8 * p / p.max(), 4), y=x, mode="lines", name="data", hoverinfo="skip",
        line={"color": IDEAL, "width": 2},
    )  # fmt: skip
    figure.update_layout(layout(height=height))
    figure.update_xaxes(
        title="lambda: from noise (left) to data (right)", range=[-5.3, 6.8], tickvals=[-5, -2.5, 0, 2.5]
    )
    figure.update_yaxes(title="the number x", range=[-3.2, 3.2])
    return figure


def error_figure(
    errors: Mapping[int, Sequence[tuple[int, float]]],
    *,
    now: tuple[int, int] | None = None,
    unit: str = "",
    height: int = 380,
) -> go.Figure:
    """A solver's error against the evaluations it may spend, one curve an order, both axes in decades.

    Args:
        errors: of :func:`gcd.diffusion.accuracy.solver_errors`.
        now: (order, evaluations) to ring.
        unit: of the error.
        height: pixels.
    """
    figure = go.Figure()
    for order, points in errors.items():
        figure.add_scatter(
            x=[count for count, _ in points], y=[error for _, error in points], mode="lines+markers",
            name=f"order {order}", line={"color": ORDER_COLOURS[order], "width": 2}, marker={"size": 7},
            hovertemplate="%{x} evaluations: error %{y:.2g}<extra>order " + str(order) + "</extra>",
        )  # fmt: skip
    if now is not None:
        ringed = [point for point in errors.get(now[0], []) if point[0] == now[1]]
        figure.add_scatter(
            x=[point[0] for point in ringed], y=[point[1] for point in ringed], mode="markers", name="now",
            marker={"symbol": "circle-open", "size": 16, "color": IDEAL, "line": {"width": 3}}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(layout(height=height))
    counts = sorted({count for points in errors.values() for count, _ in points})
    figure.update_xaxes(
        title="network evaluations (NFE)", type="log", tickvals=counts, ticktext=[str(c) for c in counts]
    )
    figure.update_yaxes(
        title=f"rms error{f' ({unit})' if unit else ''}", type="log", exponentformat="power", dtick=1
    )
    return figure
