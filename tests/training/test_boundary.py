import numpy as np
import pytest
import torch

from gcd.diffusion.unet import UNetConfig
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import check_twist
from gcd.structures.twists import plane_sites
from gcd.training.boundary import BoundaryBatches, BoundaryTraining, checkpoint_config, train_boundary
from gcd.training.boundary_card import model_card
from gcd.training.common import RunConfig

SMALL = UNetConfig(in_channels=2, channels=(8,), strides=(2,), blocks=1, time_features=8)


def test_batches_hold_whole_structures_and_masks_around_the_boundary(small_dataset):
    batches = BoundaryBatches(BoundaryTraining(small_dataset))
    data = BoundaryDataset.load(small_dataset)
    counts = {len(data.positions(i)) for i in range(len(data))}
    x0, mask = batches.draw(12, torch.Generator().manual_seed(0))
    assert x0.shape == mask.shape == (12, 1, 12, 12, 72)
    atoms = x0.sum((1, 2, 3, 4)) * 0.05
    assert (atoms <= max(counts) + 1e-3).all()
    assert (atoms > min(counts) - 21).all()  # a plane may leave at either free end
    layers = mask[:, 0, 0, 0].sum(1)
    assert layers.min() >= 16
    assert layers.max() <= 45
    middle = (mask[:, 0, 0, 0] * torch.arange(72)).sum(1) / layers
    assert (abs(middle - 35.5) < 8).all()
    assert ((mask == 0) | (mask == 1)).all()


def test_every_symmetry_keeps_the_boundary_a_boundary(small_dataset):
    """Turned structures have the same distances, so the same voxel content up to where it lies."""
    batches = BoundaryBatches(BoundaryTraining(small_dataset, shift_z=0.0))
    generator = torch.Generator().manual_seed(1)
    size = torch.tensor(batches.voxel_size, dtype=torch.float32)
    shortest = set()
    for _ in range(16):
        r, plane = batches._place(0, generator)
        d = (r[:, None] - r[None]) * size
        d[..., :2] -= 12 * size[:2] * torch.round(d[..., :2] / (12 * size[:2]))
        near = (abs(r[:, 2] - plane) < 8).nonzero()[:, 0]
        distances = d.norm(dim=-1)[near][:, near]
        shortest.add(round(float(distances[distances > 0].min()), 3))
    assert len(shortest) == 1


def test_the_lower_grain_can_be_put_where_sampling_puts_it(small_dataset):
    batches = BoundaryBatches(BoundaryTraining(small_dataset, shift_xy=0.0))
    sites = np.concatenate([plane_sites(check_twist("sigma5"), "bcc", k, -1) for k in (0, 1)]) * 12
    generator = torch.Generator().manual_seed(1)
    for _ in range(16):
        r, plane = batches._place(1, generator)
        low = r[(r[:, 2] < plane - 15) & (r[:, 2] > plane - 25), :2].numpy()
        off = low[:, None] - sites[None]
        assert np.linalg.norm(off - 12 * np.rint(off / 12), axis=2).min(axis=1).max() < 1e-3
    near = BoundaryBatches(BoundaryTraining(small_dataset, shift_xy=0.5))
    moves = [near._place(1, torch.Generator().manual_seed(seed))[0][0, :2] for seed in range(8)]
    assert len({tuple(move.tolist()) for move in moves}) == 8


def test_a_window_lets_nothing_else_in(small_dataset):
    batches = BoundaryBatches(BoundaryTraining(small_dataset, window=(2.6, 2.8)))
    assert batches.egb.tolist() == [2.7]
    assert len(batches.positions) == 1
    with pytest.raises(ValueError, match=r"no structure with E_gb from 5 to 6 J/m2: .* 2.500 to 3.100"):
        BoundaryBatches(BoundaryTraining(small_dataset, window=(5.0, 6.0)))


def test_the_hash_is_of_what_is_learnt_alone(small_dataset):
    whole, window = (
        BoundaryBatches(BoundaryTraining(small_dataset, window=w)).sha256() for w in ((0.0, 9.0), (2.6, 2.8))
    )
    assert whole != window
    assert window == BoundaryBatches(BoundaryTraining(small_dataset, window=(2.65, 2.75))).sha256()


def test_preference_draws_low_energies_more_often(small_dataset):
    batches = BoundaryBatches(BoundaryTraining(small_dataset, preference=0.1))
    assert np.allclose(batches.weights, 1.0)  # each is alone at its [n]


def test_a_small_run_learns_resumes_and_names_its_data(small_dataset, tmp_path):
    training = BoundaryTraining(
        small_dataset,
        window=(2.6, 3.2),
        architecture=SMALL,
        run=RunConfig(steps=4, batch_size=1, validate_every=2),
    )
    first = train_boundary(training, folder=tmp_path, max_seconds=0.0)
    assert first.step == 1
    last = train_boundary(training, folder=tmp_path)
    assert last.finished
    assert np.isfinite(last.validation_loss)
    config = checkpoint_config(training, last, "gcd train boundary") | {"model": "window"}
    assert sorted(egb for _, egb in config["data"]["structures"]) == [2.7, 3.1]
    assert config["data"]["window"] == [2.6, 3.2]
    card = model_card(config)
    assert config["data_sha256"] in card
    assert "2.6 <= E_gb <= 3.2" in card
