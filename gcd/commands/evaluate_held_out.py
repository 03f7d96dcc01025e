"""`gcd evaluate boundaries --held-out`: methods on boundaries that no model has learnt from, at equal core-seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options

if TYPE_CHECKING:
    from gcd.evaluation.held_out import Case, Method

SEEDS = [900, 901, 902, 903, 904]
METHODS = ("model", "unconditioned", "search", "short", "shifts", "strained")
PHASES = ("bcc", "fcc")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that mean something with --held-out alone."""
    group = parser.add_argument_group(
        "held-out boundaries",
        "with --held-out; --seeds (default 900 to 904), --checkpoint and --out count here too",
    )
    group.add_argument(
        "--held-out", action="store_true", help="compare methods on the boundaries of data/held-out.toml"
    )
    group.add_argument("--phase", choices=PHASES, default="bcc", help="whose boundaries (default bcc)")
    group.add_argument(
        "--boundaries",
        nargs="+",
        metavar="EL:B",
        help="others, such as W:sigma25 or W:s5-310-001:1x6 with repeats of the smallest cell",
    )
    group.add_argument(
        "--methods", nargs="+", choices=METHODS, default=METHODS, help=f"default all: {', '.join(METHODS)}"
    )
    group.add_argument(
        "--budget",
        type=options.number("the budget in core-seconds", 0.1, 1e6),
        default=30.0,
        metavar="S",
        help="core-seconds of each method, seed and boundary (default 30)",
    )
    group.add_argument(
        "--keep",
        type=Path,
        default=Path("held-out-runs"),
        metavar="DIR",
        help="where runs are kept and gone on with (default held-out-runs)",
    )
    group.add_argument(
        "--learnt",
        nargs="+",
        type=Path,
        metavar="F",
        help="structures learnt from: collections (.npz) or searches (.db); default data/boundaries-PHASE.npz",
    )
    group.add_argument(
        "--training",
        type=options.number("the core-seconds of training", 0.0, 1e12),
        metavar="S",
        help="core-seconds that data and training took, for when they are paid back",
    )
    group.add_argument("--tables", action="store_true", help="run nothing: tables of the runs that are kept")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run what is missing, one method, seed and boundary after the other; then tables and curves."""
    from gcd.commands.progress import ProgressBar
    from gcd.evaluation.held_out import Case, held_out_cases, run_method
    from gcd.files import check_writable

    if args.boundaries:
        cases = [Case.parse(text) for text in args.boundaries]
    else:
        cases = held_out_cases(args.phase)
    check_writable(args.out)
    check_writable(args.keep)
    if not args.tables:
        methods = {name: _method(name, args) for name in args.methods}
        total = len(cases) * len(methods) * len(args.seeds or SEEDS)
        with ProgressBar("held out") as bar:
            done = 0
            for seed in args.seeds or SEEDS:
                for case in cases:
                    for name, method in methods.items():
                        run_method(case, name, method, seed, budget=args.budget, keep=args.keep)
                        done += 1
                        bar.update(done, total)
    return _tables(cases, args)


def _method(name: str, args: argparse.Namespace) -> Method:
    from gcd.evaluation import baselines
    from gcd.evaluation.held_out_model import Painted, Wishes

    if name == "search":
        return baselines.Search()
    if name == "short":
        return baselines.short_search()
    if name == "shifts":
        return baselines.rigid_shifts()
    if name == "strained":
        return baselines.Strained(baselines.learnt_structures(args.learnt, args.phase))
    checkpoint = args.checkpoint or f"boundary-{args.phase}"
    nothing = Wishes(spread=False, low_energy=False)
    return Painted(checkpoint, Wishes() if name == "model" else nothing, device=args.device)


def _weights(args: argparse.Namespace) -> str | None:
    """Sha256 of the model whose runs are shown; None where there is no model yet."""
    from gcd.checkpoints import CheckpointError, read_checkpoint

    try:
        return read_checkpoint(args.checkpoint or f"boundary-{args.phase}").sha256
    except CheckpointError:
        if args.checkpoint:
            raise
        return None


def _tables(cases: list[Case], args: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from gcd.evaluation import held_out_tables as tables
    from gcd.evaluation.held_out_report import BASELINES, METHODS, MODEL, SEARCH, report
    from gcd.evaluation.runs import read_runs
    from gcd.evaluation.tables import write_csv
    from gcd.files import write_text

    runs = read_runs(args.keep, [case.name for case in cases], _weights(args))
    rows = [
        row for case in cases for row in tables.tabulate(case, runs[case.name], args.budget, list(METHODS))
    ]
    if not rows:
        raise ValueError(
            f"{str(args.keep)!r} holds no run of these boundaries that has spent {args.budget:g} core-s."
        )
    found = tables.verdict(rows, MODEL, SEARCH, BASELINES)
    paid = tables.paid_for(runs, MODEL, SEARCH, args.training or 0.0, args.budget)
    text = report(rows, found, paid, budget=args.budget, training=args.training)
    stem = args.out / f"held-out-{args.phase}"
    names = [f"{stem}{ending}" for ending in (".csv", ".md", ".png", "-n.csv")]
    write_csv(Path(names[0]), [asdict(row) for row in rows])
    each_n = [row for case in cases for row in tables.by_n(case, runs[case.name], args.budget)]
    if each_n:  # there is none where nothing could be relaxed
        write_csv(Path(names[3]), each_n)
    write_text(names[1], text)
    if args.record:
        from gcd.evaluation.record import record_boundary

        record_boundary(args.checkpoint or f"boundary-{args.phase}", "held-out", text, None)
    shown = {case.name: (case.title, runs[case.name]) for case in cases if runs[case.name]}
    tables.plot(shown, args.budget, Path(names[2]), METHODS)
    if not args.json:
        print(f"{text}\n{', '.join(names)}")
    return {
        "rows": [asdict(row) for row in rows],
        "verdict": found,
        "paid": paid,
        "files": names[: 3 + bool(each_n)],
    }
