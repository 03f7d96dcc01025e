"""Distances between the opposite faces of cells."""

import numpy as np
import pytest

from gcd.structures.cells import plane_distances, right_angled


def test_of_a_box_they_are_its_edges():
    assert plane_distances(np.diag([3.0, 4.0, 0.5])) == pytest.approx([3.0, 4.0, 0.5])


def test_of_a_hexagonal_cell_they_are_the_heights():
    cell = [[2.0, 0.0, 0.0], [-1.0, 3.0**0.5, 0.0], [0.0, 0.0, 5.0]]
    assert plane_distances(np.array(cell)) == pytest.approx([3.0**0.5, 3.0**0.5, 5.0])


def test_of_any_cell_they_are_volume_over_area_of_the_face():
    cell = np.random.default_rng(3).normal(size=(3, 3))
    a, b, c = cell
    areas = [np.linalg.norm(np.cross(*faces)) for faces in ((b, c), (c, a), (a, b))]
    assert plane_distances(cell) == pytest.approx(abs(np.linalg.det(cell)) / areas)
    assert plane_distances(cell[:, ::-1]) == pytest.approx(abs(np.linalg.det(cell)) / areas)  # left-handed


@pytest.mark.parametrize(
    ("cell", "times", "lengths"),
    [
        ([[2.0, 0, 0], [0, 3.0, 0]], 1, (2.0, 3.0)),
        ([[1.0, 0, 0], [-0.5, np.sqrt(3) / 2, 0]], 2, (1.0, np.sqrt(3))),
        ([[1.0, 0, 0], [1.0, 1.0, 0]], 1, (1.0, 1.0)),
        ([[1.0, 0, 0], [2.0, 3.0, 0]], 1, (1.0, 3.0)),
        ([[3.0, 1.0, 0], [1.0, 3.0, 0]], 2, (np.sqrt(8), np.sqrt(32))),
    ],
)
def test_a_cell_with_a_right_angle_is_found(cell, times, lengths):
    rows = right_angled(np.array(cell))
    edges = rows @ np.array(cell)
    assert abs(np.linalg.det(rows)) == pytest.approx(times)
    assert sorted(np.linalg.norm(edges, axis=1)) == pytest.approx(sorted(lengths))
    assert edges[0] @ edges[1] == pytest.approx(0.0, abs=1e-9)


def test_a_skewed_cell_without_a_right_angle_has_none():
    assert right_angled(np.array([[1.0, 0, 0], [0.137, 1.0, 0]])) is None
