"""Bicrystals as other tools write them: across x, turned, left-handed, nameless, strained; each has its energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcd.energetics import lammps
from gcd.energetics.boundary_energy import relax_boundaries
from gcd.structures.formats import read_structures, write_structure

FILES = Path(__file__).parent / "bicrystals"
# J/m2 in the Zhou potential, LAMMPS's own minimum of the whole periodic pile.
ENERGIES = {
    "al-s3-111-twin-pile.vasp": 0.0160,
    "au-s3-111-twin-pile.vasp": 0.0020,
    "cu-s3-111-twin-pile.vasp": 0.0140,
    "pb-s3-111-twin-pile.vasp": 0.0019,
    "cu-twin-hex-120.vasp": 0.0140,
    "cu-twin-hex-lefthanded.vasp": 0.0140,
    "cu-twin-hex-turned.vasp": 0.0140,
    "cu-s5-210-vacuum.vasp": 0.8498,
    "cu-s5-210-pile-quarter.vasp": 0.8498,
    "cu-s5-210-normal-x.vasp": 0.8498,
    "cu-s5-210-normal-x-two-types.data": 0.8498,
    "w-s3-112-twin-pile.vasp": 0.5822,
    "mo-s3-112-twin-pile.vasp": 0.4908,
    "w-s5-310-slab.extxyz": 2.0064,
    "w-s5-310-c-down.vasp": 2.0064,
    "w-s5-310-rotated-in-space.vasp": 2.0064,
    "w-two-types.data": 2.0064,
    "types-only-ss.dump": 2.0064,
    "cu-perfect-110.vasp": 0.0,
    "cu-perfect-111-slab.extxyz": 0.0,
    "w-perfect-111-slab.extxyz": 0.0,
    "w-bulk-rotated.vasp": 0.0,
}


def relaxed(name, engine="lammps", **settings):
    (atoms,) = read_structures(FILES / name)
    return relax_boundaries(atoms, metal_of(name), engine=engine, workers=1, **settings)[0]


def metal_of(name):
    symbol = name.split("-")[0].capitalize()
    return symbol if symbol in ("Al", "Au", "Cu", "Pb", "Mo", "Fe") else "W"


@pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
@pytest.mark.parametrize("name", ENERGIES)
def test_each_file_has_its_energy(name):
    info = relaxed(name).info
    assert info["egb"] == pytest.approx(ENERGIES[name], abs=1e-3)
    perfect = any("No boundary was found" in word for word in info.get("warnings", []))
    assert perfect == ("perfect" in name)


@pytest.mark.parametrize(
    "name", ["cu-s5-210-normal-x.vasp", "w-s3-112-twin-pile.vasp", "w-s5-310-slab.extxyz"]
)
def test_torch_gives_the_same(name):
    assert relaxed(name, "torch").info["egb"] == pytest.approx(ENERGIES[name], abs=1e-3)


def test_atoms_come_back_as_they_lay(tmp_path):
    name = "cu-s5-210-normal-x.vasp"
    (before,) = read_structures(FILES / name)
    after = relaxed(name, "torch")
    assert list(after.pbc) == [False, True, True]
    assert np.abs(after.cell.array[1:] - before.cell.array[1:]).max() < 1e-9
    moved = (after.positions - before.positions)[:, 1:]
    assert np.abs(moved).max() < 1.0
    path = tmp_path / "again.extxyz"
    write_structure(after, path)
    (again,) = read_structures(path)
    assert relax_boundaries(again, "Cu", engine="torch")[0].info["egb"] == pytest.approx(0.8498, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "energy", "percent"),
    [
        ("fe-s3-112-twin-dft-lattice.vasp", 0.2581, "-1.46"),
        ("w-s5-310-other-lattice-constant.vasp", 2.0064, "+0.60"),
    ],
)
def test_strain_is_told_and_taken_off(name, energy, percent):
    strained = relaxed(name, "torch").info
    assert strained["egb"] > energy + 0.1
    assert percent in strained["warnings"][0]
    info = relaxed(name, "torch", rescale=True).info
    assert info["egb"] == pytest.approx(energy, abs=1e-3)
    assert "was taken off" in info["warnings"][0]


@pytest.mark.parametrize(("name", "other"), [("w-re-solute.vasp", "Re"), ("cr-slab.vasp", "Cr")])
def test_other_metals_are_refused(name, other):
    assert other in relaxed(name, "torch").info["error"]


def test_types_take_the_names_given():
    name = "w-two-types.data"
    assert "error" not in relaxed(name, "torch", elements=("W", "W"), max_evaluations=1).info
    assert "Re" in relaxed(name, "torch", elements=("W", "Re")).info["error"]
    assert "type 2" in relaxed(name, "torch", elements=("W",)).info["error"]


def test_hydrogen_in_a_metal_is_no_nameless_type():
    (atoms,) = read_structures(FILES / "w-s5-310-slab.extxyz")
    atoms.symbols[0] = "H"
    assert "holds H" in relax_boundaries(atoms, "W", engine="torch")[0].info["error"]


def test_a_pile_of_two_boundaries_gives_both():
    """One of the two lacks an atom."""
    (atoms,) = read_structures(FILES / "w-s3-112-twin-pile.vasp")
    height = atoms.cell.array[2, 2]
    z = np.mod(atoms.positions[:, 2], height)
    centre = 0.5 * height
    hole = np.flatnonzero(np.abs(z - centre) < 1.5)[:1]
    del atoms[hole]
    info = relax_boundaries(atoms, "W", engine="torch")[0].info
    both = sorted([info["egb"], info["egb_other"]])
    assert both[0] == pytest.approx(0.5822, abs=2e-3)
    assert both[1] > both[0] + 0.1
    assert any("two different boundaries" in word for word in info["warnings"])
