"""The table of repainted slabs, and the slabs of other tools that are repainted for it."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest

from gcd.cli import main
from gcd.evaluation.repaint import Repainted, markdown, write
from gcd.generate.own_slabs import understand
from gcd.structures.formats import read_structures
from scripts import foreign_slabs

ROW = Repainted(
    "a.vasp", "stays", "W", "sigma5", 100, 2.5, 2.4, 0.2, 0.3, 18.0, 30, 32, 0, 12.5, "boundary-bcc"
)


def test_lower_is_by_more_than_relaxations_differ(tmp_path):
    same = Repainted(
        "b.vasp", "stays", "W", "sigma5", 100, 2.5, 2.4996, 0.2, 0.2, 0.0, 3, 32, 0, 2.0, "boundary-bcc"
    )
    assert ROW.lower
    assert not same.lower
    assert "stays: lower than the slab itself in 1 of 2 slabs, above it in 0." in markdown([ROW, same])


def test_rows_of_before_stay_unless_they_are_measured_again(tmp_path):
    moved = Repainted(**{**vars(ROW), "moved": "moves", "egb": 2.3})
    write(tmp_path, [ROW])
    write(tmp_path, [moved])
    write(tmp_path, [Repainted(**{**vars(ROW), "egb": 2.2})])
    with (tmp_path / "repaint.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["moved"], float(row["egb"])) for row in rows] == [("moves", 2.3), ("stays", 2.2)]


@pytest.mark.parametrize(
    ("write_as", "name", "ending"),
    [(foreign_slabs.as_gb_code, "s5-310-001", "data"), (foreign_slabs.as_dump, "sigma5", "dump"),
     (foreign_slabs.as_atomsk, "s3-111-110", "vasp")],
)  # fmt: skip
def test_each_convention_is_understood(tmp_path, write_as, name, ending):
    path = tmp_path / f"slab.{ending}"
    write_as(foreign_slabs.built(name, "W"), path)
    (atoms,) = read_structures(path)
    assert understand(atoms, "W").boundary.slug == name


def test_piles_of_aimsgb_are_understood(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (sigma, plane, slug) in enumerate(
            ((5, [2, -1, 0], "s5-210-001"), (13, [5, -1, 0], "s13-510-001"))
        ):
            path = tmp_path / f"{number}.vasp"
            foreign_slabs.by_aimsgb("W", sigma, plane, 3).to(filename=str(path), fmt="poscar")
            (atoms,) = read_structures(path)
            recast = understand(atoms)
            assert recast.boundary.slug == slug
            assert "normal lies along" in recast.words[0]
            assert min(recast.found.lengths) > 8.0


def test_the_verb_writes_the_table(tmp_path, capsys):
    path = tmp_path / "slab.dump"
    slab = foreign_slabs.built("sigma5", "W")
    height = np.ptp(slab.positions[:, 2])
    middle = slab[np.abs(slab.positions[:, 2] - slab.info["plane"]) < 0.32 * height]  # thinner, to be quick
    foreign_slabs.as_dump(middle, path)
    words = ["evaluate", "repaint", str(path), "--count", "1", "--workers", "1", "--out", str(tmp_path / "o")]
    assert main(words) == 0
    assert "slab.dump" in (tmp_path / "o" / "repaint.md").read_text()
    assert "above it in 0" in capsys.readouterr().out
