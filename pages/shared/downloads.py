"""Structure files as the download buttons of every page hand them out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gcd.structures.formats import FORMATS, write_structure

if TYPE_CHECKING:
    from ase import Atoms


def ending_of(form: str) -> str:
    """The ending of a format's files."""
    return FORMATS[form].endings[0]


def structure_bytes(atoms: Atoms | Sequence[Atoms], form: str) -> bytes:
    """The content of a structure file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"structure{ending_of(form)}"
        write_structure(atoms, path, form)
        return path.read_bytes()
