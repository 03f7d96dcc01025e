"""What (100) surfaces cost, and that thin slabs have the energies of thick ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from slab_examples import perfect_slab, rough_slab

from gcd.energetics.boundary_energy import relax_boundaries, slab_energy
from gcd.energetics.boundary_plane import atomic_energies, make_slab
from gcd.energetics.ends import surface_energy, surfaces
from gcd.energetics.slab import Slab
from gcd.energetics.torch_relax import relax_slabs


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


@pytest.mark.parametrize("metal", ["W", "Fe", "Cu", "Al"])
def test_relaxing_lowers_a_surface_s_energy_a_little(metal):
    cut, relaxed = (known.sum() for known in surfaces(metal))
    assert 0.9 * cut < relaxed < cut
    assert 0.5 < relaxed < 4.0  # J/m2, as metals have
    assert all(
        np.abs(known[-3:]).max() < 1e-4 for known in surfaces(metal)
    )  # nothing is left of them in the middle


def test_no_surfaces_of_hexagonal_metals():
    assert surfaces("Mg") == ()


@pytest.mark.parametrize("metal", ["W", "Cu"])
@pytest.mark.parametrize("upper", [False, True])
def test_surfaces_are_known_by_their_first_planes(metal, upper):
    cut = make_slab(perfect_slab(metal, repeats=(2, 2)), metal)
    assert surface_energy(cut, energies_of(cut), upper=upper) == pytest.approx(
        surfaces(metal)[0].sum(), abs=1e-6
    )
    free = make_slab(loose(perfect_slab(metal, repeats=(2, 2)), metal), metal)
    assert surface_energy(free, energies_of(free), upper=upper) == pytest.approx(
        surfaces(metal)[1].sum(), abs=1e-6
    )


def test_rough_ends_are_not_taken_for_surfaces():
    atoms = perfect_slab(repeats=(2, 2))
    z = atoms.positions[:, 2]
    del atoms[np.flatnonzero(z > z.max() - 0.1)[:1]]
    slab = make_slab(atoms)
    assert surface_energy(slab, energies_of(slab), upper=True) is None
    assert surface_energy(slab, energies_of(slab), upper=False) is not None


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


def test_where_an_end_is_nothing_known_the_window_is_narrowed():
    """Shaken ends: atoms that feel them do not count."""
    atoms = perfect_slab(planes=(16, 16), repeats=(2, 2))
    z = atoms.positions[:, 2]
    ends = (z < z.min() + 2.0) | (z > z.max() - 2.0)
    atoms.positions[ends] += np.random.default_rng(0).normal(0.0, 0.05, (ends.sum(), 3))
    slab = make_slab(atoms)
    assert surface_energy(slab, energies_of(slab), upper=True) is None
    assert slab_energy(slab, energies_of(slab)) == pytest.approx(0, abs=1e-3)
