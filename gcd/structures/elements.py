"""Elements as files write them: symbols in any case, ions, site labels, mixtures, masses, and what a person says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

ISOTOPES = {"D": "H", "T": "H"}
GROUPS = {  # words for a group of atoms whose centre is its heavy atom
    "wat": "O", "h2o": "O", "oh2": "O", "hoh": "O", "oh": "O", "ow": "O", "hw": "H", "o-h": "O", "nh3": "N",
    "nh": "N", "nh2": "N", "nh4": "N", "ch": "C", "ch2": "C", "ch3": "C", "water": "O",
}  # fmt: skip
MASS_TOLERANCE = (
    0.05  # in units of u: files round to one digit behind the point, neighbours lie 0.26 apart (Co, Ni)
)

_ION = re.compile(r"([A-Za-z]{1,2})(?:[+-]?\d{0,3}(?:\.\d{0,3})?[+-]{0,3}|[+-]{1,3})$")
_PART = re.compile(r"(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})?\*?([A-Z][a-z]?)(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})?")


@cache
def symbols() -> tuple[str, ...]:
    """All elements, in the order of their atomic numbers from 1 on."""
    from ase.data import chemical_symbols

    return tuple(chemical_symbols[1:])


@cache
def _lower_case() -> dict[str, str]:
    return {symbol.lower(): symbol for symbol in symbols()}


def symbol_of(word: str) -> str | None:
    """The element that a word is the symbol of, in any case; D and T are hydrogen; None for any other word."""
    return ISOTOPES.get(word) or _lower_case().get(word.lower())


def symbol_of_number(word: str) -> str | None:
    """The element of an atomic number."""
    return (
        symbols()[int(word) - 1]
        if word.isdecimal() and len(word) < 4 and 0 < int(word) <= len(symbols())
        else None
    )


def symbol_of_ion(word: str) -> str | None:
    """The element of a symbol with a charge or a number behind it, as ``Na1+``, ``FE+3`` or ``O2-``."""
    match = _ION.match(word)
    return symbol_of(match.group(1)) if match else None


def mixture(word: str) -> list[tuple[str, float]]:
    """Elements and shares of a mixed site, as ``0.75Si + 0.25Al``, ``Si,Al`` or ``W0.7Re0.3``; empty for others."""
    word = re.sub(r"\([0-9]{1,4}\)", "", word[:200])
    parts = [
        (match.group(2), float(match.group(1) or match.group(3) or 1.0))
        for match in _PART.finditer(word)
        if match.group(2) in symbols()
    ]
    rest = _PART.sub("", word).strip("()[]{} +,;/&")
    return parts if len(parts) > 1 and not rest.replace(" ", "").replace("+", "") else []


def symbols_of_label(label: str) -> list[str]:
    """Elements that a site label may begin with, the likeliest first: two letters before one.

    Of ``NA1`` they are Na and N, of ``Cl1A`` only Cl, of ``OW1`` only O, of ``WAT`` only O (water).
    """
    letters = re.match(r"[A-Za-z]*", label).group()  # type: ignore[union-attr]
    word = re.match(r"[A-Za-z][A-Za-z0-9-]*", label)
    whole = word.group().lower() if word else ""
    if whole in GROUPS or letters.lower() in GROUPS:
        return [GROUPS.get(whole) or GROUPS[letters.lower()]]
    found = []
    two = letters[:2]
    if len(two) == 2 and (two.istitle() or len(letters) == 2 or letters.isupper()):
        found.append(_lower_case().get(two.lower()))
    if letters and not (two.istitle() and found and found[0]):
        found.append("H" if letters[0] == "D" else _lower_case().get(letters[0].lower()))
    return list(dict.fromkeys(symbol for symbol in found if symbol))


def symbol_of_mass(mass: float) -> str | None:
    """The element whose standard mass is the nearest, if that is near enough."""
    from ase.data import atomic_masses_iupac2016

    masses = atomic_masses_iupac2016[1 : len(symbols()) + 1]
    nearest = int(abs(masses - mass).argmin())
    near = abs(masses[nearest] - mass) <= max(MASS_TOLERANCE, 1e-3 * mass)
    return symbols()[nearest] if near else None


def check_elements(elements: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Elements of the types 1, 2, ... as a person names them: ``"W Re"``, ``"W,Re"`` or a sequence.

    Raises:
        ValueError: none, or a word that is no element.
    """
    if elements is None:
        return None
    words = (
        elements.replace(",", " ").split() if isinstance(elements, str) else [str(word) for word in elements]
    )
    if not words:
        raise ValueError("No element is named: write them in the order of the types, as in 'W Re'.")
    for word in words:
        if symbol_of(word) is None:
            raise ValueError(
                f"{word[:20]!r} is no element: write symbols in the order of the types, as in 'W Re'."
            )
    return tuple(symbol_of(word) or word for word in words)


def named(words: Iterable[str], most: int = 4) -> str:
    """A few of many words for a sentence: ``A, B, C and 12 more``."""
    words = list(dict.fromkeys(words))
    shown = ", ".join(word[:30] for word in words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} more"
