import numpy as np
import pytest
import torch

from gcd.diffusion.conditions import COUNT, Conditions, told, told_network
from gcd.diffusion.unet import UNet, UNetConfig
from gcd.search.collection import BoundaryCollection
from gcd.search.dataset import DatasetError
from gcd.training.boundaries import ManyBatches, ManyTraining, checkpoint_config, train_boundaries
from gcd.training.boundaries_card import model_card
from gcd.training.common import RunConfig

SMALL = UNetConfig(in_channels=2, channels=(8,), strides=(2,), blocks=1, time_features=8, conditions=COUNT)


def test_a_batch_is_of_one_boundary_in_its_own_frame(small_collection):
    batches = ManyBatches(ManyTraining(small_collection))
    generator = torch.Generator().manual_seed(0)
    for m, shape in (
        (0, (12, 12, 44)),
        (1, (12, 16, 44) if batches.frames[1].shape[1] == 16 else (12, 12, 44)),
    ):
        x0, mask, conditions = batches.draw(generator, m)
        assert x0.shape == mask.shape == (len(x0), 1, *shape)
        assert conditions.shape == (len(x0), COUNT)
        assert len(x0) == max(1, round(30_000 / np.prod(shape)))
        layers = mask[:, 0, 0, 0].sum(1)
        assert layers.min() >= 14
        assert layers.max() <= 31


def test_turned_and_moved_structures_keep_their_atoms_and_distances(small_collection):
    training = ManyTraining(small_collection, shift_z=0.0)
    batches = ManyBatches(training)
    generator = torch.Generator().manual_seed(1)
    nx, ny, _ = batches.frames[1].shape
    size = torch.tensor(batches.voxel_size(1), dtype=torch.float32)
    shortest = set()
    for _ in range(12):
        r, plane = batches._place(1, int(batches.indices[1][0]), generator)
        near = r[abs(r[:, 2] - 2 - plane) < 10] * size
        d = near[:, None] - near[None]
        for axis, n in enumerate((nx, ny)):
            d[..., axis] -= n * size[axis] * torch.round(d[..., axis] / (n * size[axis]))
        distances = d.norm(dim=-1)
        shortest.add(round(float(distances[distances > 0].min()), 2))
    assert len(shortest) == 1


def test_wishes_are_left_out_in_three_tenths_of_the_structures(small_collection):
    batches = ManyBatches(ManyTraining(small_collection))
    generator = torch.Generator().manual_seed(0)
    found = [batches._conditions(0, 0, generator) for _ in range(2000)]
    neither = np.mean([c.n is None and c.rank is None for c in found])
    no_n = np.mean([c.n is None for c in found])
    no_rank = np.mean([c.rank is None for c in found])
    assert neither == pytest.approx(0.1, abs=0.03)
    assert no_n == pytest.approx(0.2, abs=0.03)
    assert no_rank == pytest.approx(0.2, abs=0.03)


def test_ranks_go_from_low_to_high_energy_within_an_n(small_collection):
    batches = ManyBatches(ManyTraining(small_collection))
    data = BoundaryCollection.load(small_collection)
    for here in batches.indices:
        for n in np.unique(data.n[here]):
            at = here[data.n[here] == n]
            order = at[np.argsort(data.egb[at])]
            assert (np.diff(batches.ranks[order]) > 0).all()
            assert 0 < batches.ranks[order].min() <= batches.ranks[order].max() < 1


def test_a_held_out_boundary_is_refused(small_collection, tmp_path):
    held = tmp_path / "held-out.toml"
    held.write_text('[bcc]\nboundaries = ["s5-310-001"]\nmetals = ["Ta"]\n')
    with pytest.raises(DatasetError, match="Fe s5-310-001 is held out"):
        ManyBatches(ManyTraining(small_collection, held))


def test_a_run_goes_on_and_says_what_it_learnt(small_collection, tmp_path):
    training = ManyTraining(
        small_collection, architecture=SMALL, voxels=7000, run=RunConfig(steps=3, validate_every=2)
    )
    first = train_boundaries(training, folder=tmp_path, max_seconds=0.0)
    assert first.step == 1
    last = train_boundaries(training, folder=tmp_path)
    assert last.finished
    assert np.isfinite(last.validation_loss)
    config = checkpoint_config(training, last, "gcd train boundaries")
    assert [(m["name"], m["metal"], m["structures"]) for m in config["learnt"]] == [
        ("sigma5", "W", 3),
        ("s5-310-001", "Fe", 3),
    ]
    card = model_card(config)
    assert "sigma29" in card
    assert "| s5-310-001 | Fe |" in card
    assert config["data_sha256"] == BoundaryCollection.load(small_collection).sha256()


def test_a_network_begins_as_the_one_without_conditions_was(small_collection):
    from gcd.training.common import begin_with

    torch.manual_seed(0)
    plain = UNet(UNetConfig(in_channels=2, channels=(8,), strides=(2,), blocks=1, time_features=8))
    torch.nn.init.normal_(plain.head.linear.weight)
    many = UNet(SMALL)
    begin_with(many, plain)
    x, t = torch.randn(2, 2, 4, 4, 8), torch.tensor([0.2, 0.7])
    conditions = told([Conditions((0.26, 0.25, 0.2635), 0.2, 0.1), Conditions((0.26, 0.25, 0.2635))])
    assert torch.allclose(many(x, t, conditions=conditions), plain(x, t), atol=1e-6)
    with pytest.raises(ValueError, match="told 8 conditions, and was told none"):
        many(x, t)


def test_guidance_goes_from_without_wishes_to_beyond_them():
    torch.manual_seed(0)
    unet = UNet(SMALL)
    for parameter in unet.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    wish = [Conditions((0.2635,) * 3, 0.4, 0.05)]
    x, t, periodic = torch.randn(1, 2, 4, 4, 4), torch.tensor([0.5]), (True, True, False)
    with torch.no_grad():
        none, once, twice = (told_network(unet, wish, w)(x, t, periodic) for w in (0.0, 1.0, 2.0))
        assert torch.allclose(none, unet(x, t, periodic, told([wish[0].unasked])), atol=1e-5)
        assert torch.allclose(twice - none, 2 * (once - none), atol=1e-4)
        assert not torch.allclose(none, once, atol=1e-3)


def test_n_is_told_as_a_phase_so_that_0_and_1_are_the_same():
    numbers = [Conditions((0.2635,) * 3, n).numbers() for n in (0.0, 0.999999)]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-4)
    assert Conditions((0.2635,) * 3).numbers() == [0.0] * COUNT
