"""The 16 metals of the Zhou-Johnson-Wadley potential: one table, ``zhou2004_eam.csv`` beside this file.

Its values are those that the authors published with Phys. Rev. B 69, 144113 (2004), as they stand in their generator of
potential files. Nothing but the standard library is imported here, so that worker processes start quickly.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

# Crystal of lowest energy; decides where the potential is cut.
STRUCTURES = {
    "bcc": ("Fe", "Mo", "Ta", "W"),
    "fcc": ("Cu", "Ag", "Au", "Ni", "Pd", "Pt", "Al", "Pb"),
    "hcp": ("Mg", "Co", "Ti", "Zr"),
}
# In an fcc crystal the authors' cut-off, sqrt(5) r_e, lies exactly on the fifth shell, where f and phi are not yet
# zero: a bare cut jumps by 1e-5 eV an atom there. Cutting 4 % further out takes the whole shell in.
CUTOFF_FACTOR = {"bcc": 1.0, "fcc": 1.04, "hcp": 1.04}


@dataclass(frozen=True)
class Metal:
    """One line of the table. ``p`` holds the parameters by the names of the paper."""

    symbol: str
    structure: str  # "bcc", "fcc" or "hcp"
    number: int
    mass: float  # g/mol
    p: Mapping[str, float]

    @property
    def cutoff(self) -> float:
        """Å; beyond it atoms do not see each other: sqrt(5) r_e in bcc metals, 4 % more in others."""
        return math.sqrt(5) * self.p["re"] * CUTOFF_FACTOR[self.structure]


def _read_table() -> dict[str, Metal]:
    structure = {symbol: name for name, symbols in STRUCTURES.items() for symbol in symbols}
    with files("gcd.energetics").joinpath("zhou2004_eam.csv").open(encoding="utf-8") as table:
        rows = [{k: v for k, v in row.items() if k} for row in csv.DictReader(table)]
    metals = {}
    for row in rows:
        symbol = row.pop("symbol")
        p = {name: float(value) for name, value in row.items()}
        metals[symbol] = Metal(symbol, structure[symbol], int(p["Z"]), p["mass"], MappingProxyType(p))
    return metals


METALS: Mapping[str, Metal] = MappingProxyType(_read_table())


def check_metal(metal: str) -> Metal:
    """The entry of :data:`METALS` with that symbol; ValueError that names the legal ones."""
    symbol = metal.capitalize() if isinstance(metal, str) else metal
    if symbol not in METALS:
        raise ValueError(f"There is no potential for {metal!r}: the metals are {', '.join(METALS)}.")
    return METALS[symbol]
