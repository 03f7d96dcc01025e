"""How verbs take a boundary: BOUNDARY, or --lower and --upper; and --twist, the word it had before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gcd.structures.boundary import Boundary

DEFAULT = "sigma5"


def add_boundary(parser: argparse.ArgumentParser, *, own: bool = True, twist: bool = True) -> None:
    """BOUNDARY, --lower, --upper and --twist; `boundary_asked` reads them."""
    parser.add_argument(
        "boundary",
        nargs="?",
        metavar="BOUNDARY",
        help="such as sigma5, s5-310-001, 'twist 110 sigma3' or 'Σ5 (310)[001]', as `gcd boundaries` lists them "
        f"(default {DEFAULT})",
    )
    if own:
        for side in ("lower", "upper"):
            parser.add_argument(
                f"--{side}",
                metavar="'X; Y; Z'",
                help=f"crystal directions of one's own along x, y and z of the {side} grain, such as "
                "'1 3 0; 0 0 1; 3 -1 0'",
            )
    if twist:
        parser.add_argument("--twist", metavar="T", help="the same as BOUNDARY: sigma5, sigma13 ..., or M,N")


def words_of(args: argparse.Namespace) -> str:
    """The boundary as it was asked for; ValueError when it was asked for twice or by half."""
    lower, upper = getattr(args, "lower", None), getattr(args, "upper", None)
    if (lower is None) != (upper is None):
        raise ValueError("A boundary of one's own needs both --lower and --upper.")
    own = None if lower is None else f"lower={lower}; upper={upper}"
    asked = [word for word in (args.boundary, getattr(args, "twist", None), own) if word is not None]
    if len(asked) > 1:
        raise ValueError("Name the boundary once: BOUNDARY, --twist, or --lower and --upper.")
    return asked[0] if asked else DEFAULT


def boundary_asked(args: argparse.Namespace, metal: str) -> Boundary:
    """The boundary, in the phase of the metal; ValueError, in one sentence, when there is no such one."""
    from gcd.structures.bicrystal_ends import boundary_of

    return boundary_of(words_of(args), metal)
