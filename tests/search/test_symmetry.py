"""The point group of a boundary, shown by relaxed structures: their images are the same boundary at the same energy."""

from __future__ import annotations

import numpy as np
import pytest

from gcd.energetics import lammps
from gcd.energetics.boundary_energy import describe_boundary, relax_boundaries
from gcd.structures.bicrystal_ends import bicrystal_ends, grain_translations, measure_state
from gcd.structures.bicrystals import bicrystal, opened, potential_lattice_constant, push_atoms, working_cell
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.crystals import PHASES
from gcd.structures.placement import placement

needs_lammps = pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")
A = potential_lattice_constant("W")
SIZES = {"sigma5": 8, "s5-310-001": 4, "s3-112-110": 4, "s7-321-111": 2}


def relaxed(boundary, seed=0):
    rng = np.random.default_rng(seed)
    atoms = bicrystal(boundary, A, "W", in_plane_shift=rng.uniform(0, 8, 2), gap=1.2, remove=1, rng=rng)
    push_atoms(atoms, atoms.info["plane"], 0.2, rng)
    (atoms,) = relax_boundaries([atoms], "W", plane=atoms.info["plane"], workers=1)
    assert atoms.info["converged"]
    return atoms


def image(atoms, rotation):
    """The atoms after an operation that keeps the cell, in the cell again."""
    turned = atoms.copy()
    turned.positions = atoms.positions @ rotation.T
    plane = atoms.info["plane"]
    if rotation[2, 2] < 0:
        turned.positions[:, 2] += atoms.cell[2, 2]
        plane = atoms.cell[2, 2] - plane
    turned.wrap()
    return turned, plane


def misfit(atoms, plane, boundary, away=12.0):
    """Largest distance in Å of an atom of the grains from the lattice of its grain."""
    worst = 0.0
    shifts = grain_translations(atoms.positions, plane, boundary, A, away=away)
    z = atoms.positions[:, 2] - plane
    for shift, rows, where in zip(
        shifts, (boundary.lower, boundary.upper), (z < -away, z > away), strict=True
    ):
        unit = np.array(rows) / np.linalg.norm(rows, axis=1)[:, None]
        # Away from the free ends, which relax.
        inner = where & (atoms.positions[:, 2] > 8) & (atoms.positions[:, 2] < atoms.cell[2, 2] - 8)
        off = (atoms.positions[inner] - shift) / A @ unit
        misses = [np.linalg.norm(off - b - np.rint(off - b), axis=1) for b in PHASES[boundary.phase].basis]
        worst = max(worst, float(np.min(misses, axis=0).max()) * A)
    return worst


@needs_lammps
@pytest.mark.parametrize("name", SIZES)
def test_the_images_of_a_relaxed_structure_are_the_same_boundary(name):
    boundary = working_cell(find_boundary(name), A)
    group = boundary.cell_group()
    assert len(group) == len(boundary.point_group()) == SIZES[name]
    atoms = relaxed(boundary)
    energy = describe_boundary(atoms, "W", plane=atoms.info["plane"])["egb"]
    state = measure_state(atoms.positions, atoms.info["plane"], atoms.cell[0, 0], boundary)
    for operation in group:
        turned, plane = image(atoms, operation.rotation)
        assert misfit(turned, plane, boundary) < 0.2
        assert describe_boundary(turned, "W", plane=plane)["egb"] == pytest.approx(energy, abs=1e-5)
        # its state is that of the structure, turned, up to vectors of the two lattices
        found = measure_state(turned.positions, plane, turned.cell[0, 0], boundary)
        assert off_lattice(found - operation.state(state), boundary) < 1e-3


@needs_lammps
@pytest.mark.parametrize(("name", "missing"), [("s5-310-001", [-1, -1, 1]), ("s7-321-111", [1, -1, 1]),
                                               ("sigma5", [-1, 1, 1])])  # fmt: skip
def test_what_is_not_in_the_group_makes_another_boundary(name, missing):
    boundary = working_cell(find_boundary(name), A)
    atoms = relaxed(boundary)
    turned, plane = image(atoms, np.diag(missing))
    assert misfit(turned, plane, boundary) > 0.5


def off_lattice(vector, boundary):
    """Å from a vector to the nearest sum of a lattice vector of each grain: to the DSC lattice, in three dimensions."""
    units = [
        np.array(rows) / np.linalg.norm(rows, axis=1)[:, None] for rows in (boundary.lower, boundary.upper)
    ]
    steps = np.stack(np.meshgrid(*[np.arange(-8, 9)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    lower = np.concatenate([steps + b for b in PHASES[boundary.phase].basis]) @ units[0].T
    rest = (vector / A - lower) @ units[1]
    return (
        min(
            float(np.linalg.norm(rest - b - np.rint(rest - b), axis=1).min())
            for b in PHASES[boundary.phase].basis
        )
        * A
    )


@needs_lammps
@pytest.mark.parametrize(("metal", "names"), [("W", ["sigma5", "s5-310-001", "s3-112-110", "s7-321-111"]),
                                              ("Cu", ["s3-111-110", "s5-210-001", "twist-111-sigma7"])])  # fmt: skip
def test_grains_that_are_one_crystal_close_without_a_boundary(metal, names):
    a = potential_lattice_constant(metal)
    slabs = []
    for name in names:
        boundary = find_boundary(name, "bcc" if metal == "W" else "fcc")
        same = Boundary(boundary.lower, boundary.lower, boundary.phase)
        slab = bicrystal(same, a, metal, gap=0.15)
        push_atoms(slab, slab.info["plane"], 0.05, np.random.default_rng(0))
        (slab,) = relax_boundaries([slab], metal, plane=slab.info["plane"], workers=1)
        slabs.append(slab)
    assert max(abs(slab.info["egb"]) for slab in slabs) < 1e-3


@pytest.mark.parametrize(
    "name",
    ["sigma5", "s5-310-001", "s13-320-001", "s25-430-001", "s29-520-001", "s7-321-111", "twist-110-sigma3"],
)
def test_the_state_and_n_of_a_slab_are_measured_as_it_was_built(name):
    boundary = working_cell(find_boundary(name), A)
    removed = boundary.atoms_per_plane // 2

    def build(gap):
        return bicrystal(boundary, A, "W", gap=gap, remove=removed, in_plane_shift=(1.1, 2.3))

    atoms, gap = opened(build, 0.7)
    plane, edge = atoms.info["plane"], atoms.cell[0, 0]
    state = measure_state(atoms.positions, plane, edge, boundary)
    assert off_lattice(state - np.array([1.1, 2.3, gap]), boundary) < 1e-6
    assert placement(atoms.positions, plane, edge, state, boundary, "W")[1] < 1e-6
    described = describe_boundary(atoms, "W", plane=plane)
    assert described["atoms_per_plane"] == boundary.atoms_per_plane
    assert described["n"] == pytest.approx(atoms.info["n"])
    assert atoms.info["n"] == pytest.approx(1 - removed / boundary.atoms_per_plane)


def test_grains_with_other_planes_are_not_painted_between():
    with pytest.raises(ValueError, match="the same planes"):
        bicrystal_ends(find_boundary("lower=1 0 0; 0 0 1; 0 -1 0; upper=4 3 0; 0 0 1; 3 -4 0"), "W")
