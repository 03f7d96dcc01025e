"""The ASE calculator, held against finite differences, and the elastic constants of the metals."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from gcd.energetics.calculator import ZhouCalculator, elastic_constants
from gcd.energetics.zhou2004 import cohesive_energy, lattice_constant


@pytest.fixture
def tungsten():
    atoms = bulk("W", "bcc", a=3.2, cubic=True) * 2
    atoms.rattle(0.1, seed=1)
    atoms.calc = ZhouCalculator("W")
    return atoms


def test_forces_and_stress_are_derivatives_of_the_energy(tungsten):
    forces = calculate_numerical_forces(tungsten, eps=1e-4, iatoms=[3])
    assert np.allclose(tungsten.get_forces()[3], forces[0], atol=1e-6)
    assert np.allclose(tungsten.get_stress(), calculate_numerical_stress(tungsten, eps=1e-5), atol=1e-6)


def test_energies_add_up(tungsten):
    assert tungsten.get_potential_energies().sum() == pytest.approx(tungsten.get_potential_energy())


def test_crystal_at_rest():
    crystal = bulk("W", "bcc", a=lattice_constant("W"))
    crystal.calc = ZhouCalculator("W")
    assert crystal.get_potential_energy() == pytest.approx(cohesive_energy("W"))
    assert np.abs(crystal.get_stress()).max() < 1e-8


def test_other_elements_are_refused():
    water = molecule("H2O")
    water.calc = ZhouCalculator("W")
    with pytest.raises(ValueError, match="for W; the structure also holds H, O"):
        water.get_potential_energy()


# GPa; what the potential was fitted to (Phys. Rev. B 69, 144113, and the measured constants it cites).
MEASURED = {
    "W": (522, 204, 161),
    "Mo": (460, 176, 110),
    "Ta": (262, 157, 82),
    "Cu": (170, 123, 76),
    "Ni": (247, 147, 125),
}


@pytest.mark.parametrize("metal", MEASURED)
def test_elastic_constants(metal):
    constants = elastic_constants(metal)
    assert tuple(constants.values()) == pytest.approx(MEASURED[metal], rel=0.06)


def test_no_cubic_constants_of_hexagonal_metals():
    with pytest.raises(ValueError, match="hexagonal"):
        elastic_constants("Mg")
