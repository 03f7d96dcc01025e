"""The table of phases against what crystallography knows of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gcd.limits import MAX_CELLS_PER_AXIS
from gcd.structures.crystals import (
    PHASES,
    check_phase,
    check_size,
    crystal_grid,
    ideal_crystal,
    ideal_positions,
    lattice_constant_of,
)


@pytest.mark.parametrize(
    ("phase", "atoms", "voxels"),
    [("sc", 64, 24), ("bcc", 128, 20), ("fcc", 256, 24)],
    ids=["sc", "bcc", "fcc"],
)
def test_default_supercell_is_the_papers(phase: str, atoms: int, voxels: int) -> None:
    assert len(ideal_crystal(phase)) == atoms
    grid = crystal_grid(phase)
    assert grid.shape == (voxels,) * 3
    np.testing.assert_allclose(ideal_crystal(phase).cell.lengths(), grid.lengths)


@pytest.mark.parametrize("phase", PHASES)
def test_neighbour_shells_of_the_table_are_those_of_the_crystal(phase: str) -> None:
    entry = PHASES[phase]
    crystal = ideal_crystal(phase, 6, lattice_constant=1.0)
    distances = crystal.get_distances(0, range(1, len(crystal)), mic=True)
    for radius, count in entry.shells:
        assert np.isclose(distances, radius, atol=1e-9).sum() == count
    assert math.isclose(distances.min(), entry.nearest_neighbour)
    assert entry.shells[0] == (entry.nearest_neighbour, entry.neighbour_count)


def test_sites_lie_inside_the_supercell_and_are_distinct() -> None:
    sites = ideal_positions("fcc", (2, 3, 1))
    assert sites.shape == (24, 3)
    assert ((sites >= 0) & (sites < [2, 3, 1])).all()
    assert len(np.unique(sites, axis=0)) == 24


def test_lattice_constant_is_the_measured_one_where_the_element_has_the_phase() -> None:
    assert lattice_constant_of("bcc", "W") == 3.16
    assert lattice_constant_of("fcc", "cu") == 3.61
    assert lattice_constant_of("sc") == 3.35


@pytest.mark.parametrize("element", ["W", "Cu", "Mg", "Si"])
@pytest.mark.parametrize("phase", PHASES)
def test_other_lattice_constants_keep_the_nearest_neighbour_distance(phase: str, element: str) -> None:
    expected = {
        "W": 3.16 * math.sqrt(3) / 2,
        "Cu": 3.61 / math.sqrt(2),
        "Mg": 3.21 * math.sqrt(1 / 3 + 1.624**2 / 4),
        "Si": 5.43 * math.sqrt(3) / 4,
    }[element]
    assert lattice_constant_of(phase, element) * PHASES[phase].nearest_neighbour == pytest.approx(
        expected, abs=1e-3
    )


def test_phase_name_may_be_capitalised() -> None:
    assert check_phase("BCC") is PHASES["bcc"]


def test_unknown_phase_names_the_legal_ones() -> None:
    with pytest.raises(ValueError, match=r"'hcp'.*sc, bcc, fcc"):
        check_phase("hcp")


@pytest.mark.parametrize("size", [0, -1, 10_000, (4, 4, 0), 2.5, "4", True, None])
def test_size_out_of_range_names_the_value_and_the_range(size: object) -> None:
    with pytest.raises(ValueError, match=f"from 1 to {MAX_CELLS_PER_AXIS}, not "):
        check_size(size)  # type: ignore[arg-type]


def test_size_needs_one_or_three_numbers() -> None:
    assert check_size(4) == check_size([4]) == check_size((4, 4, 4)) == (4, 4, 4)
    with pytest.raises(ValueError, match="one or three"):
        check_size((4, 4))


@pytest.mark.parametrize("value", [0, -3.0, math.nan, math.inf, 1e6, "wide"])
def test_lattice_constant_out_of_range(value: object) -> None:
    with pytest.raises(ValueError, match="lattice constant must be from"):
        ideal_crystal("sc", lattice_constant=value)  # type: ignore[arg-type]


def test_unknown_element() -> None:
    with pytest.raises(ValueError, match="'Xx'"):
        ideal_crystal("sc", element="Xx")
