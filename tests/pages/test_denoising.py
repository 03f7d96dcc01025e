"""Denoising without a browser: shipped films, films of one's own, what a link restores and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcd.checkpoints import available
from pages.parts.denoising.run import check_recording
from pages.shared import work
from pages.viewers.film import view_asked
from tests.pages.driver import SOON, numbers, open_app

pytestmark = pytest.mark.usefixtures("fresh_server")
FILMS = {
    path.stem
    for path in (Path(__file__).parents[2] / "pages" / "parts" / "denoising" / "recordings").glob("*.npz")
}


@pytest.mark.parametrize(("phase", "atoms"), [("SC", "64"), ("BCC", "128"), ("FCC", "256")])
def test_every_phase_has_a_film(phase, atoms):
    app = open_app("denoising", recording=phase)
    assert numbers(app)["Atoms at the end"] == atoms
    assert f'"{phase.lower()}"' in app.code[0].value


@pytest.mark.parametrize(("phase", "atoms"), [("SC", "64"), ("BCC", "128"), ("FCC", "256")])
def test_the_particle_model_keeps_its_atoms(phase, atoms):
    if f"particle-{phase.lower()}" not in FILMS:
        pytest.skip("no such film here")
    app = open_app("denoising", film_of="Particles", particles=phase)
    assert numbers(app)["Atoms, always"] == atoms
    assert "record_particles" in app.code[0].value


@pytest.mark.parametrize("model", ["window", "full"])
def test_boundaries_have_a_film(model):
    if f"boundary-{model}" not in FILMS:
        pytest.skip("no such film here")
    app = open_app("denoising", film_of="Boundary", boundary=model)
    assert int(numbers(app)["Painted atoms"]) > 100
    assert f'model="{model}"' in app.code[0].value


OWN = {
    "recording": "My own",
    "crystal_own_phase": "SC",
    "own_cells": "1",
    "own_nfe": "4",
    "own_order": "2",
    "own_seed": "5",
}
OWN_PARTICLES = {
    "film_of": "Particles",
    "particles": "My own",
    "particle_own_phase": "SC",
    "own_cells": "3",
    "own_random": "false",
    "own_sigma": "0.1",
    "own_sampler": "ode",
    "own_steps": "4",
    "own_seed": "5",
}
OWN_BOUNDARY = {
    "film_of": "Boundary",
    "boundary": "My own",
    "own_model": "window",
    "own_candidate": "3",
    "own_nfe": "4",
    "own_order": "2",
    "own_seed": "5",
}


def recorded(query):
    """The film that a link's settings give, and the page that shows it."""
    app = open_app("denoising", **query)
    app.button(key="record").click().run()
    job = work.runner().get(app.session_state["denoising_job"])
    assert job is not None
    assert job.wait(SOON)
    assert job.state == "done", job.error
    app.run()
    assert not app.exception
    assert "seed=5" in app.code[0].value
    return job.result, app


def test_a_film_of_ones_own_is_recorded(models):
    film, app = recorded(OWN)
    assert len(film.t) == 3
    assert "Atoms at the end" in numbers(app)


def test_a_film_of_ones_own_particles_is_recorded():
    if "particle-sc" not in available():
        pytest.skip("no checkpoint particle-sc")
    film, app = recorded(OWN_PARTICLES)
    assert film.about["initial_sigma"] == 0.1
    assert len(film.t) == 5
    assert numbers(app)["Atoms, always"] == "27"


def test_a_film_of_ones_own_boundary_is_recorded():
    if "boundary-w-sigma5-window" not in available():
        pytest.skip("no checkpoint boundary-w-sigma5-window")
    film, app = recorded(OWN_BOUNDARY)
    assert film.about["index"] == 3
    assert len(film.t) == 3
    assert "[n]" in numbers(app)


def test_without_models_films_play_but_none_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CHECKPOINTS", str(tmp_path))
    assert "Atoms at the end" in numbers(open_app("denoising"))
    app = open_app("denoising", recording="My own")
    assert "are missing" in app.warning[0].value
    assert app.button(key="record").disabled


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("film_of", "gas"),
        ("recording", "HCP"),
        ("step", "-1"),
        ("step", "1e9"),
        ("step", "٣"),
        ("step", "9999"),
        ("level", "<script>"),
        ("layer_1", "99"),
        ("turned", "nan"),
        ("own_cells", "99"),
    ],
)
def test_hostile_links_fall_back_to_the_defaults(name, value):
    app = open_app("denoising", **{name: value})
    assert app.session_state["recording"] == "BCC"
    assert numbers(app)["Atoms at the end"] == "128"


def test_a_link_says_how_a_film_is_looked_at():
    asked = {
        "step": "3",
        "level": "12",
        "atoms": "false",
        "slices": "state",
        "layer_1": "2",
        "turned": "-1.25",
    }
    assert view_asked(asked, (31, 20, 20, 20)) == {
        "step": 3, "level": 12, "atoms": False, "slices": "state", "layer_1": 2, "turned": -1.25,
    }  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        {"step": "31"},
        {"level": "1"},
        {"level": "٣"},
        {"layer_3": "20"},
        {"tilted": "2"},
        {"turned": "inf"},
        {"atoms": "1"},
        {"slices": "x"},
    ],
)
def test_what_a_film_has_not_is_not_looked_at(asked):
    assert view_asked(asked, (31, 20, 20, 20)) == {}


def test_too_long_a_film_is_refused(models):
    app = open_app("denoising", **(OWN | {"own_nfe": "900", "own_order": "1"}))
    app.button(key="record").click().run()
    assert "up to 60 steps" in app.error[0].value


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"phase": "hcp"}, "phases"),
        ({"size": 7}, "cells"),
        ({"seed": -1}, "Seed"),
        ({"spacing": "x"}, "spacing"),
    ],
)
def test_widgets_are_no_guard(models, settings, words):
    good = {"phase": "sc", "size": 1, "seed": 0, "evaluations": 3, "order": 1, "spacing": "t"}
    with pytest.raises(ValueError, match=words):
        check_recording("voxels", good | settings)


@pytest.mark.parametrize(
    ("settings", "words"), [({"model": "best"}, "no model"), ({"index": 10**6}, "candidate")]
)
def test_widgets_are_no_guard_of_boundaries(settings, words):
    if "boundary-w-sigma5-window" not in available():
        pytest.skip("no checkpoint boundary-w-sigma5-window")
    good = {
        "twist": "sigma5", "metal": "W", "model": "window", "index": 0, "seed": 0, "evaluations": 3, "order": 1,
        "time_spacing": "t",
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        check_recording("boundary", good | settings)
