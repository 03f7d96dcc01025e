"""Numbers in the text of structure files: Fortran's exponents too, nothing that only Python takes for a number."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

import numpy as np

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]+|[+-][0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)


def number(word: str) -> float:
    """The value of a number as C, Fortran or Python write it (``1.0D-3``); ValueError for any other word."""
    if len(word) < 100:
        if _NUMBER.fullmatch(word):
            plain = word.lower().replace("d", "e")
            if "e" not in plain:  # Fortran leaves the letter out of exponents with three digits
                plain = plain[0] + plain[1:].replace("-", "e-").replace("+", "e+")
            return float(plain)
        if _NOT_FINITE.fullmatch(word):
            return float(word)
    raise ValueError(f"{word[:20]!r} is no number")


def is_number(word: str) -> bool:
    """Whether the word is a number."""
    try:
        number(word)
    except ValueError:
        return False
    return True


def whole(word: str) -> int:
    """The value of a whole number; ValueError for any other word."""
    digits = word[1:] if word[:1] in ("+", "-") else word
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        raise ValueError(f"{word[:20]!r} is no whole number")
    return int(word)


def is_whole(word: str) -> bool:
    """Whether the word is a whole number."""
    digits = word[1:] if word[:1] in ("+", "-") else word
    return digits.isascii() and digits.isdecimal() and len(digits) < 20


def numbers(words: Sequence[str]) -> np.ndarray:
    """The values of many words; ValueError naming the first that is no number."""
    if not any("_" in word or not word.isascii() for word in words):
        with contextlib.suppress(ValueError):
            return np.array(list(map(float, words)), dtype=float)
    return np.array([number(word) for word in words], dtype=float)


def columns(rows: Sequence[Sequence[str]], places: Sequence[int], what: str, first: int = 1) -> np.ndarray:
    """(N, len(places)) numbers of the columns of a table.

    Args:
        rows: the table's words.
        places: which columns.
        what: what a row is, for the sentence of an error: "atom".
        first: the number of the first row in that sentence.

    Raises:
        ValueError: a row that is too short, or a word that is no number; it names the row.
    """
    try:
        return np.stack([numbers([row[place] for row in rows]) for place in places], axis=1)
    except (ValueError, IndexError):
        for index, row in enumerate(rows):
            if len(row) <= max(places):
                raise ValueError(f"the row of {what} {first + index} is incomplete") from None
            for place in places:
                try:
                    number(row[place])
                except ValueError as error:
                    raise ValueError(f"{error}, in the row of {what} {first + index}") from None
        raise
