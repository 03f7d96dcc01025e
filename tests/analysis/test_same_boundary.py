"""Whether two slabs hold the same boundary: whatever lies around it, and not by its energy."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from gcd.analysis.same_boundary import neighbour_distances, same_boundary
from gcd.structures.bicrystals import DEFAULT_PLANES, twist_bicrystal


def slab_of(seed: int, **options) -> Atoms:
    options = {"remove": 8, "gap": 0.4} | options
    return twist_bicrystal("sigma5", "W", rng=np.random.default_rng(seed), **options)


@pytest.fixture
def slab() -> Atoms:
    return slab_of(1)


def test_the_same_boundary_elsewhere_is_the_same(slab):
    moved = slab.copy()
    moved.positions += (1.7, -2.3, 5.0)
    moved.wrap(pbc=(True, True, False))
    moved.positions += np.random.default_rng(0).normal(0.0, 0.004, moved.positions.shape)
    assert same_boundary(slab, moved)


def test_planes_more_in_a_grain_make_no_other_boundary(slab):
    taller = slab_of(1, planes=(DEFAULT_PLANES[0] + 2, DEFAULT_PLANES[1]))
    assert len(taller) == len(slab) + 20  # as of two candidates of 352 and 362 atoms
    assert same_boundary(slab, taller)


def test_other_atoms_out_or_fewer_make_another_boundary(slab):
    assert not same_boundary(slab, slab_of(2))
    assert not same_boundary(slab, slab_of(1, remove=2))


def test_a_perfect_crystal_has_no_boundary_and_few_atoms_no_neighbours():
    from ase.build import bulk

    crystal = bulk("W", "bcc", 3.165, cubic=True).repeat((3, 3, 12))
    crystal.pbc = (True, True, False)
    assert neighbour_distances(crystal).shape == (0, 14)
    assert neighbour_distances(
        Atoms("W2", positions=[[0, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)
    ).shape == (0, 14)
