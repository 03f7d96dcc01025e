"""Fields and checks that several requests have in common."""

from __future__ import annotations

from typing import Any

from gcd import limits
from gcd.requests import parse
from gcd.requests.request import Request, asked
from gcd.structures.crystals import (
    PHASES,
    check_element,
    check_lattice_constant,
    check_phase,
    check_size,
    lattice_constant_of,
)

MAX_PLANES = 200  # of a grain


def device() -> Any:
    """--device"""
    return asked(
        "--device", default="auto", choices=("auto", "cpu", "cuda"),
        help="where tensors are computed (default auto: a GPU where there is one)",
    )  # fmt: skip


def seed(key: str = "seed") -> Any:
    """--seed, and its key in the address."""
    return asked(
        "--seed",
        default=0,
        address=(key,),
        parse=parse.seed,
        always=True,
        help="seed of all chance (default 0)",
    )


def workers(what: str) -> Any:
    """--workers"""
    return asked(
        "--workers", default=None, metavar="K", parse=parse.whole("the number of workers", 1, 1024),
        help=f"{what} (default: one a core)",
    )  # fmt: skip


def phase() -> Any:
    """--phase"""
    return asked(
        "--phase", address=("phase",), parse=lambda text: check_phase(text).name, metavar="P",
        help=f"crystal phase: {', '.join(PHASES)}",
    )  # fmt: skip


def element(*keys: str) -> Any:
    """--element, and its key in the address where it has one."""
    return asked(
        "--element", default=None, address=keys, parse=check_element, metavar="EL",
        help="chemical symbol (default: Po, W, Cu for sc, bcc, fcc)",
    )  # fmt: skip


def lattice_constant(usual: str, *keys: str) -> Any:
    """--lattice-constant, and its key in the address where it has one."""
    return asked(
        "--lattice-constant", default=None, address=keys, metavar="A",
        parse=parse.number("lattice constant in Å", limits.MIN_LATTICE_CONSTANT, limits.MAX_LATTICE_CONSTANT),
        help=f"edge of the conventional cell in Å (default: that of the {usual})",
    )  # fmt: skip


def repeats(usual: str = "as many as make each edge 8 Å long") -> Any:
    """--repeats of a boundary's cell"""
    return asked(
        "--repeats", default=None, nargs=2, metavar=("X", "Y"),
        parse=parse.whole("each of the repeats", 1, limits.MAX_CELLS_PER_AXIS),
        help=f"cells along x and y (default: {usual})",
    )  # fmt: skip


def planes() -> Any:
    """--planes of either grain"""
    return asked(
        "--planes", default=None, nargs=2, metavar=("A", "B"), parse=parse.whole("each of the planes", 1, MAX_PLANES),
        help="planes of the lower and the upper grain (default: 28.5 Å of each)",
    )  # fmt: skip


def settle_crystal(request: Any) -> None:
    """Check phase, element, lattice constant, size, count, seed and first; what is left out is filled in."""
    entry = check_phase(request.phase)
    symbol = check_element(request.element or entry.default_element)
    edge = request.lattice_constant
    edge = lattice_constant_of(entry.name, symbol) if edge is None else check_lattice_constant(edge)
    request.settle(
        phase=entry.name,
        size=check_size(request.size, entry.name),
        element=symbol,
        lattice_constant=float(edge),
        count=limits.check_count(request.count),
        seed=limits.check_seed(request.seed),
        first=limits.check_first(request.first),
    )


def settle_pairs(request: Request) -> None:
    """Check the repeats and the planes of a request about a boundary; None stays what it is."""
    for name, most in (("repeats", limits.MAX_CELLS_PER_AXIS), ("planes", MAX_PLANES)):
        values = getattr(request, name)
        if values is not None:
            request.settle(**{name: whole_pair(name, values, most)})


def whole_pair(name: str, values: Any, most: int) -> tuple[int, int]:
    """Two whole numbers from 1 up."""
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != 2:
        raise ValueError(f"The {name} are two whole numbers, not {values!r}.")
    first, second = (limits.check_integer(f"each of the {name}", v, 1, most) for v in values)
    return first, second
