"""Boundaries by the dozen: "all [001] tilts up to Σ29" is as good as their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gcd.structures.boundary import Boundary

_WORDS = re.compile(
    r"all (?:\[?(\d{3})\]? ?)?(?:(symmetric tilt|tilt|twist)s?|boundaries)(?: about \[?(\d{3})\]?)?"
    r"(?: up to (?:Σ|σ|sigma|s)? ?(\d+))?",
    re.IGNORECASE,
)
HOW = "'all [001] tilts up to Σ29'"
KEYS = ("axis", "kind", "max_sigma")


def boundaries_meant(word: Any, phase: str) -> list[Boundary]:
    """The boundaries that one entry of a campaign's list means, in that phase: one, or a family.

    Args:
        word: a name, words such as "all [001] tilts up to Σ29", or a table of axis, kind and max_sigma.
        phase: "bcc" or "fcc".

    Raises:
        ValueError: it means none, in one sentence.
    """
    from gcd.structures.boundary_names import find_boundary
    from gcd.structures.csl import boundaries

    if isinstance(word, dict) and "lower" not in word:
        if unknown := sorted(set(word) - set(KEYS)):
            raise ValueError(f"A family of boundaries has no {unknown[0]!r}: its keys are {', '.join(KEYS)}.")
        return boundaries(phase, word.get("axis"), word.get("kind"), word.get("max_sigma", 33))
    if isinstance(word, str) and word.strip().lower().startswith("all "):
        match = _WORDS.fullmatch(" ".join(word.split()))
        if match is None:
            raise ValueError(f"{word!r} means no family of boundaries: write them as {HOW}.")
        before, kind, behind, sigma = match.groups()
        kind = None if kind is None else kind.lower().split()[-1]
        return boundaries(phase, before or behind, kind, int(sigma or 33))
    return [find_boundary(word, phase)]
