"""Train one in-painting model on many boundaries; the same command resumes it.

The collection is made by `scripts/gather_many.py` of searches. A collection that holds what data/held-out.toml names is
refused. The run's state is kept outside the source tree ($GCD_CACHE or ~/.cache/gcd).

  gcd train boundaries --start-from boundary-w-sigma5-full
  gcd train boundaries --data fcc.npz --name boundary-fcc --start-from boundary-bcc
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gcd.commands import options
from gcd.commands.training import add_run_arguments, numbers, run_config, train

HELP = "one in-painting model of many boundaries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="F.npz",
        help="collection to learn from (default data/boundaries-bcc.npz)",
    )
    parser.add_argument(
        "--held-out",
        type=Path,
        metavar="F.toml",
        help="list of what is held out (default data/held-out.toml)",
    )
    parser.add_argument(
        "--name",
        type=options.word("checkpoint's name"),
        metavar="C",
        help="name of the checkpoint (default boundary-PHASE)",
    )
    model = parser.add_argument_group("the model; what is left out keeps its default")
    model.add_argument(
        "--channels", type=numbers("the channels", 4096), help="features a level, such as 64,128"
    )
    model.add_argument("--blocks", type=options.whole("the blocks", 1, 64), help="residual blocks a level")
    model.add_argument(
        "--layers",
        nargs=2,
        type=options.whole("the painted layers", 2, 1000),
        metavar=("LOW", "HIGH"),
        help="the mask's thickness in voxels is drawn between these",
    )
    model.add_argument(
        "--voxels",
        type=options.whole("the voxels", 1000, 10_000_000),
        help="in a batch, which is of one boundary, about (default 30000)",
    )
    model.add_argument(
        "--preference",
        type=options.number("preference in J/m2", 1e-3, 100.0),
        metavar="E",
        help="structures are drawn with weight exp(-(E_gb - lowest at that [n]) / E) (default 0.4)",
    )
    model.add_argument(
        "--mixing",
        type=options.number("mixing", 0.0, 1.0),
        metavar="M",
        help="a boundary is drawn with weight (its structures) ** M (default 0.5)",
    )
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train and write the checkpoint."""
    from dataclasses import replace

    from gcd.checkpoints import load_unet
    from gcd.places import dataset_folder
    from gcd.search.collection import BoundaryCollection
    from gcd.training.boundaries import ManyTraining, checkpoint_config, train_boundaries
    from gcd.training.boundaries_card import model_card

    data = args.data or dataset_folder() / "boundaries-bcc.npz"
    phase = BoundaryCollection.load(data).phase
    training = ManyTraining(data, args.held_out)
    given = {name: getattr(args, name) for name in ("channels", "blocks") if getattr(args, name)}
    training = replace(training, architecture=replace(training.architecture, **given))
    given = {
        name: getattr(args, name)
        for name in ("voxels", "preference", "mixing")
        if getattr(args, name) is not None
    }
    if args.layers:
        if args.layers[0] > args.layers[1]:
            raise ValueError(f"--layers is a lower and an upper end, not {args.layers[0]} {args.layers[1]}.")
        given["layers"] = tuple(args.layers)
    training = replace(training, run=run_config(args, training.run), **given)

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        config = checkpoint_config(training, trained, command) | made
        return config, model_card(config)

    return train(
        args,
        args.name or f"boundary-{phase}",
        lambda **options: train_boundaries(training, **options),
        training.run.steps,
        describe,
        lambda name, device: load_unet(name, device)[0],
        dtype="float16",
    )
