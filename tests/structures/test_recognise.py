"""Which boundary a slab holds, read off its atoms: however it lies, whatever its cell and its state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcd.energetics.boundary_plane import make_slab
from gcd.energetics.potential import find_potential
from gcd.structures import csl
from gcd.structures.bicrystals import bicrystal, opened
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary, listed
from gcd.structures.formats import read_structures
from gcd.structures.recognise import recognise

FILES = Path(__file__).parent.parent / "energetics" / "bicrystals"
LATTICE = {"bcc": 3.1648, "fcc": 3.615}
ELEMENT = {"bcc": "W", "fcc": "Cu"}
ASYMMETRIC = Boundary(((0, 5, 0), (0, 0, 1), (1, 0, 0)), ((3, 4, 0), (0, 0, 1), (4, -3, 0)), "bcc")


def build(boundary, **settings):
    a = LATTICE[boundary.phase]
    settings = {"planes": boundary.planes_for(18.0, a), "in_plane_shift": (0.7, 0.4)} | settings
    return opened(lambda gap: bicrystal(boundary, a, ELEMENT[boundary.phase], gap=gap, **settings), 0.0)[0]


def seen(atoms, phase, a=None):
    return recognise(
        atoms.positions, atoms.cell.array, atoms.info["plane"], phase, LATTICE[phase] if a is None else a
    )


BCC = (
    "sigma5", "sigma13", "sigma29", "sigma41", "s5-310-001", "s5-210-001", "s13-320-001", "s17-530-001",
    "s3-112-110", "s9-114-110", "s3-111-110", "s7-321-111", "twist 110 sigma3", "twist 111 sigma7",
)  # fmt: skip
FCC = ("twist 001 sigma5", "s3-111-110", "s9-221-110", "s5-210-001", "s11-332-110")
NAMES = [("bcc", name) for name in BCC] + [("fcc", name) for name in FCC]


@pytest.mark.parametrize(("phase", "name"), NAMES)
def test_what_was_built_is_found_again(phase, name):
    boundary = find_boundary(name, phase)
    repeats = (2, 1) if boundary.area < 8 else (1, 1)
    found = seen(build(boundary, repeats=repeats), phase)
    assert found.listed == listed(boundary)
    assert (found.boundary.sigma, found.boundary.kind) == (boundary.sigma, boundary.kind)
    assert found.boundary.angle == pytest.approx(boundary.angle, abs=1e-6)
    assert found.lengths == pytest.approx(boundary.edges * repeats * LATTICE[phase])
    assert found.boundary.edges * LATTICE[phase] == pytest.approx(found.lengths)
    assert found.boundary.atoms_per_plane == boundary.atoms_per_plane * np.prod(repeats)
    assert found.lattice_constant == pytest.approx(LATTICE[phase], rel=1e-6)


def test_every_boundary_of_the_lists_is_told_from_the_others():
    """By name alone, as their atoms are many: a quarter turn and exchanged grains change nothing."""
    for boundary in csl.boundaries("bcc", max_sigma=13):
        again = replace(boundary, lower=boundary.upper, upper=boundary.lower)
        assert listed(again) == listed(boundary) is not None
        assert listed(boundary.repeated((2, 1))) == listed(boundary)


@pytest.mark.parametrize("degrees", [0, 90, 180, 33])
@pytest.mark.parametrize("name", ["s5-310-001", "s9-221-110", "sigma13"])
def test_turned_shuffled_and_strained_it_is_the_same(name, degrees):
    boundary = find_boundary(name)
    atoms = build(boundary)
    plane, rng = atoms.info["plane"], np.random.default_rng(3)
    atoms.set_cell(atoms.cell.array * 1.006, scale_atoms=True)
    atoms.positions += rng.normal(0.0, 0.03, atoms.positions.shape)
    atoms = atoms[rng.permutation(len(atoms))]
    if degrees == 90:  # the cell's edges change places: the tilt's axis lies along the first
        atoms.set_cell(atoms.cell.array[[1, 0, 2]], scale_atoms=False)
    else:
        atoms.rotate(degrees, "z", rotate_cell=True)
    found = recognise(atoms.positions, atoms.cell.array, plane * 1.006, "bcc", LATTICE["bcc"])
    assert found.listed == boundary
    assert found.lattice_constant == pytest.approx(1.006 * LATTICE["bcc"], rel=2e-3)
    standing = atoms.cell.array[:2] @ found.turn.T
    assert sorted(np.abs(standing).max(axis=0)[:2]) == pytest.approx(sorted(found.lengths))
    axis = found.grains[0].axes.T @ np.array(found.boundary.axis)
    if "tilt" in found.boundary.kind:
        along = found.boundary.lower[1]
        assert not np.cross(along, found.boundary.axis).any()
        assert abs((found.turn @ axis)[2]) < 0.05 * np.linalg.norm(axis)


def test_the_files_of_other_tools():
    potential = find_potential(None)
    for name, slug in {
        "cu-s5-210-normal-x-two-types.data": "s5-210-001",
        "cu-s5-210-pile-quarter.vasp": "s5-210-001",
        "au-s3-111-twin-pile.vasp": "s3-111-110",
        "fe-s3-112-twin-dft-lattice.vasp": "s3-112-110",
        "types-only-ss.dump": "s5-310-001",
        "w-s5-310-rotated-in-space.vasp": "s5-310-001",
        "w-s5-310-other-lattice-constant.vasp": "s5-310-001",
    }.items():
        (atoms,) = read_structures(FILES / name)
        metal = {"cu": "Cu", "au": "Au", "fe": "Fe"}.get(name[:2], "W")
        slab, crystal = make_slab(atoms, metal), potential.crystal(metal)
        found = recognise(slab.positions, slab.cell, slab.plane, crystal.phase, crystal.lattice_constant)
        assert found.listed.slug == slug


def test_a_boundary_of_no_list_is_found_all_the_same():
    found = seen(build(ASYMMETRIC), "bcc")
    assert found.boundary.kind == "asymmetric tilt"
    assert found.boundary.sigma == 5
    assert found.listed is found.boundary


def three_grains():
    atoms = build(find_boundary("s5-310-001"), planes=(20, 60))
    above = atoms.positions[:, 2] > atoms.info["plane"] + 30.0
    atoms.positions[above, 0] *= -1  # their mirror image
    return atoms


def one_crystal():
    """Shifted in the middle: a fault, and no boundary of two grains."""
    lower = find_boundary("s5-310-001").lower
    return build(Boundary(lower, lower))


def skewed():
    atoms = build(find_boundary("s5-310-001"))
    cell = atoms.cell.array.copy()
    cell[1] += 0.5 * cell[0]
    atoms.set_cell(cell, scale_atoms=False)
    return atoms


def stretched():
    """The upper grain forced onto a cell that is none of its own, by 5 %."""
    atoms = build(find_boundary("s5-310-001"))
    cube = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    other = build(Boundary(cube, cube, repeats=(3, 1)), in_plane_shift=(0.0, 0.0))
    top = other[other.arrays["grain"] == 1]
    top.positions[:, :2] *= (atoms.cell.lengths() / other.cell.lengths())[:2]
    top.positions[:, 2] += atoms.info["plane"] - other.info["plane"] + 0.5
    both = atoms[atoms.arrays["grain"] == 0] + top
    both.info = atoms.info
    return both


def hexagonal():
    from ase.build import bulk

    atoms = bulk("W", "hcp", a=2.74, c=4.47, orthorhombic=True) * (3, 2, 8)
    atoms.info["plane"] = 18.0
    return atoms


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (three_grains, "more than one boundary"),
        (one_crystal, "the same crystal"),
        (skewed, "right angle"),
        (hexagonal, "no bcc crystal"),
        (stretched, r"only by straining: .* differ by -5.13 % at rest"),
    ],
)
def test_what_is_no_boundary_of_two_crystals_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        seen(make(), "bcc")
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize("name", ["s5-310-001", "s9-114-110", "sigma13"])
def test_the_other_sense_is_the_same_boundary_in_a_mirror(name):
    """Atoms mirrored in x are turned back, so that the grains lie as lists have them."""
    boundary = find_boundary(name).grown(3.165)
    atoms = build(boundary)
    mirrored = atoms.copy()
    mirrored.positions[:, 0] = atoms.cell[0, 0] - atoms.positions[:, 0]
    for have, sense in ((atoms, 1.0), (mirrored, -1.0)):
        found = seen(have, "bcc")
        assert found.listed.slug == name
        # From either, the lower grain's atoms around one of them lie in the same directions.
        turned = have.positions @ found.turn.T
        deep = turned[have.arrays["grain"] == 0]
        first = deep[np.argmin(np.abs(deep[:, 2] - deep[:, 2].mean()))]
        off = deep - first
        off[:, :2] -= np.array(found.lengths) * np.rint(off[:, :2] / np.array(found.lengths))
        near = off[(np.linalg.norm(off, axis=1) > 0.1) & (np.linalg.norm(off, axis=1) < 2.9)]
        around = {tuple(v) for v in np.round(near, 1) + 0.0}
        if sense == 1.0:
            expected = around
        assert around == expected
