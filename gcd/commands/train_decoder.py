"""Train the voxel-to-particle decoder; resumable at any time by the same command.

gcd train decoder --name my-decoder --steps 4000
"""

from __future__ import annotations

import argparse
from typing import Any

from gcd.commands import options
from gcd.commands.training import add_run_arguments, run_config, train

HELP = "voxel-to-particle decoder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_decoder_arguments(parser)
    parser.add_argument(
        "--features", type=options.whole("the features", 1, 4096), help="hidden features a module"
    )


def add_decoder_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both stages of a decoder's training."""
    parser.add_argument(
        "--name",
        type=options.word("checkpoint's name"),
        default="decoder",
        metavar="C",
        help="name of the checkpoint (default decoder)",
    )
    parser.add_argument(
        "--evaluate",
        type=options.whole("the structures evaluated", 1, 1000),
        default=100,
        metavar="N",
        help="structures a kind for the table in the card (default 100)",
    )
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, measure, and write the checkpoint."""
    from dataclasses import replace

    from gcd.checkpoints import load_decoder
    from gcd.evaluation.decoder import as_json, evaluate_decoder, kinds_here, markdown
    from gcd.training.decoder import DecoderTraining, checkpoint_config, model_card, train_decoder

    training = DecoderTraining()
    if args.features:
        training = replace(training, architecture=replace(training.architecture, features=args.features))
    training = replace(training, run=run_config(args, training.run))

    def describe(trained: Any, command: str, made: dict[str, Any]) -> tuple[dict[str, Any], str]:
        rows = evaluate_decoder(trained.module.eval(), count=args.evaluate, kinds=kinds_here())
        config = checkpoint_config(training, trained, command) | made | {"quality": as_json(rows)}
        return config, model_card(config, markdown(rows))

    return train(
        args,
        args.name,
        lambda **options: train_decoder(training, **options),
        training.run.steps,
        describe,
        lambda name, device: load_decoder(device, name),
    )
