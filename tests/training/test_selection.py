"""The second stage of the decoder's training: which candidates are atoms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gcd.checkpoints import available, load_decoder
from gcd.training.common import RunConfig
from gcd.training.decoder_structures import Sample, random_addition
from gcd.training.selection import (
    SelectionTraining,
    grid_of,
    judge,
    match_atoms,
    one_more,
    selection_loss,
    train_selection,
)

torch.set_num_threads(1)
trained = pytest.mark.skipif("decoder" not in available(), reason="no trained decoder in checkpoints/")


def test_atoms_are_matched_one_to_one_across_periodic_faces_only():
    sample = Sample(np.array([[0.1, 5, 0.2], [5, 5, 5]]), (10, 10, 10), (True, True, False))
    found = np.array([[5.2, 5, 5], [9.9, 5, 0.2], [5.0, 5, 5.4], [0.1, 5, 9.9]])
    first, second, distance = match_atoms(sample, found)
    assert dict(zip(first, second, strict=True)) == {0: 1, 1: 0}
    np.testing.assert_allclose(distance, [0.2, 0.2])


def test_one_more_atom_goes_where_there_is_room_or_nowhere():
    rng = np.random.default_rng(0)
    gas = random_addition(rng, 2.6, 0.3, edge=16)
    more = one_more(rng, gas)
    assert len(more.positions) == len(gas.positions) + 1
    d = np.abs(more.positions[-1] - gas.positions) % 16
    assert np.linalg.norm(np.minimum(d, 16 - d), axis=1).min() >= 2.45
    full = Sample(np.array([[1.0, 1, 1]]), (2, 2, 2))
    assert len(one_more(rng, full).positions) == 1


@trained
def test_the_candidates_of_a_structure_are_labelled_by_its_atoms():
    decoder = load_decoder()
    sample = random_addition(np.random.default_rng(3), 2.6, 0.6, edge=16)
    judged = judge(decoder, sample, 0.05, torch.Generator().manual_seed(0))
    assert int(judged.true.sum()) == len(sample.positions)
    assert len(judged.measures) == len(judged.true) >= len(sample.positions)
    assert float(selection_loss(decoder, [judged, judged])) == pytest.approx(
        float(selection_loss(decoder, [judged])), rel=1e-4
    )
    assert grid_of(sample).shape == (16, 16, 16)


@trained
def test_training_moves_the_selection_alone_and_resumes(tmp_path):
    training = SelectionTraining(run=RunConfig(steps=3, batch_size=2, validate_every=2), pool=3, fresh=1)
    before = {k: v.clone() for k, v in load_decoder().state_dict().items()}
    train_selection(training, folder=tmp_path, start_from=load_decoder(), max_seconds=0.0)
    trained = train_selection(training, folder=tmp_path, start_from=load_decoder())
    assert trained.step == 3
    after = trained.module.state_dict()
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    assert moved
    assert all(k.startswith("selection.") for k in moved)
    assert np.isfinite(trained.validation_loss)


@trained
def test_the_selection_begins_anew_unless_it_is_kept(tmp_path):
    run = RunConfig(steps=1, batch_size=1, learning_rate=1e-12, minimum_learning_rate=1e-13)
    training = SelectionTraining(run=run, pool=1, fresh=1)
    shipped = load_decoder().selection.share.item()
    for keep in (False, True):
        trained = train_selection(training, folder=tmp_path / str(keep), start_from=load_decoder(), keep=keep)
        assert trained.module.selection.share.item() == pytest.approx(shipped if keep else 1.0, abs=1e-6)
    assert shipped != pytest.approx(1.0, abs=1e-3)
