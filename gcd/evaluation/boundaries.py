"""What a boundary model paints: E_gb against [n] over the search's (paper, Figs. 6 and S.3), and its price."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.evaluation.search import ANSWERS
from gcd.files import atomic_file
from gcd.search.dataset import BoundaryDataset
from gcd.search.store import Store, duplicate_key

if TYPE_CHECKING:
    from ase import Atoms

ENOUGH = 10  # candidates at an [n] for its median to mean something
REACHED = 3e-3  # J/m2: a candidate no further above a known answer has found it


@dataclass(frozen=True)
class Candidate:
    """One painted candidate; nan and None where it could not be relaxed."""

    seed: int
    index: int
    physical: bool
    restarts: int  # until it was
    relaxed: bool  # converged
    n: float
    egb: float  # J/m2
    egb_initial: float
    in_training: bool  # E_gb to 3 decimals and [n] are those of a training structure
    matched: float  # share of the core that lies on the most similar training structure of that [n]
    rms: float  # of those atoms, Å
    spacing: float  # of the ends, Å
    failure: str


@dataclass(frozen=True)
class Price:
    """Core-seconds of one run of candidates, as the operating system counts them."""

    sampling: float  # of this process, decoding included
    relaxing: float  # of the worker processes, their start included


@dataclass(frozen=True)
class Row:
    """The candidates at one [n]; energies in J/m2, nan where there are none."""

    n: float
    candidates: int
    distinct: int
    lowest: float
    median: float
    search_lowest: float
    search_median: float
    matched: float  # median over the candidates


def paint(
    settings: dict[str, Any],
    *,
    training: set[tuple[int, float]],
    likeness: Callable[[Atoms], tuple[float, float]] | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Candidate], list[Atoms], Price]:
    """Sample and relax side by side; what came out, and what it cost.

    Args:
        settings: for `generate_relaxed_boundaries`.
        training: duplicate keys of the structures learnt from.
        likeness: of a relaxed structure to those learnt from: share matched, rms (Å).
        progress: called with the number of candidates done.
    """
    from gcd.generate import generate_relaxed_boundaries

    done = [0]

    def count(*_: Atoms) -> None:
        done[0] += 1
        if progress is not None:
            progress(done[0])

    own, workers = time.process_time(), _of_children()
    structures = generate_relaxed_boundaries(on_relaxed=count, **settings)
    price = Price(time.process_time() - own, _of_children() - workers)
    candidates = []
    for atoms in structures:
        info = atoms.info
        ok = bool(info["physical"]) and "error" not in info and bool(info["converged"])
        matched, rms = likeness(atoms) if ok and likeness is not None else (float("nan"), float("nan"))
        candidates.append(
            Candidate(
                seed=info["seed"],
                index=info["index"],
                physical=bool(info["physical"]),
                restarts=int(info["restarts"]),
                relaxed=ok,
                n=round(float(info["n"]), 4),
                egb=float(info["egb"]) if ok else float("nan"),
                egb_initial=float(info.get("egb_initial", float("nan"))),
                in_training=ok and duplicate_key(info["egb"], info["n"]) in training,
                matched=matched,
                rms=rms,
                spacing=float(info["spacing"]),
                failure=str(info.get("error") or info["failure"]),
            )
        )
    return candidates, structures, price


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def likeness_to(dataset: BoundaryDataset, indices: Sequence[int]) -> Callable[[Atoms], tuple[float, float]]:
    """How much of a boundary's core lies on the most similar of those structures that have its [n]."""
    from gcd.analysis.boundary_similarity import BoundaryLibrary

    libraries = {}
    for n in np.unique(dataset.n[list(indices)]):
        members = [i for i in indices if dataset.n[i] == n]
        cell = (float(dataset.cell[0]), float(dataset.cell[1]))
        libraries[round(float(n), 4)] = BoundaryLibrary(
            [(dataset.positions(i), float(dataset.arrays["plane"][i])) for i in members],
            cell,
            dataset.boundary,
        )

    def likeness(atoms: Atoms) -> tuple[float, float]:
        library = libraries.get(round(float(atoms.info["n"]), 4))
        if library is None or not np.allclose(atoms.cell.lengths()[:2], library.cell, atol=1e-3):
            return 0.0 if library is None else float("nan"), float("nan")
        like = library.most_like(atoms.positions, atoms.info["plane"])
        return like.matched, like.rms

    return likeness


def tabulate(candidates: Sequence[Candidate], dataset: BoundaryDataset) -> list[Row]:
    """One row for each [n] that candidates or search have."""
    done = [c for c in candidates if c.relaxed]
    rows = []
    for n in sorted({c.n for c in done} | {round(float(n), 4) for n in dataset.n}):
        egb = np.array([c.egb for c in done if c.n == n])
        search = dataset.egb[np.abs(dataset.n - n) < 1e-4]
        nan = float("nan")
        rows.append(
            Row(
                n=n,
                candidates=len(egb),
                distinct=len({duplicate_key(e, n) for e in egb}),
                lowest=float(egb.min()) if len(egb) else nan,
                median=float(np.median(egb)) if len(egb) else nan,
                search_lowest=float(search.min()) if len(search) else nan,
                search_median=float(np.median(search)) if len(search) else nan,
                matched=float(np.median([c.matched for c in done if c.n == n])) if len(egb) else nan,
            )
        )
    return rows


def summary(
    candidates: Sequence[Candidate], price: Price | None, boundary: tuple[str, str]
) -> dict[str, Any]:
    """Shares, known answers reached and their price, over one seed or several."""
    count, done = len(candidates), [c for c in candidates if c.relaxed]
    result: dict[str, Any] = {
        "candidates": count,
        "at_once": sum(c.physical and not c.restarts for c in candidates) / count,
        "physical": sum(c.physical for c in candidates) / count,
        "relaxed": len(done) / count,
        "distinct": len({duplicate_key(c.egb, c.n) for c in done}),
        "in_training": sum(c.in_training for c in done),
    }
    for n, egb in ANSWERS.get(boundary, ()):
        hits = sum(abs(c.n - n) < 1e-3 and c.egb <= egb + REACHED for c in done)
        at = [c.egb for c in done if abs(c.n - n) < 1e-3]
        found = {"lowest": min(at) if at else None, "hits": hits}
        if price is not None:
            spent = price.sampling + price.relaxing
            found["core_seconds_each"] = spent / hits if hits else None
        result[f"{n:g}"] = found
    if price is not None:
        result |= {"sampling_core_seconds": price.sampling, "relaxing_core_seconds": price.relaxing}
    return result


def price_of_search(stores: Iterable[str | os.PathLike[str]]) -> dict[str, Any]:
    """What the known answers cost a search: all its core-seconds over the candidates that are one of them."""
    seconds, count, hits = 0.0, 0, dict[float, int]()
    for path in stores:
        with Store(path, read_only=True) as store:
            answers = ANSWERS.get((store.meta["twist"], store.meta["metal"]), ())
            for c in store:
                seconds, count = seconds + c.seconds, count + 1
                for n, egb in answers:
                    hits.setdefault(n, 0)
                    hits[n] += abs(c.n - n) < 1e-3 and c.egb <= egb + REACHED
            count += len(store.errors())
    each = {f"{n:g}": {"hits": h, "core_seconds_each": seconds / h if h else None} for n, h in hits.items()}
    return {"candidates": count, "core_seconds": seconds} | each


def markdown(rows: Sequence[Row]) -> str:
    """The table by [n] as a person reads it."""
    lines = [
        "| [n] | candidates | distinct | lowest E_gb | of search | median E_gb | of search | core matched |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.n:g} | {r.candidates} | {r.distinct} | {_figure(r.lowest, 4)} | {_figure(r.search_lowest, 4)} | "
        f"{_figure(r.median, 3)} | {_figure(r.search_median, 3)} | {_figure(100 * r.matched, 0)}"
        f"{'' if np.isnan(r.matched) else ' %'} |"
        for r in rows
    ]
    many = [r for r in rows if r.candidates >= ENOUGH and not np.isnan(r.search_median)]
    above = [f"{r.n:g}" for r in many if r.median >= r.search_median]
    if not many:
        return "\n".join(
            [*lines, "", f"At no [n] are there {ENOUGH} candidates, too few for a median to mean something."]
        )
    where = ", ".join(f"{r.n:g}" for r in many)
    verdict = f"is not below the search's at [n] = {', '.join(above)}" if above else "is below the search's"
    lines += ["", f"Where there are {ENOUGH} candidates or more ({where}), the median E_gb {verdict}."]
    return "\n".join(lines)


def summary_markdown(by_seed: dict[str, dict[str, Any]], search: dict[str, Any] | None = None) -> str:
    """One line a seed: shares, answers and their price; the search's price below."""
    answers = [key for key in next(iter(by_seed.values())) if key.replace(".", "").isdigit()]
    head = "".join(f" lowest at {n} | found at {n} | core-s each |" for n in answers)
    head = (
        f"| seed | candidates | physical at once | with restarts | relaxed | distinct | in training |{head}"
    )
    head += " sampling core-s | relaxing core-s |"
    lines = [head, "|---" * (9 + 3 * len(answers)) + "|"]
    for name, s in by_seed.items():
        cells = "".join(
            f" {_figure(s[n]['lowest'], 4)} | {s[n]['hits']} | {_figure(s[n].get('core_seconds_each'), 2)} |"
            for n in answers
        )
        lines.append(
            f"| {name} | {s['candidates']} | {100 * s['at_once']:.1f} % | {100 * s['physical']:.1f} % | "
            f"{100 * s['relaxed']:.1f} % | {s['distinct']} | {s['in_training']} |{cells} "
            f"{_figure(s.get('sampling_core_seconds'), 1)} | {_figure(s.get('relaxing_core_seconds'), 1)} |"
        )
    if search is not None:
        found = ", ".join(
            f"[n] = {n}: {search[n]['hits']} of {search['candidates']} candidates, "
            f"{_figure(search[n]['core_seconds_each'], 0)} core-s each"
            for n in answers
            if n in search
        )
        lines += ["", f"The search on the same machine: {found}."]
    return "\n".join(lines)


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def as_json(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Plain values, null for nan."""
    return [
        {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(c).items()}
        for c in candidates
    ]


def plot(
    candidates: Sequence[Candidate],
    dataset: BoundaryDataset,
    learnt: Sequence[int],
    title: str,
    path: str | os.PathLike[str],
) -> Path:
    """E_gb against [n]: the search's structures, those learnt from, and the painted ones beside them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.8, 4.4), layout="constrained")
    blue, dark, orange = "#7FB3D5", "#1F618D", "#D5602A"
    axes.scatter(
        dataset.n - 0.012, dataset.egb, s=14, facecolors="none", edgecolors=blue, lw=0.8, label="search"
    )
    if len(learnt) < len(dataset):
        axes.scatter(
            dataset.n[list(learnt)] - 0.012,
            dataset.egb[list(learnt)],
            s=14,
            color=dark,
            label="of them, learnt from",
        )
    done = [c for c in candidates if c.relaxed]
    axes.scatter(
        [c.n + 0.012 for c in done], [c.egb for c in done], s=16, color=orange, marker="D", lw=0, alpha=0.6,
        label="painted, relaxed",
    )  # fmt: skip
    top = max(float(dataset.egb.max()), 0.0) + 0.1
    shown = sum(c.egb <= top for c in done)
    axes.set(xlabel="[n]", ylabel="E_gb (J/m²)", xticks=np.unique(np.round(dataset.n, 4)), ylim=(None, top))
    axes.set_title(
        title + (f" ({len(done) - shown} above the frame)" if shown < len(done) else ""), fontsize=10
    )
    axes.legend(frameon=False, fontsize=8)
    path = Path(path)
    with atomic_file(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=150, metadata={"Software": None})
    plt.close(figure)
    return path
