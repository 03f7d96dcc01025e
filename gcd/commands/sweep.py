"""Sweep a family of misorientations: the lowest E_gb of each boundary, and the curve E_gb(angle).

A sweep is a campaign: OUT.toml is written and run, its candidates go to OUT.db, the curve to OUT.csv and OUT.svg with Σ
at its points and the Read-Shockley fit below 15 degrees. The same command goes on where it was, and `gcd campaign
status OUT.toml` tells how far it is.

  gcd sweep --axis 001 --kind twist --metal W --max-sigma 41
  gcd sweep --axis 001 --kind tilt --metal Fe Mo --by both --count 60
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from gcd.commands import options
from gcd.commands.campaign import add_cluster, dry_run, run_on, show_state
from gcd.structures.csl import AXES, KINDS, MAX_SIGMA

HELP = "lowest E_gb over a family of boundaries: the curve E_gb(angle)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--axis", default="001", metavar="A", help=f"{', '.join(AXES)} (default 001)")
    parser.add_argument("--kind", choices=KINDS, default="twist", help="default twist")
    parser.add_argument(
        "--max-sigma",
        type=options.whole("the highest Σ", 3, MAX_SIGMA),
        default=33,
        metavar="N",
        help="default 33",
    )
    parser.add_argument(
        "--metal", nargs="+", default=["W"], metavar="EL", help="bcc or fcc metals (default W)"
    )
    parser.add_argument("--potential", metavar="P", help="as for gcd search (default zhou2004)")
    parser.add_argument(
        "--by",
        choices=("search", "model", "both"),
        default="search",
        help="how candidates are made (default search)",
    )
    parser.add_argument(
        "--model", default="any", metavar="M", help="of the boundaries, with --by model (default any)"
    )
    parser.add_argument(
        "--count",
        type=options.whole("the number of candidates", 1, 1_000_000),
        default=40,
        metavar="N",
        help="candidates of each boundary (default 40)",
    )
    parser.add_argument(
        "--md-steps",
        nargs=2,
        type=options.whole("the number of MD steps", 1, 10_000_000),
        metavar=("LOW", "HIGH"),
        help="of the search (default 300 30000)",
    )
    parser.add_argument(
        "--without-md",
        type=options.number("share without MD", 0.0, 1.0),
        metavar="SHARE",
        help="of the search",
    )
    options.add_seed(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what it would cost, and run nothing")
    add_cluster(parser)
    parser.add_argument(
        "--out", type=Path, metavar="STEM", help="of its files (default sweep-METAL-AXIS-KIND)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the campaign, run it, draw the curve."""
    from gcd.campaigns.control import Places
    from gcd.campaigns.reading import parse_campaign
    from gcd.campaigns.store import CampaignStore
    from gcd.campaigns.sweep import sweep_text, write_sweep
    from gcd.files import check_writable, write_text

    metals = "-".join(metal.lower() for metal in args.metal)
    stem = args.out or Path(f"sweep-{metals}-{args.axis.strip('[]')}-{args.kind}")
    spec = stem.with_name(f"{stem.name}.toml")
    text = sweep_text(
        args.axis, args.kind, args.metal, max_sigma=args.max_sigma, by=args.by, count=args.count, seed=args.seed,
        model=args.model, potential=args.potential,
        md_steps=None if args.md_steps is None else (args.md_steps[0], args.md_steps[1]), without_md=args.without_md,
    )  # fmt: skip
    campaign = parse_campaign(text, "The sweep", name=stem.name, folder=stem.parent)
    places = Places.of(spec)
    if args.dry_run:
        return dry_run(args, campaign, places, quiet=args.json)
    check_writable(stem.parent)
    write_text(spec, text)
    state = run_on(args, campaign, places)
    with CampaignStore(places.store) as store:
        found = write_sweep(store, stem)
    if not args.json:
        show_state(state)
        _show(found)
    return {name: state[name] for name in ("state", "done", "failed", "total")} | found


def _show(found: dict[str, Any]) -> None:
    for p in found["points"]:
        energy = "nothing" if not math.isfinite(p["egb"]) else f"{p['egb']:.4f} J/m2 at [n] = {p['n']:.4g}"
        print(f"  {p['angle']:6.2f}°  Σ{p['sigma']:<4} {p['metal']}  {energy}")
    for label, law in found["read_shockley"].items():
        print(
            f"{label}: Read-Shockley E_0 = {law['e0']:.3f} J/m2, A = {law['a']:.3f}, rms {law['rms']:.3f} J/m2"
        )
    print(f"{found['csv']}, {found['picture']}")
