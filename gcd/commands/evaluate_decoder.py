"""Measure the decoder on structures never trained on, clean and noisy, beside the centre-of-mass yardstick.

gcd evaluate decoder --count 100
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gcd.commands import options

HELP = "the decoder beside the centre-of-mass yardstick"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_count(parser, 100, "structures a kind")
    parser.add_argument(
        "--noise",
        type=options.number("noise", 0.0, 1.0),
        nargs="+",
        default=[0.0, 0.05],
        metavar="S",
        help="standard deviations added to the voxels (default 0 0.05)",
    )
    options.add_seed(parser)
    parser.add_argument(
        "--checkpoint", default="decoder", metavar="C", help="name or folder (default decoder)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, then write the table."""
    from gcd.checkpoints import load_decoder
    from gcd.commands.progress import ProgressBar
    from gcd.devices import resolve_device
    from gcd.evaluation.decoder import as_json, evaluate_decoder, markdown
    from gcd.evaluation.tables import write_csv
    from gcd.files import check_writable, write_text

    check_writable(args.out)
    decoder = load_decoder(resolve_device(args.device), args.checkpoint)
    with ProgressBar("evaluate decoder") as bar:
        rows = evaluate_decoder(decoder, count=args.count, noises=args.noise, seed=args.seed)
        bar.update(1, 1)
    table = as_json(rows)
    write_csv(args.out / "decoder.csv", table)
    write_text(args.out / "decoder.md", markdown(rows) + "\n")
    if not args.json:
        print(markdown(rows))
    return {"rows": table, "files": [str(args.out / "decoder.csv"), str(args.out / "decoder.md")]}
