"""How it works without a browser: what each part computes, what it refuses, and what a link restores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gcd.checkpoints import available, load_decoder
from gcd.views.decoding import STAGES
from gcd.voxels.decoder import decode_in_stages
from pages.parts.how_it_works.decoder import against_truth, noisy_crystal
from pages.parts.how_it_works.encoder import (
    DEFAULT_POINTS,
    MOST_PARTICLES,
    board_grid,
    encode_board,
    parse_points,
    points_text,
)
from pages.parts.how_it_works.solver_run import EVALUATIONS, run_solver_errors
from pages.shared import work
from tests.pages.driver import SOON, numbers, open_app

PARTS = (
    "Atoms to voxels",
    "In 3D",
    "Noise",
    "The way back",
    "Voxels to atoms",
    "How small is L",
    "Why the ends are enough",
)
needs_decoder = pytest.mark.skipif("decoder" not in available(), reason="no checkpoint of the decoder")


pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_opens(part, models):
    app = open_app("how_it_works", part=part)
    assert not app.error
    assert app.code or part == "Why the ends are enough"  # which needs a model of many boundaries
    assert app.metric or part in ("The way back", "Why the ends are enough")


def test_two_grains_and_what_is_painted_between_them(models, many_model):
    from pages.parts.how_it_works.ends import BOUNDARIES, cut, painted

    app = open_app("how_it_works", part="Why the ends are enough")
    assert not app.error
    assert app.code
    recording = painted(*BOUNDARIES[4], 0, "untrained")
    low, high = recording.about["layers"]
    first, last = (cut(recording, step, (low, high)) for step in (0, 8))
    outside = np.r_[:9, 9 + high - low : first.shape[1]]
    assert np.allclose(first[:, outside], last[:, outside])  # the ends are given, at every step
    assert not np.allclose(first, last)


def test_the_board_is_the_encoder_of_the_package():
    """One layer of voxels is Eq. 1 in two dimensions."""
    grid = board_grid(8, periodic=True)
    C, problem = encode_board([(1.25, 2.5)], grid)
    assert problem == ""
    assert C[1, 2] == pytest.approx(0.75 * 0.5)
    assert C[2, 3] == pytest.approx(0.25 * 0.5)
    assert C.sum() == pytest.approx(1.0)


def test_the_sum_is_the_number_of_particles():
    assert numbers(open_app("how_it_works"))["Sum"] == "4.0000"
    assert numbers(open_app("how_it_works", particles="0 0; 7.99 7.99; 3 3"))["Sum"] == "3.0000"


def test_a_particle_off_an_open_board_is_said_and_not_encoded():
    app = open_app("how_it_works", particles="1 1; 7.8 3", periodic="false")
    assert "Particle 1 lies at 7.8000 Å on the open x axis" in app.warning[0].value
    assert numbers(app)["Sum"] == "1.0000"


def test_whole_shifts_move_the_numbers_and_fractional_ones_change_them():
    def words(**query: str) -> str:
        return " ".join(text.value for text in open_app("how_it_works", **query).markdown)

    assert "the same numbers, moved along" in words(shift_x="1.0", shift_y="2.0")
    assert "a fraction: the numbers differ" in words(shift_x="0.5")


@pytest.mark.parametrize(
    "text", ["1", "1 2 3", "a b", "1 nan", "1e9 0", "1 2; <script>", "1 2;" * (MOST_PARTICLES + 1)]
)
def test_what_is_no_particle_is_said_and_the_default_shown(text):
    app = open_app("how_it_works", particles=text)
    assert "The board shows the default" in app.error[0].value
    assert numbers(app)["Sum"] == "4.0000"


def test_text_and_particles_go_both_ways():
    points = parse_points(DEFAULT_POINTS)
    assert parse_points(points_text(points)) == points
    assert parse_points("") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("part", "Elsewhere"),
        ("board_cells", "1000"),
        ("board_cells", "nan"),
        ("shift_x", "inf"),
        ("stage", "Explode"),
        ("noise", "-1"),
        ("pair_L", "0"),
        ("pair_d", "1e300"),
        ("solver_nfe", "7"),
        ("problem", "P=NP"),
        ("time", "0"),
        ("decode_seed", "99999999"),
        ("crystal3d", "hcp"),
    ],
)
def test_hostile_links_fall_back_to_the_defaults(name, value, models):
    parts = {
        "stage": 4,
        "noise": 4,
        "decode_seed": 4,
        "pair_L": 5,
        "pair_d": 5,
        "solver_nfe": 3,
        "problem": 3,
    }
    part = PARTS[{"time": 2, "crystal3d": 1}.get(name, parts.get(name, 0))]
    app = open_app("how_it_works", **({"part": part} | {name: value}))
    assert not app.error
    defaults = {
        "board_cells": 8, "shift_x": 0.0, "stage": "Input", "noise": 0.1, "pair_L": 0.834, "pair_d": 2.74,
        "solver_nfe": 12, "problem": "Two clusters", "time": 0.4, "decode_seed": 0, "crystal3d": "BCC",
    }  # fmt: skip
    if name in defaults:
        assert app.session_state[name] == defaults[name]


def test_a_link_restores_the_controls(models):
    app = open_app(
        "how_it_works",
        part="Voxels to atoms",
        stage="Displace",
        noise="0.05",
        decode_phase="FCC",
        decode_seed="3",
    )
    state = app.session_state
    assert (state["stage"], state["noise"], state["decode_phase"], state["decode_seed"]) == (
        "Displace",
        0.05,
        "FCC",
        3,
    )


def test_without_the_decoder_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CHECKPOINTS", str(tmp_path))
    for part in ("Voxels to atoms", "How small is L"):
        assert "decoder is missing" in open_app("how_it_works", part=part).warning[0].value
    assert "are missing" in open_app("how_it_works", part="Noise").warning[0].value


@needs_decoder
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_drawn(stage):
    app = open_app("how_it_works", part="Voxels to atoms", stage=stage, noise="0.05")
    assert app.get("plotly_chart")
    if stage == "Fit":
        assert numbers(app)["Atoms"] == "54"


@needs_decoder
def test_without_noise_the_stages_end_at_the_truth():
    truth, C, grid = noisy_crystal("fcc", 0.0, 2)
    (stages,) = decode_in_stages(load_decoder(torch.device("cpu")), torch.tensor(C)[None], grid)
    match = against_truth(truth, stages.atoms, grid)
    assert match.complete
    assert match.largest_error < 0.01


@needs_decoder
@pytest.mark.parametrize(("distance", "found"), [("2.74", "2"), ("0.83", "1")])
def test_two_atoms_become_one_when_they_share_voxels(distance, found):
    assert numbers(open_app("how_it_works", part="How small is L", pair_d=distance))["Decoded"] == found


def test_the_solver_s_curves_of_a_model_are_computed_by_a_job(models):
    app = open_app("how_it_works", part="The way back", problem="A crystal model", solver_phase="SC")
    app.button(key="solve").click().run()
    job = work.runner().get(app.session_state["solver_job"])
    assert job is not None
    assert job.wait(SOON)
    app.run()
    assert not app.exception
    assert job.state == "done", job.error
    assert [count for count, _ in job.result[2]] == [n for n in EVALUATIONS if n % 2 == 0]
    assert np.isfinite([error for points in job.result.values() for _, error in points]).all()
    assert app.get("plotly_chart")


def test_the_job_refuses_what_is_no_phase():
    with pytest.raises(ValueError, match="phases are"):
        run_solver_errors(lambda *_: None, phase="hcp", seed=0)
