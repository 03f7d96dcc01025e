"""What comes out of a campaign: exports that others read, a report, and a sweep's curve with its law."""

from __future__ import annotations

import csv
import json
import math
import tomllib

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from helpers import InlineBundles, small

from gcd.campaigns.export import export_csv, export_datasets, export_extxyz
from gcd.campaigns.read_shockley import ReadShockley, fit_read_shockley
from gcd.campaigns.reading import parse_campaign
from gcd.campaigns.report import kind_of_failure, write_report
from gcd.campaigns.run import CampaignRun
from gcd.campaigns.store import CampaignStore
from gcd.campaigns.sweep import sweep_text, write_sweep
from gcd.campaigns.work import Found
from gcd.search.dataset import BoundaryDataset

TEXT = """
boundaries = ["sigma5", "s5-310-001", "sigma41"]
[[stage]]
do = "build"
count = 6
remove = 2
random_shift = true
"""


def pretend(work, number):
    """A built slab with an energy that a relaxation could have given; every sixth fails."""
    if number == 5:
        raise ValueError("It took longer than 900 s and was stopped.")
    atoms = work.built.structure(number)
    atoms.set_array("energy", np.full(len(atoms), -8.7))
    egb = 2.5 + 0.1 * number + (0.3 if work.built.boundary == "sigma5" else 0.0)
    return Found(
        atoms, 1.0, egb, atoms.info["n"], True, atoms.info["plane"],
        proposal={"shift": [0.0, 0.0], "removed": 2, "inserted": 0, "steps": 0, "temperature": 0.0, "ramp": 0},
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("campaign") / "a.db"
    with CampaignStore(path, write=True) as store:
        CampaignRun(small(TEXT), store, InlineBundles(each=pretend)).go()
        yield store


def test_the_table_holds_every_candidate(store, tmp_path):
    assert export_csv(store, tmp_path / "a.csv") == 18
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert sum(bool(row["error"]) for row in rows) == 3
    assert {row["boundary"] for row in rows} == {"sigma5", "s5-310-001", "sigma41"}


def test_structures_are_read_by_ase_with_their_energies(store, tmp_path):
    assert export_extxyz(store, tmp_path / "a.extxyz") == 15
    frames = read(tmp_path / "a.extxyz", ":")
    assert len(frames) == 15
    assert all(isinstance(atoms, Atoms) for atoms in frames)
    assert {round(atoms.info["egb"], 3) for atoms in frames} >= {2.5, 2.8}


def test_datasets_are_those_that_training_reads(store, tmp_path):
    written = export_datasets(store, tmp_path)
    assert [(row["structures"], row["why"]) for row in written] == [(5, "")] * 3
    dataset = BoundaryDataset.load(tmp_path / "w-sigma5.npz")
    assert len(dataset) == 5
    assert dataset.boundary.slug == "sigma5"
    assert dataset.egb.min() == pytest.approx(2.8)
    assert len(dataset.atoms(0)) == len(dataset.energies(0))


def test_the_report_stands_alone_and_tells_energies_costs_and_failures(store, tmp_path):
    found = write_report(store, tmp_path / "a.html")
    assert (found["candidates"], found["failed"], found["boundaries"], found["curves"]) == (18, 3, 3, 1)
    page = (tmp_path / "a.html").read_text()
    assert page.count("<svg") == 3 + 1 + 1  # E_gb-[n] of each, E_gb(angle), costs
    assert "Σ5 (310)[001] symmetric tilt" in page
    assert "It took longer than … s and was stopped." in page
    assert "src=" not in page
    assert "http://www.w3.org" in page or "href" not in page


def test_failures_that_differ_by_their_numbers_are_one_kind():
    assert kind_of_failure("It took 3 s.") == kind_of_failure("It took 12.5 s.")


def test_a_sweep_is_a_campaign_whose_lowest_make_a_curve(store, tmp_path):
    found = write_sweep(store, tmp_path / "curve")
    assert [p["boundary"] for p in found["points"]] == ["sigma41", "s5-310-001", "sigma5"]
    assert found["points"][0]["egb"] == pytest.approx(2.5)
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert float(rows[0]["angle"]) == pytest.approx(12.68, abs=0.01)
    assert "Σ41" in (tmp_path / "curve.svg").read_text()
    assert json.dumps(found)


def test_a_sweeps_file_says_what_was_asked():
    text = sweep_text(
        "100", "twist", ["W", "Mo"], max_sigma=13, by="search", count=7, md_steps=(100, 200), without_md=0.5
    )
    data = tomllib.loads(text)
    assert data["metals"] == ["W", "Mo"]
    assert data["stage"] == [{"do": "search", "count": 7, "md_steps": [100, 200], "without_md": 0.5}]
    campaign = parse_campaign(text, "sweep", name="sweep")
    assert {job.about["boundary"] for job in campaign.jobs} == {"sigma5", "sigma13"}
    with pytest.raises(ValueError, match="search, model, both"):
        sweep_text("001", "twist", ["W"], max_sigma=5, by="magic")


def test_the_law_of_small_angles_is_found_again_in_its_own_points(rng):
    law = ReadShockley(e0=2.0, a=0.4, points=0, rms=0.0)
    exact = [(angle, law.energy(angle)) for angle in (2.0, 5.0, 8.0, 12.0)]
    found = fit_read_shockley([*exact, (30.0, 99.0)])
    assert (found.e0, found.a, found.points) == (pytest.approx(2.0), pytest.approx(0.4), 4)
    noisy = fit_read_shockley([(angle, egb + rng.normal(0, 0.01)) for angle, egb in exact])
    assert noisy.e0 == pytest.approx(2.0, abs=0.3)
    assert noisy.rms < 0.03
    assert fit_read_shockley([(12.0, 1.0), (20.0, 2.0)]) is None
    assert fit_read_shockley([(5.0, math.nan), (6.0, 1.0)]) is None
