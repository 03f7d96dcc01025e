"""The evaluation: what is counted, that a killed run goes on, and what is written where."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gcd.checkpoints import CheckpointError, load_unet, read_config
from gcd.cli import main
from gcd.evaluation import crystals
from gcd.evaluation.crystals import Row, Setting, fastest, hopeless, samples_of, summarise, sweep
from gcd.evaluation.record import record_quality
from gcd.structures.crystals import PHASES, crystal_grid, ideal_crystal

SETTING = Setting("sc", (2, 2, 2), evaluations=3)


@pytest.fixture
def perfect_model(models, monkeypatch):
    """A generator that makes shifted ideal crystals; every seventh lacks an atom. Counts its calls."""
    calls = []

    def generate(request, listener):
        phase, size, first, count = request.phase, request.size, request.first, request.count
        calls.append((first, count))
        made = []
        for index in range(first, first + count):
            atoms = ideal_crystal(phase, size)
            atoms.positions += 0.1 * index
            if index % 7 == 6:
                del atoms[0]
            atoms.info |= {"index": index, "seconds": 0.5 + index, "device": "cpu"}
            made.append(atoms)
        listener.voxels(np.zeros((count, *crystal_grid(phase, size).shape), dtype=np.float32))
        return made

    monkeypatch.setattr("gcd.generate.crystals.make_crystals", generate)
    return calls


def test_rows_count_what_they_say(perfect_model, tmp_path):
    samples = samples_of(SETTING, 14, tmp_path, device="cpu")
    row = summarise(SETTING, samples)
    assert (row.samples, row.perfect, row.right_number) == (14, 12, 12)
    assert row.median_rms < 1e-6
    assert row.seconds == pytest.approx(7.0)
    samples = [sample for sample in samples if sample["perfect"]]
    row = summarise(SETTING, samples)
    assert row.q4_error == pytest.approx(0, abs=1e-6)
    assert row.q6 == pytest.approx(PHASES["sc"].q6, abs=1e-6)


def test_samples_are_made_once(perfect_model, tmp_path):
    first = samples_of(SETTING, 5, tmp_path)
    assert samples_of(SETTING, 5, tmp_path) == first
    assert perfect_model == [(0, 5)]
    more = samples_of(SETTING, 8, tmp_path)
    assert more[:5] == first
    assert perfect_model == [(0, 5), (5, 3)]
    assert samples_of(SETTING, 2, tmp_path) == first[:2]


def test_a_line_cut_off_by_a_kill_is_made_again(perfect_model, tmp_path):
    whole = samples_of(SETTING, 4, tmp_path)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_text(path.read_text()[:-30])
    assert samples_of(SETTING, 4, tmp_path) == whole
    assert perfect_model == [(0, 4), (3, 1)]
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == [0, 1, 2, 3]


def test_other_weights_are_another_file(perfect_model, models, tmp_path):
    before = SETTING.stem
    config = read_config("crystal-sc")
    (models / "crystal-sc" / "config.json").write_text(json.dumps(config | {"sha256": "0" * 64}))
    assert SETTING.stem != before
    with pytest.raises(CheckpointError, match="nobody"):
        _ = replace(SETTING, checkpoint="nobody").stem


def test_hopeless_settings_end_early(perfect_model, tmp_path, monkeypatch):
    monkeypatch.setattr("gcd.generate.voxel_model.VOXELS_AT_ONCE", {"cpu": 10 * 12**3})
    samples = samples_of(SETTING, 100, tmp_path, device="cpu", stop_early=True)
    assert len(samples) == 30  # 2 of 20 may fail for good, 4 of 30 may not
    assert hopeless(samples, 100)
    assert not hopeless(samples[:20], 100)
    assert not hopeless([{"perfect": False}] * 3, 100)


def row(evaluations, perfect, samples=100, order=3):
    figures = dict.fromkeys(("median_rms", "rms_95", "q4", "q4_error", "q6", "q6_error", "seconds"), 0.01)
    return Row(
        phase="sc", size="4x4x4", evaluations=evaluations, order=order, spacing="lambda", samples=samples,
        perfect=perfect, right_number=perfect, device="cpu", model="crystal-sc", weights="", seed=1, **figures,
    )  # fmt: skip


def test_fastest_keeps_98_of_100():
    rows = [row(60, 100), row(15, 98), row(12, 97), row(6, 20, samples=20), row(15, 100, order=2)]
    best = fastest(rows, 100)
    assert (best.evaluations, best.order) == (15, 2)
    assert fastest(rows[2:4], 100) is None


def test_every_setting_of_the_sweep_is_legal():
    from gcd.diffusion.samplers import check_evaluations

    settings = sweep("bcc", (4, 4, 4))
    assert {setting.order for setting in settings} == {1, 2, 3}
    assert settings[0].evaluations == max(setting.evaluations for setting in settings)
    for setting in settings:
        check_evaluations(setting.evaluations, setting.order, setting.spacing)


def test_record_writes_figures_into_config_and_card_and_leaves_the_weights(models):
    record_quality("crystal-sc", [row(60, 100)])
    config = record_quality("crystal-sc", [row(60, 99), row(15, 98)], fast=row(15, 98))
    assert [(entry["evaluations"], entry["perfect"]) for entry in config["quality"]] == [(60, 99), (15, 98)]
    assert read_config("crystal-sc")["fast"] == {"evaluations": 15, "order": 3}
    card = (models / "crystal-sc" / "README.md").read_text()
    assert '"Fast" is 15 evaluations of order 3' in card
    assert config["sha256"] in card
    load_unet("crystal-sc")


def test_the_verb_writes_tables_and_plots_and_keeps_other_rows(perfect_model, capsys, tmp_path):
    words = [
        "evaluate",
        "crystals",
        "--phase",
        "sc",
        "bcc",
        "--count",
        "3",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "r"),
    ]
    assert main([*words, "--sizes", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [entry["perfect"] for entry in result["rows"]] == [3, 3]
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert names == {
        "work", "crystals.csv", "crystals.md", "crystals-rdf.png", "crystals-q4-q6.png", "crystals-voxels.png",
    }  # fmt: skip
    assert main([*words, "--sizes", "3"]) == 0
    table = (tmp_path / "r" / "crystals.csv").read_text().splitlines()
    assert len(table) == 5
    assert "| sc | 3x3x3 | 60 |" in capsys.readouterr().out


def test_the_sweep_finds_and_records_the_fast_setting(perfect_model, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(crystals, "SWEEP", {3: (3, 6)})
    words = [
        "evaluate",
        "crystals",
        "--phase",
        "fcc",
        "--count",
        "4",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "r"),
    ]
    assert main([*words, "--sweep", "--record", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["fast"] == {"fcc": {"evaluations": 3, "order": 3}}
    assert read_config("crystal-fcc")["fast"] == {"evaluations": 3, "order": 3}
    assert (tmp_path / "r" / "crystals-evaluations.png").is_file()


def test_a_new_phase_is_drawn_when_it_is_measured_and_not_asked_for_before(
    perfect_model, tmp_path, monkeypatch
):
    """One row more in the table of phases: every phase of which there is a model is measured, and has a colour."""
    measured = list(PHASES)
    monkeypatch.setitem(PHASES, "new", replace(PHASES["fcc"], name="new", title="New"))
    words = [
        "evaluate",
        "crystals",
        "--count",
        "1",
        "--sizes",
        "2",
        "--device",
        "cpu",
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 0
    table = (tmp_path / "crystals.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in table[1:]] == measured
    assert (tmp_path / "crystals-q4-q6.png").is_file()
