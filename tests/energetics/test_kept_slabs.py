"""Slab files with known energies relax to them, whatever their thickness, ends, cells and order of atoms."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcd.energetics import lammps
from gcd.energetics.boundary_energy import relax_boundaries
from gcd.structures.formats import read_structures

FOLDER = Path(__file__).parent / "slabs"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")
KNOWN = {"ground": (2.2969, 0.2), "metastable": (2.4689, 0.4)}  # E_gb in J/m2, [n]

needs_lammps = pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
CASES = [pytest.param(name, "lammps", marks=needs_lammps) for name in FILES]
CASES += [(name, "torch") for name in ("ground-thin.extxyz", "POSCAR-ground-free-surfaces")]


def test_they_are_all_there():
    assert len(FILES) == 7


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_a_kept_slab_relaxes_to_its_energy(name, engine):
    egb, n = next(known for phase, known in KNOWN.items() if phase in name)
    (relaxed,) = relax_boundaries(read_structures(FOLDER / name), engine=engine, workers=1)
    assert relaxed.info["egb_initial"] > egb + 0.1
    assert relaxed.info["egb"] == pytest.approx(egb, abs=1e-3)
    assert relaxed.info["n"] == pytest.approx(n)
    assert relaxed.info["atoms_per_plane"] == (20 if "2x1" in name else 10)
    assert relaxed.info["converged"]
