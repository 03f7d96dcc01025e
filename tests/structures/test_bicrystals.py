"""Twist bicrystals: the geometry of every named twist, the stacking, and atoms taken out or put in."""

import math

import numpy as np
import pytest

from gcd.structures.bicrystals import (
    TWISTS,
    as_fraction,
    check_twist,
    metal_phase,
    n_fraction,
    plane_sites,
    twist_bicrystal,
)
from gcd.structures.twists import CUBIC_ELEMENTS

A = 3.164849
PUBLISHED = {  # sigma, degrees, atoms a (002) plane of the bcc cell
    "sigma5": (5, 36.87, 10),
    "sigma13": (13, 22.62, 13),
    "sigma17": (17, 28.07, 17),
    "sigma25": (25, 16.26, 25),
    "sigma29": (29, 43.60, 29),
    "sigma37": (37, 18.92, 37),
    "sigma41": (41, 12.68, 41),
}


def build(twist="sigma5", metal="W", **arguments):
    return twist_bicrystal(twist, metal, lattice_constant=A, **arguments)


def test_the_table_has_the_published_twists():
    assert {name: (t.sigma, round(t.angle, 2), t.sites) for name, t in TWISTS.items()} == PUBLISHED


@pytest.mark.parametrize("phase", ["bcc", "fcc"])
@pytest.mark.parametrize("name", TWISTS)
def test_every_plane_holds_its_sites_once(name, phase):
    twist = TWISTS[name]
    for parity in (0, 1):
        for sense in (-1, 1):
            sites = plane_sites(twist, phase, parity, sense)
            assert len(np.unique(sites.round(9), axis=0)) == len(sites) == twist.atoms_per_plane(phase)


@pytest.mark.parametrize("phase", ["bcc", "fcc"])
@pytest.mark.parametrize("name", TWISTS)
def test_one_site_in_sigma_coincides(name, phase):
    twist = TWISTS[name]
    common = total = 0
    for parity in (0, 1):
        lower, upper = (
            {
                tuple(s)
                for s in np.rint(plane_sites(twist, phase, parity, sense) * 2 * twist.sites).astype(int)
            }
            for sense in (-1, 1)
        )
        common, total = common + len(lower & upper), total + len(lower)
    assert common * twist.sigma == total


@pytest.mark.parametrize("name", TWISTS)
def test_the_grains_are_turned_by_the_twist(name):
    twist = TWISTS[name]
    atoms = build(name, planes=(8, 8))
    angles = []
    for grain in (0, 1):
        plane = atoms.positions[atoms.arrays["grain"] == grain]
        plane = plane[np.abs(plane[:, 2] - plane[0, 2]) < 1e-6][:, :2]
        difference = plane - plane[0]
        difference -= np.rint(difference / twist.edge / A) * twist.edge * A
        length = np.hypot(*difference.T)
        neighbour = difference[np.abs(length - A) < 1e-6][0]  # along a cube axis of the grain
        angles.append(math.degrees(math.atan2(neighbour[1], neighbour[0])))
    between = abs(angles[0] - angles[1]) % 90
    assert min(between, 90 - between) == pytest.approx(twist.angle, abs=1e-6)


@pytest.mark.parametrize("name", TWISTS)
def test_area_planes_and_spacing(name):
    twist = TWISTS[name]
    atoms = build(name, planes=(5, 7), gap=0.3)
    assert atoms.info["area"] == pytest.approx(twist.sites * A**2)
    assert atoms.cell[0, 0] * atoms.cell[1, 1] == pytest.approx(atoms.info["area"])
    heights, counts = np.unique(atoms.positions[:, 2].round(6), return_counts=True)
    assert set(counts) == {twist.sites}
    assert len(counts) == 12
    spacings = np.diff(heights)
    assert spacings[4] == pytest.approx(A / 2 + 0.3, abs=1e-5)
    assert np.delete(spacings, 4) == pytest.approx(A / 2, abs=1e-5)
    assert heights[4] < atoms.info["plane"] < heights[5]
    assert atoms.pbc.tolist() == [True, True, False]


@pytest.mark.parametrize("metal", ["W", "Cu"])
def test_no_twist_and_no_shift_is_the_perfect_crystal(metal):
    atoms = build((1, 0), metal, repeats=(3, 3), planes=(6, 6))
    coordination = {"W": 8, "Cu": 12}[metal]
    nearest = metal_phase(metal).nearest_neighbour * A
    atoms.pbc = True
    atoms.cell[2, 2] = 12 * A / 2
    distances = atoms.get_all_distances(mic=True)
    assert set(((distances > 0.1) & (distances < nearest + 0.1)).sum(axis=1)) == {coordination}


def test_sigma5_of_tungsten_fills_the_papers_frame():
    atoms = build()
    assert len(atoms) == 360
    assert atoms.cell.lengths() == pytest.approx([12 * 0.834, 12 * 0.834, 72 * 0.834], abs=0.1)


def test_n_follows_the_atoms_taken_out_or_put_in():
    assert [build(remove=k).info["n"] for k in (0, 1, 8, 10)] == [0.0, 0.9, 0.2, 0.0]
    assert [build(insert=k).info["n"] for k in (0, 1, 8, 10)] == [0.0, 0.1, 0.8, 0.0]
    assert build(repeats=(2, 1), remove=5).info["n"] == 0.75
    assert n_fraction(358, 10) == 0.8
    assert n_fraction(build(remove=3), 10) == 0.7


def test_n_is_written_as_a_fraction():
    assert [as_fraction(n) for n in (0.0, 0.2, 0.3, 1 / 13, 0.12345)] == [
        "0",
        "1/5",
        "3/10",
        "1/13",
        "0.123",
    ]


@pytest.mark.parametrize("metal", ["W", "Cu"])
@pytest.mark.parametrize("name", TWISTS)
def test_atoms_put_in_find_room_between_whole_grains(name, metal):
    per_plane = TWISTS[name].atoms_per_plane(metal_phase(metal).name)
    for count in (1, per_plane // 2, per_plane):
        atoms = build(name, metal, insert=count, planes=(3, 3), in_plane_shift=(0.9, 0.2))
        between = np.abs(atoms.positions[:, 2] - atoms.info["plane"]) < 1e-6
        assert between.sum() == count
        assert len(atoms) == 6 * per_plane + count


def test_only_the_first_plane_of_the_upper_grain_loses_atoms():
    atoms = build(remove=4)
    first = atoms.positions[atoms.arrays["grain"] == 1][:, 2].min()
    assert np.sum(np.abs(atoms.positions[:, 2] - first) < 1e-6) == 6
    assert np.sum(atoms.arrays["grain"] == 0) == 180


def test_the_generator_picks_the_atoms():
    first, again = (build(remove=5, rng=np.random.default_rng(3)) for _ in range(2))
    other = build(remove=5, rng=np.random.default_rng(4))
    assert np.array_equal(first.positions, again.positions)
    assert not np.array_equal(first.positions, other.positions)


def test_the_shift_moves_the_upper_grain_alone():
    still, moved = build(), build(in_plane_shift=(0.7, -0.4))
    difference = moved.positions - still.positions
    difference[:, :2] -= np.rint(difference[:, :2] / still.cell[0, 0]) * still.cell[0, 0]
    assert difference[:180] == pytest.approx(0, abs=1e-9)
    assert difference[180:] == pytest.approx(np.tile([0.7, -0.4, 0.0], (180, 1)), abs=1e-9)


def test_the_minimum_distance_is_that_of_all_pairs():
    atoms = build("sigma13", in_plane_shift=(0.8, 0.3), gap=-0.1, planes=(4, 4))
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    assert atoms.info["minimum_distance"] == pytest.approx(distances.min(), abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"twist": "sigma7"}, "sigma5, sigma13"),
        ({"twist": (4, 2)}, "coprime"),
        ({"twist": (1, 3)}, "m > n"),
        ({"metal": "Mg"}, "bcc and fcc"),
        ({"metal": "Qq"}, "chemical symbol"),
        ({"remove": 11}, "0 to 10"),
        ({"remove": 2, "insert": 2}, "not both"),
        ({"gap": -1.0}, "larger gap"),
        ({"gap": math.nan}, "finite"),
        ({"planes": (0, 18)}, "1 to 200"),
        ({"repeats": (90, 90)}, "fewer planes"),
        ({"vacuum": -1.0}, "vacuum"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        build(**arguments)


def test_twists_are_found_by_name_and_by_vector():
    assert check_twist("Sigma5") is check_twist((3, 1)) is check_twist("3,1") is TWISTS["sigma5"]
    assert (check_twist("2,1").sigma, check_twist((1, 0)).sigma) == (5, 1)


def test_the_table_of_cubic_elements_is_ase_s():
    from ase.data import chemical_symbols, reference_states

    listed = [entry and entry.get("symmetry") for entry in reference_states]
    for phase, symbols in CUBIC_ELEMENTS.items():
        of_ase = (s for s, symmetry in zip(chemical_symbols, listed, strict=False) if symmetry == phase)
        assert sorted(symbols) == sorted(of_ase)
