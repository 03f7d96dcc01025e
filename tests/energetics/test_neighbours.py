"""Pairs: every one once, images included, in any cell."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from hypothesis import given
from hypothesis import strategies as st

from gcd.energetics.neighbours import neighbour_arrays, neighbour_pairs


def ordered(i, j, vectors):
    """Both directions of each pair, sorted, so that two lists can be compared."""
    rows = [(a, b, *np.round(v, 6)) for a, b, v in zip(i, j, vectors, strict=True)]
    return sorted(tuple(float(x) + 0.0 for x in row) for row in rows)


@given(seed=st.integers(0, 1000), periodic=st.tuples(*[st.booleans()] * 3), cutoff=st.floats(1.0, 6.0))
def test_pairs_are_ases_pairs(seed, periodic, cutoff):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(2.5, 7.0, 3)) + rng.uniform(-1.0, 1.0, (3, 3))
    positions = rng.uniform(-2.0, 2.0, (6, 3)) @ cell
    i, j, shift = neighbour_arrays(positions, cell, periodic, cutoff)
    vectors = positions[j] - positions[i] + shift
    both = ordered(np.append(i, j), np.append(j, i), np.concatenate([vectors, -vectors]))
    atoms = Atoms("W6", positions, cell=cell, pbc=periodic)
    assert both == ordered(*neighbor_list("ijD", atoms, cutoff))


def test_an_atom_sees_its_own_images():
    x, pairs = neighbour_pairs(bulk("W", "bcc", a=3.2), 3.0)
    assert len(pairs.i) == 4  # eight neighbours, each pair once
    assert pairs.distances(x).tolist() == pytest.approx([3.2 * 3**0.5 / 2] * 4)


def test_a_direction_without_length_needs_no_period():
    atoms = Atoms("W2", [[0, 0, 0], [0, 0, 2]], cell=[5, 5, 0], pbc=(True, True, False))
    _, pairs = neighbour_pairs(atoms, 2.5)
    assert len(pairs.i) == 1
    with pytest.raises(ValueError, match="no length"):
        neighbour_arrays(atoms.positions, atoms.cell.array, (True, True, True), 2.5)


def test_no_atoms_no_pairs():
    assert [len(part) for part in neighbour_arrays(np.zeros((0, 3)), np.eye(3), (True,) * 3, 3.0)] == [
        0,
        0,
        0,
    ]


def test_structures_lie_end_to_end():
    structures = [bulk("W", "bcc", a=3.2, cubic=True) * (k, 1, 1) for k in (1, 2)]
    x, pairs = neighbour_pairs(structures, 3.0)
    assert (len(x), pairs.count) == (6, 2)
    assert pairs.structure_index.tolist() == [0, 0, 1, 1, 1, 1]
    assert (pairs.structure_index[pairs.i] == pairs.structure_index[pairs.j]).all()
