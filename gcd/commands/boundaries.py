"""List grain boundaries: every twist and every symmetric tilt about [001], [110] and [111] up to a Σ.

Each comes with its smallest orthorhombic cell (edges and plane spacing in lattice constants), the atoms of one plane in
it, and what there is of it: trained models and datasets of searches. Other verbs take its name; `gcd build`,
`gcd search` and `gcd relax` do with any of them, models or not. Σ5 about [001] in bcc comes with the paper's cell.

  gcd boundaries --axis 001 --kind tilt --max-sigma 17
  gcd boundaries --phase fcc --json
"""

from __future__ import annotations

import argparse
from typing import Any

from gcd.commands import options
from gcd.structures.csl import AXES, KINDS, MAX_SIGMA

HELP = "list twists and tilts: Σ, angle, cell, models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--phase", default="bcc", metavar="P", help="bcc or fcc (default bcc)")
    parser.add_argument("--axis", metavar="A", help=f"{', '.join(AXES)} (default: all)")
    parser.add_argument("--kind", choices=KINDS, help="default: both")
    parser.add_argument(
        "--max-sigma",
        type=options.whole("the highest Σ", 3, MAX_SIGMA),
        default=33,
        metavar="N",
        help="highest Σ (default 33)",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Find them, and say what is known of each."""
    from gcd.search.known import datasets_of, models_of, never_seen_by
    from gcd.structures.csl import boundaries

    rows = [
        {
            "name": b.slug,
            "title": b.title,
            "kind": b.kind,
            "sigma": b.sigma,
            "angle": round(b.angle, 4),
            "axis": list(b.axis),
            "plane": list(b.plane_lower),
            "plane_upper": list(b.plane_upper),
            "cell": [round(float(e), 6) for e in b.edges],
            "spacing": round(b.spacing, 6),
            "atoms_per_plane": b.atoms_per_plane,
            "lower": [list(d) for d in b.lower],
            "upper": [list(d) for d in b.upper],
            "point_group": len(b.point_group()),
            "models": models_of(b),
            "never_seen_by": never_seen_by(b),
            "datasets": datasets_of(b),
        }
        for b in boundaries(args.phase, args.axis, args.kind, args.max_sigma)
    ]
    if not args.json:
        _show(rows)
    return {"phase": args.phase, "boundaries": rows}


def _show(rows: list[dict[str, Any]]) -> None:
    head = ("name", "boundary", "cell (a)", "plane spacing", "atoms/plane", "there is")
    table = [head]
    for row in rows:
        unseen = row["never_seen_by"]
        there = [f"model {m}{' (never seen)' if m in unseen else ''}" for m in row["models"]]
        there += [f"data {d}" for d in row["datasets"]]
        cell = " x ".join(f"{e:.3f}" for e in row["cell"])
        table.append(
            (
                row["name"],
                row["title"],
                cell,
                f"{row['spacing']:.4f}",
                str(row["atoms_per_plane"]),
                ", ".join(there) or "-",
            )
        )
    widths = [max(len(line[k]) for line in table) for k in range(len(head))]
    for line in table:
        print("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())
