"""Text to values, for the command line and for addresses: each raises ValueError in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gcd import limits


def whole(name: str, low: int, high: int) -> Callable[[str], int]:
    """A whole number from low to high."""

    def parse(text: str) -> int:
        try:
            number: Any = int(text)
        except ValueError:
            number = text  # for the sentence
        return limits.check_integer(name, number, low, high)

    return parse


def number(name: str, low: float, high: float) -> Callable[[str], float]:
    """A finite number from low to high."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"The {name} must be a number from {low:g} to {high:g}, not {text!r}.")
        return value

    return parse


cells = whole("every axis of the size", 1, limits.MAX_CELLS_PER_AXIS)
count = whole("the count", 1, limits.MAX_COUNT)
seed = whole("the seed", 0, limits.MAX_SEED)
evaluations = whole("the number of evaluations", 1, limits.MAX_EVALUATIONS)
order = whole("the order", 1, 3)
