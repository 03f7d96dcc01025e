"""The page that compares both models, without a browser: untrained models walk every path to the end."""

from __future__ import annotations

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from gcd.requests import ParticleRequest
from gcd.structures.crystals import ideal_crystal
from pages.parts.particle_or_voxel.results import everything_bytes
from pages.parts.particle_or_voxel.run import PARTICLE, VOXEL, check_for_page, measure
from pages.parts.particle_or_voxel.run import commands as commands_of
from pages.shared import work
from tests.pages.driver import SOON, bond_order, open_app

GOOD = {"phase": "sc", "initial_sigma": 0.2, "sampler": "ode", "steps": 8, "seed": 0}


pytestmark = pytest.mark.usefixtures("fresh_server")


def run_both(app: AppTest):
    app.button(key="run").click().run()
    job = work.runner().get(app.session_state["duet_job"])
    assert job.wait(SOON)
    app.run()
    assert not app.exception, app.exception
    return job


def commands(app: AppTest) -> str:
    """The commands of the page, each on one line."""
    return app.code[0].value.replace(" \\\n ", "")


def test_both_models_are_shown_and_compared(particle_models):
    app = open_app("particle_or_voxel", sigma="0.25", steps="8", sampler="SDE")
    job = run_both(app)
    assert job.state == "done", job.error
    result = job.result
    assert (result.settings.initial_sigma, result.settings.sampler, result.settings.steps) == (0.25, "sde", 8)
    voxel, particle = result.film["panels"]
    assert (voxel["title"], particle["title"]) == (VOXEL, PARTICLE)
    assert {len(frame["shades"]) for frame in particle["frames"]} == {64}
    assert len(particle["frames"]) == 1 + 8  # the start, and every step
    labels = [frame["label"] for frame in particle["frames"]]
    assert (labels[0], labels[-1]) == ("start", "t = 0.00")
    text = " ".join(element.value for element in app.markdown)
    assert "ideal crystal + σ = 0.25 a" in text
    assert "--initial-sigma 0.25 --sampler sde --steps 8" in commands(app)


def test_the_rings_are_where_the_page_finds_ideal_crystals(particle_models):
    app = open_app("particle_or_voxel", steps="2")
    made = run_both(app).result.parts[VOXEL].atoms
    ideal = ideal_crystal("sc", 4)
    ideal.info = made.info
    part = measure(ideal, "sc")
    _, rings = bond_order(app)
    assert set(rings) == {"SC"}
    assert tuple(rings["SC"]) == pytest.approx((part.q4.mean(), part.q6.mean()), abs=1e-6)


def test_the_control_of_sigma_changes_the_result(particle_models):
    little, much = (
        run_both(open_app("particle_or_voxel", sigma=sigma, steps="2")).result.parts[PARTICLE].atoms.positions
        for sigma in ("0.1", "0.4")
    )
    assert abs(little - much).max() > 0.1


def test_a_link_restores_the_controls(particle_models):
    app = open_app("particle_or_voxel", sigma="0.45", steps="33", seed="7", sampler="Restart", start="Random")
    assert app.slider(key="sigma").value == 0.45
    assert (app.number_input(key="steps").value, app.number_input(key="seed").value) == (33, 7)
    assert app.session_state["sampler"] == "Restart"
    assert app.session_state["start"] == "Random"


def test_restarts_are_in_the_link_the_files_and_the_command(particle_models):
    app = open_app("particle_or_voxel", sampler="Restart", steps="2", restarts="2", restart_time="0.55")
    run = run_both(app).result
    assert (run.settings.restarts, run.settings.restart_time) == (2, 0.55)
    assert run.settings.stem.endswith("restart-2x0.55-2")
    assert "--sampler restart --steps 2 --restarts 2 --restart-time 0.55" in commands(app)
    assert run.parts[PARTICLE].atoms.info["evaluations"] == 2 + 2 * 25
    usual = ParticleRequest(**(GOOD | {"sampler": "restart"}))
    assert "--sampler restart --steps 8 --element" in commands_of(usual, "cpu")[1]


def test_files_hold_both_structures_and_the_commands(particle_models):
    run = run_both(open_app("particle_or_voxel", steps="2")).result
    with zipfile.ZipFile(io.BytesIO(everything_bytes(run))) as archive:
        names = archive.namelist()
        assert "gcd sample particle" in archive.read("commands.txt").decode()
    assert f"{run.settings.stem}-particle.extxyz" in names
    assert f"{run.settings.stem}-voxel.extxyz" in names
    assert f"{run.settings.stem}-particle.cif" in names


def test_cancel_keeps_nothing(particle_models):
    app = open_app("particle_or_voxel", steps="1000")
    app.button(key="run").click().run()
    job = work.runner().get(app.session_state["duet_job"])
    work.runner().cancel(job.id)
    assert job.wait(SOON)
    app.run()
    assert job.state == "cancelled"
    assert any("Cancelled" in element.value for element in app.info)


def test_without_a_particle_model_the_page_says_what_is_missing(models):
    app = open_app("particle_or_voxel")
    assert any("particle-sc" in element.value for element in app.warning)
    app.button(key="run").click().run()
    assert any("not both models of SC" in element.value for element in app.error)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"initial_sigma": -1.0}, "from 0 to 2"),
        ({"steps": 0}, "from 1 to 1,000"),
        ({"sampler": "euler"}, "ode, sde, restart"),
        ({"restarts": 0}, "from 1 to 200, not 0"),
        ({"restart_time": 2.0}, "at most 1, not 2.0"),
        ({"phase": "fcc"}, "not both models of FCC"),
        ({"phase": "hcp"}, "sc, bcc, fcc"),
        ({"seed": -1}, "Seed"),
    ],
)
def test_settings_are_checked_behind_the_widgets(changes, words):
    with pytest.raises(ValueError, match=words):
        check_for_page(ParticleRequest(**(GOOD | changes)), ["sc"])
