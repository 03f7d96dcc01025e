"""From a boundary model to slabs: what comes back, what is refused, and that relaxing goes on beside sampling."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gcd
from gcd.checkpoints import CONFIG
from gcd.cli import main
from gcd.diffusion.samplers import Cancelled
from gcd.energetics import lammps
from gcd.generate import boundary_ends, boundary_models, generate_relaxed_boundaries

QUICK = {"model": "test", "evaluations": 2, "order": 1, "device": "cpu"}


def test_what_is_known_of_a_candidate(boundary_model):
    atoms, other = gcd.generate_boundaries("sigma5", count=2, seed=3, **QUICK)
    info = atoms.info
    assert (info["twist"], info["metal"], info["model"], info["checkpoint"]) == (
        "sigma5",
        "W",
        "test",
        "boundary-test",
    )
    assert (info["seed"], info["index"], other.info["index"]) == (3, 0, 1)
    assert info["in_plane_shift"] != other.info["in_plane_shift"]
    assert info["n"] == pytest.approx(len(atoms) % 10 / 10)
    assert info["physical"] == (not info["failure"])
    assert info["restarts"] in range(4)
    assert atoms.pbc.tolist() == [True, True, False]
    painted = atoms.arrays["painted"]
    away = np.abs(atoms.positions[painted, 2] - info["plane"])  # of none, maybe: the networks are not trained
    assert away.max(initial=0.0) < info["painted"] / 2 + 1.0


def test_the_ends_come_back_exactly(boundary_model):
    ends = boundary_ends("sigma5", model="test", seed=3, index=1)
    atoms = gcd.generate_boundaries("sigma5", count=2, seed=3, **QUICK)[1]
    kept = atoms.positions[~atoms.arrays["painted"]]
    order = np.argsort(ends.positions[:, 2], kind="stable")
    assert np.array_equal(kept, ends.positions[order])
    low, high = ends.info["painted_z"]
    assert not ((ends.positions[:, 2] > low + 0.5) & (ends.positions[:, 2] < high - 0.5)).any()


def test_ends_are_drawn_with_the_weights_of_training(boundary_model):
    """Of two structures with one [n], the lower one is met exp(dE / preference) times as often."""
    from gcd.checkpoints import Learnt
    from gcd.generate.boundary_models import _state_seen

    low, high, other = [0.0, 0.0, 0.1], [1.0, 1.0, 0.2], [2.0, 2.0, 0.3]
    n, egb, states = np.array([0.2, 0.2, 0.4]), np.array([2.3, 2.4, 2.5]), np.array([low, high, other])
    rng = np.random.default_rng(0)
    for preference, share in ((None, 0.5), (0.1, 1 / (1 + np.exp(-1.0)))):
        drawn = [
            _state_seen(Learnt(n, egb, states, preference, (None, None)), rng)[0].tolist()
            for _ in range(2000)
        ]
        assert drawn.count(other) == pytest.approx(1000, abs=100)  # four standard deviations
        first, second = drawn.count(low), drawn.count(high)
        assert first / (first + second) == pytest.approx(share, abs=0.065)


def test_a_sample_does_not_depend_on_its_batch(boundary_model):
    together = gcd.generate_boundaries("sigma5", count=3, seed=5, **QUICK)
    alone = gcd.generate_boundaries("sigma5", first=2, seed=5, **QUICK)[0]
    assert np.array_equal(together[2].positions, alone.positions)


def test_the_ends_that_a_user_gives(boundary_model):
    atoms = gcd.generate_boundaries(
        "sigma5",
        in_plane_shift=(1.0, 2.0),
        spacing=0.25,
        painted=20.0,
        planes=(20, 18),
        repeats=(2, 1),
        **QUICK,
    )[0]
    assert atoms.info["in_plane_shift"] == [1.0, 2.0]
    assert atoms.info["spacing"] == 0.25
    assert atoms.info["painted"] == pytest.approx(20.0, abs=0.834)
    assert atoms.info["atoms_per_plane"] == 20
    assert atoms.cell.lengths()[0] == pytest.approx(2 * atoms.cell.lengths()[1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"painted": 100.0}, "painted thickness.*not 100"),
        ({"spacing": 5.0}, "spacing of the ends.*not 5"),
        ({"twist": "sigma13"}, "no model 'test' of the boundary W sigma13; there are W sigma5 test"),
        ({"model": "huge"}, "no model 'huge'"),
        ({"metal": "Mo"}, "Mo sigma5"),
        ({"repeats": (0, 1)}, "repeats"),
        ({"repeats": (3,)}, "two whole numbers"),
        ({"in_plane_shift": (1.0,)}, "two finite numbers"),
        ({"evaluations": 7, "order": 3}, "multiple of 3"),
        ({"repeats": 2}, "two whole numbers, not 2"),
        ({"in_plane_shift": ("a", "b")}, "two finite numbers"),
        ({"in_plane_shift": 3.0}, "two finite numbers"),
        ({"painted": "a"}, "painted thickness.*not a"),
        ({"spacing": "a"}, "spacing of the ends.*not a"),
        ({"evaluations": 4.0, "order": 1}, "multiple of 1 .* not 4.0"),
        ({"first": -1}, "first sample must be a whole number from 0"),
        ({"count": 0}, "Count"),
        ({"restarts": 99}, "restarts"),
        ({"seed": -1}, "[Ss]eed"),
        ({"checkpoint": "crystal-sc"}, "is a crystal"),
    ],
)
def test_bad_input_is_one_sentence(boundary_model, arguments, says):
    settings = {"twist": "sigma5"} | QUICK | arguments
    with pytest.raises(ValueError, match=says) as error:
        gcd.generate_boundaries(**settings)
    assert "\n" not in str(error.value)


def test_models_are_found_by_twist_and_metal(boundary_model):
    assert boundary_models("sigma5", "W") == {"test": "boundary-test"}
    assert boundary_models("sigma13", "W") == {}


def test_cancelling_stops_sampling(boundary_model):
    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        gcd.generate_boundaries("sigma5", callback=cancel, **QUICK)
    with pytest.raises(Cancelled):
        generate_relaxed_boundaries("sigma5", on_sampling=cancel, **QUICK)


def test_an_unphysical_candidate_is_kept_with_its_reason(boundary_model):
    seen = []
    made = generate_relaxed_boundaries(
        "sigma5", count=2, seed=3, on_relaxed=lambda _, after: seen.append(after.info["index"]), **QUICK
    )
    assert [a.info["index"] for a in made] == [0, 1]
    assert sorted(seen) == [0, 1]
    for atoms in made:
        assert atoms.info["physical"] or (
            np.isnan(atoms.info["egb"]) and "Not relaxed" in atoms.info["error"]
        )


@pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")
def test_physical_candidates_are_relaxed_in_order(boundary_model, monkeypatch):
    """The sampler is replaced by real, unrelaxed bicrystals: this is about the two threads, not about the model."""
    from gcd.structures.bicrystals import twist_bicrystal

    def fake(twist, *, on_candidate, callback, **_):
        for index in range(3):
            atoms = twist_bicrystal(twist, "W", gap=0.3, in_plane_shift=(2.0 + index, 3.0))
            atoms.info |= {
                "index": index,
                "physical": index != 1,
                "failure": "" if index != 1 else "too close",
            }
            on_candidate(atoms)

    monkeypatch.setattr("gcd.generate.relaxed_boundaries.generate_boundaries", fake)
    made = generate_relaxed_boundaries("sigma5", workers=2)
    assert [a.info["index"] for a in made] == [0, 1, 2]
    assert [a.info["converged"] for a in made] == [True, False, True]


def test_the_verb_writes_every_candidate(boundary_model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["sample", "boundary", "--model", "test", "--count", "2", "--nfe", "2", "--order", "1", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(answer["structures"]) == 2
    assert all((tmp_path / s["file"]).is_file() for s in answer["structures"])
    assert all(s["egb"] is None and not s["relaxed"] for s in answer["structures"])


@pytest.mark.parametrize(
    "words",
    [["--model", "huge"], ["--painted", "90"], ["--spacing", "3"], ["--twist", "sigma99"], ["--repeats", "0", "1"],
     ["--nfe", "4", "--order", "3"], ["--metal", "Xx"]],
)  # fmt: skip
def test_the_verb_refuses_in_one_line(boundary_model, tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    status = 0
    try:
        status = main(
            ["sample", "boundary", *(["--model", "test"] if "--model" not in words else []), *words]
        )
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not [p for p in set(tmp_path.rglob("*")) - before if p.is_file()]


def test_the_card_names_all_that_was_learnt(boundary_model):
    config = json.loads((boundary_model / CONFIG).read_text())
    assert len(config["data"]["structures"]) == 3
    assert config["data"]["file_sha256"] in (boundary_model / "README.md").read_text()


def test_progress_never_goes_back_and_previews_name_their_own_sample(boundary_model):
    """An untrained model paints nothing physical, so that everything is painted again."""
    seen = []
    made = gcd.generate_boundaries("sigma5", count=2, seed=3, restarts=2, callback=seen.append, **QUICK)
    assert any(atoms.info["restarts"] for atoms in made)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total
    assert all(progress.sample in range(2) for progress in seen)


def test_a_restart_forgets_as_much_as_it_says_and_draws_noise_of_its_own(boundary_model, monkeypatch):
    """What is not physical is noised to t = 0.6 and painted anew from there."""
    from gcd.diffusion.schedules import VPSchedule
    from gcd.generate.voxel_model import VoxelModel, initial_noise

    asked, started = [], []
    paint, solve = VoxelModel.paint, VoxelModel._solve

    def watched_paint(self, noise, known, mask, grid, **how):
        asked.append((noise.clone(), how["again"], how["t_start"], grid))
        return paint(self, noise, known, mask, grid, **how)

    def watched_solve(self, network, noise, *rest):
        started.append(noise.clone())
        return solve(self, network, noise, *rest)

    monkeypatch.setattr(VoxelModel, "paint", watched_paint)
    monkeypatch.setattr(VoxelModel, "_solve", watched_solve)
    gcd.generate_boundaries("sigma5", seed=3, restarts=2, **QUICK)
    assert [t_start for *_, t_start, _ in asked] == [1.0, 0.6, 0.6]
    schedule, scale = VPSchedule(), json.loads((boundary_model / CONFIG).read_text())["scale"]
    alpha, sigma = float(schedule.alpha(0.6)), float(schedule.sigma(0.6))
    for restart, ((noise, again, _, grid), start) in enumerate(zip(asked, started, strict=True)):
        assert np.array_equal(noise[0], initial_noise(grid, 3, 0, restart))
        expected = noise if again is None else alpha * again / scale + sigma * noise
        np.testing.assert_allclose(start, expected, atol=1e-6)
    assert len({float(noise.sum()) for noise, *_ in asked}) == 3
