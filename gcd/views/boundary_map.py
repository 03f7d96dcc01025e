"""The map of a boundary's structures: E_gb, [n] and what else is known of each, as plain data for a viewer to draw."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from gcd.structures.bicrystals import as_fraction
from gcd.views.boundaries import SEARCH, Points
from gcd.views.style import GENERATED, IDEAL, OTHERS

MOST_TICKS = 12  # distinct [n] that are written out one by one
# Quantity -> label and decimals; the order is that of the menus.
QUANTITIES = {
    "n": ("[n], parts of a plane", 3),
    "egb": ("E_gb (J/m²)", 3),
    "egb_before": ("E_gb before relaxation (J/m²)", 3),
    "atoms": ("atoms", 0),
    "closest": ("closest pair before (Å)", 2),
}


def boundary_map(
    search: Points | None,
    others: Mapping[str, Points],
    *,
    window: tuple[float, float] | None = None,
    name: str = "",
) -> dict[str, Any]:
    """What the map shows.

    Args:
        search: structures of a search, drawn behind; None where nobody has searched.
        others: label -> structures of one's own, drawn in front.
        window: range of E_gb (J/m2) to shade; the search's structures in it are filled.
        name: what the map shows, for people who cannot see it.

    Returns:
        "groups" (kind, label, colour, shape, indices, columns by quantity), "quantities", "window", colours, words.
    """
    groups = [] if search is None else [_group(search, "search", GENERATED, "circle", window)]
    for (label, points), colour in zip(others.items(), itertools.cycle(OTHERS), strict=False):
        groups.append(_group(points, label, colour, "diamond", None))
    groups = [group for group in groups if group["index"]]
    used = [q for q in QUANTITIES if q in ("n", "egb") or any(q in group["columns"] for group in groups)]
    quantities: dict[str, Any] = {q: {"label": QUANTITIES[q][0], "digits": QUANTITIES[q][1]} for q in used}
    values = sorted({round(v, 4) for group in groups for v in group["columns"]["n"]})
    if len(values) <= MOST_TICKS:
        quantities["n"]["ticks"] = [{"value": value, "text": as_fraction(value)} for value in values]
    quantities["n"]["range"] = [-0.06, 1.0]
    count = sum(len(group["index"]) for group in groups)
    return {
        "groups": groups,
        "quantities": quantities,
        "window": None if window is None else {"low": window[0], "high": window[1], "colour": IDEAL},
        "lowest": IDEAL,
        "ring": OTHERS[2],
        "name": f"{name or 'Boundary energy against [n]'}: {count} structures. Arrow keys move, Enter picks.",
        "hint": "click a mark: see it · drag: zoom" if count else "nothing relaxed yet",
    }


def _group(
    points: Points, label: str, colour: str, shape: str, window: tuple[float, float] | None
) -> dict[str, Any]:
    n, egb = np.asarray(points.n, dtype=float), np.asarray(points.egb, dtype=float)
    index = np.flatnonzero(np.isfinite(egb) & np.isfinite(n))
    columns = {"n": n, "egb": egb} | {name: np.asarray(v, dtype=float) for name, v in points.more.items()}
    inside = None
    if points.kind == SEARCH:
        low, high = window or (np.inf, -np.inf)
        inside = [bool(low <= value <= high) for value in egb[index]]
    return {
        "kind": points.kind,
        "label": label,
        "colour": colour,
        "shape": shape,
        "index": index.tolist(),
        "filled": inside,
        "columns": {name: [_plain(v) for v in column[index]] for name, column in columns.items()},
    }


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
