"""Which axes are periodic, in the free text of formats that have no place for it: ``pbc="T T F"``."""

from __future__ import annotations

import re

import numpy as np

_MARK = re.compile(r'pbc="([TF]) ([TF]) ([TF])"')


def mark(periodic: np.ndarray) -> str:
    """The words for a file's comment: none where all three axes are periodic, which those formats take for granted."""
    return "" if all(periodic) else 'pbc="{}"'.format(" ".join("T" if axis else "F" for axis in periodic))


def periodic_axes(comment: str) -> list[bool]:
    """What a comment says; all three axes where it says nothing."""
    found = _MARK.search(comment[:10_000])
    return [flag == "T" for flag in found.groups()] if found else [True, True, True]
