"""Train the network that selects the decoder's atoms among its candidates; resumable at any time by the same command.

gcd train selection --start-from my-decoder --name my-decoder --overwrite
"""

from __future__ import annotations

import argparse
from typing import Any

from gcd.commands import options
from gcd.commands.train_decoder import add_decoder_arguments
from gcd.commands.training import run_config, train

HELP = "the decoder's choice among candidates, after train decoder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_decoder_arguments(parser)
    parser.add_argument(
        "--noise",
        type=options.number("noise", 0.0, 1.0),
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="of most structures (default 0.035 0.065); more of it leaves more to learn from each",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="go on with the selection that is there, instead of beginning anew",
    )
    parser.set_defaults(start_from="decoder")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, measure, and write the checkpoint: the decoder that the run began with, its selection trained."""
    from dataclasses import replace

    from gcd.checkpoints import load_decoder, read_config
    from gcd.evaluation.decoder import as_json, evaluate_decoder, kinds_here, markdown
    from gcd.training.decoder import model_card
    from gcd.training.selection import SelectionTraining, selection_config, train_selection

    training = SelectionTraining()
    training = replace(training, run=run_config(args, training.run))
    if args.noise is not None:
        training = replace(training, usual=(min(args.noise), max(args.noise)))
    begin = read_config(args.start_from)
    args.run_name = (
        args.run_name or f"{args.name}-selection"
    )  # the name itself is that of the first stage's run

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        rows = evaluate_decoder(trained.module.eval(), count=args.evaluate, kinds=kinds_here())
        made["start_from"] = {"sha256": begin["sha256"]} | (begin.get("selection", {}) if args.keep else {})
        config = begin | {
            "architecture": trained.module.config.as_dict(),
            "selection": selection_config(training, trained, command) | made,
            "quality": as_json(rows),
        }
        return config, model_card(config, markdown(rows))

    return train(
        args,
        args.name,
        lambda **options: train_selection(training, keep=args.keep, **options),
        training.run.steps,
        describe,
        lambda name, device: load_decoder(device, name),
        log="selection-loss",  # beside the first stage's
    )
