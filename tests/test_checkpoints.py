"""Checkpoints: whole or not at all, and each damage named."""

import json

import pytest
import torch

from gcd.checkpoints import (
    BoundaryCheckpoint,
    CheckpointError,
    CrystalCheckpoint,
    DecoderCheckpoint,
    ParticleCheckpoint,
    SolverSettings,
    available,
    load_decoder,
    load_score_network,
    load_unet,
    read_checkpoint,
    read_config,
    save,
)


def test_a_saved_network_comes_back(models, tmp_path):
    unet, _ = load_unet("crystal-bcc")
    config = {k: v for k, v in read_config("crystal-bcc").items() if k != "sha256"}
    written = save(tmp_path / "copy", unet.float(), config, "{sha256}")
    again, _ = load_unet(tmp_path / "copy")
    for ours, theirs in zip(unet.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours.float(), theirs.float())
    assert (tmp_path / "copy" / "README.md").read_text() == written["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".copy")) == []


def test_saving_again_keeps_what_else_is_in_the_folder(models):
    unet, config = load_unet("crystal-sc")[0], read_config("crystal-sc")
    (models / "crystal-sc" / "loss.csv").write_text("step,loss\n")
    save(models / "crystal-sc", unet, config, "")
    assert (models / "crystal-sc" / "loss.csv").read_text() == "step,loss\n"


def test_a_flipped_byte_is_found(models):
    path = models / "crystal-fcc" / "model.safetensors"
    weights = bytearray(path.read_bytes())
    weights[-10] ^= 1
    path.write_bytes(weights)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        load_unet("crystal-fcc")


def test_a_missing_checkpoint_names_those_there_are(models):
    with pytest.raises(
        CheckpointError, match=r"no checkpoint 'crystal-hcp'.*crystal-bcc, .*crystal-fcc, crystal-sc"
    ):
        load_unet("crystal-hcp")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_an_incomplete_checkpoint_names_the_missing_file(models, name):
    (models / "crystal-sc" / name).unlink()
    with pytest.raises(CheckpointError, match=f"incomplete: {name}"):
        load_unet("crystal-sc")
    assert "crystal-sc" not in available()


def test_a_configuration_that_is_no_configuration(models):
    (models / "crystal-sc" / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_config("crystal-sc")
    (models / "crystal-sc" / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="lacks kind"):
        read_config("crystal-sc")


def test_weights_of_another_architecture_are_refused(models):
    path = models / "crystal-sc" / "config.json"
    config = json.loads(path.read_text())
    config["architecture"]["channels"] = [16]
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="does not fit"):
        load_unet("crystal-sc")


def test_kinds_are_not_mixed_up(models):
    with pytest.raises(CheckpointError, match="not a voxel diffusion model"):
        load_unet("decoder")
    with pytest.raises(CheckpointError, match="not a decoder"):
        load_decoder(name="crystal-sc")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": {"channel": [8]}}, "describes no network"),
        ({"architecture": []}, "describes no network"),
        ({"phase": None}, "lacks phase"),
        ({"schedule": None, "t_end": None}, "lacks schedule, t_end"),
    ],
)
def test_a_configuration_that_cannot_be_sampled_with(models, changes, message):
    path = models / "crystal-sc" / "config.json"
    config = {k: v for k, v in (json.loads(path.read_text()) | changes).items() if v is not None}
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=message):
        load_unet("crystal-sc")


def test_a_schedule_that_is_none(models):
    path = models / "crystal-sc" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schedule": {"beta": 1}}))
    with pytest.raises(CheckpointError, match="no schedule"):
        read_checkpoint("crystal-sc")


def test_each_kind_says_what_it_is_of(particle_models, boundary_model):
    kinds = {name: (type(found), found.subject) for name, found in available().items()}
    assert kinds["crystal-sc"] == (CrystalCheckpoint, "SC")
    assert kinds["boundary-test"] == (BoundaryCheckpoint, "W sigma5")
    assert kinds["particle-sc"] == (ParticleCheckpoint, "SC")
    assert kinds["decoder"] == (DecoderCheckpoint, "anything")


def test_a_boundary_says_what_it_has_learnt(boundary_model):
    found = read_checkpoint(boundary_model)
    assert found.variant == "test"
    assert sorted(found.learnt.egb) == [2.5, 2.7, 3.1]
    assert found.learnt.states.shape == (3, 3)
    assert found.voxels == (12, 12, 72)
    assert found.sampling == SolverSettings(60, 3)  # nothing was recommended


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "poem"}, "kind 'poem': legal are crystal, boundary, boundaries, particle, decoder"),
        ({"scale": 0}, "no scale to work with: it is 0"),
        ({"t_end": 2}, "no t_end to work with"),
        ({"prediction": "y"}, "no prediction to work with: it is 'y', not one of x0"),
        ({"grid": [12, 12]}, "no grid to work with"),
        ({"voxel_size": "a"}, "no voxel_size to work with"),
        ({"data": {}}, "no data to work with: lacks 'structures'"),
        ({"data": {"structures": [[0, 1]], "states": [[1, 2]]}}, "no data to work with"),
        ({"ends": {"opening": [1]}}, "no ends to work with"),
        ({"ends": 3}, "no ends to work with"),
        ({"sampling": {"evaluations": 8}}, "no sampling to work with: lacks 'order'"),
    ],
)
def test_an_entry_that_is_wrong_is_named_when_it_is_read(boundary_model, changes, message):
    path = boundary_model / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(boundary_model)
    assert "boundary-test" not in available()


def test_a_changed_file_is_read_anew(models):
    assert read_checkpoint("crystal-sc") is read_checkpoint("crystal-sc")
    config = read_config("crystal-sc")
    config["fast"] = {"evaluations": 6, "order": 2}
    assert read_checkpoint("crystal-sc").fast is None
    (models / "crystal-sc" / "config.json").write_text(json.dumps(config))
    assert read_checkpoint("crystal-sc").fast == SolverSettings(6, 2)


def test_a_boundary_job_reads_each_checkpoint_once(boundary_model, monkeypatch):
    from gcd.generate import boundary_ends, generate_boundaries

    read, read_text = [], type(boundary_model).read_text

    def counted(path, *args, **options):
        read.append(path)
        return read_text(path, *args, **options)

    monkeypatch.setattr(type(boundary_model), "read_text", counted)
    boundary_ends(model="test")
    generate_boundaries(model="test", count=2, evaluations=3, restarts=0)
    boundary_ends(model="test", index=1)
    configs = [path for path in read if path.name == "config.json"]
    assert len(configs) == len(set(configs)) > 1


@pytest.mark.parametrize(("species", "loads"), [(0, True), (2, False)])
def test_score_networks_from_when_atoms_could_be_told_apart(particle_models, species, loads):
    """The shipped ones say species 0, which is what all are now; one that tells two apart is refused in a sentence."""
    path = particle_models / "particle-sc" / "config.json"
    config = json.loads(path.read_text())
    config["architecture"]["species"] = species
    path.write_text(json.dumps(config))
    if loads:
        load_score_network("particle-sc")
    else:
        with pytest.raises(CheckpointError, match=r"describes no network.*species"):
            load_score_network("particle-sc")
