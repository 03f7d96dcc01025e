"""`gcd evaluate boundaries --asked` and `--each`: what a model of many boundaries paints when it is asked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options
from gcd.commands.evaluate_held_out import SEEDS

if TYPE_CHECKING:
    from gcd.evaluation.asked import Painting
    from gcd.evaluation.held_out import Case
    from gcd.evaluation.held_out_model import Wishes
    from gcd.evaluation.runs import RunFile

UNTIL = "[n], again until it comes"
# Two that were learnt and one that is held out, of different families and with few enough [n] to compare energies at.
ASKED = {
    "bcc": ("W:sigma13", "W:s9-221-110", "W:s17-530-001"),
    "fcc": ("Cu:s5-210-001", "Cu:s9-221-110", "Cu:s5-310-001"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that mean something with --asked or --each alone."""
    group = parser.add_argument_group(
        "wishes and single boundaries",
        "of a model of many boundaries; --phase, --boundaries, --count, --keep, --checkpoint and --out count here too, "
        "and of --seeds the first (default 900)",
    )
    group.add_argument(
        "--asked",
        action="store_true",
        help="whether [n] and low energy come when asked for, over the guidance weight, in three boundaries",
    )
    group.add_argument(
        "--guidance",
        nargs="+",
        type=options.number("the guidance weight", 0.0, 10.0),
        default=[1.0, 2.0, 3.0],
        metavar="W",
        help="weights for --asked (default 1 2 3)",
    )
    group.add_argument(
        "--each",
        metavar="NAME",
        nargs="?",
        const="learnt",
        help="a line for each of --boundaries, by default of all that were learnt; NAME is that of the table",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Whichever was asked for."""
    from gcd.files import check_writable

    check_writable(args.out)
    check_writable(args.keep)
    return _asked(args) if args.asked else _each(args)


def _painted(args: argparse.Namespace, case: Case, name: str, wishes: Wishes) -> RunFile:
    from gcd.evaluation.held_out import run_method
    from gcd.evaluation.held_out_model import BATCH, Painted

    checkpoint = args.checkpoint or f"boundary-{args.phase}"
    method = Painted(checkpoint, wishes, batch=min(BATCH, args.count), device=args.device)
    return run_method(case, name, method, (args.seeds or SEEDS)[0], count=args.count, keep=args.keep)


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from gcd.commands.progress import ProgressBar
    from gcd.evaluation import asked
    from gcd.evaluation.held_out import Case
    from gcd.evaluation.held_out_model import Wishes
    from gcd.evaluation.tables import markdown, write_csv
    from gcd.files import write_text
    from gcd.generate.painting import ATTEMPTS

    cases = [Case.parse(text) for text in args.boundaries or ASKED[args.phase]]
    rows: list[Painting] = []
    effects = []
    # Asked once; the same with low energy; and again until the [n] comes, which rejection alone would bring in the end.
    wishes = (
        ("n", "[n]", False, 1),
        ("low", "[n] and low energy", True, 1),
        ("until", UNTIL, False, ATTEMPTS),
    )
    total = len(wishes) * len(cases) * len(args.guidance)
    with ProgressBar("asked") as bar:
        for weight in args.guidance:
            for case in cases:
                lines = {}
                for name, words, low, attempts in wishes:
                    wish = Wishes(low_energy=low, guidance=weight, attempts=attempts)
                    made = _painted(args, case, f"asked-{name}-{weight:g}", wish)
                    per_plane = case.boundary.atoms_per_plane
                    rows.append(asked.painting(made, case.name, words, weight, per_plane))
                    lines[name] = made.lines
                    bar.update(len(rows), total)
                effects.append(asked.effect(lines["low"], lines["n"], case.name, weight))
    tables = [asdict(row) for row in rows], [asdict(row) for row in effects]
    text = markdown(tables[0], asked.PAINTING_TITLES) + "\n" + markdown(tables[1], asked.EFFECT_TITLES)
    stem = f"boundaries-{args.phase}-asked"
    files = [args.out / f"{stem}{ending}" for ending in (".csv", "-energy.csv", ".md", ".png")]
    write_csv(files[0], tables[0])
    write_csv(files[1], tables[1])
    write_text(files[2], text)
    asked.plot([row for row in rows if row.wish == "[n]"], effects, files[3])
    if not args.json:
        print(f"{text}\n{', '.join(map(str, files))}")
    return {"rows": tables[0], "effects": tables[1], "files": [str(f) for f in files]}


def _each(args: argparse.Namespace) -> dict[str, Any]:
    from gcd.commands.progress import ProgressBar
    from gcd.evaluation import asked
    from gcd.evaluation.baselines import learnt_structures
    from gcd.evaluation.held_out import Case
    from gcd.evaluation.held_out_model import Wishes
    from gcd.evaluation.tables import markdown, write_csv
    from gcd.files import write_text

    options.check_word("name of a table", args.each)
    known: dict[str, float] = {}
    learnt: dict[str, Case] = {}
    for s in learnt_structures(args.learnt, args.phase):
        case = Case(s.boundary, s.metal)
        learnt[case.name] = case
        known[case.name] = min(s.egb, known.get(case.name, s.egb))
    cases = [Case.parse(text) for text in args.boundaries] if args.boundaries else list(learnt.values())
    rows: list[Painting] = []
    with ProgressBar(args.each) as bar:
        for case in cases:
            made = _painted(args, case, "each", Wishes())
            rows.append(asked.painting(made, case.name, "", 0.0, case.boundary.atoms_per_plane))
            bar.update(len(rows), len(cases))
    table = asked.against_known(rows, known)
    text = markdown(table, asked.KNOWN_TITLES)
    stem = f"boundaries-{args.phase}-{args.each}"
    files: list[Path] = [args.out / f"{stem}{ending}" for ending in (".csv", ".md")]
    write_csv(files[0], table)
    write_text(files[1], text)
    if not args.json:
        print(f"{text}\n{', '.join(map(str, files))}")
    return {"rows": table, "files": [str(f) for f in files]}
