"""A report's pictures, as SVG: E_gb against [n], E_gb against angle, and what it cost. Drawn with matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def energies_against_n(points: Sequence[tuple[float, float]], title: str) -> str:
    """E_gb against [n] of one boundary, the lowest at each [n] marked."""
    figure, axes = _figure(4.2, 2.8)
    axes.plot(
        [n for n, _ in points], [e for _, e in points], "o", ms=3, color=COLOURS[0], alpha=0.5, mec="none"
    )
    lowest: dict[float, float] = {}
    for n, e in points:
        lowest[round(n, 4)] = min(e, lowest.get(round(n, 4), e))
    axes.plot(sorted(lowest), [lowest[n] for n in sorted(lowest)], "_", ms=12, mew=1.5, color="#000000")
    low = min(lowest.values())
    axes.set(xlabel="[n]", ylabel="E_gb (J/m²)", title=title, xlim=(-0.05, 1.0), ylim=(low - 0.1, low + 2.0))
    return _svg(figure)


def energies_against_angle(
    curves: Mapping[str, Sequence[tuple[float, float, str]]],
    fits: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> str:
    """Lowest E_gb against the angle, a curve for each label: (degrees, J/m², Σ); fits are drawn thin."""
    figure, axes = _figure(7.0, 3.8)
    for colour, (label, points) in zip(COLOURS * 9, curves.items(), strict=False):
        ordered = sorted(points)
        axes.plot(
            [p[0] for p in ordered], [p[1] for p in ordered], "o-", ms=4, lw=1, color=colour, label=label
        )
        for angle, egb, sigma in ordered:
            axes.annotate(
                sigma, (angle, egb), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=6.5
            )
        if fits and label in fits:
            line = fits[label]
            axes.plot(
                [p[0] for p in line], [p[1] for p in line], "--", lw=0.9, color=colour,
                label=f"{label}, Read and Shockley",
            )  # fmt: skip
    axes.set(xlabel="angle (degrees)", ylabel="lowest E_gb (J/m²)")
    axes.set_ylim(bottom=0)
    if curves:
        axes.legend(frameon=False, fontsize=7)
    return _svg(figure)


def costs_of_groups(groups: Sequence[tuple[str, float]]) -> str:
    """Core-seconds of each boundary."""
    figure, axes = _figure(7.0, 0.8 + 0.22 * len(groups))
    names = [name for name, _ in groups][::-1]
    axes.barh(names, [seconds for _, seconds in groups][::-1], color=COLOURS[0])
    axes.set(xlabel="core-seconds")
    axes.tick_params(axis="y", labelsize=7)
    return _svg(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Any) -> str:
    """The figure as a part of a page; the same figure gives the same text."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "gcd", "svg.fonttype": "none", "font.size": 9}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
