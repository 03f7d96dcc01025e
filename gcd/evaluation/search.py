"""How long a search takes to find what is known to be there: candidates and core-seconds until each known answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gcd.search.store import Store
from gcd.structures.bicrystals import as_fraction

TOLERANCE = 1e-3  # J/m2
# ([n], E_gb in J/m2) of the ground state and of the metastable phase, by twist and metal.
ANSWERS: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {
    ("sigma5", "W"): ((0.2, 2.297), (0.4, 2.469)),
}


@dataclass(frozen=True)
class Row:
    """One known answer in one search; candidates and core-seconds are None where it was not found."""

    file: str
    seed: int
    n: float
    egb: float  # J/m2, the known one
    candidates: int | None  # tried up to and with the one that found it, failed ones included
    core_seconds: float | None  # of those candidates
    of_candidates: int  # in the whole search
    found_egb: float | None  # J/m2


def evaluate_searches(stores: Iterable[str | os.PathLike[str]]) -> list[Row]:
    """One row for each store, seed and known answer; candidates count in the order in which they finished."""
    rows = []
    for path in stores:
        with Store(path, read_only=True) as store:
            answers = ANSWERS.get((store.meta["twist"], store.meta["metal"]), ())
            candidates = [(c.seed, c.egb, c.n, c.seconds) for c in store]
        for seed in sorted({c[0] for c in candidates}):
            mine = [c[1:] for c in candidates if c[0] == seed]
            rows += [_row(str(path), seed, n, egb, mine) for n, egb in answers]
    return rows


def _row(file: str, seed: int, n: float, egb: float, found: Sequence[tuple[float, float, float]]) -> Row:
    seconds = 0.0
    for count, (energy, where, spent) in enumerate(found, start=1):
        seconds += spent
        if abs(where - n) < 1e-3 and abs(energy - egb) <= TOLERANCE:
            return Row(file, seed, n, egb, count, seconds, len(found), energy)
    return Row(file, seed, n, egb, None, None, len(found), None)


@dataclass(frozen=True)
class Summary:
    """What one search of any boundary has found, and what it took."""

    boundary: str
    metal: str
    potential: str
    repeats: str
    candidates: int
    failed: int
    different: int
    core_seconds: float
    core_seconds_each: float
    lowest: float  # J/m2
    lowest_n: float
    found_after: int  # candidates, in the order in which they finished
    at: str  # lowest E_gb at each [n]


def summarise_searches(stores: Iterable[str | os.PathLike[str]]) -> list[Summary]:
    """One row for each store that holds a structure."""
    rows = []
    for path in stores:
        with Store(path, read_only=True) as store:
            meta, candidates = store.meta, list(store)
            different = sum(1 for _ in store.unique())
        good = [(c.egb, c.n, i) for i, c in enumerate(candidates, start=1) if not c.error]
        if not good:
            continue
        lowest: dict[float, float] = {}
        for egb, n, _ in good:
            lowest[round(n, 6)] = min(egb, lowest.get(round(n, 6), np.inf))
        egb, n, _ = min(good)
        first = next(i for e, _, i in good if e <= egb + TOLERANCE)
        seconds = float(sum(c.seconds for c in candidates))
        repeats = (meta.get("boundary") or {}).get("repeats") or meta["recipe"].get("repeats") or (1, 1)
        rows.append(
            Summary(
                boundary=str(meta["twist"]),
                metal=str(meta["metal"]),
                potential=str(meta.get("potential", "zhou2004")),
                repeats=" x ".join(map(str, repeats)),
                candidates=len(candidates),
                failed=len(candidates) - len(good),
                different=different,
                core_seconds=round(seconds, 1),
                core_seconds_each=round(seconds / len(candidates), 2),
                lowest=round(egb, 4),
                lowest_n=round(n, 6),
                found_after=first,
                at=" ".join(f"{as_fraction(k)}:{v:.3f}" for k, v in sorted(lowest.items())),
            )
        )
    return rows


def summary_table(rows: Sequence[Summary]) -> str:
    """The table as a person reads it."""
    head = ("boundary", "metal", "potential", "cell", "candidates", "failed", "different", "core-s", "each")
    titles = (*head, "lowest E_gb (J/m2)", "at [n]", "after", "lowest at each [n]")
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for r in rows:
        found = (r.boundary, r.metal, r.potential, r.repeats, r.candidates, r.failed, r.different)
        cost = (f"{r.core_seconds:.0f}", f"{r.core_seconds_each:.1f}")
        lowest = (f"{r.lowest:.4f}", as_fraction(r.lowest_n), r.found_after, r.at)
        lines.append(f"| {' | '.join(map(str, (*found, *cost, *lowest)))} |")
    return "\n".join(lines)


def markdown(rows: Sequence[Row]) -> str:
    """The table as a person reads it, with the median of each answer."""
    lines = [
        "| seed | [n] | E_gb (J/m2) | candidates until found | core-seconds until found | candidates in all |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        if r.candidates is None or r.core_seconds is None or r.found_egb is None:
            found = f"{r.egb} | not found | | "
        else:
            found = f"{r.found_egb:.4f} | {r.candidates} | {r.core_seconds:.0f} | "
        lines.append(f"| {r.seed} | {r.n:g} | {found}{r.of_candidates} |")
    for n, egb in dict.fromkeys((r.n, r.egb) for r in rows):
        done = [(r.candidates, r.core_seconds) for r in rows if r.n == n and r.candidates is not None]
        if done:
            count, seconds = (float(np.median([d[i] for d in done])) for i in range(2))
            lines.append(f"| median of {len(done)} | {n:g} | {egb} | {count:g} | {seconds:.0f} | |")
    return "\n".join(lines)


def as_json(rows: Sequence[Row] | Sequence[Summary]) -> list[dict[str, Any]]:
    """The table for `--json`."""
    return [asdict(row) for row in rows]
