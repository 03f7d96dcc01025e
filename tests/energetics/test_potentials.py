"""Every potential passes one conformance test; each kind finds its crystal and says what it cannot do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from slab_examples import perfect_slab

from gcd.energetics import lammps
from gcd.energetics.boundary_energy import choose_engine, describe_boundary, relax_boundaries
from gcd.energetics.crystal_energy import cache_folder
from gcd.energetics.lammps_lines import shipped_file
from gcd.energetics.potential import find_potential, potential_from_text
from gcd.energetics.zhou2004 import lattice_constant

needs_lammps = pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
MEAM = "pair_style meam; pair_coeff * * library.meam Ni Ni.meam Ni"
POTENTIALS = [
    pytest.param("zhou2004", "W", id="zhou"),
    pytest.param("Fe_mm.eam.fs", "Fe", id="fs", marks=needs_lammps),
    pytest.param("Cu_u3.eam", "Cu", id="funcfl", marks=needs_lammps),
    pytest.param("Cu_mishin1.eam.alloy", "Cu", id="alloy", marks=needs_lammps),
    pytest.param(MEAM, "Ni", id="meam", marks=needs_lammps),
    pytest.param("Mo_Chen_PRM2017.snap", "Mo", id="snap", marks=needs_lammps),
    pytest.param("ase.calculators.emt:EMT", "Cu", id="ase"),
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def shaken(symbol):
    phase = "fcc" if symbol in ("Cu", "Ni") else "bcc"
    atoms = bulk(symbol, phase, a=lattice_constant(symbol), cubic=True) * (2, 2, 3)
    del atoms[3]
    atoms.rattle(0.08, seed=1)
    return atoms


@pytest.mark.parametrize(("spec", "symbol"), POTENTIALS)
def test_conformance(spec, symbol):
    """Forces are the energy's slope; moving, renaming and repeating the atoms do as they should; so does strain."""
    potential = find_potential(spec)
    atoms = shaken(symbol)
    rng = np.random.default_rng(2)
    order = rng.permutation(len(atoms))
    moved, renamed, twice = atoms.copy(), atoms[order], atoms * (1, 1, 2)
    moved.positions += (0.7, -1.9, 12.3)
    step, direction = 2e-4, rng.normal(0.0, 1.0, atoms.positions.shape)
    there, back = atoms.copy(), atoms.copy()
    there.positions += step * direction
    back.positions -= step * direction
    tilted = atoms.copy()
    turn, _ = np.linalg.qr(rng.normal(0.0, 1.0, (3, 3)))
    tilted.set_cell(atoms.cell.array @ turn, scale_atoms=True)
    one, at, names, two, up, down, turned = potential.statics(
        [atoms, moved, renamed, twice, there, back, tilted]
    )
    assert (up.energy - down.energy) / (2 * step) == pytest.approx(-(one.forces * direction).sum(), abs=2e-4)
    assert at.energy == pytest.approx(one.energy, abs=1e-6)
    assert np.abs(names.forces - one.forces[order]).max() < 1e-6
    assert two.energy == pytest.approx(2 * one.energy, abs=1e-6)
    assert turned.energy == pytest.approx(one.energy, abs=1e-6)
    assert np.abs(turned.forces - one.forces @ turn).max() < 1e-5
    assert np.abs(one.forces.sum(0)).max() < 1e-6
    if one.energies is not None:
        assert one.energies.sum() == pytest.approx(one.energy, abs=1e-6)
    crystal = potential.crystal(symbol)
    a = crystal.lattice_constant
    strained = [bulk(symbol, crystal.phase, a=a * (1 + e), cubic=True) for e in (-1e-3, 0.0, 1e-3)]
    low, rest, high = (s.energy / len(c) for s, c in zip(potential.statics(strained), strained, strict=True))
    assert rest == pytest.approx(crystal.cohesive_energy, abs=1e-6)
    assert min(low, high) > rest  # at rest
    assert low - rest == pytest.approx(high - rest, rel=0.1)
    again = potential_from_text(potential.to_text())
    assert (again.name, again.key) == (potential.name, potential.key)


@needs_lammps
def test_the_crystal_of_iron_after_mendelev():
    crystal = find_potential("Fe_mm.eam.fs").crystal("Fe")
    assert crystal.phase == "bcc"
    assert crystal.lattice_constant == pytest.approx(2.8553, abs=1e-4)
    assert crystal.cohesive_energy == pytest.approx(-4.1224, abs=1e-4)
    assert crystal.cutoff == 5.3


@needs_lammps
def test_crystals_are_kept_and_a_damaged_cache_is_not_believed():
    first = find_potential("Cu_u3.eam").crystal("Cu", "fcc")
    (kept,) = cache_folder().glob("*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "cohesive_energy": -1.0}))
    assert find_potential("Cu_u3.eam").crystal("Cu", "fcc").cohesive_energy == -1.0
    kept.write_text("{")
    assert find_potential("Cu_u3.eam").crystal("Cu", "fcc") == first


@needs_lammps
def test_meam_relaxes_a_boundary():
    atoms = twin("Ni", find_potential(MEAM).lattice_constant("Ni"))
    info = relax_boundaries(atoms, "Ni", potential=MEAM, workers=1)[0].info
    assert info["converged"]
    assert info["potential"] == "pair_style meam"
    assert 0.0 < info["egb"] < 0.2


def test_an_ase_calculator_relaxes_a_boundary():
    potential = find_potential(EMT())
    atoms = twin("Cu", potential.lattice_constant("Cu"), planes=9)
    info = relax_boundaries(atoms, "Cu", potential=potential)[0].info
    assert (info["engine"], info["converged"]) == ("ase", True)
    assert abs(info["egb"]) < 0.05  # in this potential a twin costs next to nothing


def test_without_energies_of_atoms_half_slabs_are_taken_off():
    class Sum(EMT):
        implemented_properties = ("energy", "free_energy", "forces")

    a = find_potential(EMT()).lattice_constant("Cu")
    atoms = twin("Cu", a, planes=9)
    with_them = describe_boundary(atoms, "Cu", potential=EMT())
    without = describe_boundary(atoms, "Cu", potential=Sum())
    assert find_potential(Sum()).statics([atoms])[0].energies is None
    assert without["egb"] == pytest.approx(with_them["egb"], abs=1e-4)


def twin(symbol, a, planes=10):
    """Sigma3 (111) of an fcc metal, unrelaxed, with free surfaces."""
    from ase.build import fcc111

    atoms = fcc111(symbol, (1, 1, 2 * planes), a=a, vacuum=None, periodic=True)
    z = np.round(atoms.positions[:, 2] / (a / np.sqrt(3))).astype(int)
    level = np.where(z < planes, z, 2 * (planes - 1) - z) % 3
    shift = (atoms.cell.array[0] + atoms.cell.array[1]) / 3
    atoms.positions[:, :2] = level[:, None] * shift[:2]
    atoms.pbc = (True, True, False)
    return atoms


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("no_such_file.eam.alloy", "There is no potential 'no_such_file.eam.alloy'"),
        ("no.such.package:Thing", "cannot be imported"),
        ("ase.calculators.emt:Nothing", "has no Nothing"),
        ("ase.calculators.emt:EMT(nonsense)", "keywords"),
        ("pair_style python /tmp; pair_coeff * * x.y W", "not allowed"),
        ("pair_style lj/cut 6; shell rm x", "none of them"),
        ("pair_style meam; pair_coeff * * nofile.meam Ni nofile2.meam Ni", "no such file"),
        (3.5, "not float"),
    ],
)
def test_what_is_no_potential_is_refused_in_a_sentence(spec, told):
    with pytest.raises(ValueError, match=r".") as error:
        find_potential(spec)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@needs_lammps
def test_half_a_file_and_another_element_are_told(tmp_path):
    text = shipped_file("Fe_mm.eam.fs").read_text()
    (tmp_path / "half.eam.fs").write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match="cut off: it holds"):
        find_potential(tmp_path / "half.eam.fs")
    (tmp_path / "words.eam.alloy").write_text("a\nb\nc\nd\ne\n")
    with pytest.raises(ValueError, match="is no EAM file"):
        find_potential(tmp_path / "words.eam.alloy")
    with pytest.raises(ValueError, match=r"is for Fe, not for 'W'"):
        relax_boundaries(perfect_slab(repeats=(1, 1)), "W", potential="Fe_mm.eam.fs")


@needs_lammps
def test_engines_say_what_they_cannot_do():
    with pytest.raises(ValueError, match="Only LAMMPS relaxes with an EAM file"):
        choose_engine("torch", "Fe_mm.eam.fs")
    with pytest.raises(ValueError, match="relaxed by lammps or torch"):
        choose_engine("ase", "zhou2004")
    assert choose_engine("auto", EMT()) == "ase"


def test_a_calculator_of_ase_has_a_short_name():
    assert find_potential("emt").to_text() == find_potential("ase.calculators.emt:EMT").to_text()
