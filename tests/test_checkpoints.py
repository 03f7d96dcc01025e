"""Checkpoints: whole or not at all, and each damage named."""

import json

import pytest
import torch

from gcd.checkpoints import CheckpointError, available, load_decoder, load_unet, read_config, save


def test_a_saved_network_comes_back(models, tmp_path):
    unet, config = load_unet("crystal-bcc")
    written = save(
        tmp_path / "copy", unet.float(), {k: v for k, v in config.items() if k != "sha256"}, "{sha256}"
    )
    again, _ = load_unet(tmp_path / "copy")
    for ours, theirs in zip(unet.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours.float(), theirs.float())
    assert (tmp_path / "copy" / "README.md").read_text() == written["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".copy")) == []


def test_saving_again_keeps_what_else_is_in_the_folder(models):
    unet, config = load_unet("crystal-sc")
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
        CheckpointError, match=r"no checkpoint 'crystal-hcp'.*crystal-bcc, crystal-fcc, crystal-sc"
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
    from gcd.generate.voxel_model import VoxelModel

    path = models / "crystal-sc" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schedule": {"beta": 1}}))
    with pytest.raises(CheckpointError, match="no schedule"):
        VoxelModel.load("crystal-sc", torch.device("cpu"))
