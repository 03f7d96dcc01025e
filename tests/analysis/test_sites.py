"""Distances to the nearest lattice site."""

import numpy as np
import pytest

from gcd.analysis.sites import lattice_translation, site_distances
from gcd.structures.crystals import PHASES, ideal_crystal


@pytest.mark.parametrize("phase", PHASES)
def test_an_ideal_crystal_sits_on_its_sites_wherever_it_is(phase):
    crystal = ideal_crystal(phase, (2, 3, 4))
    crystal.positions += [0.7, -5.1, 23.0]
    move = lattice_translation(crystal, phase, (2, 3, 4))
    lengths = crystal.cell.lengths()
    np.testing.assert_allclose(
        site_distances(crystal.positions, lengths, phase, (2, 3, 4), move), 0, atol=1e-6
    )
    crystal.positions[5] += [0.2 * crystal.get_distance(0, 1, mic=True), 0, 0]
    distances = site_distances(crystal.positions, lengths, phase, (2, 3, 4), move)
    assert np.argmax(distances) == 5
    assert (distances > 1e-6).sum() == 1


def test_an_extra_atom_between_sites_is_seen_and_two_on_one_site_are_not_its_matter():
    crystal = ideal_crystal("sc", 3)
    a = crystal.info["lattice_constant"]
    extra = np.vstack([crystal.positions, [[0.5 * a, 0.5 * a, 0.5 * a]], [[a, a, a]]])
    distances = site_distances(extra, crystal.cell.lengths(), "sc", 3)
    assert distances[-2] == pytest.approx(np.sqrt(3) / 2)
    assert distances[-1] == pytest.approx(0, abs=1e-9)


def test_no_atoms():
    assert site_distances(np.zeros((0, 3)), (3.0, 3.0, 3.0), "sc", 1).shape == (0,)
