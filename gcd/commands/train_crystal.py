"""Train the voxel diffusion model of one crystal phase; resumable at any time by the same command.

The run's state is kept outside the source tree ($GCD_CACHE or ~/.cache/gcd); the finished model goes to the
checkpoints.

  gcd train crystal --phase bcc --name my-bcc --steps 2000
"""

from __future__ import annotations

import argparse
from typing import Any

from gcd.commands import options
from gcd.commands.training import add_run_arguments, numbers, run_config, train

PREDICTIONS = ("x0", "v", "eps")  # as in gcd.diffusion.prediction, which needs torch

HELP = "voxel diffusion model of one phase"


def _sizes(text: str) -> list[tuple[int, int, int]]:
    from gcd.structures.crystals import check_size

    return [check_size([options.cells(n) for n in size.split("x")]) for size in text.split(",")]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_phase(parser)
    parser.add_argument(
        "--name",
        type=options.word("checkpoint's name"),
        metavar="C",
        help="name of the checkpoint (default crystal-PHASE)",
    )
    model = parser.add_argument_group("the model; what is left out keeps its default")
    model.add_argument(
        "--sizes",
        type=options.checked(_sizes),
        metavar="S",
        help="supercells trained on, such as 4x4x4,6x6x6 (default 4x4x4, as in the paper)",
    )
    model.add_argument(
        "--channels", type=numbers("the channels", 4096), help="features a level, such as 64,128"
    )
    model.add_argument(
        "--strides",
        type=numbers("the strides", 16),
        help="voxels, then tokens, joined a level (default: whole cells)",
    )
    model.add_argument("--blocks", type=options.whole("the blocks", 1, 64), help="residual blocks a level")
    model.add_argument(
        "--scale", type=options.number("scale", 1e-4, 10.0), help="s: voxels are divided by it"
    )
    model.add_argument("--prediction", choices=PREDICTIONS, help="what the network predicts")
    for part in ("attention", "context"):
        model.add_argument(
            f"--{part}", action=argparse.BooleanOptionalAction, help=f"{part} at the deepest level"
        )
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train and write the checkpoint."""
    from dataclasses import replace

    from gcd.checkpoints import load_unet
    from gcd.training.crystal import (
        CrystalTraining,
        checkpoint_config,
        default_architecture,
        default_scale,
        train_crystal,
    )
    from gcd.training.crystal_card import model_card

    names = ("channels", "strides", "blocks", "attention", "context")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    training = CrystalTraining(args.phase, replace(default_architecture(args.phase), **given))
    given = {"scale": args.scale} if args.scale else {}
    given.setdefault("scale", default_scale(args.phase))
    if args.prediction:
        given["diffusion"] = replace(training.diffusion, prediction=args.prediction)
    if args.sizes:
        given["sizes"] = tuple(args.sizes)
    training = replace(training, run=run_config(args, training.run), **given)

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        config = checkpoint_config(training, trained, command) | made
        return config, model_card(config)

    return train(
        args,
        args.name or f"crystal-{args.phase}",
        lambda **options: train_crystal(training, **options),
        training.run.steps,
        describe,
        lambda name, device: load_unet(name, device)[0],
        dtype="float16",
    )
