"""From decoded atoms to a slab: which of them are the ends' own, and when two are too close for any metal."""

from __future__ import annotations

import numpy as np
import pytest

from gcd.generate.painted_slab import assemble
from gcd.structures.bicrystal_ends import bicrystal_ends
from gcd.structures.bicrystals import twist_bicrystal


@pytest.fixture(scope="module")
def ends():
    return bicrystal_ends("sigma5", "W", spacing=0.3)


@pytest.fixture(scope="module")
def middle(ends):
    """(N, 3) the atoms of the same bicrystal that the ends leave out, as a perfect decoder would find them."""
    whole = twist_bicrystal("sigma5", "W", gap=0.3).positions
    shift = ends.atoms.positions[:, 2].min() - whole[:, 2].min()
    whole[:, 2] += shift
    low, high = ends.atoms.info["painted_z"]
    gap = [np.linalg.norm(whole[i] - ends.atoms.positions, axis=1).min() for i in range(len(whole))]
    return whole[(whole[:, 2] > low) & (whole[:, 2] < high) & (np.array(gap) > 1.0)]


def test_what_is_decoded_between_the_ends_is_a_slab(ends, middle):
    atoms = assemble(ends, middle)
    assert atoms.info["physical"], atoms.info["failure"]
    assert atoms.arrays["painted"].sum() == len(middle)


@pytest.mark.parametrize(("part", "physical"), [(0.725, False), (0.735, True)])
def test_two_atoms_nearer_than_any_metal_puts_them_are_no_slab(ends, middle, part, physical):
    """0.73 nearest-neighbour distances: 2.0 Å in tungsten, where the closest pair of a search's structures has 2.36."""
    nearest = ends.atoms.info["nearest_neighbour"]
    deep = middle[
        middle[:, 2] < middle[:, 2].min() + 6.0
    ]  # of the lower grain's lattice, away from the boundary
    first = deep[np.argmin(np.abs(deep[:, 2] - deep[:, 2].mean()))]
    away = np.linalg.norm(middle - first, axis=1)
    (neighbours,) = np.nonzero(np.abs(away - nearest) < 1e-3)
    moved = middle.copy()
    moved[neighbours[0]] = first + part * (middle[neighbours[0]] - first)
    atoms = assemble(ends, moved)
    assert atoms.info["minimum_distance"] == pytest.approx(part * nearest, abs=1e-6)
    assert atoms.info["physical"] == physical
    assert physical or "Å apart, less than 2.00 Å" in atoms.info["failure"]


@pytest.mark.parametrize(("part", "kept"), [(0.44, 0), (0.46, 1)])
def test_an_atom_on_one_of_the_ends_is_that_atom_seen_through_its_share(ends, middle, part, kept):
    low = ends.atoms.info["painted_z"][0]
    below = ends.atoms.positions[ends.atoms.positions[:, 2] <= low]
    edge = below[below[:, 2].argmax()]
    echo = edge + np.array([0.0, 0.0, part * ends.atoms.info["nearest_neighbour"]])
    known = np.linalg.norm(ends.atoms.positions - echo, axis=1).min()
    assert known == pytest.approx(part * ends.atoms.info["nearest_neighbour"])  # nearer to no other
    atoms = assemble(ends, np.concatenate([middle, echo[None]]))
    assert atoms.arrays["painted"].sum() == len(middle) + kept
