"""What a model of many boundaries does when it is asked: shares, energies, whether [n] and low energy are heeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gcd.evaluation.held_out_tables import relaxed
from gcd.evaluation.plots import COLOURS, pyplot, save_figure
from gcd.evaluation.runs import Line, RunFile

ENOUGH = 3  # candidates at an [n], of either wish, for their medians to be compared
NAN = float("nan")


@dataclass(frozen=True)
class Painting:
    """Candidates of one boundary and one wish; energies in J/m2, nan where there are none."""

    boundary: str
    wish: str
    guidance: float
    candidates: int
    at_once: float  # share of the kept ones that was physical without a repaint
    physical: float  # with repaints
    attempts: float  # mean, until the [n] asked for came
    right: float  # share that has the [n] asked for
    near: float  # share that misses it by no more than one atom
    lowest: float
    median: float
    seconds_each: float  # core-seconds a candidate, sampled and relaxed


def painting(run: RunFile, case: str, wish: str, guidance: float, per_plane: int) -> Painting:
    """The row of a run."""
    lines = run.lines
    asked = [line for line in lines if "asked" in line.about]
    egb = np.array([line.egb for line in relaxed(lines)], dtype=float)

    def misses(line: Line) -> int:
        """Atoms by which the plane misses the [n] asked for, round the plane."""
        atoms = round((line.n - line.about["asked"]) * per_plane) % per_plane
        return min(atoms, per_plane - atoms)

    return Painting(
        boundary=case,
        wish=wish,
        guidance=guidance,
        candidates=len(lines),
        at_once=sum(line.physical and not line.restarts for line in lines) / len(lines),
        physical=sum(line.physical for line in lines) / len(lines),
        attempts=float(np.mean([line.about.get("attempts", 1) for line in lines])),
        right=sum(line.physical and misses(line) == 0 for line in asked) / len(asked) if asked else NAN,
        near=sum(line.physical and misses(line) <= 1 for line in asked) / len(asked) if asked else NAN,
        lowest=float(egb.min()) if len(egb) else NAN,
        median=float(np.median(egb)) if len(egb) else NAN,
        seconds_each=run.spent / len(lines),
    )


@dataclass(frozen=True)
class Effect:
    """Median E_gb with low energy asked for less that without it, at equal [n] that came out."""

    boundary: str
    guidance: float
    n_compared: int  # [n] with ENOUGH candidates of both
    n_lower: int  # of them, where asking lowered the median
    mean: float  # J/m2, over these [n]; nan without any


def effect(low: Sequence[Line], plain: Sequence[Line], case: str, guidance: float) -> Effect:
    """What the wish for low energy does."""

    def at_n(lines: Sequence[Line]) -> dict[float, list[float]]:
        found: dict[float, list[float]] = {}
        for line in relaxed(lines):
            found.setdefault(round(line.n, 4), []).append(float(line.egb or 0.0))
        return found

    with_it, without = at_n(low), at_n(plain)
    both = [n for n in with_it if min(len(with_it[n]), len(without.get(n, []))) >= ENOUGH]
    gains = np.array([np.median(with_it[n]) - np.median(without[n]) for n in both])
    return Effect(
        case, guidance, len(both), int((gains < 0).sum()), float(gains.mean()) if len(gains) else NAN
    )


def plot(rows: Sequence[Painting], effects: Sequence[Effect], path: Path) -> None:
    """Over the guidance weight: share with the [n] asked for, physical share, and what asking for low energy does."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    names = list(dict.fromkeys(row.boundary for row in rows))
    for colour, name in zip(COLOURS, names, strict=False):
        mine = sorted((row for row in rows if row.boundary == name), key=lambda row: row.guidance)
        weights = [row.guidance for row in mine]
        axes[0].plot(weights, [100 * row.right for row in mine], "o-", color=colour, label=name)
        axes[1].plot(weights, [100 * row.physical for row in mine], "o-", color=colour)
        found = sorted((e for e in effects if e.boundary == name), key=lambda e: e.guidance)
        axes[2].plot([e.guidance for e in found], [e.mean for e in found], "o-", color=colour)
    axes[0].axhline(80, color="0.5", lw=0.8, ls=":")
    axes[2].axhline(0, color="0.5", lw=0.8, ls=":")
    axes[0].set(xlabel="guidance weight", ylabel="has the [n] asked for (%)", ylim=(-3, 103))
    axes[1].set(xlabel="guidance weight", ylabel="physical with repaints (%)", ylim=(-3, 103))
    axes[2].set(xlabel="guidance weight", ylabel="median E_gb, low asked for\nless not asked for (J/m²)")
    axes[0].legend(frameon=False, fontsize=8)
    save_figure(figure, path)


PAINTING_TITLES: Mapping[str, str] = {
    "boundary": "boundary",
    "wish": "asked for",
    "guidance": "guidance",
    "candidates": "candidates",
    "at_once": "physical at once",
    "physical": "with repaints",
    "attempts": "attempts",
    "right": "has that [n]",
    "near": "or one atom off",
    "lowest": "lowest E_gb (J/m²)",
    "median": "median",
    "seconds_each": "core-s each",
}
EFFECT_TITLES: Mapping[str, str] = {
    "boundary": "boundary",
    "guidance": "guidance",
    "n_compared": "[n] compared",
    "n_lower": "lower at",
    "mean": "mean difference of medians (J/m²)",
}


def against_known(rows: Sequence[Painting], known: Mapping[str, float]) -> list[dict[str, Any]]:
    """Rows of boundaries that were learnt, with the lowest E_gb (J/m2) that was learnt from and the difference."""
    return [
        {
            "boundary": row.boundary,
            "candidates": row.candidates,
            "at_once": row.at_once,
            "physical": row.physical,
            "lowest": row.lowest,
            "learnt": known.get(row.boundary, NAN),
            "above": row.lowest - known.get(row.boundary, NAN),
            "seconds_each": row.seconds_each,
        }
        for row in rows
    ]


KNOWN_TITLES: Mapping[str, str] = {
    "boundary": "boundary",
    "candidates": "candidates",
    "at_once": "physical at once",
    "physical": "with repaints",
    "lowest": "lowest E_gb (J/m²)",
    "learnt": "lowest learnt from",
    "above": "above it",
    "seconds_each": "core-s each",
}
