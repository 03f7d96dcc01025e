"""Training stops and resumes at any time: a run in pieces is the run in one piece."""

import json

import pytest
import torch
from torch import nn

from gcd.training.common import RunConfig, begin_with, fit, read_log

RUN = RunConfig(steps=24, batch_size=4, validate_every=6, warmup=4, learning_rate=1e-2, ema=0.9)


def linear():
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def loss_of_batch(module, generator):
    x = torch.randn(8, 3, generator=generator)
    return (module(x) - x.sum(1, keepdim=True)).square().mean()


def validate(module):
    return float(loss_of_batch(module, torch.Generator().manual_seed(9)).detach())


def train(folder, run=RUN, **options):
    return fit(linear(), loss_of_batch, validate, run=run, folder=folder, **options)


def test_a_run_in_pieces_is_the_run_in_one(tmp_path):
    whole = train(tmp_path / "whole")
    pieces = [train(tmp_path / "pieces", max_seconds=0.0) for _ in range(10)]
    assert [p.step for p in pieces] == list(range(1, 11))
    assert not pieces[-1].finished
    last = train(tmp_path / "pieces")
    assert last.finished
    for ours, theirs in zip(whole.module.parameters(), last.module.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_loss_falls_and_is_logged(tmp_path):
    trained = train(tmp_path, RunConfig(steps=400, validate_every=50, warmup=10, learning_rate=3e-2, ema=0.9))
    log = read_log(tmp_path)
    assert [entry["step"] for entry in log] == list(range(50, 401, 50))
    assert log[-1]["validation"] == trained.validation_loss < 0.05 * log[0]["loss"]
    assert all(json.dumps(entry) for entry in log)


def test_a_signal_stops_the_run_and_keeps_it(tmp_path):
    import os
    import signal

    def stop(step, loss):
        if step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    assert train(tmp_path, progress=stop).step == 5
    assert train(tmp_path).finished


def test_a_half_written_state_is_never_read(tmp_path):
    train(tmp_path, max_seconds=0.0)
    (tmp_path / "state.tmp").write_bytes(b"cut off")
    assert train(tmp_path).finished


def test_plateau_halves_the_rate_down_to_its_minimum(tmp_path):
    run = RunConfig(
        steps=60,
        validate_every=1,
        patience=2,
        lr_schedule="plateau",
        warmup=1,
        learning_rate=1e-3,
        minimum_learning_rate=1e-4,
    )
    fit(linear(), loss_of_batch, lambda _: 1.0, run=run, folder=tmp_path)
    rates = [entry["rate"] for entry in read_log(tmp_path)]
    assert rates[0] == pytest.approx(1e-3)
    assert 5e-4 in [pytest.approx(r) for r in rates]
    assert rates[-1] == pytest.approx(1e-4)


def test_another_network_s_run_is_refused(tmp_path):
    train(tmp_path, max_seconds=0.0)
    with pytest.raises(ValueError, match="another network"):
        fit(nn.Sequential(nn.Linear(3, 1)), loss_of_batch, validate, run=RUN, folder=tmp_path)
    with pytest.raises(ValueError, match="another network"):
        fit(nn.Linear(3, 2), loss_of_batch, validate, run=RUN, folder=tmp_path)


@pytest.mark.parametrize("end", [0, 4, 200, -8])
def test_a_damaged_state_is_named(tmp_path, end):
    train(tmp_path, max_seconds=0.0)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match=r"state\.safetensors is damaged"):
        train(tmp_path)


@pytest.mark.parametrize("changes", [{"steps": 0}, {"batch_size": 0}, {"lr_schedule": "linear"}])
def test_a_run_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match=r"not"):
        RunConfig(**changes)


def test_a_run_begins_with_the_weights_of_its_own_architecture_only():
    network, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2).half()
    begin_with(network, other)
    assert torch.equal(network.weight, other.weight.float())
    with pytest.raises(ValueError, match="its own architecture: here 1 arrays differ, weight first"):
        begin_with(network, torch.nn.Linear(4, 2))
