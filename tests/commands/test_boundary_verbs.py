"""The verbs around boundary searches: what they print, what they write, and what they refuse."""

import json

import numpy as np
import pytest

from gcd.cli import main
from gcd.energetics import lammps
from gcd.search.store import Candidate, Store
from gcd.structures.bicrystals import twist_bicrystal

needs_lammps = pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(here):
    atoms = twist_bicrystal("sigma5", "W", remove=8)
    proposal = {"shift": [0.5, 9.0], "removed": 8, "inserted": 0, "steps": 10, "temperature": 1e3, "ramp": 10}
    meta = {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "recipe": {}}
    with Store(here / "s.db", meta) as file:
        for number, egb in enumerate((3.1, 2.297, 2.7)):
            file.add(
                Candidate(
                    0, number, proposal, 2.0, "", egb, 0.2, True, atoms.info["plane"], atoms.cell.lengths(),
                    atoms.positions, np.full(len(atoms), -8.7),
                )
            )  # fmt: skip
    return here / "s.db"


def answer(capsys, *words):
    status = main([*words, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out.splitlines()[-1]) if status == 0 else None, err


def test_a_dataset_is_gathered_tabulated_and_exported(store, here, capsys):
    status, found, _ = answer(
        capsys, "evaluate", "dataset", "d.npz", "--gather", "s.db", "--no-check", "--export", "d.extxyz"
    )
    assert status == 0
    assert found["structures"] == 3
    assert found["rows"] == [
        {
            "n": 0.2, "structures": 3, "in_window": 1, "lowest": 2.297, "known": 2.297, "median": 2.7, "highest": 3.1,
        }
    ]  # fmt: skip
    assert all((here / name).is_file() for name in ["d.npz", "d.extxyz", *found["files"]])


def test_the_table_of_a_search_says_when_it_found_the_answer(store, capsys):
    status, found, _ = answer(capsys, "evaluate", "search", "s.db")
    assert status == 0
    assert [(row["n"], row["candidates"], row["core_seconds"]) for row in found["rows"]] == [
        (0.2, 2, 4.0), (0.4, None, None),
    ]  # fmt: skip


@needs_lammps
def test_a_search_reports_what_it_found(here, capsys):
    words = [
        "search",
        "--twist",
        "sigma5",
        "--count",
        "2",
        "--md-steps",
        "2",
        "4",
        "--workers",
        "1",
        "--out",
        "q.db",
    ]
    status, found, err = answer(capsys, *words)
    assert status == 0
    assert found["candidates"] == 2
    assert {round(row["n"], 4) for row in found["lowest"]} <= {k / 10 for k in range(10)}
    assert "100 %" in err
    with Store(here / "q.db", read_only=True) as file:
        assert len(file) == 2


@needs_lammps
def test_a_search_with_another_seed_says_what_it_counts(here, capsys):
    words = ["search", "--md-steps", "2", "4", "--workers", "1", "--out", "q.db"]
    answer(capsys, *words, "--count", "3")
    status, found, err = answer(capsys, *words, "--count", "1", "--seed", "1")
    assert (status, found["candidates"], found["other_seeds"]) == (0, 1, 3)
    assert f"1 tried, {found['unique']} different with 3 of other seeds; lowest" in err
    with Store(here / "q.db", read_only=True) as file:
        assert found["unique"] == len(file.unique())
    assert main([*words, "--count", "1", "--seed", "1"]) == 0
    assert (
        f"1 candidates, 0 failed, {found['unique']} different with 3 of other seeds"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("search --twist sigma6", "sigma6"),
        ("search --metal Mg", "Mg"),
        ("search --twist 1000,999", "more than 50,000"),
        ("search --count 0", "0"),
        ("search --window 2.8:2.6:4", "window"),
        ("search --md-steps 50 10", "(50, 10)"),
        ("search --workers none", "none"),
        ("sample boundary --planes 201 18", "from 1 to 200, not 201"),
        ("sample boundary --repeats 1 17", "from 1 to 16, not 17"),
        ("evaluate dataset none.npz", "none.npz"),
        ("evaluate dataset --export all.cif", "to .extxyz or .xyz, not to 'all.cif'"),
        ("evaluate boundaries --checkpoint crystal-sc", "is a crystal, not a model of a boundary"),
        ("evaluate boundaries --search none.db", "none.db"),
        ("evaluate dataset d.npz --gather none.db", "none.db"),
        ("evaluate dataset --gather none.db", "name it"),
        ("evaluate search none.db", "none.db"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, named):
    try:
        status = main(words.split())
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert named in err
    assert list(here.iterdir()) == []
