"""The figures of one crystal."""

from __future__ import annotations

import math

import pytest
from ase import Atoms

from gcd.analysis.quality import crystal_quality
from gcd.structures.crystals import PHASES, ideal_crystal


@pytest.mark.parametrize("phase", PHASES)
def test_an_ideal_crystal_has_the_ideal_figures(phase):
    quality = crystal_quality(ideal_crystal(phase, (2, 3, 2)), phase, (2, 3, 2))
    assert quality.perfect
    assert quality.atoms == quality.expected_atoms == 12 * PHASES[phase].atoms_per_cell
    assert quality.q4 == pytest.approx(PHASES[phase].q4, abs=1e-6)
    assert quality.q6 == pytest.approx(PHASES[phase].q6, abs=1e-6)
    assert "perfect" in str(quality)


def test_no_atoms_have_no_figures():
    quality = crystal_quality(Atoms(cell=[6, 6, 6], pbc=True), "sc", 2)
    assert not quality.perfect
    assert math.isnan(quality.q4)
    assert math.isnan(quality.rms_displacement)
    assert "0 of 8 atoms, not perfect" in str(quality)
