"""The command line: `gcd VERB ...`. Each verb is one module of :mod:`gcd.commands` and one line of the table here.

A verb's module has HELP (one line), add_arguments(parser) and run(args) -> dict. It imports what is heavy inside run,
so that `--help` answers at once. What run returns is printed as one JSON object under `--json`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from gcd.commands.options import refuse_blank

VERBS = {
    "sample crystal": "gcd.commands.sample_crystal",
    "sample particle": "gcd.commands.sample_particle",
    "sample boundary": "gcd.commands.sample_boundary",
    "encode": "gcd.commands.encode",
    "decode": "gcd.commands.decode",
    "analyse": "gcd.commands.analyse",
    "boundaries": "gcd.commands.boundaries",
    "build": "gcd.commands.build",
    "relax": "gcd.commands.relax",
    "repaint": "gcd.commands.repaint",
    "search": "gcd.commands.search",
    "campaign": "gcd.commands.campaign",
    "sweep": "gcd.commands.sweep",
    "train crystal": "gcd.commands.train_crystal",
    "train boundary": "gcd.commands.train_boundary",
    "train boundaries": "gcd.commands.train_boundaries",
    "train decoder": "gcd.commands.train_decoder",
    "train selection": "gcd.commands.train_selection",
    "train particle": "gcd.commands.train_particle",
    "evaluate crystals": "gcd.commands.evaluate_crystals",
    "evaluate decoder": "gcd.commands.evaluate_decoder",
    "evaluate noise": "gcd.commands.evaluate_noise",
    "evaluate boundaries": "gcd.commands.evaluate_boundaries",
    "evaluate dataset": "gcd.commands.evaluate_dataset",
    "evaluate search": "gcd.commands.evaluate_search",
    "evaluate repaint": "gcd.commands.evaluate_repaint",
    "app": "gcd.commands.app",
}

FAMILIES = {
    "sample": "generate structures",
    "train": "train a model, resumable at any time",
    "evaluate": "measure a model, the dataset or a search: the paper's figures as tables and plots",
}

BAD_INPUT, INTERRUPTED = 2, 130


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and what to type for help."""

    def error(self, message: str) -> NoReturn:
        """Print one line on stderr and leave with status 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {one_line(message)}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status is 0, 2 for bad input, 130 for an interrupt."""
    args = build_parser().parse_args(argv)
    try:
        result = args.run(args)
        if args.json:
            print(json.dumps(plain(result), allow_nan=False))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print(f"\n{args.prog}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, MemoryError, ImportError) as error:
        if os.environ.get("GCD_DEBUG"):
            raise
        print(f"{args.prog}: {one_line(str(error) or type(error).__name__)}", file=sys.stderr)
        return BAD_INPUT
    return 0


def build_parser() -> Parser:
    """The parser of all verbs."""
    import gcd

    parser = Parser(prog="gcd", description=(gcd.__doc__ or "").splitlines()[0])
    parser.add_argument("--version", action="version", version=f"gcd {gcd.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True, title="verbs")
    families: dict[str, Any] = {}
    for verb, module_name in VERBS.items():
        module = import_module(module_name)
        family, _, name = verb.rpartition(" ")
        if family and family not in families:
            what = verbs.add_parser(family, help=FAMILIES[family], description=FAMILIES[family])
            families[family] = what.add_subparsers(metavar="WHAT", required=True, title=f"what to {family}")
        sub = (families[family] if family else verbs).add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        refuse_blank(sub)
        module.add_arguments(sub)
        sub.add_argument(
            "--json", action="store_true", help="print one JSON object as the last line of stdout"
        )
        sub.set_defaults(run=module.run, prog=f"gcd {verb}")
    return parser


def plain(value: Any) -> Any:
    """JSON's own types; numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())
