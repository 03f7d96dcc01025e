"""The file for LAMMPS: its tables are the functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gcd.energetics.eam_alloy import POINTS, eam_alloy_file, write_eam_alloy
from gcd.energetics.metals import METALS
from gcd.energetics.zhou2004 import Zhou2004


@pytest.mark.parametrize("metal", ["W", "Cu", "Mg"])
def test_tables_are_the_functions(metal, tmp_path):
    lines = write_eam_alloy(metal, tmp_path / "file").read_text(encoding="utf-8").splitlines()
    assert lines[3].split() == ["1", metal]
    n_rho, d_rho, n_r, d_r, cutoff = (float(v) for v in lines[4].split())
    assert (n_rho, n_r) == (POINTS, POINTS)
    assert cutoff == pytest.approx(METALS[metal].cutoff)
    assert (n_r - 1) * d_r == pytest.approx(cutoff)
    F, f, r_phi = np.array(" ".join(lines[6:]).split(), dtype=float).reshape(3, POINTS)
    potential = Zhou2004(metal)
    rho = torch.arange(POINTS, dtype=torch.float64) * d_rho
    r = torch.arange(POINTS, dtype=torch.float64) * d_r
    assert np.allclose(F, potential.embedding(rho), atol=1e-12)
    assert np.allclose(f, potential.density(r), atol=1e-12)
    assert np.allclose(r_phi, r * potential.pair(r), atol=1e-12)


def test_all_numbers_are_finite():
    for metal in METALS:
        text = eam_alloy_file(metal).read_text(encoding="utf-8")
        assert "nan" not in text
        assert "inf" not in text


def test_nothing_is_left_beside_the_file(tmp_path):
    write_eam_alloy("W", tmp_path / "W.eam.alloy")
    assert [p.name for p in tmp_path.iterdir()] == ["W.eam.alloy"]


def test_the_file_of_this_process_is_written_once():
    assert eam_alloy_file("W") == eam_alloy_file("w")
