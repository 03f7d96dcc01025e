"""A potential: energies and forces of atoms, and what follows from them, the crystal's lattice constant and energy.

Each kind is a small class in a file of its own; :func:`find_potential` finds it from what a person writes. Lattice
constants, cohesive energies and cut-offs are computed, never typed, and kept in a cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.crystal_energy import Crystal, cached_crystal

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.lammps_text import LammpsText

__all__ = ["Crystal", "Potential", "Static", "find_potential", "potential_from_text"]

PHASES = ("bcc", "fcc")  # whose boundaries there are
NAMED = {"emt": "ase.calculators.emt:EMT"}  # calculators that come with ASE, by a short name


@dataclass(frozen=True)
class Static:
    """Energies and forces of one structure as it stands."""

    energy: float  # eV
    forces: np.ndarray  # (N, 3) eV/Å
    energies: np.ndarray | None = None  # (N,) eV; None where the potential knows only their sum


class Potential(ABC):
    """What relaxation, search and analysis ask of a potential."""

    name: str  # what a person writes, and what stands in files
    elements: tuple[str, ...]  # () when it does not say
    engines: tuple[str, ...]  # that can relax with it, the best first
    why_not: str = ""  # a sentence: why no other engine can

    @abstractmethod
    def statics(self, structures: Sequence[Atoms]) -> list[Static]:
        """Energies and forces of structures of one element each; ValueError in a sentence when that cannot be."""

    @abstractmethod
    def to_text(self) -> str:
        """All there is to know of it as JSON; :func:`potential_from_text` is the way back."""

    def lammps(self, element: str) -> LammpsText | None:  # noqa: ARG002 - for those that have them
        """The lines for LAMMPS with the files that they name, or None when LAMMPS cannot do it."""
        return None

    def atomic_energies_and_forces(self, atoms: Atoms) -> tuple[np.ndarray | None, float, np.ndarray]:
        """Energy of each atom (N,) in eV or None, total energy in eV, forces (N, 3) in eV/Å."""
        (static,) = self.statics([atoms])
        return static.energies, static.energy, static.forces

    def check_element(self, element: str) -> str:
        """The element's symbol; ValueError when the potential is not for it."""
        from ase.data import chemical_symbols

        symbol = element.capitalize() if isinstance(element, str) else element
        if symbol not in chemical_symbols[1:] or (self.elements and symbol not in self.elements):
            known = ", ".join(self.elements) or "any chemical element"
            raise ValueError(f"The potential {self.name} is for {known}, not for {element!r}.")
        return symbol

    def crystal(self, element: str, phase: str | None = None) -> Crystal:
        """The perfect crystal at rest; of the phases bcc and fcc the one of lower energy when ``phase`` is None."""
        symbol = self.check_element(element)
        if phase is None:
            return min((self.crystal(symbol, p) for p in PHASES), key=lambda crystal: crystal.cohesive_energy)
        if phase not in PHASES:
            raise ValueError(f"The phases are {' and '.join(PHASES)}, not {phase!r}.")
        known: dict[tuple[str, str], Crystal] = self.__dict__.setdefault("_crystals", {})
        if (symbol, phase) not in known:
            known[symbol, phase] = cached_crystal(self, symbol, phase)
        return known[symbol, phase]

    def lattice_constant(self, element: str, phase: str | None = None) -> float:
        """Å, of the perfect crystal at rest."""
        return self.crystal(element, phase).lattice_constant

    def cohesive_energy(self, element: str, phase: str | None = None) -> float:
        """EV an atom of the perfect crystal at rest, which E_gb is counted from."""
        return self.crystal(element, phase).cohesive_energy

    @property
    def cutoff(self) -> float:
        """Å beyond which atoms do not see each other, the longest of its elements."""
        return max(self.crystal(element).cutoff for element in self.elements or ("Cu",))

    @property
    def key(self) -> str:
        """A hash of its content: potentials with the same give the same energies."""
        if "_key" not in self.__dict__:
            self.__dict__["_key"] = hashlib.sha256(self.to_text().encode()).hexdigest()
        return str(self.__dict__["_key"])


def find_potential(spec: Any = None) -> Potential:
    """The potential that ``spec`` means.

    Args:
        spec: None or "zhou2004"; "emt", ASE's effective-medium theory of fcc metals;
            the path of an EAM file (eam/alloy, eam/fs, funcfl) or of a file with pair lines; a
            name of a file that LAMMPS brings along; "pair_style ...; pair_coeff ..."; "package.module:Class" or
            "package.module:Class(key=value)" of an ASE calculator; an ASE calculator; a potential.

    Raises:
        ValueError: in one sentence, when it means none.
    """
    from gcd.energetics.ase_potential import AseCalculator
    from gcd.energetics.eam_file import EamFile
    from gcd.energetics.lammps_lines import LammpsLines, has_pair_lines, shipped_file

    if isinstance(spec, Potential):
        return spec
    if spec is None or (isinstance(spec, str) and spec.strip().lower() in ("", "zhou2004")):
        return _zhou()
    if hasattr(spec, "get_potential_energy"):
        return AseCalculator(spec)
    if not isinstance(spec, str | os.PathLike):
        raise ValueError(f"A potential is a name, a file or an ASE calculator, not {type(spec).__name__}.")
    text = os.fspath(spec).strip()
    text = NAMED.get(text.lower(), text)
    if has_pair_lines(text):
        return LammpsLines(text)
    path = Path(text)
    if not path.is_file() and (shipped := shipped_file(text)) is not None:
        path = shipped
    if path.is_file():
        content = path.read_text(errors="replace")
        if has_pair_lines(content):
            return LammpsLines(content, name=path.name, folder=path.parent)
        return EamFile(content, path.name)
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(.*\))?", text, re.DOTALL):
        return AseCalculator(text)
    raise ValueError(
        f"There is no potential {text!r}: give zhou2004, an EAM file, LAMMPS's pair_style and pair_coeff lines, or "
        "package.module:Class of an ASE calculator."
    )


@cache
def _zhou() -> Potential:
    from gcd.energetics.zhou_potential import Zhou2004Potential

    return Zhou2004Potential()


def potential_from_text(text: str) -> Potential:
    """The potential that :meth:`Potential.to_text` wrote; ValueError when it did not."""
    from gcd.energetics.ase_potential import AseCalculator
    from gcd.energetics.eam_file import EamFile
    from gcd.energetics.lammps_lines import LammpsLines

    try:
        kept = json.loads(text)
        kind = kept["kind"]
        if kind == "zhou2004":
            return _zhou()
        if kind == "eam":
            return EamFile(kept["content"], kept["name"])
        if kind == "lammps":
            return LammpsLines("\n".join(kept["lines"]), name=kept["name"], files=kept["files"])
        if kind == "ase":
            return AseCalculator(kept["spec"])
    except (KeyError, TypeError, json.JSONDecodeError):
        pass
    raise ValueError("This text is no potential that gcd wrote.")
