"""Denoising without a browser: shipped films, films of one's own, what a link restores and what is refused."""

from __future__ import annotations

import pytest

from pages.parts import work
from pages.parts.recording_run import check_recording
from tests.pages.driver import SOON, numbers, open_app

pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.mark.parametrize(("phase", "atoms"), [("SC", "64"), ("BCC", "128"), ("FCC", "256")])
def test_every_phase_has_a_film(phase, atoms):
    app = open_app("denoising", recording=phase)
    assert numbers(app)["Atoms at the end"] == atoms
    assert f'"{phase.lower()}"' in app.code[0].value


OWN = {
    "recording": "My own",
    "own_phase": "SC",
    "own_cells": "1",
    "own_nfe": "4",
    "own_order": "2",
    "own_seed": "5",
}


def test_a_film_of_ones_own_is_recorded(models):
    app = open_app("denoising", **OWN)
    app.button(key="record").click().run()
    job = work.runner().get(app.session_state["denoising_job"])
    assert job is not None
    assert job.wait(SOON)
    assert job.state == "done", job.error
    app.run()
    assert not app.exception
    assert len(job.result.t) == 3
    assert "seed=5" in app.code[0].value
    assert "Atoms at the end" in numbers(app)


def test_without_models_films_play_but_none_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CHECKPOINTS", str(tmp_path))
    assert "Atoms at the end" in numbers(open_app("denoising"))
    assert "are missing" in open_app("denoising", recording="My own").warning[0].value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recording", "HCP"),
        ("step", "-1"),
        ("step", "1e9"),
        ("step", "٣"),
        ("step", "9999"),
        ("own_cells", "99"),
    ],
)
def test_hostile_links_fall_back_to_the_defaults(name, value):
    app = open_app("denoising", **{name: value})
    assert app.session_state["recording"] == "BCC"
    assert numbers(app)["Atoms at the end"] == "128"


def test_too_long_a_film_is_refused(models):
    app = open_app("denoising", **(OWN | {"own_nfe": "900", "own_order": "1"}))
    app.button(key="record").click().run()
    assert "up to 60 steps" in app.error[0].value


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"phase": "hcp"}, "phases"),
        ({"cells": 7}, "cells"),
        ({"seed": -1}, "Seed"),
        ({"spacing": "x"}, "spacing"),
    ],
)
def test_widgets_are_no_guard(models, settings, words):
    good = {"phase": "sc", "cells": 1, "seed": 0, "evaluations": 3, "order": 1, "spacing": "t"}
    with pytest.raises(ValueError, match=words):
        check_recording(**(good | settings))
