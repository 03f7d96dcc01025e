"""What the crystal models are trained on, and with which loss."""

import numpy as np
import pytest
import torch

from gcd.diffusion.prediction import PREDICTIONS, denoiser_of, training_target
from gcd.diffusion.schedules import VPSchedule
from gcd.diffusion.unet import UNetConfig
from gcd.training.common import RunConfig
from gcd.training.crystal import CrystalBatches, CrystalTraining, train_crystal


def generator():
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize(("phase", "shape", "atoms"), [("sc", 24, 64), ("bcc", 20, 128), ("fcc", 24, 256)])
def test_batches_are_ideal_cells_on_the_paper_s_grids(phase, shape, atoms):
    x = CrystalBatches(phase, ((4, 4, 4),), scale=0.05).draw((4, 4, 4), 3, generator())
    assert x.shape == (3, 1, shape, shape, shape)
    np.testing.assert_allclose((x * 0.05).sum((1, 2, 3, 4)), atoms, rtol=1e-5)
    assert not torch.allclose(x[0], x[1])  # each under a translation of its own


@pytest.mark.parametrize(("phase", "density"), [("sc", 1 / 216), ("bcc", 2 / 125), ("fcc", 4 / 216)])
def test_voxels_have_the_variance_of_smeared_atoms(phase, density):
    # Under uniform translations an atom's shares squared sum to 2/3 an axis on average; atoms share no voxel.
    x = CrystalBatches(phase, ((4, 4, 4),), scale=1.0).draw((4, 4, 4), 400, generator())
    assert float(x.var()) == pytest.approx((2 / 3) ** 3 * density - density**2, rel=0.05)


def test_the_data_hash_names_phase_and_sizes():
    hashes = {
        CrystalBatches(phase, sizes, 0.05).sha256()
        for phase in ("sc", "fcc")
        for sizes in (((4, 4, 4),), ((4, 4, 4), (6, 6, 6)))
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_solver_gets_the_noise_back_from_a_network_that_is_right(prediction):
    schedule, t = VPSchedule(), 0.37
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    x0, eps = torch.randn(2, 2, 1, 4, 4, 4, generator=generator())
    target = training_target(prediction, x0, eps, alpha.float(), sigma.float())
    denoise = denoiser_of(lambda *_: target, schedule, prediction)
    torch.testing.assert_close(denoise((alpha * x0 + sigma * eps).float(), t), eps, atol=1e-4, rtol=1e-4)


def test_unknown_prediction_is_refused():
    with pytest.raises(ValueError, match="x0, v, eps"):
        denoiser_of(lambda x, *_: x, VPSchedule(), "score")


def test_a_small_run_learns_and_resumes(tmp_path):
    training = CrystalTraining(
        "sc",
        UNetConfig(channels=(8, 8), strides=(2, 3), blocks=1, time_features=8),
        RunConfig(steps=12, validate_every=6, batch_size=2),
        sizes=((1, 1, 1), (2, 1, 1)),
    )
    first = train_crystal(training, folder=tmp_path, max_seconds=0.0)
    assert first.step == 1
    last = train_crystal(training, folder=tmp_path)
    assert last.finished
    assert np.isfinite(last.validation_loss)
