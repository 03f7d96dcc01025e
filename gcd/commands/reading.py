"""Reading structures for a verb: --format, --elements, and what a person should know of how a file was read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gcd.commands.options import checked

if TYPE_CHECKING:
    from gcd.structures.formats import Reading


def _format(text: str) -> str:
    from gcd.structures.format_names import check_format

    return check_format(text)


def _element(text: str) -> str:
    from gcd.structures.elements import check_elements

    return (check_elements(text) or ("",))[0]


def add_reading(parser: argparse.ArgumentParser) -> None:
    """--format, --elements"""
    parser.add_argument(
        "--format",
        type=checked(_format),
        metavar="F",
        help="format of the files: extxyz, cif, vasp, lammps-data (lammps-data:charge says the atom style too) or "
        "lammps-dump-text (default: what their content is in)",
    )
    parser.add_argument(
        "--elements",
        type=checked(_element),
        nargs="+",
        metavar="EL",
        help="elements of the types 1, 2, ... of files that name none: LAMMPS, VASP 4",
    )


def read(args: argparse.Namespace, file: str) -> Reading:
    """The structures of a file, as --format and --elements say."""
    from gcd.structures.formats import read_structures

    return read_structures(file, format=args.format, elements=args.elements)


def tell(words: Iterable[str]) -> None:
    """What a person should know of how files were read, on stderr: said once nothing more is refused."""
    for word in words:
        print(f"Warning: {word}", file=sys.stderr)
