"""The baseline's verb, from Python and from the command line: what it refuses, its samples, its progress."""

import json

import numpy as np
import pytest

import gcd
from gcd import cli, limits
from gcd.generate import particle_model
from gcd.particles.samplers import Cancelled
from gcd.structures.crystals import ideal_crystal
from gcd.structures.formats import read_structures


def particles(**changes):
    return gcd.generate_particles("sc", **({"size": (2, 2, 2), "steps": 3} | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"initial_sigma": -0.1}, "from 0 to 2 lattice constants, not -0.1"),
        ({"initial_sigma": 1e6}, "from 0 to 2 lattice constants, not 1000000.0"),
        ({"initial_sigma": float("nan")}, "from 0 to 2 lattice constants, not nan"),
        ({"initial_sigma": "much"}, "from 0 to 2 lattice constants, not 'much'"),
        ({"steps": 0}, "from 1 to 1,000, not 0"),
        ({"steps": 1001}, "from 1 to 1,000, not 1001"),
        ({"sampler": "euler"}, "ode, sde, restart"),
        ({"restarts": 0}, "number of restarts must be a whole number from 1 to 200, not 0"),
        ({"restart_time": 0.0}, "above 0 and at most 1, not 0.0"),
        ({"restart_time": float("nan")}, "above 0 and at most 1, not nan"),
        ({"restart_time": "a"}, "above 0 and at most 1, not 'a'"),
        ({"first": 1.5}, "first sample must be a whole number from 0"),
        ({"size": 16, "count": 1000}, "too many for one job"),
        ({"size": 0}, "whole number from 1"),
        ({"seed": -1}, "Seed"),
        ({"count": 0}, "Count"),
        ({"element": "Xx"}, "Unknown element"),
        ({"lattice_constant": float("inf")}, "lattice constant"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"checkpoint": "crystal-sc"}, "is a crystal, not a particle model"),
        ({"checkpoint": "nowhere"}, "no checkpoint"),
    ],
)
def test_bad_arguments_get_one_sentence(particle_models, changes, words):
    with pytest.raises(ValueError, match=words) as error:
        particles(**changes)
    assert "\n" not in str(error.value)


def test_a_phase_without_a_particle_checkpoint(particle_models):
    with pytest.raises(ValueError, match="no checkpoint 'particle-bcc'"):
        gcd.generate_particles("bcc")
    assert particle_model("bcc") is None
    assert particle_model("sc") == "particle-sc"


def test_a_supercell_too_large(particle_models, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PARTICLES", 7)
    with pytest.raises(ValueError, match="8 atoms is too large"):
        particles()


def test_restarts_of_ones_own_say_so(particle_models):
    (usual,) = particles(sampler="restart")
    assert (usual.info["sampler"], usual.info["evaluations"]) == ("restart", 3 + 4 * 25)
    (own,) = particles(sampler="restart", restarts=2, restart_time=0.6)
    assert (own.info["sampler"], own.info["evaluations"]) == ("restart-2x0.6", 3 + 2 * 25)
    assert abs(own.positions - usual.positions).max() > 0.01
    (ode,) = particles(restarts=2)
    assert ode.info["sampler"] == "ode"


def test_structures_say_how_they_were_made(particle_models):
    made, initial = particles(count=2, initial_sigma=0.1, seed=5, first=3, element="W", return_initial=True)
    assert [atoms.info["index"] for atoms in made] == [3, 4]
    info = made[0].info
    assert (info["initial_sigma"], info["sampler"], info["steps"], info["evaluations"]) == (0.1, "ode", 3, 3)
    assert (info["model"], info["expected_atoms"], info["size"], info["seed"]) == (
        "particle-sc",
        8,
        [2, 2, 2],
        5,
    )
    for atoms in made + initial:
        assert len(atoms) == 8
        assert set(atoms.symbols) == {"W"}
        assert (atoms.get_scaled_positions(wrap=False) >= 0).all()
        assert (atoms.get_scaled_positions(wrap=False) < 1).all()
    assert particles(initial_sigma=None)[0].info["initial_sigma"] == "random"


def test_it_starts_from_the_ideal_crystal_under_displacements(particle_models):
    _, initial = particles(count=4, size=(4, 4, 4), steps=1, initial_sigma=0.05, return_initial=True)
    ideal = ideal_crystal("sc", 4)
    a = ideal.info["lattice_constant"]
    away = np.concatenate([atoms.positions - ideal.positions for atoms in initial])
    away -= 4 * a * np.round(away / (4 * a))
    assert away.std() / a == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("sampler", ["ode", "sde", "restart"])
def test_a_sample_has_its_own_chance_whatever_the_batch(particle_models, sampler):
    together = particles(count=3, sampler=sampler, seed=2)
    alone = particles(sampler=sampler, seed=2, first=2)
    np.testing.assert_array_equal(together[2].positions, alone[0].positions)
    assert not np.array_equal(together[1].positions, together[2].positions)


def test_progress_counts_every_evaluation_and_cancels(particle_models):
    seen = []
    made = particles(count=2, sampler="restart", callback=seen.append)
    assert seen[-1].done == seen[-1].total == 2 * (3 + 4 * 25)
    assert [p.done for p in seen] == list(range(1, 207))
    np.testing.assert_allclose(seen[-1].positions, made[1].positions)
    assert seen[0].preview.shape == (8, 3)

    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        particles(callback=cancel)


def test_the_command_writes_and_measures(particle_models, tmp_path, capsys):
    arguments = ["sample", "particle", "--phase", "sc", "--size", "2", "--count", "2", "--steps", "2"]
    out = tmp_path / "out"
    assert cli.main([*arguments, "--initial-sigma", "0.1", "--out", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [s["atoms"] for s in result["structures"]] == [8, 8]
    assert (result["initial_sigma"], result["sampler"], result["evaluations"]) == (0.1, "ode", 2)
    assert {path.name for path in out.iterdir()} == {
        f"particle-sc-2x2x2-seed0-000{i}-sigma0.1-ode2.extxyz" for i in range(2)
    }
    assert len(read_structures(result["structures"][0]["file"])[0]) == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--initial-sigma", "-1"], "from 0 to 2"),
        (["--initial-sigma", "nan"], "from 0 to 2"),
        (["--steps", "0"], "from 1 to 1,000"),
        (["--sampler", "euler"], "invalid choice"),
    ],
)
def test_bad_options_get_one_line_and_status_2(particle_models, tmp_path, capsys, arguments, words):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        cli.main(["sample", "particle", "--phase", "sc", "--out", str(out), *arguments])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_the_command_names_a_missing_model(particle_models, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["sample", "particle", "--phase", "fcc", "--out", str(out)]) == 2
    assert "no checkpoint 'particle-fcc'" in capsys.readouterr().err
    assert not out.exists()


def test_training_from_the_command_line(particle_models, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GCD_CACHE", str(tmp_path / "runs"))
    arguments = ["train", "particle", "--phase", "fcc", "--name", "tiny", "--size", "2", "--steps", "2"]
    small = ["--batch-size", "1", "--features", "8", "--layers", "1", "--k", "0.5"]
    assert cli.main([*arguments, *small, "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["steps"], result["finished"]) == (2, True)
    made = gcd.generate_particles("fcc", checkpoint="tiny", size=2, steps=2)
    assert len(made[0]) == 32
    assert cli.main([*arguments, *small]) == 2
    assert "already" in capsys.readouterr().err
