"""The potential of Zhou, Johnson and Wadley (2004) as a :class:`Potential`: in torch, and as tables for LAMMPS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from gcd.energetics.crystal_energy import Crystal
from gcd.energetics.lammps_text import LammpsText
from gcd.energetics.metals import METALS, check_metal
from gcd.energetics.potential import Potential, Static

if TYPE_CHECKING:
    from ase import Atoms


class Zhou2004Potential(Potential):
    """16 metals, analytic; see :mod:`gcd.energetics.zhou2004`."""

    name = "zhou2004"
    elements = tuple(METALS)
    engines = ("lammps", "torch")

    def check_element(self, element: str) -> str:
        """The metal's symbol; ValueError that names the 16."""
        return check_metal(element).symbol

    def statics(self, structures: Sequence[Atoms]) -> list[Static]:
        """One after the other in torch, on the CPU."""
        from gcd.energetics.neighbours import neighbour_pairs
        from gcd.energetics.zhou2004 import Zhou2004

        results = []
        for atoms in structures:
            symbol = _only_symbol(self, atoms)
            potential = Zhou2004(symbol)
            energies, forces = potential.energies_and_forces(*neighbour_pairs(atoms, potential.cutoff))
            results.append(Static(float(energies.sum()), forces.numpy(), energies.numpy()))
        return results

    def crystal(self, element: str, phase: str | None = None) -> Crystal:
        """The metal's own crystal, hcp ones included, by Newton's method; another phase as for any potential."""
        from gcd.energetics.zhou2004 import cohesive_energy, lattice_constant

        metal = METALS[self.check_element(element)]
        if phase is None or phase == metal.structure:
            symbol = metal.symbol
            return Crystal(metal.structure, lattice_constant(symbol), cohesive_energy(symbol), metal.cutoff)
        return super().crystal(element, phase)

    @property
    def cutoff(self) -> float:
        """Å, the longest of its metals."""
        return max(metal.cutoff for metal in METALS.values())

    def lammps(self, element: str) -> LammpsText:
        """Tables fine enough to agree with torch to 1e-7 eV an atom."""
        return _tables(self.check_element(element))

    def to_text(self) -> str:
        """Its name is all there is to say."""
        return json.dumps({"kind": "zhou2004"})


@cache
def _tables(symbol: str) -> LammpsText:
    from gcd.energetics.eam_alloy import eam_alloy

    name = f"{symbol}.eam.alloy"
    lines = ("pair_style eam/alloy", f"pair_coeff * * {name} {symbol}")
    return LammpsText(lines, symbol, METALS[symbol].mass, {name: eam_alloy(symbol)})


def _only_symbol(potential: Potential, atoms: Atoms) -> str:
    symbols = sorted(set(atoms.symbols))
    if len(symbols) != 1:
        raise ValueError(f"The structure holds {', '.join(symbols) or 'no atoms'}; one element is needed.")
    return potential.check_element(symbols[0])
