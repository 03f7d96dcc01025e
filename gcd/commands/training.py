"""What the train verbs share: the options of a run, and the way from a run to a checkpoint."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options

if TYPE_CHECKING:
    from gcd.training.common import RunConfig, Trained


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every run; those left out keep the training's own defaults."""
    run = parser.add_argument_group("the run")
    run.add_argument(
        "--steps", type=options.whole("the number of steps", 1, 10_000_000), help="optimiser steps"
    )
    run.add_argument("--batch-size", type=options.whole("the batch size", 1, 4096), help="structures a step")
    run.add_argument("--learning-rate", type=options.number("learning rate", 1e-8, 1.0), metavar="R")
    run.add_argument(
        "--lr-schedule",
        choices=("cosine", "plateau"),
        help="cosine, or the paper's: halved when the loss stands still",
    )
    run.add_argument(
        "--ema", type=options.number("decay of the average", 0.0, 1.0), help="decay of the averaged weights"
    )
    run.add_argument(
        "--minutes",
        type=options.number("time in minutes", 0.0, 1e6),
        help="stop after this time; the same command goes on where it stopped",
    )
    run.add_argument(
        "--run",
        dest="run_name",
        type=options.word("run's name"),
        metavar="NAME",
        help="name of the run whose state is kept (default: the checkpoint's)",
    )
    run.add_argument("--start-from", metavar="C", help="checkpoint whose weights a new run begins with")
    run.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write the checkpoint's folder in this one (default: $GCD_CHECKPOINTS, else checkpoints/ of the checkout, "
        "or ~/.local/share/gcd/checkpoints of an installed gcd)",
    )
    run.add_argument(
        "--overwrite",
        action="store_true",
        help="replace a checkpoint of the same name, and set a run with other settings aside",
    )
    options.add_seed(run)  # type: ignore[arg-type]
    options.add_device(run)  # type: ignore[arg-type]


def numbers(name: str, high: int) -> Callable[[str], tuple[int, ...]]:
    """A type for argparse: whole numbers from 1 to `high`, with commas between them."""
    one = options.whole(name, 1, high)
    return lambda text: tuple(one(part) for part in text.split(","))


def run_config(args: argparse.Namespace, default: RunConfig) -> RunConfig:
    """The default run with the options that were given."""
    from dataclasses import replace

    names = ("steps", "batch_size", "learning_rate", "lr_schedule", "ema")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return replace(default, **given, seed=args.seed, start_from=args.start_from)


def train(
    args: argparse.Namespace,
    name: str,
    fit: Callable[..., Trained],
    steps: int,
    describe: Callable[[Trained, str, dict[str, Any]], tuple[dict[str, Any], str]],
    start_from: Callable[[str, Any], Any],
    dtype: str = "float32",
    log: str = "loss",
) -> dict[str, Any]:
    """Train, and write the checkpoint when the run is finished, or when its time is up.

    Args:
        name: of the checkpoint.
        fit: the training, called with folder, device, start_from, anew, progress and max_seconds.
        steps: of the whole run, for the progress bar.
        describe: gives config.json and the card, from what was trained, the command, and what else made it.
        start_from: loads the checkpoint named on a device.
        dtype: number format that the weights are stored in.
        log: name of the files with the loss over the steps.
    """
    import torch

    from gcd.checkpoints import CONFIG, checkpoints_folder, read_config, save
    from gcd.commands.progress import ProgressBar
    from gcd.devices import describe as describe_device
    from gcd.devices import resolve_device
    from gcd.files import check_writable
    from gcd.training.common import run_folder

    folder = (args.out or checkpoints_folder()) / options.check_word("checkpoint's name", name)
    if (folder / CONFIG).exists() and not args.overwrite:
        raise ValueError(f"There is a checkpoint {name!r} already: choose another --name, or --overwrite it.")
    device = resolve_device(args.device)
    check_writable(folder)
    state = run_folder(args.run_name or name)
    check_writable(state)
    begin = None if args.start_from is None else start_from(args.start_from, device)
    with ProgressBar(name) as bar:
        trained = fit(
            folder=state,
            device=device,
            start_from=begin,
            anew=args.overwrite,
            progress=lambda step, loss: bar.update(step, steps, f"loss {loss:.4f}"),
            max_seconds=None if args.minutes is None else 60 * args.minutes,
        )
    result = {"steps": trained.step, "loss": trained.loss, "validation_loss": trained.validation_loss}
    if not trained.finished and args.minutes is None:
        print(f"Stopped at step {trained.step:,} of {steps:,}; the same command goes on.", file=sys.stderr)
        return result | {"checkpoint": None, "finished": False}
    made: dict[str, Any] = {"hardware": describe_device(device)}
    if args.start_from is not None:
        earlier = read_config(args.start_from)
        made["start_from"] = {
            key: earlier.get(key) for key in ("command", "steps", "seconds", "sha256", "start_from")
        }
    config, card = describe(trained, shlex.join(["gcd", *sys.argv[1:]]), made)
    save(folder, trained.module, config, card, dtype=getattr(torch, dtype))
    _write_log(state, folder, log)
    if not args.json:
        print(
            f"{folder}: {trained.step:,} steps, loss {trained.loss:.4f}, validation {trained.validation_loss:.4f}"
        )
    return result | {"checkpoint": str(folder), "finished": trained.finished}


def _write_log(state: Path, folder: Path, name: str) -> None:
    """The loss over the steps, as a table and, where there is matplotlib, a plot beside the weights."""
    from gcd.evaluation.plots import loss_plot
    from gcd.evaluation.tables import write_csv
    from gcd.training.common import read_log

    log = read_log(state)
    if log:
        write_csv(folder / f"{name}.csv", log)
        try:
            loss_plot(log, folder / f"{name}.png")
        except ImportError as error:
            print(f"The loss is not plotted: {error}.", file=sys.stderr)
