"""Structures of other boundaries, strained: which is the nearest, and what a structure becomes in another cell."""

import dataclasses

import numpy as np
import pytest

from gcd.evaluation.baselines import (
    SAME_HALF,
    Strained,
    Structure,
    learnt_structures,
    nearest_structures,
    scaled,
)
from gcd.evaluation.held_out import Case
from gcd.structures.bicrystals import bicrystal, find_boundary, potential_lattice_constant
from gcd.structures.boundary import Boundary


def structure(name, metal="W", egb=2.5, repeats=(1, 1), phase="bcc", **settings):
    """An unrelaxed bicrystal, which is as good for geometry."""
    boundary = dataclasses.replace(find_boundary(name, phase), repeats=repeats)
    a = potential_lattice_constant(metal)
    atoms = bicrystal(boundary, a, metal, gap=0.8, **settings)
    return Structure(boundary, metal, a, egb, atoms.positions - [0, 0, atoms.info["plane"]])


@pytest.fixture(scope="module")
def learnt():
    return [
        structure("sigma5", egb=2.4),
        structure("sigma13", egb=2.6),
        structure("sigma13", egb=2.5),
        structure("sigma13", "Fe", egb=1.1),
        structure("s5-310-001", egb=2.0, repeats=(1, 3)),
        structure("s5-310-001", egb=2.0, repeats=(1, 4)),
        structure("s9-221-110", egb=2.3, repeats=(1, 2)),
    ]


def test_the_nearest_has_the_kind_and_the_axis_then_the_angle_the_cell_and_the_metal(learnt):
    def nearest(text):
        found = nearest_structures(learnt, Case.parse(text))
        return [(s.key, s.egb) for s in found]

    assert nearest("W:sigma25") == [(("sigma13", "W", (1, 1)), 2.5), (("sigma13", "W", (1, 1)), 2.6)]
    assert nearest("Fe:sigma25") == [(("sigma13", "Fe", (1, 1)), 1.1)]
    assert nearest("W:sigma29")[0][0][0] == "sigma5"
    assert nearest("Ta:s5-310-001:1x4")[0][0] == ("s5-310-001", "W", (1, 4))
    assert nearest("W:s13-320-001:1x3")[0][0] == ("s5-310-001", "W", (1, 3))
    with pytest.raises(ValueError, match="symmetric tilt"):
        nearest_structures(learnt, Case.parse("W:s7-321-111"))


@pytest.mark.parametrize(
    ("name", "repeats"), [("sigma5", (1, 1)), ("s5-310-001", (1, 3)), ("s9-221-110", (1, 2))]
)
def test_the_same_boundary_in_another_metal_is_the_structure_scaled(name, repeats):
    whole = structure(name, repeats=repeats, in_plane_shift=(1.3, 0.4), remove=2)
    case = Case.parse(f"Ta:{name}:{repeats[0]}x{repeats[1]}")
    atoms = scaled(whole, case)
    assert atoms.info["physical"]
    assert set(atoms.symbols) == {"Ta"}
    # All of it, up to a translation: pairs of atoms near the plane are as far apart as they were, scaled.
    size = case.lattice_constant / whole.lattice_constant
    old = whole.positions[np.abs(whole.positions[:, 2]) < SAME_HALF - 2] * size
    new = atoms.positions - [0, 0, atoms.info["plane"]]
    assert len(atoms) % case.boundary.atoms_per_plane == len(whole.positions) % case.boundary.atoms_per_plane
    edges = case.boundary.edges * case.lattice_constant
    from scipy.spatial import cKDTree

    box = [*edges, 1000.0]
    up = np.array([0.0, 0.0, 100.0])
    tree = cKDTree((new + up) % box, boxsize=box)
    # Of the translations that lay the first atom on one about as high, one lays all of them.
    tries = [r - old[0] for r in new if abs(r[2] - old[0][2]) < 1.5]
    assert min(tree.query((old + t + up) % box)[0].max() for t in tries) < 1e-3


def test_strained_structures_have_the_new_grains_and_are_drawn_from_the_seed(learnt):
    case = Case.parse("W:sigma25")
    method = Strained(learnt)

    def first(seed, start=0):
        attempts = method.attempts(case, seed, start)
        return [next(attempts) for _ in range(4)]

    made = first(900)
    again = first(900, 2)
    assert [a.number for a in made] == [0, 1, 2, 3]
    assert [a.failure for a in again[:2]] == [a.failure for a in made[2:]]
    relaxable = [a for a in made if a.slab is not None]
    assert relaxable
    for attempt in relaxable:
        assert attempt.about["from"] == "W-sigma13"
        z = attempt.slab.positions[:, 2] - attempt.slab.plane
        far = np.sort(z[np.abs(z) > 15.0])
        planes = np.split(far, np.flatnonzero(np.diff(far) > 0.5) + 1)
        assert {len(plane) for plane in planes} == {25}
    assert [a.n for a in first(901)] != [a.n for a in made]


def test_files_of_something_else_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"no-such\.db"):
        learnt_structures([tmp_path / "no-such.db"])
    with pytest.raises(ValueError, match=r"no-such\.npz"):
        learnt_structures([tmp_path / "no-such.npz"])


def test_the_boundary_of_a_structure_has_its_repeats():
    assert isinstance(structure("s5-310-001", repeats=(1, 3)).boundary, Boundary)
