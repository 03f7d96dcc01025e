"""Measure how much disorder the particle model can undo: the paper's Fig. 2 as a table and plots in results/.

Starts are the ideal crystal under displacements sigma (lattice constants), and random positions. A killed run goes on
where it stopped. Rows of other settings in the table are kept.

  gcd evaluate noise                                     SC, sigma 0 to 0.8, ten cells, ODE
  gcd evaluate noise --sigmas 0.1 0.2 --count 100 --sampler ode sde restart
  gcd evaluate noise --phase bcc --random --steps 1000 --record
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd import limits
from gcd.commands import options
from gcd.requests import ParticleRequest

if TYPE_CHECKING:
    from gcd.evaluation.noise import NoiseRow, NoiseSetting

HELP = "how much disorder the particle model can undo (Fig. 2)"
KEY = ("phase", "size", "start", "sampler", "steps", "model", "seed")
SIGMAS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--phase", type=options.phase, nargs="+", default=["sc"], metavar="P", help="phases (default: sc)"
    )
    parser.add_argument(
        "--size",
        type=options.cells,
        default=4,
        metavar="N",
        help="cubic supercell, cells an edge (default 4)",
    )
    parser.add_argument(
        "--sigmas",
        type=options.number("initial sigma", 0.0, limits.MAX_INITIAL_SIGMA),
        nargs="+",
        metavar="S",
        help="displacements of the starts, lattice constants (default 0 to 0.8)",
    )
    parser.add_argument(
        "--random", action="store_true", help="random positions instead; with --sigmas, as well"
    )
    parser.add_argument(
        "--sampler", choices=("ode", "sde", "restart"), nargs="+", default=["ode"], help="default ode"
    )
    parser.add_argument(
        "--steps",
        type=options.whole("the number of steps", 1, limits.MAX_EVALUATIONS),
        nargs="+",
        default=[128],
        metavar="K",
        help="of the sampler (default 128)",
    )
    options.add_request(parser, ParticleRequest, only=("restarts", "restart_time"))
    options.add_count(parser, 10, "structures a setting")
    parser.add_argument("--record", action="store_true", help="write the figures into the checkpoints")
    options.add_seed(parser, 10_000)
    parser.add_argument("--checkpoint", metavar="C", help="another model than particle-PHASE, of one phase")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample what is missing, then write table and plots."""
    from gcd.commands.progress import ProgressBar
    from gcd.devices import resolve_device
    from gcd.evaluation.noise import as_dict, noise_samples, summarise
    from gcd.files import check_writable

    settings = _settings(args)
    check_writable(args.out)
    resolve_device(args.device)
    samples: dict[NoiseSetting, list[dict[str, Any]]] = {}
    with ProgressBar("evaluate noise") as bar:
        for setting in settings:

            def report(done: int, _: int, setting: NoiseSetting = setting) -> None:
                bar.update(args.count * len(samples) + done, args.count * len(settings), setting.stem)

            samples[setting] = noise_samples(
                setting, args.count, args.out / "work" / "noise", device=args.device, progress=report
            )
    rows = [summarise(setting, of_setting) for setting, of_setting in samples.items()]
    files = _write(args, rows, samples)
    if args.record:
        _record(rows)
    if not args.json:
        print((args.out / "noise.md").read_text(encoding="utf-8"))
    return {"rows": [as_dict(row) for row in rows], "files": files}


def _settings(args: argparse.Namespace) -> list[NoiseSetting]:
    from gcd.checkpoints import read_checkpoint
    from gcd.evaluation.noise import NoiseSetting
    from gcd.particles.samplers import Restart
    from gcd.structures.crystals import check_size

    if args.checkpoint and len(args.phase) != 1:
        raise ValueError("--checkpoint is a model of one phase: give that --phase.")
    given = args.sigmas if args.sigmas is not None else [] if args.random else SIGMAS
    starts = [*sorted(set(given)), *([None] if args.random else [])]
    restart = Restart(args.restarts, args.restart_time)
    settings = [
        NoiseSetting(
            phase, start, sampler, steps, check_size(args.size, phase), args.seed, args.checkpoint, restart
        )
        for phase in dict.fromkeys(args.phase)
        for sampler in dict.fromkeys(args.sampler)
        for steps in dict.fromkeys(args.steps)
        for start in starts
    ]
    for setting in settings:
        read_checkpoint(setting.model)  # all checkpoints are there before the first is used
    return settings


def _write(
    args: argparse.Namespace, rows: list[NoiseRow], samples: dict[NoiseSetting, list[dict[str, Any]]]
) -> list[str]:
    """The table, with the rows of earlier runs, and a plot a phase of what was sampled now."""
    from gcd.evaluation.noise import TITLES, NoiseRow, as_dict
    from gcd.evaluation.noise_plots import noise_rdf_plot
    from gcd.evaluation.tables import markdown, merged, write_csv
    from gcd.files import write_text
    from gcd.structures.crystals import PHASES

    path = args.out / "noise.csv"
    table = merged(path, [as_dict(row) for row in rows], KEY, NoiseRow)
    phases = list(PHASES)
    table.sort(
        key=lambda row: (phases.index(row["phase"]), row["sampler"], row["steps"], row["start"], row["seed"])
    )
    write_csv(path, table)
    write_text(path.with_suffix(".md"), markdown(table, TITLES))
    files = [path, path.with_suffix(".md")]
    for phase in dict.fromkeys(args.phase):
        of_phase: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for setting, of_setting in samples.items():
            if setting.phase == phase:
                sampler = f"{setting.label}, {setting.steps} steps"
                of_phase.setdefault(sampler, {})[setting.start] = of_setting
        files.append(args.out / f"noise-rdf-{phase}.png")
        noise_rdf_plot(of_phase, files[-1])
    return [str(file) for file in files]


def _record(rows: list[NoiseRow]) -> None:
    from gcd.evaluation.record import record_noise

    for model in dict.fromkeys(row.model for row in rows):
        record_noise(model, [row for row in rows if row.model == model])
