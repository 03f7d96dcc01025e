"""Where the boundary is, whatever the file looks like, and what is clamped."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atom, Atoms
from slab_examples import perfect_slab, rough_slab

from gcd.energetics.boundary_plane import find_boundary_plane, make_slab, minimum_distance
from gcd.energetics.metals import METALS
from gcd.energetics.slab import atoms_per_plane, n_fraction
from gcd.energetics.zhou2004 import lattice_constant
from gcd.structures.bicrystals import bicrystal, opened
from gcd.structures.boundary_names import find_boundary

A = lattice_constant("W")


def between(atoms, below):
    """The middle between the grains of a slab built of that many planes below."""
    z = np.sort(atoms.positions[:, 2])
    return 0.5 * (z[10 * below - 1] + z[10 * below])


@pytest.mark.parametrize("planes", [(12, 12), (18, 18), (10, 20), (22, 9)])
@pytest.mark.parametrize("removed", [0, 8])
def test_the_plane_is_found_wherever_it_is(planes, removed):
    atoms = rough_slab(planes=planes, removed=removed)
    assert find_boundary_plane(atoms) == pytest.approx(between(atoms, planes[0]), abs=1.0)


def variants():
    """The same slab as different programs would write it."""
    rng = np.random.default_rng(0)
    atoms = rough_slab(seed=1)
    yield "as built", atoms
    yield "atoms in another order", atoms[rng.permutation(len(atoms))]
    yield "2x1", atoms * (2, 1, 1)
    yield "1x2", atoms * (1, 2, 1)
    far = atoms.copy()
    far.positions += (3.3, 4.4, -100.0)
    yield "far below the cell", far
    vacuum = atoms.copy()
    vacuum.center(vacuum=6.0, axis=2)
    vacuum.pbc = True
    yield "vacuum in a periodic cell", vacuum
    wrapped = vacuum.copy()
    wrapped.positions[:, 2] += 27.0
    wrapped.wrap()
    yield "wrapped through the vacuum", wrapped
    upside_down = atoms.copy()
    upside_down.positions *= (-1, 1, -1)
    yield "upside down", upside_down
    turned = atoms.copy()
    turned.rotate(31, "z", rotate_cell=True)
    yield "turned about z", turned
    skewed = atoms.copy()
    skewed.set_cell([atoms.cell[0], atoms.cell[0] + atoms.cell[1], atoms.cell[2]])
    yield "oblique cell", skewed
    z = atoms.positions[:, 2]
    holes = atoms.copy()
    del holes[np.flatnonzero(z > z.max() - 0.1)[:3]]
    yield "vacancies in the surface", holes
    adatom = atoms.copy()
    adatom.append(Atom("W", (1.0, 1.0, z.max() + A / 2)))
    yield "an atom on the surface", adatom
    boxed = atoms.copy()
    boxed.positions[:, 2] -= z.min()
    boxed.cell[2, 2] = boxed.positions[:, 2].max()
    boxed.pbc = True
    yield "the box of a LAMMPS data file", boxed
    nameless = atoms.copy()
    nameless.symbols[:] = "H"
    yield "a dump without elements", nameless


@pytest.mark.parametrize(("name", "atoms"), list(variants()), ids=lambda v: v if isinstance(v, str) else "")
def test_n_and_area_in_any_file(name, atoms):
    slab = make_slab(atoms)
    assert n_fraction(slab) == pytest.approx(0.2)
    cells = 2 if name in ("2x1", "1x2") else 1
    assert atoms_per_plane(slab) == 10 * cells
    assert slab.area == pytest.approx(cells * 10 * A**2)
    z = slab.positions[:, 2]
    assert slab.plane == pytest.approx(0.5 * (z.min() + z.max()), abs=2.5)
    assert np.ptp(z) < 24 * A / 2 + 4  # in one piece


@pytest.mark.parametrize("up", [0.0, 14.0])
@pytest.mark.parametrize("gap", [0.0, 0.4])
def test_a_pile_without_vacuum_is_cut_at_its_other_boundary(up, gap):
    atoms = rough_slab(seed=2)
    atoms.positions[:, 2] -= atoms.positions[:, 2].min()
    plane = find_boundary_plane(atoms)
    atoms.cell[2] = (0, 0, atoms.positions[:, 2].max() + A / 2 + gap)
    atoms.pbc = True
    atoms.positions[:, 2] += up
    atoms.wrap()
    slab = make_slab(atoms, plane=None if up == 0 else plane + up)
    assert slab.plane == pytest.approx(plane + up, abs=0.5)
    z = slab.positions[:, 2]
    assert slab.plane - z.min() == pytest.approx(plane, abs=0.5 + A / 2)  # or the plane beside


def test_a_perfect_crystal_is_cut_in_the_middle():
    atoms = perfect_slab()
    z = atoms.positions[:, 2]
    assert find_boundary_plane(atoms) == pytest.approx(0.5 * (z.min() + z.max()))


@pytest.mark.parametrize(("symbol", "planes"), [("Cu", (14, 14)), ("Fe", (14, 14))])
def test_other_metals(symbol, planes):
    atoms = rough_slab(metal=symbol, planes=planes, removed=5)
    slab = make_slab(atoms, symbol)
    per_plane = 20 if METALS[symbol].structure == "fcc" else 10
    assert atoms_per_plane(slab) == per_plane
    assert n_fraction(slab) == pytest.approx((per_plane - 5) / per_plane)


def test_clamps_of_a_thick_slab_begin_20_angstrom_from_the_plane():
    slab = make_slab(rough_slab(planes=(20, 20)))
    z = slab.positions[:, 2] - slab.plane
    assert np.array_equal(slab.lower, z < -20)
    assert np.array_equal(slab.upper, z > 20)


def test_clamps_of_a_thin_slab_are_as_thick_as_the_cut_off():
    slab = make_slab(rough_slab(planes=(12, 12)))
    z = slab.positions[:, 2]
    assert z[slab.lower].max() - z.min() == pytest.approx(METALS["W"].cutoff, abs=A / 2)
    assert z.max() - z[slab.upper].min() == pytest.approx(METALS["W"].cutoff, abs=A / 2)
    assert not (slab.lower & slab.upper).any()


def test_the_plane_can_be_given():
    atoms = rough_slab()
    assert make_slab(atoms, plane=15.0).plane == 15.0
    with pytest.raises(ValueError, match="lies outside the slab"):
        make_slab(atoms, plane=150.0)


def test_the_file_is_left_alone():
    atoms = rough_slab()
    before = atoms.copy()
    make_slab(atoms)
    assert atoms == before


def bad_files():
    atoms = rough_slab()
    yield "no atoms", atoms[:0], "no atoms"
    other = atoms.copy()
    other.symbols[3] = "Cu"
    yield "another metal", other, "holds Cu, but the metal chosen is W"
    nan = atoms.copy()
    nan.positions[5, 1] = np.nan
    yield "not a number", nan, "not finite"
    cluster = atoms.copy()
    cluster.pbc = False
    yield "a cluster", cluster, "periodic in x and y"
    tilted = atoms.copy()
    tilted.cell[0, 2] = 3.0
    yield "a tilted cell", tilted, "xy plane"
    leaning = atoms.copy()
    leaning.cell[2] = (5.0, 0.0, 60.0)
    leaning.pbc = True
    yield "a leaning cell", leaning, "along z"
    double = atoms.copy()
    double.append(Atom("W", atoms.positions[7] + (0.01, 0, 0)))
    yield "an atom twice", double, "only 0.01 Å apart"


@pytest.mark.parametrize(
    ("name", "atoms", "message"), list(bad_files()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_what_is_no_slab_is_refused_in_a_sentence(name, atoms, message):
    with pytest.raises(ValueError, match=message) as error:
        make_slab(atoms)
    assert str(error.value).endswith(".")


def test_minimum_distance():
    atoms = Atoms("W2", [[0, 0, 0], [0, 0, 9]], cell=[10, 10, 11], pbc=True)
    assert minimum_distance(atoms) == pytest.approx(2.0)
    atoms.pbc = (True, True, False)
    assert minimum_distance(atoms) == np.inf


def test_a_boundary_at_the_edge_of_a_cell_with_its_vacuum_in_the_middle():
    """Atoms of an unrelaxed boundary may be close across the edge; the vacuum says that the cell is periodic there."""
    a = lattice_constant("W")
    boundary = find_boundary("s17-410-001").grown(a)
    atoms = opened(lambda gap: bicrystal(boundary, a, "W", gap=gap, planes=(47, 47)), 0.0)[0]
    assert minimum_distance(atoms) < 0.7 * 0.866 * a
    height = float(np.ptp(atoms.positions[:, 2])) + 12.0
    atoms.positions[:, 2] = (atoms.positions[:, 2] - atoms.info["plane"]) % height
    atoms.cell[2, 2] = height
    atoms.pbc = True
    slab = make_slab(atoms)
    assert np.diff(np.sort(slab.positions[:, 2])).max() < 3.0  # the vacuum is outside
    assert (slab.plane + 0.5 * height) % height - 0.5 * height == pytest.approx(0.0, abs=1.5)
