"""Train the particle model (the baseline) of one crystal phase; resumable at any time by the same command.

The run's state is kept outside the source tree ($GCD_CACHE or ~/.cache/gcd); the finished model goes to the
checkpoints.

  gcd train particle --phase sc --name my-sc --steps 5000
"""

from __future__ import annotations

import argparse
from typing import Any

from gcd.commands import options
from gcd.commands.training import add_run_arguments, run_config, train

HELP = "particle model (the baseline) of one phase"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_phase(parser)
    parser.add_argument(
        "--name",
        type=options.word("checkpoint's name"),
        metavar="C",
        help="name of the checkpoint (default particle-PHASE)",
    )
    model = parser.add_argument_group("the model; what is left out keeps its default")
    options.add_size(model, None)  # type: ignore[arg-type]
    model.add_argument(
        "--k",
        type=options.number("largest noise", 1e-3, 2.0),
        help="noise at t = 1 in lattice constants (default 0.4 for SC, as in the paper; 0.32, 0.25 for BCC, FCC)",
    )
    model.add_argument(
        "--features", type=options.whole("the features", 1, 4096), help="of nodes and edges (default 128)"
    )
    model.add_argument(
        "--layers", type=options.whole("the layers", 1, 64), help="rounds of message passing (default 5)"
    )
    model.add_argument(
        "--cutoff",
        type=options.number("cut-off", 0.1, 5.0),
        help="of the graph in lattice constants (default 1.75 for SC, as many neighbours for the others)",
    )
    model.add_argument(
        "--edge-frequencies",
        type=options.whole("the edge frequencies", 0, 4096),
        help="Fourier features of the edge vectors beside the vectors themselves",
    )
    model.add_argument(
        "--focus",
        nargs=2,
        type=options.number("time", 0.0, 1.0),
        metavar=("T0", "T1"),
        help="draw half of the training's times from here, between sharp and shapeless (default: all alike)",
    )
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train and write the checkpoint."""
    from dataclasses import replace

    from gcd.checkpoints import load_score_network
    from gcd.particles.noise import VESchedule
    from gcd.structures.crystals import check_size
    from gcd.training.particle import (
        ParticleTraining,
        checkpoint_config,
        default_architecture,
        default_schedule,
        train_particle,
    )
    from gcd.training.particle_card import model_card

    names = ("features", "layers", "cutoff", "edge_frequencies")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    training = ParticleTraining(args.phase, replace(default_architecture(args.phase), **given))
    schedule = default_schedule(args.phase) if args.k is None else VESchedule(args.k)
    focus = None if args.focus is None else (args.focus[0], args.focus[1])
    training = replace(training, run=run_config(args, training.run), schedule=schedule, focus=focus)
    if args.size is not None:
        training = replace(training, size=check_size(args.size, args.phase))

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        config = checkpoint_config(training, trained, command) | made
        return config, model_card(config)

    return train(
        args,
        args.name or f"particle-{args.phase}",
        lambda **options: train_particle(training, **options),
        training.run.steps,
        describe,
        lambda name, device: load_score_network(name, device)[0],
    )
