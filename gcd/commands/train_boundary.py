"""Train the in-painting model of a grain boundary on a dataset of relaxed ones; the same command resumes it.

The run's state is kept outside the source tree ($GCD_CACHE or ~/.cache/gcd); the finished model goes to the
checkpoints.

  gcd train boundary --model full
  gcd train boundary --model window --window 2.6 2.8
  gcd train boundary --data mo-sigma13.npz --model full
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gcd.commands import options
from gcd.commands.train_crystal import PREDICTIONS
from gcd.commands.training import add_run_arguments, numbers, run_config, train

HELP = "in-painting model of a boundary"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--data", type=Path, metavar="F.npz", help="dataset to learn from (default data/w-sigma5.npz)"
    )
    parser.add_argument(
        "--model",
        type=options.word("model's name"),
        default="full",
        metavar="M",
        help="what the model is called among those of its boundary (default full)",
    )
    parser.add_argument(
        "--window",
        nargs=2,
        type=options.number("energy in J/m2", -100.0, 100.0),
        metavar=("LOW", "HIGH"),
        help="E_gb in J/m2 of the structures to learn from; no other is looked at (default: all)",
    )
    parser.add_argument(
        "--name",
        type=options.word("checkpoint's name"),
        metavar="C",
        help="name of the checkpoint (default boundary-METAL-TWIST-M)",
    )
    model = parser.add_argument_group("the model; what is left out keeps its default")
    model.add_argument(
        "--channels", type=numbers("the channels", 4096), help="features a level, such as 64,128"
    )
    model.add_argument("--blocks", type=options.whole("the blocks", 1, 64), help="residual blocks a level")
    model.add_argument(
        "--scale", type=options.number("scale", 1e-4, 10.0), help="s: voxels are divided by it"
    )
    model.add_argument("--prediction", choices=PREDICTIONS, help="what the network predicts")
    model.add_argument(
        "--detail",
        type=options.number("detail", 0.0, 1e6),
        metavar="C",
        help="the loss is weighted by 1 + C alpha / sigma, about: little noise counts more (default 0)",
    )
    model.add_argument(
        "--preference",
        type=options.number("preference in J/m2", 1e-3, 100.0),
        metavar="E",
        help="structures are drawn with weight exp(-(E_gb - lowest at that [n]) / E)",
    )
    model.add_argument(
        "--balance",
        type=options.number("balance", 0.0, 1.0),
        metavar="B",
        help="[n] is drawn with weight (its structures) ** B: 0 every [n] alike (default), 1 every structure alike",
    )
    model.add_argument(
        "--layers",
        nargs=2,
        type=options.whole("the painted layers", 2, 1000),
        metavar=("LOW", "HIGH"),
        help="the mask's thickness in voxels is drawn between these",
    )
    model.add_argument(
        "--shift-xy",
        type=options.number("shift in voxels", 0.0, 1000.0),
        metavar="V",
        help="the lower grain lies this near to where sampling puts it (default: anywhere in the cell)",
    )
    model.add_argument(
        "--shift-z",
        type=options.number("shift in voxels", 0.0, 100.0),
        metavar="V",
        help="slabs are moved along z by up to so much (default 2)",
    )
    model.add_argument(
        "--jitter",
        type=options.number("jitter in Å", 0.0, 10.0),
        metavar="Å",
        help="sampling draws in-plane shifts this near to those learnt (default 0.1)",
    )
    model.add_argument(
        "--opening",
        nargs=2,
        type=options.number("opening in Å", -2.0, 2.0),
        metavar=("LOW", "HIGH"),
        help="sampling adds so much to the spacings learnt (default 0.25 0.7)",
    )
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train and write the checkpoint."""
    from dataclasses import replace

    from gcd.checkpoints import load_unet
    from gcd.places import dataset_folder
    from gcd.search.dataset import BoundaryDataset
    from gcd.training.boundary import BoundaryTraining, checkpoint_config, train_boundary
    from gcd.training.boundary_card import model_card

    data = args.data or dataset_folder() / "w-sigma5.npz"
    about = BoundaryDataset.load(data).about
    training = BoundaryTraining(data)
    given = {name: getattr(args, name) for name in ("channels", "blocks") if getattr(args, name)}
    training = replace(training, architecture=replace(training.architecture, **given))
    plain = ("scale", "preference", "balance", "shift_xy", "shift_z", "jitter")
    given = {name: getattr(args, name) for name in plain if getattr(args, name) is not None}
    for name in ("window", "layers", "opening"):
        if pair := getattr(args, name):
            if pair[0] > pair[1]:
                raise ValueError(f"--{name} is a lower and an upper end, not {pair[0]:g} {pair[1]:g}.")
            given[name] = tuple(pair)
    noise = {
        name: getattr(args, name) for name in ("prediction", "detail") if getattr(args, name) is not None
    }
    given["diffusion"] = replace(training.diffusion, **noise)
    training = replace(training, run=run_config(args, training.run), **given)

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        config = checkpoint_config(training, trained, command) | {"model": args.model} | made
        return config, model_card(config)

    return train(
        args,
        args.name or f"boundary-{about['metal'].lower()}-{about['twist']}-{args.model}",
        lambda **options: train_boundary(training, **options),
        training.run.steps,
        describe,
        lambda name, device: load_unet(name, device)[0],
        dtype="float16",
    )
