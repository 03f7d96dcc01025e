"""Distances between the opposite faces of cells."""

import numpy as np
import pytest

from gcd.structures.cells import plane_distances


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
