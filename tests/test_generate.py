"""The verb behind every door: what it refuses, and that a sample is its own whatever its batch."""

from dataclasses import replace

import numpy as np
import pytest

import gcd
from gcd import generate
from gcd.checkpoints import SolverSettings, available, read_checkpoint
from gcd.diffusion.samplers import Cancelled
from gcd.voxels import Grid


def crystals(**changes):
    return gcd.generate_crystals("bcc", **({"size": (2, 2, 2), "evaluations": 3} | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 0}, "whole number from 1"),
        ({"size": 10_000}, "whole number from 1"),
        ({"seed": -1}, "Seed"),
        ({"evaluations": 20}, "multiple of 3"),
        ({"evaluations": None}, "multiple of 3 .* not None"),
        ({"evaluations": 3.0}, "not 3.0"),
        ({"order": 4}, "1, 2 or 3"),
        ({"order": 1.0}, "1, 2 or 3, not 1.0"),
        ({"first": -1}, "first sample must be a whole number from 0 to .*, not -1"),
        ({"count": 0}, "Count"),
        ({"element": "Xx"}, "Unknown element"),
        ({"lattice_constant": float("nan")}, "lattice constant"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"checkpoint": "crystal-sc"}, "makes sc, not bcc"),
        ({"checkpoint": "nowhere"}, "no checkpoint"),
        ({"size": 16, "count": 1000}, "too many for one job"),
    ],
)
def test_bad_arguments_get_one_sentence(models, changes, words):
    with pytest.raises(ValueError, match=words):
        crystals(**changes)


def test_unknown_phase():
    with pytest.raises(ValueError, match="sc, bcc, fcc"):
        gcd.generate_crystals("hcp")


def test_a_sample_has_its_own_noise_whatever_the_batch():
    grid = Grid((4, 4, 4), (1.0, 1.0, 1.0))
    assert not np.array_equal(generate.initial_noise(grid, 0, 0), generate.initial_noise(grid, 0, 1))
    assert not np.array_equal(generate.initial_noise(grid, 0, 0), generate.initial_noise(grid, 1, 0))
    assert np.array_equal(generate.initial_noise(grid, 7, 3), generate.initial_noise(grid, 7, 3))


def test_progress_counts_every_evaluation_and_cancels(models):
    seen = []
    crystals(count=3, evaluations=6, callback=seen.append)
    assert seen[-1].done == seen[-1].total == 18
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[0].preview.shape == (10, 10, 10)

    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        crystals(callback=cancel)


def test_voxels_come_along(models):
    atoms, voxels = crystals(count=2, return_voxels=True)
    assert len(atoms) == 2
    assert voxels.shape == (2, 10, 10, 10)


def perfect(phase, size, count, evaluations, seed=4242):
    from gcd.analysis.matching import match_crystal

    made = gcd.generate_crystals(phase, count=count, size=size, evaluations=evaluations, seed=seed)
    return sum(match_crystal(atoms, phase, size).perfect for atoms in made)


@pytest.mark.parametrize("phase", ["sc", "bcc", "fcc"])
def test_the_shipped_models_make_perfect_crystals(phase):
    assert f"crystal-{phase}" in available()
    assert perfect(phase, (4, 4, 4), 4, 15) == 4


@pytest.mark.parametrize("size", [(3, 5, 4), (1, 2, 6)])
def test_any_supercell_can_be_asked_for(size):
    atoms = gcd.generate_crystals("bcc", size=size, evaluations=15)[0]
    assert atoms.info["expected_atoms"] == 2 * int(np.prod(size))
    assert len(atoms) > 0


@pytest.mark.parametrize("phase", ["sc", "bcc", "fcc"])
def test_same_seed_same_structure_whatever_the_batch(phase):
    together = gcd.generate_crystals(phase, count=3, evaluations=15, seed=11)
    for index in (0, 2):
        alone = gcd.generate_crystals(phase, count=1, first=index, evaluations=15, seed=11)[0]
        ours, theirs = together[index], alone
        assert len(ours) == len(theirs)
        away = ours.positions[:, None] - theirs.positions[None]
        away -= np.round(away / ours.cell.lengths()) * ours.cell.lengths()
        assert np.linalg.norm(away, axis=2).min(axis=1).max() < 0.01


def measured(edge, evaluations, order, perfect, samples=20):
    return {"size": "x".join([str(edge)] * 3), "spacing": "lambda", "evaluations": evaluations, "order": order,
            "samples": samples, "perfect": perfect}  # fmt: skip


FAST = SolverSettings(4, 1)
QUALITY = [
    measured(4, 60, 3, 20),
    measured(6, 60, 3, 20),
    measured(6, 8, 2, 20),
    measured(6, 4, 1, 9),
    measured(8, 60, 3, 15),
    measured(8, 8, 2, 11),
    measured(8, 15, 3, 16),
]


def measured_model(quality=None, fast=FAST):
    quality = tuple(QUALITY if quality is None else quality)
    return replace(read_checkpoint("crystal-sc"), quality=quality, fast=fast)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4, 4, 4), (4, 1)),
        ((1, 2, 3), (4, 1)),
        ((5, 5, 5), (8, 2)),
        ((4, 6, 4), (8, 2)),
        ((7, 7, 7), (15, 3)),
        ((8, 1, 1), (15, 3)),
        ((12, 12, 12), (15, 3)),
    ],
)
def test_fast_takes_as_many_evaluations_as_the_size_needs(models, size, expected):
    assert generate.fast_settings(measured_model(), size) == SolverSettings(*expected)


def test_fast_is_what_was_looked_for_where_nothing_larger_was_measured(models):
    assert generate.fast_settings(measured_model(QUALITY[:1]), (8, 8, 8)) == SolverSettings(4, 1)
    assert generate.fast_settings(measured_model(fast=None), (8, 8, 8)) is None
    assert generate.fast_settings(None, (8, 8, 8)) is None
    odd = {**measured(8, 2, 1, 20), "size": "4x4x8"}
    assert generate.fast_settings(measured_model([*QUALITY, odd]), (8, 8, 8)) == SolverSettings(15, 3)
