"""A potential as LAMMPS reads it: its pair lines, and the files that they name, as text.

Tasks carry it to worker processes, which write the files where they run. Nothing but the standard library is imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class LammpsText:
    """What LAMMPS needs to know of the potential of one element."""

    commands: tuple[str, ...]  # pair_style, pair_coeff ...; files by their names in ``files``
    symbol: str
    mass: float  # g/mol
    files: Mapping[str, str] = field(default_factory=dict)  # name -> content

    def write(self, folder: Path) -> list[str]:
        """The commands with the files' paths, once the files are written to ``folder``, which exists."""
        paths = {}
        for number, (name, content) in enumerate(self.files.items()):
            # Names keep their ending: LAMMPS tells some formats by it.
            path = folder / f"{number}-{re.sub(r'[^A-Za-z0-9._-]', '_', Path(name).name)}"
            path.write_text(content)
            paths[name] = str(path)
        return [" ".join(paths.get(word, word) for word in line.split()) for line in self.commands]
