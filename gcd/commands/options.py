"""Options that several verbs share, and their types: each says in one sentence what is legal."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from gcd import limits
from gcd.requests import parse
from gcd.requests.request import Request
from gcd.structures.crystals import PHASES, check_phase


def checked(check: Callable[[str], Any]) -> Callable[[str], Any]:
    """A check that raises ValueError as a type for argparse, which then shows the check's own sentence."""

    def convert(text: str) -> Any:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def whole(name: str, low: int, high: int) -> Callable[[str], int]:
    """The type of a whole number from low to high."""
    return checked(parse.whole(name, low, high))


def number(name: str, low: float, high: float) -> Callable[[str], float]:
    """The type of a finite number from low to high."""
    return checked(parse.number(name, low, high))


def add_request(parser: Any, request: type[Request], only: Sequence[str] | None = None) -> None:
    """An option for every field of a request that has words for --help, or for some; what is left out stays None."""
    for f, how in request.asked():
        if not how.help or (only is not None and f.name not in only):
            continue
        more: dict[str, Any] = {"help": how.help, "metavar": how.metavar, "nargs": how.nargs}
        more |= {"type": checked(how.parse) if how.parse else None, "choices": how.choices}
        more |= {"default": None if only is None else f.default}
        more = {name: value for name, value in more.items() if value is not None}
        if isinstance(f.default, bool):
            more = {"help": how.help, "action": "store_true"}
        if how.option:
            parser.add_argument(how.option, required=f.default is MISSING, **more)
        else:
            parser.add_argument(f.name, **more)


def check_word(name: str, text: str) -> str:
    """A name that can be a folder's; ValueError, in one sentence, for any other."""
    if text.split() != [text] or Path(text).name != text or text.startswith("."):
        raise ValueError(f"A {name} is one word, a folder's name, not {text!r}.")
    return text


def word(name: str) -> Callable[[str], str]:
    """The type of a name that is one word."""
    return checked(lambda text: check_word(name, text))


def check_filled(text: str) -> str:
    """Any text but a blank one, which Path would take for the working folder, and `or` for an option left out."""
    if not text.strip():
        raise ValueError(f"It must not be blank, as {text!r} is: --help says what is legal.")
    return text


def refuse_blank(parser: argparse.ArgumentParser) -> None:
    """Have every text and every path that the parser takes checked; other types have checks of their own."""
    parser.register("type", None, checked(check_filled))
    parser.register("type", Path, checked(lambda text: Path(check_filled(text))))


cells = checked(parse.cells)
phase = checked(lambda text: check_phase(text).name)


def add_phase(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """--phase"""
    parser.add_argument(
        "--phase", type=phase, required=required, metavar="P", help=f"crystal phase: {', '.join(PHASES)}"
    )


def add_size(parser: argparse.ArgumentParser, default: tuple[int, ...] | None = (4, 4, 4)) -> None:
    """--size"""
    parser.add_argument(
        "--size",
        type=cells,
        nargs="+",
        default=default,
        metavar="N",
        help=f"supercell in conventional cells: X Y Z, or one number for a cube (1 to {limits.MAX_CELLS_PER_AXIS}; "
        f"default {'4 4 4' if default else 'none'})",
    )


def add_seed(parser: argparse.ArgumentParser, default: int = 0) -> None:
    """--seed"""
    parser.add_argument(
        "--seed",
        type=whole("the seed", 0, limits.MAX_SEED),
        default=default,
        help=f"seed of all chance (default {default})",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device"""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where tensors are computed (default auto: a GPU where there is one)",
    )


def add_count(parser: argparse.ArgumentParser, default: int, what: str) -> None:
    """--count"""
    parser.add_argument(
        "--count",
        type=whole("the count", 1, limits.MAX_COUNT),
        default=default,
        metavar="N",
        help=f"{what} (1 to {limits.MAX_COUNT:,}; default {default})",
    )


def add_evaluations(
    parser: argparse.ArgumentParser, times: str = "--spacing", default: str = "60, of order 3"
) -> None:
    """--nfe, --order; None where not given; and the option called `times`, which is kept as spacing."""
    parser.add_argument(
        "--nfe",
        type=whole("the number of evaluations", 1, limits.MAX_EVALUATIONS),
        metavar="N",
        help=f"evaluations of the network a sample, a multiple of the order (default {default})",
    )
    parser.add_argument("--order", type=int, choices=(1, 2, 3), help="order of DPM-Solver (default 3)")
    parser.add_argument(
        times,
        choices=("lambda", "t", "t-quadratic"),
        default="lambda",
        help="spacing of the solver's times (default lambda, the logarithm of the signal-to-noise ratio)",
    )
