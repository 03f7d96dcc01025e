"""The Grain boundaries page without a browser: what it builds, relaxes, refuses, and what a link restores."""

from __future__ import annotations

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gcd.checkpoints import available
from gcd.energetics import lammps
from gcd.jobs import Job, Report
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_PAGE_SEARCH
from gcd.requests import BuildRequest, ChosenRequest, SearchRequest
from gcd.search.dataset import BoundaryDataset
from gcd.search.datasets import datasets, named_datasets
from gcd.structures.bicrystals import TWISTS, twist_bicrystal
from pages.parts.boundaries.address import FIELDS
from pages.parts.boundaries.controls import BUILT
from pages.parts.boundaries.files import everything_bytes, table_bytes
from pages.parts.boundaries.run import run_relaxation
from pages.parts.boundaries.search import check_for_page as check_search
from pages.shared import work
from pages.shared.downloads import structure_bytes
from tests.pages.driver import APP, SOON, checked, numbers, on_map, on_stage

PAGE = "pages/boundaries.py"
SLOT = "boundaries_job"
# The page may be run before app.py knows it: on its own it is a whole app as well.
FRAME = f"""
import streamlit as st
from pages.shared import frame
frame._opened = True
st.navigation([st.Page({str(APP.parent / PAGE)!r}, default=True)]).run()
"""


@pytest.fixture(autouse=True)
def own_dataset(tmp_path, monkeypatch, fresh_server):
    """A small dataset, on a server without jobs or caches of earlier tests."""
    monkeypatch.setenv("GCD_DATA", str(tmp_path))
    datasets.cache_clear()
    named_datasets.cache_clear()
    yield
    datasets.cache_clear()
    named_datasets.cache_clear()


@pytest.fixture
def dataset(tmp_path):
    """Three structures of tungsten's Sigma5: unrelaxed, which the page need not know."""
    structures = [twist_bicrystal("sigma5", "W", remove=k, gap=0.4) for k in (9, 8, 8)]
    count = len(structures)
    arrays = {
        "egb": np.array([2.7, 2.3, 3.1]),
        "n": np.array([a.info["n"] for a in structures]),
        "plane": np.array([a.info["plane"] for a in structures]),
        "offsets": np.concatenate([[0], np.cumsum([len(a) for a in structures])]),
        "positions": np.concatenate([a.positions for a in structures]).astype(np.float32),
        "energies": np.concatenate([np.full(len(a), -8.7) for a in structures]).astype(np.float32),
        "cell": structures[0].cell.lengths(),
        "shift": np.zeros((count, 2)),
    } | {
        name: np.zeros(count, int)
        for name in ("seed", "number", "converged", "removed", "inserted", "steps", "temperature", "ramp")
    }
    about = {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "voxels": [12, 12, 72]}
    dataset = BoundaryDataset(arrays, about)
    dataset.save(tmp_path / "w-sigma5.npz")
    return dataset


def open_page(**query: str) -> AppTest:
    app = AppTest.from_string(FRAME, default_timeout=SOON)
    if "structure" not in query:  # which says where it comes from; sampling has tests of its own
        query.setdefault("source", BUILT)
    for name, value in query.items():
        app.query_params[name] = value
    return checked(app.run())


def relax(app: AppTest) -> AppTest:
    checked(app.button(key="relax").click().run())
    job = work.runner().get(app.session_state[SLOT])
    assert job is not None
    assert job.wait(SOON)
    return checked(app.run())


def test_a_boundary_is_shown_before_anything_is_pressed():
    app = open_page()
    assert numbers(app) == {"Atoms": "360", "[n]": "0", "Atoms a plane": "10", "Area (Å²)": "100.2"}
    assert "No search" in " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("twist", TWISTS)
def test_the_links_of_twists_of_before_still_show_them(twist):
    app = open_page(twist=TWISTS[twist].title)
    assert app.selectbox(key="boundary").value == twist
    assert numbers(app)["Atoms a plane"] == str(TWISTS[twist].sites)


@pytest.mark.parametrize(
    ("boundary", "metal", "words"),
    [
        ("s5-310-001", "Fe (bcc)", "Σ5 (310)[001] symmetric tilt, 36.87°"),
        ("twist-110-sigma3", "W (bcc)", "Σ3 (110) twist, 70.53°"),
        ("s9-221-110", "Cu (fcc)", "Σ9 (221)[110] symmetric tilt"),
        ("s7-321-111", "Mo (bcc)", "Σ7 (321)[111] symmetric tilt"),
    ],
)
def test_any_boundary_of_the_list_is_built_without_tungstens_numbers(boundary, metal, words):
    app = open_page(boundary=boundary, metal=metal)
    assert app.selectbox(key="boundary").value == boundary
    assert any(words in caption.value and "No search" in caption.value for caption in app.caption)
    assert int(numbers(app)["Atoms"]) > 100
    assert "2.6 to 2.8" not in " ".join(caption.value for caption in app.caption)


def test_directions_of_ones_own_are_built_and_bad_ones_are_a_sentence():
    app = open_page(boundary_from="My own", lower="1 2 0; 0 0 1; 2 -1 0", upper="0 1 0; 0 0 1; 1 0 0")
    assert any("no common cell" in error.value for error in app.error)
    app = open_page(boundary_from="My own", lower="5 -3 0; 3 5 0; 0 0 1", upper="5 3 0; -3 5 0; 0 0 1")
    assert any("Σ17" in caption.value for caption in app.caption)
    assert numbers(app)["[n]"] == "0"


def test_a_link_restores_the_controls():
    app = open_page(
        change="-8", gap="0.5", push="0.2", variants="3", gb_seed="5", shift_x="0.25", metal="Mo (bcc)"
    )
    assert app.selectbox(key="metal").value == "Mo"
    for key, value in {
        "change": -8,
        "gap": 0.5,
        "push": 0.2,
        "variants": 3,
        "gb_seed": 5,
        "shift_x": 0.25,
    }.items():
        assert app.number_input(key=key).value == value
    assert numbers(app)["[n]"] == "1/5"


def test_another_boundary_begins_without_atoms_put_in():
    app = open_page(twist=TWISTS["sigma41"].title, change="-30")
    checked(app.selectbox(key="boundary").set_value("sigma5").run())
    assert app.number_input(key="change").value == 0


def test_relaxation_shows_what_it_gained():
    app = relax(open_page(change="-8", random="true"))
    shown = numbers(app)
    assert float(shown["E_gb (J/m²)"]) < 4.0
    assert shown["[n]"] == "1/5"
    before, after = (panel["title"] for panel in on_stage(app))
    assert before.startswith("Before · ")
    assert after.startswith("After · ")
    assert any("gcd.relax_boundaries" in code.value for code in app.code)


def test_a_pair_without_search_data_has_a_map_without_tungstens_band(dataset):
    app = open_page(metal="Mo (bcc)")
    assert on_map(app)["window"] is None
    assert on_map(app)["groups"] == []
    for metal, source in (
        ("Cu (fcc)", "sample"),
        ("Mo (bcc)", "search"),
    ):  # nothing to offer: buttons to what has
        app = open_page(metal=metal, source=source)
        assert {"instead_find", "instead_build"} <= {button.key for button in app.button}
    checked(app.button(key="instead_build").click().run())
    assert app.session_state["source"] == BUILT


def test_every_atom_s_colour_is_explained_and_the_scale_reaches_below_the_crystal(dataset):
    (panel,) = on_stage(open_page(structure="1"))
    scene = panel["scene"]
    assert scene["legend"]["low"] == -scene["legend"]["high"]
    assert {key["colour"] for key in scene["key"]} == {"#9aa5a5"}


def test_relax_this_one_relaxes_the_structure_that_is_seen(dataset):
    app = open_page(structure="1", source=BUILT)
    assert numbers(app)["E_gb (J/m²)"] == "2.300"
    checked(app.button(key="relax_seen").click().run())
    app = finished(app, SLOT)
    assert [panel["title"].split()[0] for panel in on_stage(app)] == ["Before", "After"]
    assert work.runner().get(app.session_state[SLOT]).result.settings == ChosenRequest(structure=1)
    assert app.query_params["variant"] == "0"


def test_controls_of_the_stage_are_in_the_address_whatever_was_clicked(dataset):
    app = open_page(structure="1", source=BUILT)
    app.session_state["part"], app.session_state["cells"] = "slab", 3
    checked(app.run())
    assert app.query_params["part"] == "Whole slab"
    assert app.query_params["cells"] == "3×3"
    app.session_state["seen"] = ("search", 2)
    checked(app.run())
    assert app.query_params["structure"] == "2"
    assert app.query_params["part"] == "Whole slab"


def test_an_address_that_says_nonsense_is_read_as_far_as_it_makes_sense(dataset):
    app = open_page(cells="9×9", gap="thick", gb_seed="-4", variants="1000", metal="", axis="[012]")
    assert app.number_input(key="gap").value == 0.3
    assert app.number_input(key="gb_seed").value == 0
    assert app.number_input(key="variants").value == 1
    assert "cells" not in app.query_params


def test_every_control_of_the_forms_is_a_row_of_the_address():
    room = APP.parent / "pages" / "parts" / "boundaries"
    source = "".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    assert "bind=" not in source  # a bound widget loses the address when the script writes it
    asked = re.findall(r"number_input\(.*?key=\"(\w+)\"", source, re.DOTALL)
    assert len(asked) > 10
    assert set(asked) - {"structure"} <= set(FIELDS)


def test_changed_settings_show_the_new_boundary_again():
    app = relax(open_page(change="-8"))
    checked(app.number_input(key="change").set_value(-2).run())
    assert numbers(app)["[n]"] == "4/5"
    assert "E_gb (J/m²)" not in numbers(app)


def test_a_structure_of_the_dataset_is_shown_and_relaxed(dataset):
    app = open_page(structure="1")
    assert numbers(app)["E_gb (J/m²)"] == "2.300"
    assert numbers(app)["[n]"] == "1/5"
    relax(app)
    assert float(numbers(app)["E_gb (J/m²)"]) < 4.0


def test_a_structure_that_is_not_there_becomes_the_last_one(dataset):
    assert open_page(structure="77").number_input(key="structure").value == 2


def test_other_boundaries_have_no_dataset(dataset):
    app = open_page(structure="1")
    checked(app.selectbox(key="metal").set_value("Mo").run())
    assert "structure" not in {widget.key for widget in app.number_input}
    assert "No search of Mo" in " ".join(caption.value for caption in app.caption)


def test_without_lammps_it_says_so_and_torch_relaxes(monkeypatch):
    monkeypatch.setattr(lammps, "missing", lambda: "LAMMPS is not installed.")
    app = open_page(change="-8")
    assert "torch instead" in " ".join(caption.value for caption in app.caption)
    relax(app)
    assert float(numbers(app)["E_gb (J/m²)"]) < 4.0
    assert any("engine torch" in caption.value for caption in app.caption)


def test_several_variants_make_a_table_and_the_best_is_shown():
    app = relax(open_page(change="-8", random="true", variants="3"))
    table = app.dataframe[0].value
    assert list(table["variant"]) == [0, 1, 2]
    assert float(numbers(app)["E_gb (J/m²)"]) == pytest.approx(table["E_gb"].min(), abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metal": "Mg"}, "Mg"),
        ({"count": MAX_PAGE_BOUNDARIES + 1}, "variants"),
        ({"boundary": "sigma41", "metal": "Cu", "count": MAX_PAGE_BOUNDARIES}, "too many"),
        ({"push": 2.0}, "1 Å"),
        ({"push": float("nan")}, "1 Å"),
        ({"seed": -1}, "Seed"),
        ({"boundary": "sigma6"}, "sigma6"),
    ],
)
def test_widgets_are_no_guard(settings, words):
    with pytest.raises(ValueError, match=words):
        run_relaxation(Report(Job(1, "", "")), wanted=BuildRequest(**settings))


def test_a_dataset_that_is_not_there_is_one_sentence():
    with pytest.raises(ValueError, match="no dataset of W sigma5"):
        ChosenRequest()


def test_files_and_python_make_the_same_boundary_again(dataset):
    wanted = BuildRequest(remove=8, random_shift=True, push=0.1, seed=3, count=2)
    run = run_relaxation(Report(Job(1, "", "")), wanted=wanted, workers=1)
    names: dict = {}
    exec(run.python(1), names)
    assert names["atoms"].positions == pytest.approx(run.before[1].positions, abs=1e-7)
    assert names["relaxed"].info["egb"] == pytest.approx(run.after[1].info["egb"], abs=1e-4)
    assert table_bytes(run).count(b"\n") == 3
    assert everything_bytes(run)[:2] == b"PK"
    chosen = ChosenRequest(structure=2, push=0.1, seed=3)
    exec(chosen.python_of(0), names)
    assert names["atoms"].positions == pytest.approx(chosen.structures()[0].positions)


def finished(app: AppTest, slot: str) -> AppTest:
    job = work.runner().get(app.session_state[slot])
    assert job is not None
    assert job.wait(SOON)
    assert job.error == ""
    return checked(app.run())


@pytest.mark.skipif(not lammps.available(), reason="no LAMMPS")
def test_a_small_search_of_a_boundary_that_nobody_searched():
    app = open_page(source="find", boundary="s5-310-001", metal="Mo (bcc)", search_count="2")
    app.session_state["search_steps"] = (300, 300)
    checked(app.button(key="search_button").click().run())
    app = finished(app, "boundary_search_job")
    table = app.dataframe[0].value
    assert sorted(table["proposal"]) == [0, 1]
    assert (table["E_gb"] < 3.0).all()
    assert any("gcd search s5-310-001 --metal Mo" in code.value for code in app.code)


def test_a_search_that_is_too_large_for_a_page_is_refused():
    with pytest.raises(ValueError, match="from 1 to 40, not 41"):
        check_search(SearchRequest(count=MAX_PAGE_SEARCH + 1))


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.get("file_uploader")[-1].upload(name, content, "application/octet-stream")
    return checked(app.run())


@pytest.mark.skipif(
    not any(c.kind == "boundaries" for c in available().values()),
    reason="no model of many boundaries is here",
)
def test_a_slab_of_ones_own_is_repainted():
    app = open_page(source="upload", own_verb="Repaint", repaints="2")
    atoms = twist_bicrystal("sigma5", "W", planes=(12, 12), remove=8, gap=0.4)
    app = upload(app, "mine.extxyz", structure_bytes(atoms, "extxyz"))
    app = finished(checked(app.button(key="repaint").click().run()), "boundary_upload_job")
    table = app.dataframe[0].value
    assert list(table["what"]) == ["the slab itself", "painted", "painted"]
    own = float(table["E_gb"][0])
    assert float(numbers(app)["E_gb (J/m²)"]) <= own + 1e-3
    assert any("gcd repaint mine.extxyz" in code.value and "--count 2" in code.value for code in app.code)
    assert any("Σ5 (100) twist" in caption.value for caption in app.caption)


def test_a_slab_that_cannot_be_repainted_is_a_sentence():
    app = open_page(source="upload", own_verb="Repaint")
    atoms = twist_bicrystal((1, 0), "W", planes=(12, 12), repeats=(3, 3))
    app = upload(app, "mine.extxyz", structure_bytes(atoms, "extxyz"))
    app = app.button(key="repaint").click().run()
    assert any("no boundary to paint" in error.value for error in app.error)


def test_a_slab_of_ones_own_is_relaxed_and_a_bad_file_is_a_sentence():
    app = open_page(source="upload")
    atoms = twist_bicrystal("sigma5", "W", remove=8, gap=0.4)
    app = upload(app, "mine.extxyz", structure_bytes(atoms, "extxyz"))
    assert numbers(app)["Atoms"] == "352"
    app = finished(checked(app.button(key="relax").click().run()), "boundary_upload_job")
    assert float(numbers(app)["E_gb (J/m²)"]) < 4.0
    assert any("gcd relax mine.extxyz --metal W" in code.value for code in app.code)
    app = upload(open_page(source="upload"), "bad.cif", b"not a structure")
    assert len(app.error) == 1
