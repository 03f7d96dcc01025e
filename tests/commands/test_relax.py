"""`gcd relax`: what it writes and prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

from gcd.cli import main
from gcd.energetics import lammps
from gcd.structures.bicrystals import twist_bicrystal
from gcd.structures.formats import read_structures, write_structure

BICRYSTALS = Path(__file__).parent.parent / "energetics" / "bicrystals"
ENGINES = [
    pytest.param("lammps", marks=pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))),
    "torch",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def slab(metal="W", planes=(9, 9), **settings):
    atoms = twist_bicrystal(
        "sigma5", metal, planes=planes, gap=0.3, remove=8, in_plane_shift=(2, 3), **settings
    )
    atoms.info = {}
    return atoms


def answer(capsys, *words):
    status = main([*map(str, words), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out.splitlines()[-1]) if status == 0 else None, err


@pytest.mark.parametrize("engine", ENGINES)
def test_a_slab_is_relaxed_and_written(here, capsys, engine):
    write_structure(slab(), here / "slab.extxyz")
    status, found, _ = answer(capsys, "relax", "slab.extxyz", "--engine", engine, "--out", "o")
    assert status == 0
    (one,) = found["structures"]
    assert one["file"] == "o/slab-relaxed.extxyz"
    assert (one["source"], one["atoms"], one["metal"]) == ("slab.extxyz", 172, "W")
    assert one["n"] == pytest.approx(0.2)
    assert 2.2 < one["egb"] < one["egb_initial"]
    assert one["converged"] is True
    (written,) = read_structures(one["file"])
    assert written.info["egb"] == pytest.approx(one["egb"])
    assert written.info["engine"] == engine
    assert len(written.arrays["energy"]) == 172
    # What is written is at rest: relaxed again, it stays.
    _, again, _ = answer(capsys, "relax", one["file"], "--engine", engine, "--out", "again")
    assert again["structures"][0]["egb_initial"] == pytest.approx(one["egb"], abs=1e-4)
    assert again["structures"][0]["egb"] == pytest.approx(one["egb"], abs=1e-4)


@pytest.mark.parametrize("name", ["POSCAR", "slab.cif", "slab.data", "slab.dump"])
def test_every_format_gives_the_same_energy(here, capsys, name):
    atoms = slab()
    write_structure(atoms, here / "as.extxyz")
    if name == "slab.dump":
        lengths = atoms.cell.lengths()
        rows = [f"{i + 1} 1 {x} {y} {z}" for i, (x, y, z) in enumerate(atoms.positions)]
        head = f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp ss\n"
        box = "".join(f"0 {length}\n" for length in lengths)
        (here / name).write_text(head + box + "ITEM: ATOMS id type x y z\n" + "\n".join(rows) + "\n")
    else:
        write_structure(atoms, here / name)
    _, found, _ = answer(capsys, "relax", "as.extxyz", name, "--engine", "torch")
    one, other = found["structures"]
    assert other["egb"] == pytest.approx(one["egb"], abs=1e-3)
    assert other["n"] == one["n"]
    assert set(read(other["file"]).symbols) == {"W"}


def test_several_structures_and_metals(here, capsys):
    write(here / "two.extxyz", [slab(), slab(repeats=(2, 1))])
    write_structure(slab("Fe"), here / "iron.extxyz")
    status, found, _ = answer(capsys, "relax", "two.extxyz", "iron.extxyz", "--engine", "torch")
    assert status == 0
    files = [s["file"] for s in found["structures"]]
    assert files == [f"relaxed/{name}-relaxed.extxyz" for name in ("two-0001", "two-0002", "iron")]
    assert [s["metal"] for s in found["structures"]] == ["W", "W", "Fe"]
    assert [s["n"] for s in found["structures"]] == pytest.approx([0.2, 0.6, 0.2])


def test_files_of_one_name_are_told_apart_by_their_folders(here, capsys):
    for folder in ("a", "b"):
        (here / folder).mkdir()
        write_structure(slab(), here / folder / "POSCAR")
    _, found, _ = answer(capsys, "relax", "a/POSCAR", "b/POSCAR", "--engine", "torch")
    files = [s["file"] for s in found["structures"]]
    assert files == ["relaxed/a-poscar-relaxed.extxyz", "relaxed/b-poscar-relaxed.extxyz"]


def test_without_lammps_torch_does_the_work_and_says_so(here, capsys, monkeypatch):
    monkeypatch.setattr(lammps, "missing", lambda: "LAMMPS is not installed.")
    write_structure(slab(), here / "slab.extxyz")
    status, found, err = answer(capsys, "relax", "slab.extxyz")
    assert (status, found["engine"]) == (0, "torch")
    assert "LAMMPS is not installed. Relaxing in torch." in err


def test_what_fails_is_told_and_the_rest_is_written(here, capsys, monkeypatch):
    """A relaxation that dies costs its own structure."""
    from gcd.energetics import torch_relax
    from gcd.energetics.engines import Outcome

    real = torch_relax.relax_slabs

    def one_dies(slabs, **settings):
        for outcome in real(slabs, **settings):
            yield Outcome(0, error="The process was killed by SIGSEGV.") if outcome.index == 0 else outcome

    monkeypatch.setattr(torch_relax, "relax_slabs", one_dies)
    write(here / "two.extxyz", [slab(), slab()])
    status, found, err = answer(capsys, "relax", "two.extxyz", "--engine", "torch")
    assert status == 0
    assert found["structures"][0]["error"] == "The process was killed by SIGSEGV."
    assert found["structures"][0]["file"] is None
    assert found["structures"][0]["egb"] is None
    assert "two.extxyz: The process was killed by SIGSEGV." in err
    assert [p.name for p in (here / "relaxed").iterdir()] == ["two-0002-relaxed.extxyz"]


def bad_input():
    yield ["nowhere.extxyz"], "no file 'nowhere.extxyz'"
    yield ["slab.extxyz", "--metal", "Xx"], "the metals are Cu"
    yield ["slab.extxyz", "--metal", "Fe"], "slab.extxyz: The structure holds W, but the metal chosen is Fe"
    yield ["slab.extxyz", "--plane", "900"], "lies outside the slab"
    yield (
        ["POSCAR", "--plane", "900"],
        "POSCAR: The plane z = 900 Å lies outside the slab, which goes from 2.30 to",
    )
    yield ["sheet.extxyz"], "sheet.extxyz: The slab is only 0.00 Å thick: two grains of W are at least 3.16 Å"
    yield ["uranium.extxyz"], "uranium.extxyz: There is no potential for 'U': the metals are Cu"
    yield ["slab.extxyz", "--plane", "nan"], "The plane must be a number"
    yield ["slab.extxyz", "--engine", "vasp"], "vasp"
    yield ["slab.extxyz", "--workers", "0"], "from 1 to 1,024"
    yield ["slab.extxyz", "double.extxyz"], "double.extxyz: Two atoms are only"
    yield ["slab.extxyz", "slab.extxyz"], "would be written as relaxed/work-slab-relaxed.extxyz"
    yield ["slab.extxyz", "--out", "slab.extxyz"], "cannot be written"


@pytest.mark.parametrize(("words", "message"), list(bad_input()))
def test_bad_input_gets_one_line_status_2_and_no_file(here, capsys, words, message):
    atoms = slab()
    write_structure(atoms, here / "slab.extxyz")
    write_structure(atoms, here / "POSCAR")
    write_structure(
        atoms[np.isclose(atoms.positions[:, 2], atoms.positions[:, 2].min())], here / "sheet.extxyz"
    )
    atoms.symbols[:] = "U"
    write_structure(atoms, here / "uranium.extxyz")
    atoms.symbols[:] = "W"
    atoms.positions[3] = atoms.positions[4] + np.array([0.01, 0, 0])
    write_structure(atoms, here / "double.extxyz")
    before = sorted(here.rglob("*"))
    try:
        status = main(["relax", *words])
    except SystemExit as exit_:
        status = exit_.code
    out, err = capsys.readouterr()
    assert status == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""
    assert sorted(here.rglob("*")) == before


def test_analyse_knows_bicrystals(here, capsys):
    write_structure(slab(), here / "slab.extxyz")
    write_structure(slab(), here / "POSCAR")  # its comment says which axes are open
    periodic = slab()
    periodic.pbc = True
    write_structure(periodic, here / "periodic.vasp")  # a slab only if one says so
    _, found, _ = answer(capsys, "analyse", "slab.extxyz", "periodic.vasp", "POSCAR")
    boundary = found["files"][0]["boundary"]
    assert (boundary["metal"], boundary["atoms_per_plane"], boundary["n"]) == ("W", 10, pytest.approx(0.2))
    assert boundary["area"] == pytest.approx(100.163, abs=1e-3)
    assert "boundary" not in found["files"][1]
    assert found["files"][2]["boundary"]["egb"] == pytest.approx(boundary["egb"], abs=1e-3)
    _, found, _ = answer(capsys, "analyse", "periodic.vasp", "--metal", "W")
    assert found["files"][0]["boundary"]["egb"] == pytest.approx(boundary["egb"], abs=1e-3)
    assert main(["analyse", "slab.extxyz"]) == 0
    assert "[n] = 0.2, 10 atoms a plane" in capsys.readouterr().out
    assert main(["analyse", "slab.extxyz", "--metal", "Cu"]) == 2
    assert "slab.extxyz: The structure holds W" in capsys.readouterr().err


@pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
def test_other_potentials_relax_files_and_words_are_told(tmp_path, capsys):
    """A strained twin of iron in another potential: the strain is told, and taken off."""
    file = str(BICRYSTALS / "fe-s3-112-twin-dft-lattice.vasp")
    common = [
        "relax",
        file,
        "--out",
        str(tmp_path),
        "--potential",
        "Fe_mm.eam.fs",
        "--workers",
        "1",
        "--json",
    ]
    assert main(common) == 0
    out, err = capsys.readouterr()
    (strained,) = json.loads(out)["structures"]
    assert "strained" in err
    assert strained["potential"] == "Fe_mm.eam.fs"
    assert main([*common, "--rescale"]) == 0
    out, err = capsys.readouterr()
    (relaxed,) = json.loads(out)["structures"]
    assert "was taken off" in relaxed["warnings"][0]
    assert 0.1 < relaxed["egb"] < strained["egb"] - 0.05


def test_a_potential_of_another_element_is_refused_before_anything_is_written(tmp_path, capsys):
    file = str(BICRYSTALS / "w-s5-310-slab.extxyz")
    out = tmp_path / "relaxed"
    assert main(["relax", file, "--out", str(out), "--potential", "Cu_u3.eam"]) != 0
    assert "is for Cu, not for 'W'" in capsys.readouterr().err
    assert not out.exists()
