"""What surfaces cost, and that thin slabs have the energies of thick ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase.build import surface
from slab_examples import perfect_slab, rough_slab

from gcd.energetics.boundary_energy import relax_boundaries, slab_energy
from gcd.energetics.boundary_plane import atomic_energies, make_slab
from gcd.energetics.ends import J_PER_M2, surface_energy
from gcd.energetics.potential import find_potential
from gcd.energetics.slab import Slab
from gcd.energetics.torch_relax import relax_slabs
from gcd.energetics.zhou2004 import cohesive_energy, lattice_constant


def loose(atoms, metal="W"):
    """The slab without clamps, relaxed: both ends are free surfaces."""
    slab = make_slab(atoms, metal)
    none = np.zeros(len(atoms), dtype=bool)
    (outcome,) = relax_slabs([replace(slab, lower=none, upper=none)], device="cpu")
    free = atoms.copy()
    free.positions = outcome.value.positions
    return free


def energies_of(slab: Slab):
    return atomic_energies(slab.positions, slab.cell, slab.metal)


def both_ends(slab: Slab):
    return [surface_energy(slab, find_potential(), upper=upper) for upper in (False, True)]


@pytest.mark.parametrize(("metal", "relaxed"), [("W", 0.9), ("Fe", 0.9), ("Cu", 0.9), ("Al", 0.9)])
def test_relaxing_lowers_a_surface_s_energy_a_little(metal, relaxed):
    cut = both_ends(make_slab(perfect_slab(metal, repeats=(1, 1)), metal))
    free = both_ends(make_slab(loose(perfect_slab(metal, repeats=(1, 1)), metal), metal))
    assert cut[0] == pytest.approx(cut[1], abs=1e-6)
    assert free[0] == pytest.approx(free[1], abs=1e-4)
    assert relaxed * cut[0] < free[0] < cut[0]
    assert 0.5 < free[0] < 4.0  # J/m2, as metals have


def test_no_surfaces_of_hexagonal_metals():
    slab = replace(make_slab(perfect_slab(repeats=(1, 1))), metal="Mg")
    assert both_ends(slab) == [None, None]


@pytest.mark.parametrize("indices", [(1, 1, 0), (1, 1, 1), (3, 1, 0)])
def test_surfaces_of_any_plane_are_half_of_what_a_slab_costs(indices):
    """A crystal with two of them, counted whole."""
    atoms = surface("W", indices, 20, vacuum=10.0)
    atoms.set_cell(atoms.cell.array * (lattice_constant("W") / 3.16), scale_atoms=True)
    atoms.pbc = (True, True, False)
    slab = make_slab(atoms)
    excess = energies_of(slab) - cohesive_energy("W")
    assert both_ends(slab) == pytest.approx([0.5 * J_PER_M2 * excess.sum() / slab.area] * 2, abs=1e-4)
    assert slab_energy(slab, energies_of(slab)) == pytest.approx(0, abs=1e-4)


def test_ends_that_miss_atoms_are_counted_with_their_holes():
    atoms = perfect_slab(repeats=(2, 2))
    z = atoms.positions[:, 2]
    del atoms[np.flatnonzero(z > z.max() - 0.1)[:1]]
    slab = make_slab(atoms)
    lower, upper = both_ends(slab)
    assert upper > lower + 0.1


@pytest.mark.parametrize("planes", [(10, 10), (14, 11), (18, 18)])
def test_a_crystal_costs_nothing_with_any_ends(planes):
    for atoms in (
        perfect_slab(planes=planes, repeats=(2, 2)),
        loose(perfect_slab(planes=planes, repeats=(2, 2))),
    ):
        slab = make_slab(atoms)
        assert slab_energy(slab, energies_of(slab)) == pytest.approx(0, abs=1e-4)


def test_thin_slabs_have_the_energy_of_thick_ones():
    """Same boundary, 20 and 11 planes a grain, ends cut and relaxed."""
    thick, thin = (rough_slab(seed=5, planes=planes) for planes in ((20, 20), (11, 11)))
    expected = relax_boundaries(thick, engine="torch")[0].info["egb"]
    for atoms in (thin, loose(thin)):
        assert relax_boundaries(atoms, engine="torch")[0].info["egb"] == pytest.approx(expected, abs=1e-3)


def test_shaken_ends_cost_nothing():
    """Atoms that feel them do not count, or what they cost is taken off."""
    atoms = perfect_slab(planes=(16, 16), repeats=(2, 2))
    z = atoms.positions[:, 2]
    ends = (z < z.min() + 2.0) | (z > z.max() - 2.0)
    atoms.positions[ends] += np.random.default_rng(0).normal(0.0, 0.05, (ends.sum(), 3))
    slab = make_slab(atoms)
    assert slab_energy(slab, energies_of(slab)) == pytest.approx(0, abs=1e-3)
