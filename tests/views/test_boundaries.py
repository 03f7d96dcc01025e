"""Pictures of boundaries: every structure one point that knows its index, and colours only where the boundary is."""

import numpy as np
import pytest

from gcd.structures.bicrystals import twist_bicrystal
from gcd.views.boundaries import REGION, boundary_scene, energy_figure

GREY = "#9aa5a5"


def trace(figure, name):
    return next(t for t in figure.data if t.name == name)


def test_every_structure_is_a_point_that_knows_its_index():
    figure = energy_figure(np.array([2.3, 2.7, 3.0]), np.array([0.2, 0.1, 0.2]))
    search = trace(figure, "search")
    assert list(search.customdata) == [0, 1, 2]
    assert list(search.marker.symbol) == ["circle-open", "circle", "circle-open"]
    lowest = trace(figure, "lowest at each [n]")
    assert dict(zip(lowest.x, lowest.y, strict=True)) == {0.1: 2.7, 0.2: 2.3}


def test_the_chosen_one_and_others_stand_out():
    others = {"built": ([0.2], [3.3]), "relaxed": ([0.2], [2.4])}
    figure = energy_figure(np.array([2.3, 2.7]), np.array([0.2, 0.1]), chosen=1, others=others)
    assert list(trace(figure, "shown").y) == [2.7]
    assert list(trace(figure, "relaxed").y) == [2.4]


def test_no_structures_are_no_error():
    assert len(energy_figure(np.zeros(0), np.zeros(0)).data) == 1


@pytest.fixture
def slab():
    atoms = twist_bicrystal("sigma5", "W", lattice_constant=3.164849)
    energies = np.full(len(atoms), -8.76)
    near = np.abs(atoms.positions[:, 2] - atoms.info["plane"]) < 2.0
    energies[near] += 0.6
    energies[[0, -1]] += 3.0  # the free surfaces
    return atoms, energies, near


def test_only_the_boundary_is_coloured(slab):
    atoms, energies, near = slab
    picture = boundary_scene(atoms, energies, -8.76, atoms.info["plane"], whole=True)
    assert len(picture["colours"]) == len(atoms)
    assert [colour != GREY for colour in picture["colours"]] == near.tolist()
    assert picture["values"].count(0.6) == near.sum()
    assert picture["legend"]["high"] == 0.79


def test_the_region_around_the_plane_is_cut_out(slab):
    atoms, energies, near = slab
    picture = boundary_scene(atoms, energies, -8.76, atoms.info["plane"], repeats=(2, 1))
    z = np.array(picture["xyz"])[:, 2]
    assert z.min() >= 0
    assert z.max() <= 2 * REGION
    assert sum(colour != GREY for colour in picture["colours"]) == 2 * near.sum()
    assert np.ptp(np.array(picture["xyz"])[:, 0]) > atoms.cell[0, 0]
