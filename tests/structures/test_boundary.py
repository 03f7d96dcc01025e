"""Boundaries from crystal directions: what is derived, what is refused, and that slabs of them are crystals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from gcd.structures.bicrystals import (
    bicrystal,
    default_planes,
    n_fraction,
    opened,
    twist_bicrystal,
    working_cell,
)
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.crystals import PHASES
from gcd.structures.csl import boundaries, twists
from gcd.structures.twists import TWISTS

IDENTITY = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
EVERY = [b for phase in ("bcc", "fcc") for b in boundaries(phase)]
A = 3.2


def shells(atoms, z_low, z_high, reach):
    """Sorted distances (atoms, pairs) from atoms between two heights to all within reach; None where counts differ."""
    box = np.array([*atoms.cell.lengths()[:2], 0.0])
    copies = [np.ceil(reach / length) for length in box[:2]]
    steps = [np.arange(-n, n + 1) for n in copies]
    images = np.stack([*(g.ravel() for g in np.meshgrid(*steps, indexing="ij"))], axis=1) * box[:2]
    around = (atoms.positions[:, None] + np.column_stack([images, np.zeros(len(images))])).reshape(-1, 3)
    chosen = atoms.positions[(atoms.positions[:, 2] > z_low) & (atoms.positions[:, 2] < z_high)]
    tree = cKDTree(around)
    found = [np.sort(np.linalg.norm(around[tree.query_ball_point(r, reach)] - r, axis=1)) for r in chosen]
    return np.array(found) if len({len(f) for f in found}) == 1 else None


@pytest.mark.parametrize("boundary", EVERY, ids=[f"{b.phase}-{b.slug}" for b in EVERY])
def test_both_grains_are_perfect_crystals(boundary):
    phase = PHASES[boundary.phase]
    expected = np.sort(np.concatenate([[0.0], *[[r] * n for r, n in phase.shells[:3]]])) * A
    reach = (phase.shells[2][0] + phase.shells[3][0]) / 2 * A
    planes = boundary.planes_for(2 * reach + 5.0, A)
    atoms = bicrystal(boundary, A, "W" if boundary.phase == "bcc" else "Cu", planes=planes, gap=A)
    assert len(atoms) == sum(n * boundary.atoms_in_plane(side) for side, n in enumerate(planes))
    lower = atoms[atoms.arrays["grain"] == 0]
    upper = atoms[atoms.arrays["grain"] == 1]
    for grain in (lower, upper):
        z = grain.positions[:, 2]
        seen = shells(grain, z.min() + reach, z.max() - reach, reach)
        assert seen is not None and len(seen)
        assert np.abs(seen - expected).max() < 1e-6


def test_every_listed_boundary_is_found_by_its_names():
    for boundary in EVERY:
        assert find_boundary(boundary.slug, boundary.phase) == boundary
        assert find_boundary(boundary.title, boundary.phase) == boundary
        assert Boundary.from_dict(boundary.to_dict()) == boundary


def test_the_lists_hold_the_known_misorientations():
    """Σ and disorientation angles as in Grimmer, Bollmann and Warrington (1974)."""
    known = {
        "001": {(5, 36.87), (13, 22.62), (17, 28.07), (25, 16.26), (29, 43.60)},
        "110": {
            (3, 70.53),
            (9, 38.94),
            (11, 50.48),
            (17, 86.63),
            (19, 26.53),
            (27, 31.59),
            (33, 20.05),
            (33, 58.99),
        },
        "111": {(3, 60.00), (7, 38.21), (13, 27.80), (19, 46.83), (21, 21.79), (31, 17.90)},
    }
    for axis, expected in known.items():
        for kind in ("twist", "tilt"):
            listed = boundaries("bcc", axis, kind)
            assert {(b.sigma, round(b.angle, 2)) for b in listed} == expected
            assert {b.kind for b in listed} == {"twist" if kind == "twist" else "symmetric tilt"}
            if kind == "tilt" and axis != "111":  # two planes halve the angle between the grains
                assert len(listed) == 2 * len(expected)


@pytest.mark.parametrize("name", TWISTS)
def test_a_twist_is_what_it_was(name):
    twist, boundary = TWISTS[name], find_boundary(name)
    assert (boundary.slug, boundary.title) == (name, twist.title)
    assert boundary.edges == pytest.approx([twist.edge] * 2)
    assert (boundary.sigma, boundary.kind, boundary.atoms_per_plane) == (twist.sigma, "twist", twist.sites)
    assert boundary.angle == pytest.approx(twist.angle)
    assert find_boundary(name, "fcc").atoms_per_plane == 2 * twist.sites


@pytest.mark.parametrize(
    "text",
    ["s5-310-001", "Σ5 (310)[001]", "Σ5 (310)[001] symmetric tilt, 36.87°", "S5 310 100", "sigma5 (310) [001] tilt",
     "lower=-1 3 0; 0 0 1; 3 1 0; upper=1 3 0; 0 0 1; 3 -1 0"],
)  # fmt: skip
def test_a_tilt_in_all_its_spellings(text):
    tilt = find_boundary(text)
    assert tilt.edges == pytest.approx([np.sqrt(10), 1.0])
    assert tilt.spacing == pytest.approx(1 / np.sqrt(10))
    assert (tilt.sigma, tilt.atoms_per_plane, tilt.kind, tilt.axis) == (5, 2, "symmetric tilt", (0, 0, 1))
    assert tilt.slug == "s5-310-001"
    assert tilt.grown(3.1648).edges == pytest.approx([np.sqrt(10), 3.0])


def test_directions_of_ones_own():
    tilt = find_boundary("lower=1 0 0; 0 0 1; 0 -1 0; upper=4 3 0; 0 0 1; 3 -4 0")
    assert (tilt.kind, tilt.sigma, tilt.plane_lower, tilt.plane_upper) == (
        "asymmetric tilt",
        5,
        (0, -1, 0),
        (3, -4, 0),
    )
    assert tilt.edges == pytest.approx([5.0, 1.0])
    assert tilt.angle == pytest.approx(36.8699, abs=1e-4)
    assert [tilt.atoms_in_plane(side) for side in (0, 1)] == [5, 1]
    slab = bicrystal(tilt, 3.165, "W", planes=(6, 60), gap=1.5)
    assert len(slab) == 6 * 5 + 60
    mixed = Boundary(IDENTITY, ((-29, 2, 26), (22, -19, 26), (14, 34, 13)))
    assert mixed.kind == "mixed" and mixed.slug.startswith(f"s{mixed.sigma}-")
    same = Boundary(((1, 1, 0), (-1, 1, 0), (0, 0, 1)), ((1, -1, 0), (1, 1, 0), (0, 0, 1)))
    assert (same.kind, same.sigma, same.angle) == ("none", 1, 0.0)


def test_the_point_group_comes_from_the_grains():
    for twist in twists("bcc", "001", 45):
        group = twist.point_group()
        assert len(group) == 8 and all(g.proper for g in group)  # D4
        turns = [g.rotation for g in group if not g.swaps]
        assert all(np.allclose(g[2], [0, 0, 1]) for g in turns) and len(turns) == 4
    sizes = {"s5-310-001": 4, "s3-111-110": 12, "s7-321-111": 2, "twist-111-sigma7": 6, "twist-110-sigma3": 4}
    for name, size in sizes.items():
        group = find_boundary(name).point_group()
        assert len(group) == size
        for g in group:  # closed, and exchange is told right
            for h in group:
                product = [k for k in group if np.allclose(k.rotation, g.rotation @ h.rotation, atol=1e-9)]
                assert [k.swaps for k in product] == [g.swaps != h.swaps]
    tilt = find_boundary(
        "s5-310-001"
    ).point_group()  # mm2 (C2v): a mirror across the axis, and the mirror twin
    assert any(np.allclose(g.rotation, np.diag([1, -1, 1])) and not g.swaps for g in tilt)
    assert any(np.allclose(g.rotation, np.diag([1, 1, -1])) and g.swaps for g in tilt)
    perfect = Boundary(IDENTITY, IDENTITY)
    assert len(perfect.point_group()) == 16  # D4h


def test_the_dsc_lattice_is_what_leaves_the_pattern_alone():
    assert np.linalg.det(find_boundary("sigma5").dsc()) ** 2 == pytest.approx(
        1 / 25
    )  # a² / Σ of a square lattice
    assert np.sort(np.linalg.norm(find_boundary("s5-310-001").dsc(), axis=1)) == pytest.approx(
        [1.0, 11**0.5 / 2]
    )
    assert np.sort(np.linalg.norm(find_boundary("s3-111-110").dsc(), axis=1)) == pytest.approx(
        [2**0.5, 2**0.5]
    )


def test_frames_follow_from_the_boundary():
    counts = {"sigma5": 12, "sigma13": 16, "sigma17": 16, "sigma25": 20, "sigma29": 20, "sigma41": 24}
    for name, count in counts.items():
        assert find_boundary(name).voxels() == (count, count)
    assert find_boundary("sigma5").frame(58.8, 3.164849).shape == (12, 12, 72)
    assert find_boundary("sigma5").frame(58.8, 3.164849).lengths == pytest.approx(
        (10.0081, 10.0081, 60.048), abs=1e-4
    )
    assert replace(find_boundary("s13-320-001"), repeats=(2, 3)).voxels() == (28, 12)


def test_identical_grains_make_a_perfect_crystal():
    for name in ("s5-310-001", "s3-112-110", "s7-321-111", "sigma5"):
        tilt = find_boundary(name)
        perfect = Boundary(tilt.lower, tilt.lower)
        atoms = bicrystal(perfect, A, "W", planes=perfect.planes_for(12.0, A))
        expected = np.sort(np.concatenate([[0.0], *[[r] * n for r, n in PHASES["bcc"].shells[:2]]])) * A
        seen = shells(atoms, atoms.info["plane"] - 2, atoms.info["plane"] + 2, 1.2 * A)
        assert seen is not None
        assert np.abs(seen - expected).max() < 1e-6


def test_all_are_built_as_they_come():
    for boundary in EVERY[::7]:
        whole = working_cell(boundary, A)
        atoms, gap = opened(lambda gap, b=whole: bicrystal(b, A, "W", gap=gap), 0.0)
        assert gap < 1.5
        assert len(atoms) == sum(n * whole.atoms_per_plane for n in default_planes(whole, A))
        assert min(atoms.cell.lengths()[:2]) >= 8.0 or boundary.is_square_twist


def test_atoms_are_taken_from_near_the_plane_and_counted():
    tilt = find_boundary("s13-320-001").grown(3.165)
    whole = bicrystal(tilt, 3.165, "W", gap=1.0)
    less = bicrystal(tilt, 3.165, "W", gap=1.0, remove=2)
    assert len(whole) - len(less) == 2
    assert less.info["n"] == n_fraction(len(less), tilt.atoms_per_plane)
    gone = {tuple(r) for r in whole.positions.round(6)} - {tuple(r) for r in less.positions.round(6)}
    assert all(0 < z - whole.info["plane"] < 2.0 + 0.5 + 0.22 for _, _, z in gone)
    assert 27 < whole.info["plane"] < 33 and whole.cell[2, 2] == pytest.approx(60, abs=3)
    more = bicrystal(tilt, 3.165, "W", gap=1.0, insert=2)
    assert len(more) - len(whole) == 2 and more.info["minimum_distance"] > 1.3
    assert twist_bicrystal("sigma5", "W").info["boundary"] == "sigma5"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "lower=1 3 0; 0 0 1; 3 1 0; upper=-1 3 0; 0 0 1; 3 1 0",
            "not orthogonal: [3 1 0] along z and [1 3 0] along x",
        ),
        ("lower=1 3 0; 0 0 1; -3 1 0; upper=-1 3 0; 0 0 1; 3 1 0", "not right-handed"),
        ("lower=1 0 0; 0 1 0; 0 0 1; upper=1 1 0; -1 1 0; 0 0 1", "no common cell along x"),
        ("lower=1 0 0; 0 1 0; 0 0 1; upper=61 60 0; 60 -61 0; 0 0 -1", "no common cell along x"),
        ("lower=1 0 0; 0 1 0; 0 0 1; upper=44 117 0; 117 -44 0; 0 0 -1", "the most is 60"),
        ("lower=1 0 0; 0 1 0; upper=1 0 0; 0 1 0; 0 0 1", "three directions of three whole numbers"),
        ("lower=1 0 0.5; 0 1 0; 0 0 1; upper=1 0 0; 0 1 0; 0 0 1", "three directions such as"),
        ("twist 001 sigma7", "no Σ7 twist about [001]; the nearest are Σ5 and Σ13"),
        ("s5-320-001", "is Σ13, not Σ5; those of Σ5 about [001] are (210), (310)"),
        ("s7-320-001", "there is no Σ7 about [001], the nearest are Σ5 and Σ13"),
        ("s5-311-001", "no symmetric tilt about [001] on a plane (311)"),
        ("twist 112 sigma5", "about the axes 001, 110, 111"),
        ("sigma6", "Unknown boundary"),
        ("banana", "Unknown boundary"),
        ("6,3", "coprime"),
    ],
)
def test_what_is_no_boundary_is_refused_in_one_sentence(text, says):
    with pytest.raises(ValueError) as refused:
        find_boundary(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_hcp_is_refused():
    with pytest.raises(ValueError, match="bcc and fcc crystals, not of 'hcp'"):
        find_boundary("s5-310-001", "hcp")
    with pytest.raises(ValueError, match="bcc and fcc crystals, not of 'hcp'"):
        Boundary(IDENTITY, IDENTITY, "hcp")
