"""The potential as an ASE calculator, and the elastic constants that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from gcd.energetics.neighbours import neighbour_pairs
from gcd.energetics.zhou2004 import Zhou2004, lattice_constant

EV_PER_A3 = 160.2177  # GPa of 1 eV/Å^3


class ZhouCalculator(Calculator):
    """Energy, energies (eV), forces (eV/Å) and stress (eV/Å^3) of atoms of one metal, on the CPU."""

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, metal: str = "W", **kwargs: Any) -> None:
        """ValueError when the metal is not in the table."""
        super().__init__(**kwargs)
        self.potential = Zhou2004(metal)

    def calculate(
        self,
        atoms: Any = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """What ASE calls. ValueError when an atom is not of the metal; stress only for cells with a volume."""
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        symbol = self.potential.metal.symbol
        if others := sorted(set(atoms.symbols) - {symbol}):
            raise ValueError(
                f"This calculator is for {symbol}; the structure also holds {', '.join(others)}."
            )
        positions, pairs = neighbour_pairs(atoms, self.potential.cutoff)
        positions.requires_grad_()
        strain = torch.zeros(3, 3, dtype=positions.dtype, requires_grad=True)
        deform = torch.eye(3, dtype=positions.dtype) + strain
        energies = self.potential.atomic_energies(
            positions @ deform, replace(pairs, shift=pairs.shift @ deform)
        )
        energy = energies.sum()
        gradient, virial = torch.autograd.grad(energy, (positions, strain))
        self.results = {
            "energy": energy.item(),
            "free_energy": energy.item(),
            "energies": energies.detach().numpy(),
            "forces": -gradient.numpy(),
        }
        if atoms.cell.rank == 3:
            stress = virial.numpy() / atoms.get_volume()
            self.results["stress"] = full_3x3_to_voigt_6_stress(0.5 * (stress + stress.T))


def elastic_constants(metal: str) -> dict[str, float]:
    """C11, C12 and C44 in GPa of a cubic metal at its lattice constant, from the stress of small strains.

    One atom a cell moves with the strain, so nothing is left to relax. ValueError for hcp metals.
    """
    from ase.build import bulk

    calculator = ZhouCalculator(metal)
    entry = calculator.potential.metal
    if entry.structure == "hcp":
        raise ValueError(f"{entry.symbol} is hexagonal; elastic constants are given for cubic metals.")
    crystal = bulk(entry.symbol, entry.structure, a=lattice_constant(entry.symbol))
    crystal.calc = calculator

    def stress(strain: np.ndarray) -> np.ndarray:
        strained = crystal.copy()
        strained.calc = calculator
        strained.set_cell(crystal.cell.array @ (np.eye(3) + strain), scale_atoms=True)
        return strained.get_stress()

    step = 1e-4
    stretch, shear = np.zeros((3, 3)), np.zeros((3, 3))
    stretch[0, 0] = step
    shear[1, 2] = shear[2, 1] = 0.5 * step
    along = (stress(stretch) - stress(-stretch)) / (2 * step) * EV_PER_A3
    across = (stress(shear) - stress(-shear)) / (2 * step) * EV_PER_A3
    return {"C11": float(along[0]), "C12": float(along[1]), "C44": float(across[3])}
