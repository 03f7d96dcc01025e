"""The evaluation of the baseline: what is counted, that a killed run goes on, and what is written where."""

import json

import numpy as np
import pytest

from gcd.checkpoints import read_config
from gcd.cli import main
from gcd.evaluation import noise
from gcd.evaluation.models import PARTICLE_SAMPLERS
from gcd.evaluation.noise import NoiseSetting, first_shell, noise_samples, summarise
from gcd.evaluation.samples import distribution
from gcd.particles.samplers import Restart
from gcd.structures.crystals import PHASES, ideal_crystal

SETTING = NoiseSetting("sc", 0.1, size=(2, 2, 2))


@pytest.fixture
def recovering(particle_models, monkeypatch):
    """A generator that undoes sigma below 0.3 exactly and leaves the rest as it was. Counts its calls."""
    calls = []

    def generate(request, listener):
        phase, size, first, count = request.phase, request.size, request.first, request.count
        initial_sigma = request.initial_sigma
        calls.append((initial_sigma, first, count))
        rng = np.random.default_rng(request.seed)
        made = []
        for index in range(first, first + count):
            ideal = ideal_crystal(phase, size)
            ideal.info |= {"index": index, "seconds": 0.5, "device": "cpu"}
            start = ideal.copy()
            sigma = 1.0 if initial_sigma is None else initial_sigma
            start.positions += rng.normal(0, sigma * ideal.info["lattice_constant"], start.positions.shape)
            made.append(ideal if sigma < 0.3 else start)
            listener.made(start)
        return made

    monkeypatch.setattr("gcd.generate.particles.make_particles", generate)
    return calls


@pytest.mark.parametrize("phase", PHASES)
def test_the_first_shell_of_an_ideal_crystal_is_whole(phase):
    crystal = ideal_crystal(phase, 3)
    assert first_shell(distribution(crystal), phase) == pytest.approx(1, abs=1e-3)
    crystal.rattle(0.3 * crystal.info["lattice_constant"], seed=1)
    assert first_shell(distribution(crystal), phase) < 0.5


def test_rows_count_what_they_say(recovering, tmp_path):
    row = summarise(SETTING, noise_samples(SETTING, 7, tmp_path))
    assert (row.samples, row.perfect, row.sharp) == (7, 7, 7)
    assert (row.median_rms, row.q4_error) == pytest.approx((0, 0), abs=1e-6)
    lost = NoiseSetting("sc", None, size=(2, 2, 2))
    row = summarise(lost, noise_samples(lost, 6, tmp_path))
    assert (row.start, row.perfect, row.sharp) == ("random", 0, 0)
    assert row.minimum_distance < ideal_crystal("sc", 2).info["lattice_constant"]


def test_samples_are_made_once(recovering, tmp_path):
    first = noise_samples(SETTING, 6, tmp_path)
    assert noise_samples(SETTING, 6, tmp_path) == first
    assert len(noise_samples(SETTING, 8, tmp_path)) == 8
    assert recovering == [(0.1, 0, 5), (0.1, 5, 1), (0.1, 6, 2)]
    assert len(first[0]["g"]) == len(first[0]["g_initial"]) == noise.BINS


def test_the_verb_writes_table_plot_and_card(recovering, tmp_path, capsys):
    arguments = ["evaluate", "noise", "--size", "2", "--count", "2", "--out", str(tmp_path), "--json"]
    assert main([*arguments, "--sigmas", "0.1", "0.4", "--sampler", "ode", "sde", "--record"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(row["start"], row["sampler"], row["perfect"]) for row in result["rows"]] == [
        ("0.1", "ode", 2), ("0.4", "ode", 0), ("0.1", "sde", 2), ("0.4", "sde", 0),
    ]  # fmt: skip
    assert main([*arguments, "--random"]) == 0
    assert (tmp_path / "noise.md").read_text().count("\n") == 2 + 5  # rows of the first run are kept
    assert (tmp_path / "noise-rdf-sc.png").stat().st_size > 10_000
    quality = read_config("particle-sc")["quality"]
    assert [(row["start"], row["sampler"], row["perfect"]) for row in quality] == [
        ("0.1", "ode", 2), ("0.1", "sde", 2), ("0.4", "ode", 0), ("0.4", "sde", 0),
    ]  # fmt: skip


def test_restarts_have_rows_and_files_of_their_own(particle_models):
    usual = NoiseSetting("sc", None, "restart")
    assert (usual.label, "random-restart128-seed" in usual.stem) == ("restart", True)
    own = NoiseSetting("sc", None, "restart", restart=Restart(64, 0.5))
    assert (own.label, "random-restart-64x0.5-128-seed" in own.stem) == ("restart-64x0.5", True)


def test_a_phase_without_a_model_is_named_before_anything_is_made(recovering, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["evaluate", "noise", "--phase", "sc", "bcc", "--out", str(out)]) == 2
    assert "no checkpoint 'particle-bcc'" in capsys.readouterr().err
    assert not out.exists()
    assert not recovering
    assert main(["evaluate", "crystals", "--particles", "2", "--out", str(out)]) == 2
    assert "no checkpoint 'particle-bcc'" in capsys.readouterr().err
    assert not out.exists()


def test_both_models_in_one_table(recovering, tmp_path, capsys):
    arguments = ["evaluate", "crystals", "--phase", "sc", "--sizes", "2", "--count", "1", "--nfe", "3"]
    assert main([*arguments, "--particles", "1", "--out", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(row["model"], row["sampler"]) for row in result["models"]] == [
        ("voxel", "DPM-Solver-3"),
        *(("particle", sampler) for sampler, _ in PARTICLE_SAMPLERS),
    ]
    assert {file.rsplit("/", 1)[-1] for file in result["files"]} >= {"models.csv", "models.md", "models.png"}
    assert main([*arguments, "--particles", "1", "--nfe", "3", "6", "--out", str(tmp_path)]) == 2
    assert "one setting a phase" in capsys.readouterr().err
