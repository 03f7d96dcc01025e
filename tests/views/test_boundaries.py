"""Pictures of boundaries: every structure one point that knows its index, and colours only where the boundary is."""

import base64

import numpy as np
import pytest

from gcd.structures.bicrystal_ends import bicrystal_ends
from gcd.structures.bicrystals import twist_bicrystal
from gcd.views.boundaries import REGION, Points, boundary_scene, ends_scene, energy_figure, strip_frame

GREY = "#9aa5a5"


def trace(figure, name):
    return next(t for t in figure.data if t.name == name)


def test_every_structure_is_a_point_that_knows_its_index():
    figure = energy_figure(np.array([2.3, 2.7, 3.0]), np.array([0.2, 0.1, 0.2]))
    search = trace(figure, "search")
    assert [list(who) for who in search.customdata] == [["search", 0], ["search", 1], ["search", 2]]
    assert list(search.marker.symbol) == ["circle-open", "circle", "circle-open"]
    lowest = trace(figure, "lowest at each [n]")
    assert dict(zip(lowest.x, lowest.y, strict=True)) == {0.1: 2.7, 0.2: 2.3}


def test_ones_own_structures_stand_out_from_a_pale_search():
    search = np.array([2.3, 2.7]), np.array([0.2, 0.1])
    own = Points("candidate", [0.2, 0.2, np.nan, 0.1], [2.4, 2.5, np.nan, 2.6], lowest=True)
    figure = energy_figure(
        *search, chosen=(0.1, 2.7), others={"sampled": own, "built": Points("variant", [], [])}
    )
    assert list(trace(figure, "shown").y) == [2.7]
    sampled = trace(figure, "sampled")
    assert [list(who) for who in sampled.customdata] == [["candidate", 0], ["candidate", 1], ["candidate", 3]]
    assert list(trace(figure, "lowest sampled").text) == ["2.600", "2.400"]
    assert trace(figure, "search").marker.opacity < 0.5
    assert trace(energy_figure(*search), "search").marker.opacity == 1.0
    assert "built" not in {t.name for t in figure.data}


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


def test_the_region_to_be_painted_lies_between_the_grains():
    ends = bicrystal_ends("sigma5", "W", painted=30.0)
    picture = ends_scene(ends.atoms, ends.painted_z, repeats=(2, 1))
    z = np.array(picture["xyz"])[:, 2]
    box = np.array(picture["region"]["edges"]).reshape(-1, 3)
    low, high = box[:, 2].min(), box[:, 2].max()
    assert high - low == pytest.approx(ends.painted_z[1] - ends.painted_z[0], abs=1e-3)
    assert (
        (z < low + 0.9) | (z > high - 0.9)
    ).all()  # known atoms may have a share in the first painted voxels
    assert np.ptp(box[:, 0]) == pytest.approx(2 * ends.atoms.cell[0, 0], abs=1e-2)
    assert len(set(picture["colours"])) == 2


def test_voxels_being_painted_lie_on_their_side():
    voxels = np.zeros((3, 4, 7))
    voxels[2, 2, 5] = 1.0
    frame = strip_frame(voxels, (0.25, 0.75))
    cut, through = frame["strips"]
    for strip in (cut, through):
        assert (strip["width"], strip["height"]) == (7, 3)
        picture = np.frombuffer(base64.b64decode(strip["data"]), np.uint8).reshape(3, 7)
        assert np.argwhere(picture > 0).tolist() == [[0, 5]]  # the last layer of x on top
    assert frame["painted"] == [0.25, 0.75]
