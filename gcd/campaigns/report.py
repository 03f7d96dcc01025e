"""A campaign's report: one HTML file that needs nothing else, with energies, angles, costs and failures."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gcd.campaigns.pictures import costs_of_groups, energies_against_angle, energies_against_n
from gcd.campaigns.store import CampaignStore, Row
from gcd.files import write_text

MOST_PICTURES = 60  # of boundaries; of a larger campaign those with the lowest energies
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a2a; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #d8dfde; white-space: nowrap; }
th:first-child, td:first-child, td.words { text-align: left; }
td.words { white-space: normal; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
svg { max-width: 100%; height: auto; background: #fff; }
"""


class Gathered:
    """A campaign's rows, group by group."""

    def __init__(self, store: CampaignStore) -> None:
        self.meta = store.meta
        self.jobs: dict[str, dict[str, Any]] = store.meta["jobs"]
        self.groups: dict[str, list[Row]] = {}
        self.failures: Counter[str] = Counter()
        self.seconds = 0.0
        self.rows = 0
        for row in store.rows():
            self.rows += 1
            self.seconds += row.seconds
            self.groups.setdefault(self.jobs.get(row.job, {}).get("group", row.job), []).append(row)
            if row.error:
                self.failures[kind_of_failure(row.error)] += 1

    def about(self, group: str) -> dict[str, Any]:
        """What is known of a group."""
        return self.jobs.get(self.groups[group][0].job, {})

    def curves(self) -> dict[str, list[tuple[float, float, str]]]:
        """Of each axis, kind and metal with several angles: (degrees, lowest E_gb, Σ)."""
        found: dict[str, list[tuple[float, float, str]]] = {}
        for group, rows in self.groups.items():
            about, egb = self.about(group), lowest(rows)
            if egb is None or about.get("angle") is None:
                continue
            axis = "".join(str(abs(v)) for v in about["axis"])
            label = f"[{axis}] {about['kind']}, {about['metal']} ({about['potential']})"
            found.setdefault(label, []).append((float(about["angle"]), egb, f"Σ{about['sigma']}"))
        return {label: points for label, points in found.items() if len({p[0] for p in points}) > 1}


def kind_of_failure(error: str) -> str:
    """A failure's sentence without its numbers, so that alike ones are counted together."""
    words = error.split()
    return " ".join("…" if any(c.isdigit() for c in word) else word for word in words)[:160]


def lowest(rows: Iterable[Row]) -> float | None:
    """J/m2."""
    return min((row.egb for row in rows if math.isfinite(row.egb)), default=None)


def write_report(store: CampaignStore, path: Path) -> dict[str, Any]:
    """Write the page, whole or not at all; what is on it, in numbers."""
    found = Gathered(store)
    name = str(found.meta.get("campaign", path.stem))
    ordered = sorted(
        found.groups, key=lambda g: (lowest(found.groups[g]) is None, lowest(found.groups[g]) or 0, g)
    )
    curves = found.curves()
    failed = sum(found.failures.values())
    counts = f"{found.rows:,} candidates of {len(ordered):,} boundaries, {failed:,} failed"
    parts = [
        f"<h1>{html.escape(name)}</h1>",
        f"<p>{counts}; {found.seconds:,.0f} core-seconds. {html.escape(_versions(found.meta))}</p>",
        "<h2>Lowest energies</h2>",
        _table(found, ordered),
    ]
    if curves:
        parts += ["<h2>E_gb against angle</h2>", energies_against_angle(curves)]
    pictures = [
        energies_against_n(points, f"{found.about(g).get('title', g)}, {found.about(g).get('metal', '')}")
        for g in ordered[:MOST_PICTURES]
        if (points := [(r.n, r.egb) for r in found.groups[g] if math.isfinite(r.egb) and math.isfinite(r.n)])
    ]
    if pictures:
        parts += ["<h2>E_gb against [n]</h2>", f'<div class="pictures">{"".join(pictures)}</div>']
        if len(ordered) > MOST_PICTURES:
            parts.append(f"<p>The {MOST_PICTURES} boundaries of lowest energy, of {len(ordered)}.</p>")
    most = sorted(((sum(r.seconds for r in rows), g) for g, rows in found.groups.items()), reverse=True)[:40]
    parts += ["<h2>Costs</h2>", costs_of_groups([(g, seconds) for seconds, g in most])]
    parts += ["<h2>Failures</h2>", _failures(found.failures, found.rows)]
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(name)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    write_text(path, page)
    return {
        "file": str(path),
        "candidates": found.rows,
        "failed": failed,
        "boundaries": len(ordered),
        "core_seconds": round(found.seconds, 1),
        "curves": len(curves),
    }


def _versions(meta: dict[str, Any]) -> str:
    known = meta.get("versions", {})
    return (
        "Made with " + ", ".join(f"{name} {number}" for name, number in known.items()) + "." if known else ""
    )


def _table(found: Gathered, groups: Sequence[str]) -> str:
    head = ("boundary", "metal", "potential", "candidates", "distinct", "failed", "lowest E_gb (J/m²)", "at [n]",
            "found by", "core-s")  # fmt: skip
    lines = ["".join(f"<th>{word}</th>" for word in head)]
    for group in groups:
        rows, about = found.groups[group], found.about(group)
        good = [r for r in rows if math.isfinite(r.egb)]
        best = min(good, key=lambda r: r.egb, default=None)
        cells = (
            about.get("title") or group,
            about.get("metal", ""),
            about.get("potential", ""),
            f"{len(rows):,}",
            f"{sum(not r.values.get('repeats') for r in good):,}",
            f"{sum(bool(r.error) for r in rows):,}",
            "" if best is None else f"{best.egb:.4f}",
            "" if best is None else f"{best.n:.4g}",
            "" if best is None else best.name,
            f"{sum(r.seconds for r in rows):,.0f}",
        )
        lines.append("".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells))
    return f'<div class="wide"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'


def _failures(failures: Counter[str], total: int) -> str:
    if not failures:
        return f"<p>None of {total:,} candidates failed.</p>"
    rows = "".join(
        f'<tr><td class="words">{html.escape(kind)}</td><td>{count:,}</td></tr>'
        for kind, count in failures.most_common(40)
    )
    return f"<table><tr><th>reason</th><th>candidates</th></tr>{rows}</table>"
