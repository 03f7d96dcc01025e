"""Sampling on the Grain boundaries page, without a browser: ends, candidates, failures, cancel, links, recipes.

The model is untrained unless a test says otherwise: what it paints is noise, and so every candidate fails.
"""

from __future__ import annotations

import json
import shlex
import zipfile
from io import BytesIO

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gcd.checkpoints import available
from gcd.cli import main
from gcd.energetics import lammps
from gcd.energetics.boundary_energy import relax_boundaries
from gcd.generate import generate_boundaries
from gcd.jobs import Cancelled, Job, Report
from gcd.limits import MAX_PAGE_CANDIDATES
from gcd.requests import BoundaryRequest
from gcd.search.datasets import datasets, named_datasets
from gcd.structures.bicrystals import twist_bicrystal
from pages.parts.boundaries.files import everything_bytes, table_bytes
from pages.parts.boundaries.sampling import SampleRun, check_for_page, run_sampling
from pages.shared import work
from tests.pages.driver import SOON, checked, numbers, open_app

SLOT = "boundary_samples_job"
QUICK = {"model": "test", "evaluations": 2, "order": 1}


@pytest.fixture(autouse=True)
def own_dataset(small_dataset, monkeypatch, fresh_server):
    """A small dataset, on a server without jobs or caches of earlier tests."""
    monkeypatch.setenv("GCD_DATA", str(small_dataset.parent))
    datasets.cache_clear()
    named_datasets.cache_clear()
    yield
    datasets.cache_clear()
    named_datasets.cache_clear()


def sample(app: AppTest) -> AppTest:
    checked(app.button(key="sample_button").click().run())
    job = work.runner().get(app.session_state[SLOT])
    assert job is not None
    assert job.wait(SOON)
    return checked(app.run())


def test_the_ends_are_shown_before_anything_is_pressed(boundary_model):
    app = open_app("boundaries")
    assert app.session_state["source"] == "sample"
    assert numbers(app)["Painted (Å)"] == "30.0"
    assert any("Trained on 3 structures" in caption.value for caption in app.caption)
    checked(app.number_input(key="painted").set_value(20.0).run())
    assert float(numbers(app)["Painted (Å)"]) == pytest.approx(20.0, abs=0.9)


def test_a_missing_model_is_one_sentence_and_building_comes_first(models):
    assert open_app("boundaries").session_state["source"] == "build"
    app = open_app("boundaries", source="sample")
    (warning,) = app.warning
    assert "No model has learnt W Σ5 (100) twist, 36.87°" in warning.value
    assert "sample_button" not in {button.key for button in app.button}


def test_another_metal_has_no_model(boundary_model):
    app = open_app("boundaries", source="sample")
    checked(app.selectbox(key="metal").set_value("Mo").run())
    assert "No model has learnt Mo" in app.warning[0].value


def test_a_link_restores_every_control(boundary_model):
    app = open_app("boundaries",
        source="sample", candidates="3", sample_seed="5", painted="24", free_shift="false", shift_x="0.25",
        free_spacing="false", spacing="0.3", gb_cell="2×1", gb_sampling="Custom", gb_nfe="4", gb_order="2",
    )  # fmt: skip
    values = {
        "candidates": 3,
        "sample_seed": 5,
        "painted": 24.0,
        "shift_x": 0.25,
        "spacing": 0.3,
        "gb_nfe": 4,
    }
    for key, value in values.items():
        assert app.number_input(key=key).value == value, key
    assert app.selectbox(key="gb_cell").value == "2×1"
    shown = numbers(app)
    assert shown["Shift (Å)"] == "2.50, 0.00"
    assert shown["Spacing (Å)"] == "+0.30"


def test_ends_that_overlap_are_one_sentence(boundary_model):
    app = open_app("boundaries", source="sample", painted="40", free_spacing="false", spacing="-1.5")
    assert app.exception == []
    with pytest.raises(ValueError, match="painted thickness"):
        check_for_page(BoundaryRequest(**QUICK, painted=400.0))


def test_failures_are_kept_with_their_reason(boundary_model):
    app = sample(open_app("boundaries", candidates="2", gb_sampling="Custom", gb_nfe="2", gb_order="1"))
    table = app.dataframe[0].value
    assert list(table["candidate"]) == [0, 1]
    assert set(table["state"]) == {"failed"}
    assert all(reason.startswith("Not relaxed: ") for reason in table["reason"])
    assert "0 of 2 relaxed, 2 failed" in " ".join(text.value for text in app.markdown)
    assert "Not relaxed: " in app.error[0].value
    assert any("gcd sample boundary" in code.value for code in app.code)


def test_a_structure_of_the_search_is_seen_without_losing_the_candidates(boundary_model):
    app = sample(open_app("boundaries", candidates="2", gb_sampling="Custom", gb_nfe="2", gb_order="1"))
    app.session_state["seen"] = ("search", 1)
    checked(app.run())
    assert numbers(app)["E_gb (J/m²)"] == "2.500"
    command, python = (
        code.value for code in app.code
    )  # of the structure that is seen, not of the candidates
    assert command == "gcd relax w-sigma5-structure1.extxyz --metal W"
    names: dict = {}
    exec(python, names)
    assert names["atoms"].info["egb"] == pytest.approx(2.5)
    back = next(button for button in app.button if button.label == "Back to the candidates")
    checked(back.click().run())
    assert "E_gb (J/m²)" not in numbers(app)
    assert len(app.dataframe[0].value) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"count": MAX_PAGE_CANDIDATES + 1}, "number of candidates"),
        ({"count": MAX_PAGE_CANDIDATES, "repeats": (2, 2)}, "too many for a page"),
        ({"seed": -1}, "Seed"),
        ({"model": "other"}, "no model 'other'"),
        ({"metal": "Mo"}, "no model"),
        ({"evaluations": 7, "order": 2}, "7"),
        ({"spacing": 5.0}, "spacing of the ends"),
        ({"painted": float("nan")}, "painted thickness"),
    ],
)
def test_widgets_are_no_guard(boundary_model, settings, words):
    with pytest.raises(ValueError, match=words):
        check_for_page(BoundaryRequest(**(QUICK | settings)))


class CancelAfter(Report):
    """A job that is cancelled when that many candidates have been handed over."""

    def __init__(self, kept: int) -> None:
        self.job = Job(1, "", "")
        super().__init__(self.job)
        self.limit = kept

    def keep(self, result: SampleRun) -> None:
        super().keep(result)
        if len(result.before) >= self.limit:
            self.job._cancel.set()


def test_cancel_keeps_what_was_painted(boundary_model):
    report = CancelAfter(2)
    with pytest.raises(Cancelled):
        run_sampling(report, wanted=BoundaryRequest(**QUICK, count=20))
    kept = report.job.kept
    assert 2 <= len(kept.before) < 20
    assert table_bytes(kept).count(b"\n") == len(kept.before) + 1


def test_the_command_and_the_python_make_the_same_candidates(boundary_model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings = BoundaryRequest(
        **QUICK, count=2, seed=4, in_plane_shift=(2.5, 5.0), spacing=0.25, painted=25.0, repeats=(2, 1)
    )
    run = run_sampling(Report(Job(1, "", "")), wanted=settings)
    assert main([*shlex.split(settings.command())[1:], "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["structures"]
    assert [row["atoms"] for row in rows] == [len(atoms) for atoms in run.before]
    assert rows[0]["in_plane_shift"] == pytest.approx(run.before[0].info["in_plane_shift"])
    names: dict = {}
    exec(run.python(1), names)
    assert names["atoms"].info["index"] == 1
    for again, before in zip(names["boundaries"], run.before, strict=True):
        assert again.positions == pytest.approx(before.positions)


def relaxed_run() -> SampleRun:
    """Three candidates as if painted: two that relax into the same structure, and one that is no slab."""
    before = []
    for index, gap in enumerate((0.3, 0.3, 0.3)):
        atoms = twist_bicrystal("sigma5", "W", remove=8, gap=gap)
        atoms.info |= {
            "index": index, "minimum_distance": 2.1, "in_plane_shift": [0.0, 0.0], "spacing": 0.0, "device": "cpu",
            "checkpoint": "boundary-test",
        }  # fmt: skip
        before.append(atoms)
    after = relax_boundaries(before[:2], "W", engine="lammps" if lammps.available() else "torch")
    failed = before[2].copy()
    failed.info["error"] = "Not relaxed: two atoms are 0.51 Å apart, less than 2.00 Å."
    return SampleRun(
        BoundaryRequest(count=4, model="test", relax=True), tuple(before), (*after, failed), "lammps"
    )


def test_what_is_said_and_written_of_candidates(boundary_model, tmp_path):
    run = relaxed_run()
    rows = run.table()
    assert [row["state"] for row in rows] == ["relaxed", "relaxed", "failed"]
    assert [row["same as"] for row in rows] == [None, 0, None]
    assert rows[2]["reason"] == "Not relaxed: two atoms are 0.51 Å apart, less than 2.00 Å."
    n, egb = run.energies()
    assert np.isfinite(egb).tolist() == [True, True, False]
    assert n[0] == pytest.approx(0.2)
    assert (run.best, run.finished, run.failed) == (0, 3, 1)
    with zipfile.ZipFile(BytesIO(everything_bytes(run))) as archive:
        names = archive.namelist()
        recipe = json.loads(archive.read("reproduce.json"))
    stem = "w-sigma5-test-seed0"
    assert {f"{stem}.csv", f"{stem}-before.extxyz", f"{stem}-after.extxyz"} < set(names)
    assert f"{stem}-candidate002-before.cif" in names
    assert f"{stem}-candidate002-after.cif" not in names
    assert "--relax" in recipe["command"]


def candidate_without_atoms() -> None:
    """A page of its own that shows one."""
    from ase import Atoms

    from gcd.requests import BoundaryRequest
    from pages.parts.boundaries import results, table
    from pages.parts.boundaries.sampling import SampleRun

    before = Atoms(cell=[10, 10, 60], pbc=(True, True, False))
    before.info |= {
        "index": 0,
        "n": 0.0,
        "minimum_distance": float("nan"),
        "in_plane_shift": [0, 0],
        "spacing": 0.0,
    }
    after = before.copy()
    after.info["error"] = "Not relaxed: it holds no atoms."
    run = SampleRun(BoundaryRequest(count=1, relax=True), (before,), (after,), "lammps")
    results.show_outcome(run, 0, {"whole": False, "repeats": (2, 2), "bonds": False, "filling": True})
    table.show_run(run, 0)


def test_a_candidate_without_atoms_is_said_and_not_drawn(boundary_model):
    app = checked(AppTest.from_function(candidate_without_atoms, default_timeout=SOON).run())
    assert numbers(app) == {"Atoms": "0", "[n]": "0", "Closest pair (Å)": "none"}
    assert [info.value for info in app.info] == ["It holds no atoms."]
    assert len(app.get("bidi_component")) == 0
    assert app.dataframe[0].value["closest pair"][0] is None  # an empty place, not "nan"
    assert app.dataframe[0].value["reason"][0] == "Not relaxed: it holds no atoms."


def test_a_result_of_other_settings_says_which(boundary_model):
    app = sample(open_app("boundaries", candidates="2", gb_sampling="Custom", gb_nfe="2", gb_order="1"))
    assert not any("Made before" in caption.value for caption in app.caption)
    checked(app.number_input(key="sample_seed").set_value(3).run())
    assert any(
        "Made before the controls were changed, with seed 0" in caption.value for caption in app.caption
    )


@pytest.mark.slow
@pytest.mark.skipif(
    "boundary-w-sigma5-window" not in available(), reason="no checkpoint boundary-w-sigma5-window"
)
def test_the_trained_model_gives_boundaries_that_relax():
    settings = BoundaryRequest(model="window", count=2, seed=0, evaluations=12)
    run = run_sampling(Report(Job(1, "", "")), wanted=settings)
    egb = run.energies()[1]
    assert np.nanmin(egb) < 3.0
    again = [a for a in generate_boundaries(**settings.arguments()) if a.info["physical"]]
    (first, *_) = relax_boundaries(again, "W")
    assert first.info["egb"] == pytest.approx(egb[np.isfinite(egb)][0], abs=1e-3)
