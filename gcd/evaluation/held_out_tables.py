"""Tables and curves of the runs on held-out boundaries: lowest E_gb against core-seconds, hits, low states, shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gcd.evaluation.held_out import Case
from gcd.evaluation.plots import COLOURS, pyplot, save_figure
from gcd.evaluation.runs import Line, RunFile
from gcd.search.store import duplicate_key

HIT, NEAR = 0.001, 0.02  # J/m2 above the best known
LOW = 0.05  # J/m2 above the best known at its [n]: a low state
PART = 0.2  # of the budget: the early look
EQUAL = 5e-4  # J/m2: lowest energies that differ by less are equal
NAN = float("nan")

Runs = Mapping[str, Mapping[int, RunFile]]  # method -> seed -> run


@dataclass(frozen=True)
class Row:
    """One method on one boundary; medians are over the seeds, energies in J/m2, inf where nothing was found."""

    boundary: str
    method: str
    seeds: int
    early: float  # median of the lowest after PART of the budget
    lowest: float  # median of the lowest after the budget
    best_seed: float
    worst_seed: float
    above: float  # `lowest` above the best known
    hits: float  # seeds of all whose lowest is within HIT of the best known
    near: float  # seeds of all whose lowest is within NEAR of it
    low_states: int  # different ones no more than LOW above the best known at their [n], over all seeds
    low_n: int  # [n] at which there are such
    at_once: float  # share of candidates that were physical without a repaint
    physical: float  # with repaints
    candidates: float  # mean of a seed
    seconds_each: float  # core-seconds a candidate


def within(run: RunFile, budget: float) -> list[Line]:
    """The candidates that were done before so many core-seconds were over."""
    return [line for line in run.lines if line.seconds <= budget]


def relaxed(lines: Sequence[Line]) -> list[Line]:
    """Those with an energy that counts."""
    return [line for line in lines if line.egb is not None and line.converged]


def lowest(lines: Sequence[Line]) -> float:
    """Lowest E_gb in J/m2; inf when there is none."""
    return min((float(line.egb) for line in relaxed(lines) if line.egb is not None), default=np.inf)


def best_known(runs: Runs) -> dict[float, float]:
    """[n] -> lowest E_gb of all runs on a boundary, whatever their budget."""
    best: dict[float, float] = {}
    for run in (run for seeds in runs.values() for run in seeds.values()):
        for line in relaxed(run.lines):
            n = round(line.n, 4)
            best[n] = min(float(line.egb or 0.0), best.get(n, np.inf))
    return best


def tabulate(case: Case, runs: Runs, budget: float, methods: Sequence[str] | None = None) -> list[Row]:
    """A row for each method, in the order of ``methods``; runs that have not spent the budget are left out."""
    best = best_known(runs)
    ground = min(best.values(), default=np.inf)
    rows = []
    for method in runs if methods is None else [m for m in methods if m in runs]:
        whole = [within(run, budget) for run in runs[method].values() if run.spent >= budget]
        if not whole:
            continue
        lows = np.array([lowest(lines) for lines in whole])
        early = [lowest([line for line in lines if line.seconds <= PART * budget]) for lines in whole]
        every = [line for lines in whole for line in lines]
        low = {
            duplicate_key(float(line.egb or 0.0), line.n)
            for line in relaxed(every)
            if float(line.egb or 0.0) <= best[round(line.n, 4)] + LOW
        }
        # The candidate under way at the end has cost the rest of the budget and counts for what it took.
        tried = [run for run in runs[method].values() if run.spent >= budget]
        spent = sum(run.spent for run in tried) / sum(len(run.lines) for run in tried)
        rows.append(
            Row(
                boundary=case.name,
                method=method,
                seeds=len(whole),
                early=float(np.median(early)),
                lowest=float(np.median(lows)),
                best_seed=float(lows.min()),
                worst_seed=float(lows.max()),
                above=float(np.median(lows) - ground) if np.isfinite(ground) else np.inf,
                hits=float((lows <= ground + HIT).mean()),
                near=float((lows <= ground + NEAR).mean()),
                low_states=len(low),
                low_n=len({n for _, n in low}),
                at_once=_share([line.physical and not line.restarts for line in every]),
                physical=_share([line.physical for line in every]),
                candidates=len(every) / len(whole),
                seconds_each=spent,
            )
        )
    return rows


def by_n(case: Case, runs: Runs, budget: float) -> list[dict[str, Any]]:
    """One row for each [n] and method: candidates, different ones, low ones, lowest E_gb."""
    best, rows = best_known(runs), []
    for n, ground in sorted(best.items()):
        for method, seeds in runs.items():
            here = [
                line
                for run in seeds.values()
                for line in relaxed(within(run, budget))
                if round(line.n, 4) == n
            ]
            egb = np.array([line.egb for line in here], dtype=float)
            keys = {duplicate_key(e, n) for e in egb}
            rows.append(
                {
                    "boundary": case.name,
                    "n": n,
                    "method": method,
                    "candidates": len(here),
                    "different": len(keys),
                    "low": len({duplicate_key(e, n) for e in egb if e <= ground + LOW}),
                    "lowest": float(egb.min()) if len(egb) else NAN,
                    "best_known": ground,
                }
            )
    return rows


def curve(runs: Mapping[int, RunFile], times: np.ndarray) -> np.ndarray:
    """(seeds, T) lowest E_gb in J/m2 that each run had found by those core-seconds; inf before the first."""
    rows = []
    for run in runs.values():
        done = relaxed(run.lines)
        seconds = np.array([line.seconds for line in done])
        best = (
            np.minimum.accumulate(np.array([line.egb for line in done], dtype=float)) if done else np.empty(0)
        )
        found = np.searchsorted(seconds, times, side="right") - 1
        rows.append(np.where(found >= 0, best[np.maximum(found, 0)] if done else np.inf, np.inf))
    return np.array(rows)


def time_to(runs: Mapping[int, RunFile], egb: float) -> float:
    """Median over the seeds of the core-seconds until E_gb was no higher than that; inf where half never got there."""
    found = []
    for run in runs.values():
        there = [
            line.seconds for line in relaxed(run.lines) if line.egb is not None and line.egb <= egb + EQUAL
        ]
        found.append(min(there, default=np.inf))
    return float(np.median(found))


def verdict(rows: Sequence[Row], model: str, search: str, baselines: Sequence[str]) -> dict[str, Any]:
    """In which boundaries the model's median is below the search's and below every baseline's, and where not."""
    table: dict[str, dict[str, Row]] = {}
    for row in rows:
        table.setdefault(row.boundary, {})[row.method] = row
    both = {name: by for name, by in table.items() if model in by and search in by}

    def named(holds: Callable[[dict[str, Row]], bool]) -> list[str]:
        return [name for name, by in both.items() if holds(by)]

    return {
        "boundaries": list(both),
        "below_search": named(lambda by: by[model].lowest < by[search].lowest - EQUAL),
        "search_has_nothing": named(lambda by: not np.isfinite(by[search].lowest)),
        "at_a_fifth": named(lambda by: by[model].early <= by[search].lowest + EQUAL),
        "below_baselines": named(
            lambda by: all(by[model].lowest < by[m].lowest - EQUAL for m in baselines if m in by)
        ),
        "not_above_baselines": named(
            lambda by: all(by[model].lowest <= by[m].lowest + EQUAL for m in baselines if m in by)
        ),
    }


def paid_for(
    runs: Mapping[str, Runs], model: str, search: str, training: float, budget: float
) -> list[dict[str, Any]]:
    """A row a boundary: core-seconds until the model's lowest, of model and search, and training over what is saved.

    Where half of the search's runs never reach it they are taken to reach it at the end of their budget, which makes
    the number of boundaries too high: "at most".
    """
    rows = []
    for name, by in runs.items():
        if model not in by or search not in by:
            continue
        reached = float(np.median([lowest(within(run, budget)) for run in by[model].values()]))
        own, other = time_to(by[model], reached), time_to(by[search], reached)
        spent = float(np.median([run.spent for run in by[search].values()]))
        saved = min(other, spent) - own
        rows.append(
            {
                "boundary": name,
                "lowest_of_the_model": reached,
                "model_core_seconds": own,
                "search_core_seconds": min(other, spent),
                "search_reached_it": bool(np.isfinite(other)),
                "paid_after": training / saved if saved > 0 else np.inf,
            }
        )
    return rows


def plot(
    cases: Mapping[str, tuple[str, Runs]], budget: float, path: Path, methods: Mapping[str, str]
) -> None:
    """Lowest E_gb against core-seconds, a panel a boundary: median over the seeds, band from best to worst seed.

    Args:
        cases: name -> title and runs.
        budget: where the curves end.
        path: of the picture.
        methods: name -> words of the legend.
    """
    plt = pyplot()
    columns = min(3, len(cases))
    lines = -(-len(cases) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(3.6 * columns, 2.8 * lines), squeeze=False, layout="constrained"
    )
    times = np.linspace(0.0, budget, 400)
    for axis in axes.flat[len(cases) :]:
        axis.axis("off")
    for axis, (title, runs) in zip(axes.flat, cases.values(), strict=False):
        ends = []
        for colour, (method, words) in zip(COLOURS, methods.items(), strict=False):
            if method not in runs:
                continue
            every = curve(runs[method], times)
            middle = np.median(every, axis=0)
            shown = np.isfinite(every).all(axis=0)
            axis.plot(times, np.where(np.isfinite(middle), middle, NAN), color=colour, label=words)
            axis.fill_between(
                times, every.min(axis=0), every.max(axis=0), where=shown, color=colour, alpha=0.15, lw=0
            )
            ends += [middle[-1]] if np.isfinite(middle[-1]) else []
        if ends:  # what lies far above every method's end says nothing
            axis.set_ylim(min(ends) - 0.05, min(max(ends), min(ends) + 1.5) + 0.4)
        axis.set_title(title, fontsize=9)
    for axis in axes[:, 0]:
        axis.set_ylabel("lowest E_gb (J/m²)")
    for axis in list(axes.flat)[max(0, len(cases) - columns) : len(cases)]:
        axis.set_xlabel("core-seconds")
    handles = {
        label: h for axis in axes.flat for h, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=8
    )
    save_figure(figure, path)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else NAN
