"""The boundary models that come with the repository: what they learnt, and above all what they did not."""

from __future__ import annotations

import numpy as np
import pytest

from gcd.checkpoints import ManyBoundariesCheckpoint, checkpoint_folder, read_checkpoint, read_config
from gcd.generate import boundary_models
from gcd.generate.boundary_models import usual_model
from gcd.places import dataset_folder
from gcd.search.collection import BoundaryCollection, HeldOut
from gcd.search.dataset import load_dataset
from gcd.training.boundary import BoundaryBatches, BoundaryTraining

DATA = dataset_folder() / "w-sigma5.npz"
NAMES = {"window": "boundary-w-sigma5-window", "full": "boundary-w-sigma5-full"}


def test_both_models_are_found():
    assert boundary_models("sigma5", "W") == NAMES | {"any": "boundary-bcc"}
    assert boundary_models("s13-320-001", "Ta") == {"any": "boundary-bcc"}
    assert usual_model("sigma5", "W") == "full"
    assert usual_model("sigma29", "W") == "any"


def test_the_model_of_many_learnt_the_collection_and_nothing_that_is_held_out():
    found = read_checkpoint("boundary-bcc")
    assert isinstance(found, ManyBoundariesCheckpoint)
    collection = BoundaryCollection.load(dataset_folder() / "boundaries-bcc.npz")
    assert found.record["data_sha256"] == collection.sha256()
    assert [(b, m) for b, m in found.learnt] == [(m.boundary, m.metal) for m in collection.members]
    held = HeldOut.read("bcc")
    assert found.held_out == (held.boundaries, held.metals)
    assert not any(b.slug in held.boundaries or m in held.metals for b, m in found.learnt)
    assert len({b.slug for b, _ in found.learnt}) >= 20
    assert sum(m["structures"] for m in found.record["learnt"]) == len(collection)


def test_nothing_outside_the_window_was_learnt_by_the_window_model():
    data = read_config(NAMES["window"])["data"]
    energies = np.array([egb for _, egb in data["structures"]])
    assert data["window"] == [2.6, 2.8]
    assert len(energies) >= 40
    assert energies.min() >= 2.6
    assert energies.max() <= 2.8


@pytest.mark.parametrize("model", NAMES)
def test_the_list_and_the_hash_are_those_of_the_data(model):
    """Chosen again from the dataset that is here, the training structures are the ones listed, to the last bit."""
    config = read_config(NAMES[model])
    window = tuple(
        limit if limit is not None else side * np.inf
        for limit, side in zip(config["data"]["window"], (-1, 1), strict=True)
    )
    batches = BoundaryBatches(BoundaryTraining(DATA, window=window))
    assert [
        [round(float(n), 4), round(float(e), 4)] for n, e in zip(batches.n, batches.egb, strict=True)
    ] == config["data"]["structures"]
    assert batches.sha256() == config["data_sha256"]
    assert np.allclose(batches.states(), config["data"]["states"], atol=1e-3)


@pytest.mark.parametrize("model", NAMES)
def test_the_card_names_data_and_quality(model):
    config = read_config(NAMES[model])
    card = (checkpoint_folder(NAMES[model]) / "README.md").read_text()
    assert config["data"]["file_sha256"] in card
    assert config["sha256"] in card
    assert "Not measured yet" not in card
    assert "core-s each" in card


def test_the_withheld_states_are_in_the_dataset_but_not_in_the_window():
    data = load_dataset()
    for n, known in ((0.2, 2.297), (0.4, 2.469)):
        assert abs(data.lowest()[n] - known) < 1e-3
    listed = read_config(NAMES["window"])["data"]["structures"]
    assert not [egb for n, egb in listed if n in (0.2, 0.4) and egb < 2.6]
