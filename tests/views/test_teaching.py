"""Figures that teach: each says what it was given."""

import numpy as np
import pytest
import torch

from gcd.diffusion.accuracy import TWO_CLUSTERS, trajectories
from gcd.diffusion.schedules import VPSchedule
from gcd.views.decoding import STAGES, pairs_figure, stage_figure
from gcd.views.diffusion import cells_figure, error_figure, schedule_figure, trajectories_figure
from gcd.voxels import Grid, encode
from gcd.voxels.decoder import Decoder, decode_in_stages
from gcd.voxels.resolution import PairDecoding


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_shows_its_layer(stage):
    grid = Grid((6, 6, 6), (6.0, 6.0, 6.0))
    truth = np.array([[2.2, 3.1, 1.0]])
    voxels = encode(torch.tensor(truth), grid)
    torch.manual_seed(0)
    (stages,) = decode_in_stages(Decoder(), voxels, grid)
    figure = stage_figure(stage, voxels[0].numpy(), stages, truth, 1)
    assert figure.data[0].z.shape == (6, 6)
    if stage == "Input":
        assert figure.data[0].z[3, 2] == pytest.approx(0.72)
    with pytest.raises(ValueError, match="stages are"):
        stage_figure("Guess", voxels[0].numpy(), stages, truth, 1)


def test_the_schedule_is_drawn_from_data_to_noise():
    alpha, sigma, _ = schedule_figure(VPSchedule(), now=0.3).data
    assert (alpha.y[0], alpha.y[-1]) == pytest.approx((1.0, 0.0), abs=0.01)
    assert (sigma.y[0], sigma.y[-1]) == pytest.approx((0.0, 1.0), abs=0.02)


def test_errors_are_drawn_order_by_order_with_the_present_one_ringed():
    figure = error_figure({1: [(3, 0.1), (6, 0.05)], 3: [(3, 1.0)]}, now=(1, 6))
    assert [trace.name for trace in figure.data] == ["order 1", "order 3", "now"]
    assert figure.data[2].x == (6,)


def test_paths_begin_as_noise():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    times, states = trajectories(TWO_CLUSTERS.denoiser(VPSchedule()), x, VPSchedule(), evaluations=6, order=1)
    way = (VPSchedule().lambda_(times).numpy(), states.numpy())
    figure = trajectories_figure(*way, way, (x.numpy(), TWO_CLUSTERS.density(x).numpy()))
    assert figure.data[1].y[0] == -1.0
    assert len(figure.data) == 3


def test_pairs_and_cells_are_drawn():
    curve = [PairDecoding(1.0, 0.0, 1.0), PairDecoding(3.0, 1.0, 2.0)]
    assert list(pairs_figure(curve, now=2.0, models={"BCC": 4.3, "FCC": 4.2}).data[0].y) == [0, 100]
    assert cells_figure(np.eye(3), top=1.0).data[0].zmin == -1.0
