"""Every Bravais lattice that has an orthorhombic supercell gets one, with the same crystal in it."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell

from gcd.analysis.steinhardt import minimum_distance
from gcd.structures.orthorhombic import orthorhombic_supercell, with_room


@pytest.mark.parametrize(
    ("atoms", "count"),
    [
        (bulk("W", "bcc"), 2),
        (bulk("Cu", "fcc"), 2),  # the body-centred tetragonal description
        (bulk("Mg", "hcp"), 4),
        (bulk("Cu", "fcc", cubic=True), 4),
        (bulk("Si", "diamond"), 4),
    ],
)
def test_the_smallest_one_is_found_and_holds_the_same_crystal(atoms, count):
    large = orthorhombic_supercell(atoms)
    assert large is not None
    assert len(large) == count
    assert np.allclose(large.cell[:], np.diag(large.cell.lengths()), atol=1e-9)
    assert large.get_volume() / len(large) == pytest.approx(atoms.get_volume() / len(atoms))
    assert minimum_distance(large) == pytest.approx(minimum_distance(atoms), abs=1e-6)


def test_a_turned_cell_comes_back_in_standard_form():
    atoms = bulk("W", "bcc", cubic=True)
    atoms.rotate(31, "z", rotate_cell=True)
    large = orthorhombic_supercell(atoms)
    assert large is not None
    assert len(large) == 2
    assert large.cell.lengths() == pytest.approx(atoms.cell.lengths())


def test_a_triclinic_cell_has_none():
    atoms = Atoms("W", [[0, 0, 0]], cell=[3.0, 3.31, 3.77, 71.3, 82.9, 94.1], pbc=True)
    assert orthorhombic_supercell(atoms) is None


def test_no_more_atoms_than_allowed():
    assert orthorhombic_supercell(make_supercell(bulk("Mg", "hcp"), np.eye(3) * 2), max_atoms=20) is None


def test_an_open_axis_is_not_mixed_with_others():
    slab = bulk("Mg", "hcp")
    slab.pbc = (True, True, False)
    large = orthorhombic_supercell(slab)
    assert large is not None
    assert tuple(large.pbc) == (True, True, False)
    assert large.cell.lengths()[2] == pytest.approx(slab.cell.lengths()[2])


def test_open_axes_get_room():
    atoms = Atoms("W2", [[0, 0, -1.0], [0, 0, 6.0]], cell=[3, 3, 5], pbc=(True, True, False))
    roomy = with_room(atoms, 0.8)
    assert roomy.positions[:, 2] == pytest.approx([0.8, 7.8])
    assert roomy.cell.lengths() == pytest.approx([3, 3, 9.4])
    assert with_room(roomy, 0.8).positions == pytest.approx(roomy.positions)
