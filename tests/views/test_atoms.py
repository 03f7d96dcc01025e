"""Scenes for the 3D viewer: plain atoms, periodic bonds, colours, an id that follows the content."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gcd.structures.crystals import PHASES, ideal_crystal
from gcd.views.atoms import atoms_figure, cdn_address, scene, viewer_html


@pytest.fixture
def tungsten():
    return ideal_crystal("bcc", (2, 2, 2))


def test_a_scene_holds_every_atom_as_plain_json(tungsten):
    picture = scene(tungsten)
    assert json.loads(json.dumps(picture)) == picture
    assert len(picture["xyz"]) == len(picture["symbols"]) == len(picture["colours"]) == 16
    assert set(picture["symbols"]) == {"W"}
    assert picture["legend"] is None


def test_atoms_are_wrapped_into_the_cell(tungsten):
    tungsten.positions -= 100.0
    xyz = np.array(scene(tungsten)["xyz"])
    assert (xyz >= -1e-6).all()
    assert (xyz <= np.diag(tungsten.cell) + 1e-6).all()


@pytest.mark.parametrize("phase", PHASES)
def test_bonds_join_nearest_neighbours_inside_the_box(phase):
    crystal = ideal_crystal(phase, (3, 3, 3), lattice_constant=4.0)
    picture = scene(crystal)
    xyz = np.array(picture["xyz"])
    lengths = [np.linalg.norm(xyz[i] - xyz[j]) for i, j in picture["bonds"]]
    expected = 4.0 * PHASES[phase].nearest_neighbour
    assert min(lengths) == pytest.approx(expected, abs=0.01)
    assert max(lengths) <= 1.1 * expected
    centre = int(np.argmin(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1)))
    bonded = sum(centre in pair for pair in picture["bonds"])
    assert bonded == PHASES[phase].neighbour_count


def test_repeats_are_drawn_with_bonds_between_the_copies(tungsten):
    once, twice = scene(tungsten), scene(tungsten, repeats=(2, 2, 2))
    assert len(twice["xyz"]) == 8 * 16
    assert len(twice["bonds"]) > 8 * len(once["bonds"])
    assert twice["edges"] == once["edges"]  # the cell stays one


def test_too_many_repeats_are_left_out():
    crystal = ideal_crystal("fcc", (8, 8, 8))
    assert len(scene(crystal, repeats=(3, 3, 3))["xyz"]) == len(crystal)


def test_values_become_colours_with_a_legend(tungsten):
    values = np.linspace(0.0, 0.2, 16)
    values[3] = np.nan
    picture = scene(tungsten, values=values, value_range=(0.0, 0.1), value_label="displacement")
    assert picture["colours"][0] != picture["colours"][5]
    assert picture["colours"][14] == picture["colours"][15]  # beyond the range
    assert picture["values"][3] is None
    assert (picture["legend"]["low"], picture["legend"]["high"]) == (0.0, 0.1)


def test_values_follow_the_atoms_into_the_repeats(tungsten):
    values = np.arange(16.0)
    picture = scene(tungsten, repeats=(1, 1, 2), values=values)
    assert picture["values"][16:] == picture["values"][:16]


def test_the_id_follows_the_content(tungsten):
    first = scene(tungsten)["id"]
    assert scene(tungsten.copy())["id"] == first
    assert scene(tungsten, bonds=False)["id"] != first
    tungsten.positions[0] += 0.01
    assert scene(tungsten)["id"] != first


def test_an_empty_structure_can_be_drawn(tungsten):
    del tungsten[:]
    picture = scene(tungsten)
    assert (picture["xyz"], picture["bonds"], len(picture["edges"])) == ([], [], 12)
    atoms_figure(picture)


def test_the_page_of_its_own_loads_what_it_is_told_to(tungsten):
    picture = scene(tungsten, name="a <b> & c")
    assert cdn_address() in viewer_html(picture)
    page = viewer_html(picture, library_source="/* the library */")
    assert "/* the library */" in page
    assert "cdn" not in page
    assert "a &lt;b&gt; &amp; c" in page
    assert "export function" not in page


def test_the_plotly_view_shows_the_same_atoms(tungsten):
    picture = scene(tungsten)
    atoms, edges = atoms_figure(picture).data
    assert len(atoms.x) == 16
    assert np.nanmax(np.array(edges.x, dtype=float)) == pytest.approx(tungsten.cell[0, 0], abs=1e-3)
