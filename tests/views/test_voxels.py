"""Voxel figures: down-sampling keeps what it averages, slices and rings lie where the atoms are."""

from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go
import pytest

from gcd.views.voxels import (
    FRAME_VOXELS,
    MAX_DRAWN_VOXELS,
    downsample,
    drawn_shape,
    frame,
    largest,
    slice_figure,
)
from gcd.voxels.grid import Grid


@pytest.fixture
def grid() -> Grid:
    return Grid(shape=(8, 10, 12), lengths=(8.0, 5.0, 24.0))


@pytest.fixture
def voxels(grid) -> np.ndarray:
    return np.random.default_rng(0).random(grid.shape).astype(np.float32)


def test_small_arrays_are_not_touched(voxels):
    small, edges = downsample(voxels)
    np.testing.assert_array_equal(small, voxels)
    assert edges == (1, 1, 1)


@pytest.mark.parametrize("shape", [(96, 96, 96), (100, 50, 70), (12, 12, 900), (47, 48, 49)])
def test_large_arrays_fit_and_keep_their_mean(shape):
    voxels = np.random.default_rng(1).random(shape)
    small, edges = downsample(voxels)
    assert small.size <= MAX_DRAWN_VOXELS
    assert small.shape == drawn_shape(shape)
    blocks = [np.minimum(edge, n - np.arange(0, n, edge)) for edge, n in zip(edges, shape, strict=True)]
    weights = np.einsum("i,j,k->ijk", *blocks)
    assert np.average(small, weights=weights) == pytest.approx(voxels.mean(), rel=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_shows_that_layer_with_its_axes_in_angstrom(voxels, grid, axis):
    figure = slice_figure(voxels, grid, axis, 3)
    (heatmap,) = figure.data
    np.testing.assert_allclose(heatmap.z, np.take(voxels, 3, axis=axis).T, atol=1e-4)
    across, up = (other for other in range(3) if other != axis)
    assert heatmap.x[1] == pytest.approx(grid.voxel_size[across])
    assert figure.layout.xaxis.title.text == f"{'xyz'[across]} (Å)"
    assert figure.layout.yaxis.title.text == f"{'xyz'[up]} (Å)"
    assert figure.layout.title.text == f"{'xyz'[axis]} = {3 * grid.voxel_size[axis]:.2f} Å"


def test_rings_are_the_atoms_near_the_cut_also_across_the_periodic_edge(voxels, grid):
    positions = np.array([[1.0, 1.0, 0.2], [2.0, 2.0, 23.5], [3.0, 3.0, 12.0]])
    figure = slice_figure(voxels, grid, 2, 0, positions=positions)
    rings = figure.data[1]
    assert list(rings.x) == [1.0, 2.0]
    assert rings.marker.size[0] > rings.marker.size[1]  # nearer is larger


def test_atoms_at_the_upper_face_are_drawn_at_the_lower_one(voxels, grid):
    figure = slice_figure(voxels, grid, 2, 0, positions=np.array([[7.9, 4.9, 0.0]]))
    assert list(figure.data[1].x) == pytest.approx([-0.1])
    assert list(figure.data[1].y) == pytest.approx([-0.1])


def test_a_layer_out_of_range_is_the_last_one(voxels, grid):
    figure = slice_figure(voxels, grid, 0, 99)
    np.testing.assert_allclose(figure.data[0].z, voxels[-1].T, atol=1e-4)


def test_no_colour_of_a_slice_is_one_that_streamlits_theme_replaces(voxels, grid):
    colours = {colour.lower() for _, colour in slice_figure(voxels, grid, 0, 0).data[0].colorscale}
    assert not any(colour.startswith("#0000") for colour in colours)


def test_figures_leave_the_background_to_the_page(voxels, grid):
    figure = slice_figure(voxels, grid, 0, 0)
    assert isinstance(figure, go.Figure)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_a_frame_is_small_and_says_its_shape():
    voxels = np.zeros((40, 40, 40), np.float32)
    voxels[:8, :8, :8] = 0.7
    picture = frame(voxels)
    data = np.frombuffer(base64.b64decode(picture["data"]), np.uint8)
    assert len(data) == np.prod(picture["shape"]) <= FRAME_VOXELS
    assert data.max() == 255
    assert data.min() == 0


def test_an_empty_frame_is_not_blown_up():
    data = base64.b64decode(frame(np.full((6, 6, 6), 0.001, np.float32))["data"])
    assert max(data) <= 3


def test_the_largest_value_of_nothing_is_one():
    assert largest(np.zeros((4, 4, 4))) == 1.0
