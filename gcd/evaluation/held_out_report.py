"""The runs on held-out boundaries as a page: tables, verdict, what training cost and when it is paid back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gcd.evaluation.held_out_tables import HIT, LOW, NEAR, PART, Row

MODEL, SEARCH = "model", "search"
BASELINES = ("search", "short", "shifts", "strained")  # what needs no model
METHODS = {
    "model": "model, [n] spread and low energy asked for",
    "unconditioned": "model, nothing asked for",
    "search": "GRIP-like search",
    "short": "GRIP-like search, short dynamics or none",
    "shifts": "rigid shifts and removals, no dynamics",
    "strained": "nearest learnt boundary, strained",
}


def report(
    rows: Sequence[Row],
    found: Mapping[str, Any],
    paid: Sequence[Mapping[str, Any]],
    *,
    budget: float,
    training: float | None,
) -> str:
    """Markdown of all tables."""
    parts = [_lowest(rows, budget), _verdict(found), _shares(rows, budget), _paid(paid, training)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _lowest(rows: Sequence[Row], budget: float) -> str:
    early, late = f"after {PART * budget:g} core-s", f"after {budget:g} core-s"
    head = ["boundary", "method", "seeds", early, late, "best and worst seed", "above best known"]
    text = (
        f"Lowest E_gb (J/m²), median over the seeds. The best known is the lowest of all runs; the last columns say "
        f"how many of the seeds came within {HIT:g} and {NEAR:g} J/m² of it {late}."
    )
    return _table(
        text,
        [*head, f"within {HIT:g}", f"within {NEAR:g}"],
        (
            [
                r.boundary,
                METHODS.get(r.method, r.method),
                r.seeds,
                _energy(r.early),
                _energy(r.lowest),
                f"{_energy(r.best_seed)} to {_energy(r.worst_seed)}",
                _energy(r.above),
                f"{r.hits * r.seeds:.0f}",
                f"{r.near * r.seeds:.0f}",
            ]
            for r in rows
        ),
    )


def _shares(rows: Sequence[Row], budget: float) -> str:
    text = (
        f"Candidates within {budget:g} core-seconds. Low states are different ones (E_gb to 3 decimals, [n]) no more "
        f"than {LOW:g} J/m² above the best known at their [n], over all seeds."
    )
    head = ["boundary", "method", "candidates a seed", "core-s each", "physical at once", "with repaints"]
    return _table(
        text,
        [*head, "low states", "at so many [n]"],
        (
            [
                r.boundary,
                METHODS.get(r.method, r.method),
                f"{r.candidates:.1f}",
                f"{r.seconds_each:.2f}",
                _percent(r.at_once),
                _percent(r.physical),
                r.low_states,
                r.low_n,
            ]
            for r in rows
        ),
    )


def _verdict(found: Mapping[str, Any]) -> str:
    every = found["boundaries"]
    if not every:
        return "There are no runs of both the model and the search."
    sentences = {
        "below_search": "The model's median is below the search's",
        "at_a_fifth": f"After {PART:g} of the core-seconds it is no higher than the search's after all of them",
        "below_baselines": "It is below that of every baseline that needs no model",
        "not_above_baselines": "It is not above that of any of them",
    }
    lines = []
    for key, words in sentences.items():
        others = [name for name in every if name not in found[key]]
        but = f"; not in {', '.join(others)}" if others else ""
        lines.append(f"- {words} in {len(found[key])} of {len(every)} boundaries{but}.")
    if nothing := found["search_has_nothing"]:
        lines.append(
            f"- In {', '.join(nothing)} the search had finished no candidate by then in half of its runs or more: "
            "being below it means little there."
        )
    return "\n".join(lines)


def _paid(paid: Sequence[Mapping[str, Any]], training: float | None) -> str:
    if not paid:
        return ""
    text = (
        "Core-seconds until half of the seeds had the model's lowest E_gb. A search that never had it is counted as if "
        "it had it at the end of its runs, which favours the search."
    )
    rows = []
    for row in paid:
        most = "" if row["search_reached_it"] else "> "
        search, own = row["search_core_seconds"], row["model_core_seconds"]
        lowest = _energy(row["lowest_of_the_model"])
        rows.append(
            [row["boundary"], lowest, f"{own:.1f}", f"{most}{search:.1f}", f"{most}{search - own:.1f}"]
        )
    head = ["boundary", "lowest of the model", "model, core-s", "search, core-s", "saved"]
    saved = float(np.mean([row["search_core_seconds"] - row["model_core_seconds"] for row in paid]))
    words = f"A boundary saves {saved:.1f} core-seconds in the mean."
    if training is not None:
        words += f" Data and training took {training:,.0f} core-seconds: paid for "
        words += f"after {int(np.ceil(training / saved)):,} such boundaries." if saved > 0 else "never."
    return f"{_table(text, head, rows)}\n\n{words}"


def _table(text: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [text, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _energy(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "none"


def _percent(share: float) -> str:
    return "none" if np.isnan(share) else f"{100 * share:.1f} %"
