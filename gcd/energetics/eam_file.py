"""An embedded-atom potential from a file: eam/alloy, eam/fs and funcfl, the three that LAMMPS and others read.

The header is read here, for elements and cut-off, and the numbers are counted, so that half a file is told as such;
LAMMPS does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gcd.energetics.lammps_text import LammpsText
from gcd.energetics.potential import Potential, Static

if TYPE_CHECKING:
    from ase import Atoms


class EamFile(Potential):
    """One file's potential."""

    engines = ("lammps",)
    why_not = "Only LAMMPS relaxes with an EAM file."

    def __init__(self, content: str, name: str = "eam") -> None:
        """``content`` is the file's text. ValueError, in one sentence, when it is no whole EAM file."""
        self.name = name
        self.content = content
        try:
            self.style, self.elements, self.told_cutoff = _header(content, name)
        except (IndexError, ValueError, KeyError) as error:
            if isinstance(error, _NotWholeError):
                raise
            raise ValueError(
                f"{name} is no EAM file: it is neither eam/alloy, eam/fs nor funcfl, and has no pair_style lines."
            ) from None

    def statics(self, structures: Sequence[Atoms]) -> list[Static]:
        """By LAMMPS in its worker."""
        from gcd.energetics.lammps import statics

        return statics(self, structures)

    def lammps(self, element: str) -> LammpsText:
        """One pair_style and one pair_coeff line, and the file."""
        from ase.data import atomic_masses, atomic_numbers

        symbol = self.check_element(element)
        which = "" if self.style == "eam" else f" {symbol}"
        lines = (f"pair_style {self.style}", f"pair_coeff * * eam.file{which}")
        if self.style == "eam":
            lines = (lines[0], "pair_coeff 1 1 eam.file")
        return LammpsText(
            lines, symbol, float(atomic_masses[atomic_numbers[symbol]]), {"eam.file": self.content}
        )

    def to_text(self) -> str:
        """The whole file."""
        return json.dumps({"kind": "eam", "name": self.name, "content": self.content})


class _NotWholeError(ValueError):
    """Part of the file is missing; the message says so."""


def _header(content: str, name: str) -> tuple[str, tuple[str, ...], float]:
    """LAMMPS's style, the elements, and the cut-off in Å."""
    from ase.data import chemical_symbols

    lines = content.splitlines()
    words = lines[3].split()
    if words and words[0].isdigit() and len(words) == int(words[0]) + 1 and words[1] in chemical_symbols:
        elements, count = tuple(words[1:]), len(words) - 1
        n_rho, n_r, cutoff = _grid(lines[4])
        numbers = sum(len(line.split()) for line in lines[5:]) - 4 * count
        pairs = count * (count + 1) // 2 * n_r
        needed = {
            "eam/alloy": count * (n_rho + n_r) + pairs,
            "eam/fs": count * (n_rho + count * n_r) + pairs,
        }
        style = "eam/fs" if name.lower().endswith(".fs") or numbers >= needed["eam/fs"] else "eam/alloy"
        if count == 1 and not name.lower().endswith(".fs"):
            style = "eam/alloy"  # the same for one element
        _check_whole(name, numbers, needed[style])
        return style, elements, cutoff
    number, mass = lines[1].split()[:2]
    float(mass)
    n_rho, n_r, cutoff = _grid(lines[2])
    symbol = chemical_symbols[int(number)]
    _check_whole(name, sum(len(line.split()) for line in lines[3:]), n_rho + 2 * n_r)
    return "eam", (symbol,), cutoff


def _grid(line: str) -> tuple[int, int, float]:
    n_rho, _, n_r, _, cutoff = line.replace("D", "E").replace("d", "e").split()[:5]
    if int(n_rho) < 2 or int(n_r) < 2 or not 0 < float(cutoff) < 100:
        raise ValueError
    return int(n_rho), int(n_r), float(cutoff)


def _check_whole(name: str, numbers: int, needed: int) -> None:
    if numbers < needed:
        raise _NotWholeError(f"{name} is cut off: it holds {numbers} of the {needed} numbers of its tables.")
