"""A sweep: the lowest E_gb of a family of misorientations, as a campaign, and the curve that comes of it."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcd.campaigns.pictures import energies_against_angle
from gcd.campaigns.read_shockley import ReadShockley, fit_read_shockley
from gcd.campaigns.store import CampaignStore
from gcd.files import atomic_file, write_text
from gcd.structures.csl import check_axis

HOW = ("search", "model", "both")
COLUMNS = ("boundary", "title", "sigma", "angle", "metal", "potential", "n", "egb", "candidates", "failed",
           "core_seconds", "found_by", "name")  # fmt: skip


@dataclass(frozen=True)
class SweepPoint:
    """The lowest of one boundary."""

    boundary: str
    title: str
    sigma: int
    angle: float  # degrees
    metal: str
    potential: str
    n: float
    egb: float  # J/m2; nan where nothing was found
    candidates: int
    failed: int
    core_seconds: float
    found_by: str  # the stage: search, sample boundary
    name: str  # of the candidate


def sweep_text(
    axis: str, kind: str, metals: list[str], *, max_sigma: int, by: str = "search", count: int = 40, seed: int = 0,
    model: str = "any", potential: str | None = None, md_steps: tuple[int, int] | None = None,
    without_md: float | None = None,
) -> str:  # fmt: skip
    """The campaign's file that a sweep is: TOML.

    Args:
        axis, kind, max_sigma: of the family, as for `gcd boundaries`.
        metals, potential, seed: of every boundary.
        by: "search", "model" or "both".
        count: candidates of each boundary, by each way.
        model: of the boundaries.
        md_steps, without_md: of the search.
    """
    if by not in HOW:
        raise ValueError(f"A sweep is made by {', '.join(HOW)}, not {by!r}.")
    lines = [
        f'boundaries = [{{axis = "{check_axis(axis)}", kind = "{kind}", max_sigma = {max_sigma}}}]',
        f"metals = [{', '.join(_quoted(metal) for metal in metals)}]",
        f"seeds = [{seed}]",
    ]
    if potential is not None:
        lines.append(f"potentials = [{_quoted(potential)}]")
    if by in ("search", "both"):
        lines += ["", "[[stage]]", 'do = "search"', f"count = {count}"]
        lines += [f"md_steps = [{md_steps[0]}, {md_steps[1]}]"] if md_steps else []
        lines += [f"without_md = {without_md:g}"] if without_md is not None else []
    if by in ("model", "both"):
        lines += [
            "",
            "[[stage]]",
            'do = "sample boundary"',
            f"count = {count}",
            f"models = [{_quoted(model)}]",
            "relax = true",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def sweep_points(store: CampaignStore) -> list[SweepPoint]:
    """The lowest of every boundary, metal and potential, by angle."""
    jobs = store.meta["jobs"]
    found: dict[str, dict[str, Any]] = {}
    for name, about in jobs.items():
        if about.get("angle") is not None:
            found.setdefault(
                about["group"],
                {"about": about, "name": name, "rows": 0, "failed": 0, "seconds": 0.0, "best": None},
            )
    for row in store.rows():
        entry = found.get(jobs.get(row.job, {}).get("group", ""))
        if entry is None:
            continue
        entry["rows"] += 1
        entry["failed"] += bool(row.error)
        entry["seconds"] += row.seconds
        if math.isfinite(row.egb) and (entry["best"] is None or row.egb < entry["best"].egb):
            entry["best"] = row
    points = []
    for entry in found.values():
        about, best = entry["about"], entry["best"]
        points.append(
            SweepPoint(
                about["boundary"], about["title"], int(about["sigma"]), float(about["angle"]), about["metal"],
                about["potential"], math.nan if best is None else best.n, math.nan if best is None else best.egb,
                entry["rows"], entry["failed"], round(entry["seconds"], 1),
                "" if best is None else jobs[best.job]["verb"], "" if best is None else best.name,
            )
        )  # fmt: skip
    return sorted(points, key=lambda p: (p.metal, p.potential, p.angle, p.boundary))


def fits(points: list[SweepPoint]) -> dict[str, ReadShockley]:
    """Read and Shockley's law for each metal and potential that has boundaries of small angle."""
    found: dict[str, ReadShockley] = {}
    for label in dict.fromkeys(label_of(p) for p in points):
        law = fit_read_shockley([(p.angle, p.egb) for p in points if label_of(p) == label])
        if law is not None:
            found[label] = law
    return found


def label_of(point: SweepPoint) -> str:
    """Metal and potential."""
    return f"{point.metal} ({point.potential})"


def write_sweep(store: CampaignStore, stem: Path) -> dict[str, Any]:
    """Write STEM.csv and STEM.svg, whole or not at all; the points and the fits in numbers."""
    points = sweep_points(store)
    laws = fits(points)
    with (
        atomic_file(stem.with_suffix(".csv")) as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="") as text,
    ):
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for p in points:
            table.writerow([_cell(getattr(p, column)) for column in COLUMNS])
    curves: dict[str, list[tuple[float, float, str]]] = {}
    for p in points:
        if math.isfinite(p.egb):
            curves.setdefault(label_of(p), []).append((p.angle, p.egb, f"Σ{p.sigma}"))
    lines = {
        label: [(angle, law.energy(angle)) for angle in [k * 15.0 / 60 for k in range(1, 61)]]
        for label, law in laws.items()
    }
    picture = energies_against_angle(curves, lines)
    write_text(stem.with_suffix(".svg"), '<?xml version="1.0" encoding="utf-8"?>\n' + picture)
    return {
        "points": [vars(p) for p in points],
        "read_shockley": {label: vars(law) for label, law in laws.items()},
        "csv": str(stem.with_suffix(".csv")),
        "picture": str(stem.with_suffix(".svg")),
        "core_seconds": round(sum(p.core_seconds for p in points), 1),
    }


def _cell(value: Any) -> Any:
    return (
        f"{value:.6g}"
        if isinstance(value, float) and math.isfinite(value)
        else ""
        if isinstance(value, float)
        else value
    )
