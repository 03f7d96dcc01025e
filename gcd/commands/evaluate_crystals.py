"""Measure the crystal models: the paper's Fig. 4 and Fig. S.2 as tables and plots in results/.

A killed run goes on where it stopped. Rows of other settings in the table are kept.

  gcd evaluate crystals                              100 samples a phase, 4x4x4, 60 evaluations
  gcd evaluate crystals --sizes 4 6 8                larger supercells too
  gcd evaluate crystals --sweep --record             the fewest evaluations that keep 98 of 100 perfect
  gcd evaluate crystals --particles 10               the particle models beside them, from random positions
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options

if TYPE_CHECKING:
    from gcd.evaluation.crystals import Row, Setting
    from gcd.evaluation.noise import NoiseSetting

HELP = "quality of generated crystals over size, evaluations and order"
KEY = ("phase", "size", "evaluations", "order", "spacing", "model", "seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--phase",
        type=options.phase,
        nargs="+",
        metavar="P",
        help="phases (default: all that there is a model of)",
    )
    parser.add_argument(
        "--sizes",
        type=options.cells,
        nargs="+",
        default=[4],
        metavar="N",
        help="cubic supercells, cells an edge (default 4)",
    )
    options.add_count(parser, 100, "samples a setting")
    parser.add_argument(
        "--nfe",
        type=options.whole("the number of evaluations", 1, 1000),
        nargs="+",
        default=[60],
        metavar="N",
        help="evaluations of the network a sample (default 60)",
    )
    parser.add_argument(
        "--order",
        type=int,
        choices=(1, 2, 3),
        nargs="+",
        default=[3],
        help="orders of DPM-Solver (default 3)",
    )
    parser.add_argument(
        "--spacing", choices=("lambda", "t", "t-quadratic"), default="lambda", help="default lambda"
    )
    parser.add_argument(
        "--sweep",
        action="store_true",
        help="many evaluations and all orders instead; settings that fail end early",
    )
    parser.add_argument(
        "--record", action="store_true", help="write the figures, and fast, into the checkpoints"
    )
    parser.add_argument(
        "--particles",
        type=options.whole("the number of particle structures", 1, 1000),
        metavar="N",
        help="also N structures from the particle model of each phase, with each sampler: both models in one table",
    )
    options.add_seed(parser, 10_000)
    parser.add_argument("--checkpoint", metavar="C", help="another model than crystal-PHASE, of one phase")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample what is missing, then write table and plots."""
    from gcd.commands.progress import ProgressBar
    from gcd.devices import resolve_device
    from gcd.evaluation.crystals import as_dict, samples_of, summarise
    from gcd.files import check_writable

    settings = _settings(args)
    if args.particles:
        _particle_settings(args, settings)
    check_writable(args.out)
    resolve_device(args.device)
    samples: dict[Setting, list[dict[str, Any]]] = {}
    with ProgressBar("evaluate crystals") as bar:
        total = args.count * len(settings)
        for setting in settings:

            def report(done: int, _: int, setting: Setting = setting) -> None:
                bar.update(args.count * len(samples) + done, total, setting.stem)

            samples[setting] = samples_of(
                setting,
                args.count,
                args.out / "work" / "crystals",
                device=args.device,
                stop_early=args.sweep,
                progress=report,
            )
    rows = {setting: summarise(setting, of_setting) for setting, of_setting in samples.items()}
    files = _write(args, rows, samples)
    fast = _record(args, list(rows.values())) if args.record or args.sweep else {}
    table = [as_dict(row) for row in rows.values()]
    if not args.json:
        print((args.out / f"{_stem(args)}.md").read_text(encoding="utf-8"))
        for phase, setting in fast.items():
            print(f"{phase}: the fewest evaluations with 98 % perfect: {setting or 'none'}")
    result = {"rows": table, "files": files, "fast": fast}
    if args.particles:
        models, more = _compare(args, rows, samples)
        result |= {"models": models, "files": files + more}
    return result


def _particle_settings(args: argparse.Namespace, settings: list[Setting]) -> list[NoiseSetting]:
    from gcd.evaluation.models import particle_settings

    phases = [setting.phase for setting in settings]
    if args.sweep or len(set(phases)) != len(phases):
        raise ValueError(
            "--particles compares one setting a phase: give one of --sizes, --nfe, --order, no --sweep."
        )
    return particle_settings(phases, settings[0].size)


def _compare(
    args: argparse.Namespace, rows: dict[Setting, Row], samples: dict[Setting, list[dict[str, Any]]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Both models in one table and one plot."""
    from gcd.commands.progress import ProgressBar
    from gcd.evaluation.models import compare_models

    settings = _particle_settings(args, list(samples))
    with ProgressBar("particle models") as bar:
        table, files = compare_models(
            samples, list(rows.values()), settings, args.particles, args.out, device=args.device,
            progress=bar.update,
        )  # fmt: skip
    if not args.json:
        print((args.out / "models.md").read_text(encoding="utf-8"))
    return table, [str(file) for file in files]


def _settings(args: argparse.Namespace) -> list[Setting]:
    from gcd.checkpoints import available
    from gcd.diffusion.samplers import check_evaluations
    from gcd.evaluation.crystals import Setting, sweep, weights_of
    from gcd.structures.crystals import PHASES, check_size

    models = available()
    phases = args.phase or [phase for phase in PHASES if f"crystal-{phase}" in models] or list(PHASES)
    if args.checkpoint and len(phases) != 1:
        raise ValueError("--checkpoint is a model of one phase: give that --phase.")
    settings: list[Setting] = []
    for phase in phases:
        for n in args.sizes:
            size = check_size(n, phase)
            if args.sweep:
                settings += sweep(phase, size, args.checkpoint)
                continue
            for order in args.order:
                for evaluations in args.nfe:
                    check_evaluations(evaluations, order, args.spacing)
                    settings.append(
                        Setting(phase, size, evaluations, order, args.spacing, args.seed, args.checkpoint)
                    )
    for setting in settings:
        weights_of(setting.model)  # all checkpoints are there before the first is used
    return settings


def _stem(args: argparse.Namespace) -> str:
    return "crystals-evaluations" if args.sweep else "crystals"


def _write(
    args: argparse.Namespace, rows: dict[Setting, Row], samples: dict[Setting, list[dict[str, Any]]]
) -> list[str]:
    """The table, with the rows of earlier runs, and the plots of what was sampled now."""
    from gcd.evaluation.crystals import TITLES, Row, as_dict
    from gcd.evaluation.plots import bond_order_plot, evaluations_plot, rdf_plot, voxels_plot
    from gcd.evaluation.samples import BINS, R_MAX
    from gcd.evaluation.tables import markdown, merged, write_csv
    from gcd.files import write_text
    from gcd.structures.crystals import PHASES
    from gcd.structures.voxel_files import read_voxels

    path = args.out / f"{_stem(args)}.csv"
    table = sorted(
        merged(path, [as_dict(row) for row in rows.values()], KEY, Row),
        key=lambda row: (
            list(PHASES).index(row["phase"]) if row["phase"] in PHASES else len(PHASES),
            row["phase"],
            len(row["size"]),
            row["size"],
            row["order"],
            row["evaluations"],
        ),
    )
    write_csv(path, table)
    write_text(path.with_suffix(".md"), markdown(table, TITLES))
    files = [path, path.with_suffix(".md")]
    if args.sweep:
        files.append(args.out / "crystals-evaluations.png")
        evaluations_plot(table, files[-1])
        return [str(file) for file in files]
    # One picture a phase: of the first size, evaluations and order asked for.
    first = {setting.phase: setting for setting in reversed(list(samples))}
    first = {phase: first[phase] for phase in dict.fromkeys(setting.phase for setting in samples)}
    of_phase = {phase: samples[setting] for phase, setting in first.items()}
    rdf_plot(of_phase, args.out / "crystals-rdf.png", r_max=R_MAX, bins=BINS)
    bond_order_plot(of_phase, args.out / "crystals-q4-q6.png")
    files += [args.out / "crystals-rdf.png", args.out / "crystals-q4-q6.png"]
    pictures = {
        phase: args.out / "work" / "crystals" / f"{setting.stem}.npz" for phase, setting in first.items()
    }
    voxels = {phase: read_voxels(file)[0] for phase, file in pictures.items() if file.is_file()}
    if voxels:
        files.append(args.out / "crystals-voxels.png")
        voxels_plot(voxels, files[-1])
    return [str(file) for file in files]


def _record(args: argparse.Namespace, rows: list[Row]) -> dict[str, Any]:
    """The fast setting of each phase; with --record also written into the checkpoints."""
    from gcd.evaluation.crystals import fastest
    from gcd.evaluation.record import record_quality

    fast: dict[str, Any] = {}
    for model in dict.fromkeys(row.model for row in rows):
        of_model = [row for row in rows if row.model == model]
        best = fastest([row for row in of_model if row.size == "4x4x4"], args.count) if args.sweep else None
        if args.sweep:
            fast[of_model[0].phase] = best and {"evaluations": best.evaluations, "order": best.order}
        if args.record:
            record_quality(model, [best] if args.sweep and best else [] if args.sweep else of_model, best)
    return fast
