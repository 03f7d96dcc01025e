"""The Grain boundaries page without a browser: what it builds, relaxes, refuses, and what a link restores."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gcd.energetics import lammps
from gcd.jobs import Job, Report
from gcd.limits import MAX_PAGE_BOUNDARIES
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import TWISTS, twist_bicrystal
from pages.parts import boundary_run, work
from pages.parts.boundary_files import everything_bytes, table_bytes
from pages.parts.boundary_run import (
    BUILT,
    CHOSEN,
    BoundarySettings,
    build_boundary,
    python_of,
    run_relaxation,
)
from tests.pages.driver import APP, SOON, checked, numbers

PAGE = "pages/boundaries.py"
SLOT = "boundaries_job"
# The page may be run before app.py knows it: on its own it is a whole app as well.
FRAME = f"""
import streamlit as st
from pages.parts import frame
frame._opened = True
st.navigation([st.Page({str(APP.parent / PAGE)!r}, default=True)]).run()
"""


@pytest.fixture(autouse=True)
def own_dataset(tmp_path, monkeypatch, fresh_server):
    """A small dataset, on a server without jobs or caches of earlier tests."""
    monkeypatch.setenv("GCD_DATA", str(tmp_path))
    boundary_run.dataset_of.cache_clear()
    yield
    boundary_run.dataset_of.cache_clear()


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
        query["source"] = BUILT
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
def test_every_twist_is_shown(twist):
    app = open_page(twist=TWISTS[twist].title)
    assert app.selectbox(key="twist").value == twist
    assert numbers(app)["Atoms a plane"] == str(TWISTS[twist].sites)


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


def test_a_smaller_twist_has_room_for_fewer_atoms():
    app = open_page(twist=TWISTS["sigma41"].title, change="-30")
    checked(app.selectbox(key="twist").set_value("sigma5").run())
    assert app.number_input(key="change").value == -10


def test_relaxation_shows_what_it_gained():
    app = relax(open_page(change="-8", random="true"))
    shown = numbers(app)
    assert float(shown["E_gb (J/m²)"]) < 4.0
    assert shown["[n]"] == "1/5"
    texts = " ".join(text.value for text in app.markdown)
    assert "**Before**" in texts
    assert "**After**" in texts
    assert any("gcd.relax_boundaries" in code.value for code in app.code)


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
        ({"metal": "Mg"}, "metals are"),
        ({"variants": MAX_PAGE_BOUNDARIES + 1}, "variants"),
        ({"twist": "sigma41", "metal": "Cu", "variants": MAX_PAGE_BOUNDARIES}, "too many"),
        ({"push": 2.0}, "1 Å"),
        ({"push": float("nan")}, "1 Å"),
        ({"seed": -1}, "Seed"),
        ({"source": CHOSEN}, "no dataset"),
        ({"twist": "sigma6"}, "sigma6"),
    ],
)
def test_widgets_are_no_guard(settings, words):
    with pytest.raises(ValueError, match=words):
        BoundarySettings(**({"source": BUILT} | settings)).checked()


def test_files_and_python_make_the_same_boundary_again(dataset):
    settings = BoundarySettings(BUILT, change=-8, random_shift=True, push=0.1, seed=3, variants=2)
    run = run_relaxation(Report(Job(1, "", "")), settings=vars(settings), workers=1)
    names: dict = {}
    exec(python_of(settings, 1), names)
    assert names["atoms"].positions == pytest.approx(run.before[1].positions, abs=1e-7)
    assert names["relaxed"].info["egb"] == pytest.approx(run.after[1].info["egb"], abs=1e-4)
    assert table_bytes(run).count(b"\n") == 3
    assert everything_bytes(run)[:2] == b"PK"
    chosen = BoundarySettings(CHOSEN, structure=2, push=0.1, seed=3)
    exec(python_of(chosen, 0), names)
    assert names["atoms"].positions == pytest.approx(build_boundary(chosen, 0).positions)
