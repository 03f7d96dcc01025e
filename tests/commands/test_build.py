"""`gcd boundaries` and `gcd build`: what they list and write, and what they refuse without writing."""

import json

import pytest
from ase.io import read

from gcd.cli import main
from gcd.energetics import lammps
from gcd.structures.csl import boundaries


def answer(capsys, *words):
    status = main([*words, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out.splitlines()[-1]) if status == 0 else None, err


def test_the_list_says_what_there_is(capsys):
    status, found, _ = answer(capsys, "boundaries", "--phase", "bcc")
    assert status == 0
    assert [row["name"] for row in found["boundaries"]] == [b.slug for b in boundaries("bcc")]
    (sigma5,) = [row for row in found["boundaries"] if row["name"] == "sigma5"]
    assert (sigma5["sigma"], sigma5["atoms_per_plane"], sigma5["point_group"]) == (5, 10, 8)
    assert sigma5["datasets"] == ["w-sigma5"]
    assert {"boundary-w-sigma5-full", "boundary-w-sigma5-window"} <= set(sigma5["models"])
    others = [row for row in found["boundaries"] if row["name"] != "sigma5"]
    assert not any(
        {"boundary-w-sigma5-full", "boundary-w-sigma5-window"} & set(row["models"]) for row in others
    )
    if "boundary-bcc" in sigma5["models"]:  # of many boundaries, among them those that it has never seen
        unseen = {row["name"] for row in others if "boundary-bcc" in row["never_seen_by"]}
        assert {"sigma25", "sigma29", "s13-320-001", "s17-530-001", "s9-114-110", "s7-321-111"} <= unseen
        assert "s5-310-001" not in unseen


def test_the_list_can_be_narrowed(capsys):
    assert (
        main(["boundaries", "--axis", "[110]", "--kind", "tilt", "--max-sigma", "9", "--phase", "fcc"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["s3-111-110", "s3-112-110", "s9-221-110", "s9-114-110"]


@pytest.mark.parametrize("ending", ["extxyz", "cif", "lmp", "vasp"])
def test_a_bicrystal_is_written(tmp_path, capsys, ending):
    path = tmp_path / f"tilt.{ending}"
    status, found, _ = answer(capsys, "build", "s5-310-001", "--metal", "Mo", "--gap", "0.5", "--remove", "1",
                              "--out", str(path))  # fmt: skip
    assert status == 0
    assert found["boundary"] == "s5-310-001"
    assert found["repeats"] == [1, 3]
    assert found["n"] == pytest.approx(5 / 6)
    atoms = read(path, format="lammps-data" if ending == "lmp" else None)
    assert len(atoms) == found["atoms"]
    assert atoms.cell.lengths()[:2] == pytest.approx([3.150138 * 10**0.5, 3 * 3.150138], abs=1e-4)


def test_grains_that_lie_on_each_other_are_opened_as_little_as_it_takes(tmp_path, capsys):
    words = ["build", "s17-410-001", "--out", str(tmp_path / "t.extxyz")]
    status, found, _ = answer(capsys, *words)
    assert status == 0
    assert 0 < found["gap"] < 1
    assert found["minimum_distance"] >= 0.5 * 2.7408
    status, _, error = answer(capsys, *words, "--gap", f"{found['gap'] - 0.1:.2f}")
    assert status == 2
    assert "use a larger gap" in error


def test_directions_of_ones_own_are_built(tmp_path, capsys):
    own = ["--lower", "1 0 0; 0 0 1; 0 -1 0", "--upper", "4 3 0; 0 0 1; 3 -4 0"]
    status, found, _ = answer(capsys, "build", *own, "--gap", "1", "--out", str(tmp_path / "a.extxyz"))
    assert status == 0
    assert found["kind"] == "asymmetric tilt"
    assert found["title"].startswith("Σ5 (001)/(430)[001] asymmetric tilt")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["build", "s5-320-001"], "is Σ13, not Σ5"),
        (["build", "twist 001 sigma7"], "the nearest are Σ5 and Σ13"),
        (["build", "nonsense"], "Unknown boundary 'nonsense'"),
        (["build", "s5-310-001", "--metal", "Mg"], "bcc and fcc metals"),
        (["build", "s5-310-001", "--metal", "Qq"], "Unknown element"),
        (["build", "--lower", "1 0 0; 0 0 1; 0 -1 0"], "both --lower and --upper"),
        (["build", "--lower", "1 0 0; 0 0 1; 0 -1 1", "--upper", "4 3 0; 0 0 1; 3 -4 0"], "not orthogonal"),
        (["build", "--lower", "1 0 0; 0 0 1; 0 1 0", "--upper", "4 3 0; 0 0 1; 3 -4 0"], "not right-handed"),
        (
            ["build", "--lower", "1 0 0; 0 0 1; 0 -1 0", "--upper", "1 1 0; 0 0 1; 1 -1 0"],
            "no common cell along x",
        ),
        (["build", "s5-310-001", "--gap", "-3"], "use a larger gap"),
        (["build", "s5-310-001", "--remove", "99"], "from 0 to 6"),
        (["build", "s5-310-001", "--remove", "1", "--insert", "1"], "not both"),
        (["build", "s5-310-001", "--potential", "nothing"], "no potential 'nothing'"),
        (["build", "s31-651-111", "--repeats", "9", "1"], "no common cell along x"),
        (["search", "twist 001 sigma7"], "the nearest are Σ5 and Σ13"),
        (["search", "sigma5", "--twist", "sigma5"], "Name the boundary once"),
        (["search", "s5-310-001", "--metal", "Mg"], "bcc and fcc metals"),
        (
            ["sample", "boundary", "s5-310-001", "--metal", "Cu"],
            "no model 'full' of the boundary Cu s5-310-001",
        ),
        (["boundaries", "--phase", "hcp"], "bcc and fcc crystals, not of 'hcp'"),
        (["boundaries", "--axis", "112"], "about the axes 001, 110, 111"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    out = ["--out", "f.extxyz"] if words[0] == "build" else []
    status = main([*words, *out])
    error = capsys.readouterr().err
    assert status == 2
    assert says in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")
def test_a_tilt_is_searched_and_its_dataset_gathered(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, found, _ = answer(capsys, "search", "s5-310-001", "--count", "4", "--md-steps", "20", "60",
                              "--workers", "2", "--out", "tilt.db")  # fmt: skip
    assert status == 0
    assert (found["boundary"], found["candidates"], found["failed"]) == ("s5-310-001", 4, 0)
    assert all(1.9 < row["egb"] < 5.0 for row in found["lowest"])
    status, gathered, _ = answer(
        capsys, "evaluate", "dataset", "tilt.npz", "--gather", "tilt.db", "--out", "r"
    )
    assert status == 0
    assert gathered["structures"] == found["unique"]
    assert gathered["check"]["wrong_n"] == 0
    assert gathered["check"]["largest_energy_error"] < 1e-3
