"""The match to the ideal crystal: what is perfect, what is not, and that the periodic edge plays no part."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from gcd.analysis.matching import match_crystal, match_structures
from gcd.structures.crystals import PHASES, ideal_crystal, ideal_positions
from gcd.voxels.grid import Grid

sizes = st.tuples(*[st.integers(1, 4)] * 3)


def nearest_neighbour(atoms: Atoms) -> float:
    return PHASES[atoms.info["phase"]].nearest_neighbour * atoms.info["lattice_constant"]


@given(phase=st.sampled_from(list(PHASES)), size=sizes, seed=st.integers(0, 2**32 - 1))
def test_any_rigid_translation_of_the_crystal_is_perfect(phase: str, size: tuple, seed: int) -> None:
    rng = np.random.default_rng(seed)
    crystal = ideal_crystal(phase, size)[rng.permutation(len(ideal_positions(phase, size)))]
    crystal.positions += rng.uniform(-20, 20, 3)
    crystal.positions += rng.integers(-2, 3, (len(crystal), 3)) * crystal.cell.lengths()
    match = match_crystal(crystal, phase, size)
    assert match.perfect
    assert match.rms_displacement < 1e-9
    assert sorted(match.sites) == list(range(len(crystal)))


@given(phase=st.sampled_from(list(PHASES)), seed=st.integers(0, 2**32 - 1))
def test_translation_is_the_mean_of_the_displacements(phase: str, seed: int) -> None:
    """Displacements of known rms come back as they are, even where the crystal sits on the periodic edge."""
    rng = np.random.default_rng(seed)
    crystal = ideal_crystal(phase, 3)
    noise = np.clip(rng.normal(0, 0.02, crystal.positions.shape), -0.05, 0.05) * nearest_neighbour(crystal)
    noise -= noise.mean(axis=0)
    shift = rng.choice([0.0, 1e-12, -1e-12, 0.5, 1.7], 3)
    crystal.positions += noise + shift
    crystal.wrap(eps=0)
    match = match_crystal(crystal, phase, 3)
    expected = np.linalg.norm(noise, axis=1) / nearest_neighbour(crystal)
    assert match.perfect
    np.testing.assert_allclose(match.displacements, expected, atol=1e-9)
    assert match.rms_displacement == pytest.approx(np.sqrt((expected**2).mean()), abs=1e-9)
    sites = ideal_positions(phase, 3)[match.sites] * crystal.info["lattice_constant"]
    error = crystal.positions - noise - sites - match.translation
    error -= np.round(error / crystal.cell.lengths()) * crystal.cell.lengths()
    np.testing.assert_allclose(error, 0, atol=1e-9)


def test_one_atom_beyond_the_tolerance_is_not_perfect() -> None:
    crystal = ideal_crystal("fcc", 4)
    crystal.positions[17, 0] += 0.09 * nearest_neighbour(crystal)
    assert match_crystal(crystal, "fcc", 4).perfect
    crystal.positions[17, 0] += 0.02 * nearest_neighbour(crystal)
    match = match_crystal(crystal, "fcc", 4)
    assert not match.perfect
    assert match.largest_displacement == pytest.approx(0.11 * 255 / 256, rel=1e-3)
    assert np.argmax(match.displacements) == 17


@pytest.mark.parametrize("phase", PHASES)
def test_vacancy(phase: str, rng: np.random.Generator) -> None:
    crystal = ideal_crystal(phase, 4)
    crystal.positions += [0.4, 1.1, -0.3]
    del crystal[5]
    match = match_crystal(crystal, phase, 4)
    assert not match.perfect
    assert match.expected_atoms == len(crystal) + 1 == match.matched_atoms + 1
    assert match.rms_displacement < 1e-9


@pytest.mark.parametrize("phase", PHASES)
def test_interstitial(phase: str) -> None:
    crystal = ideal_crystal(phase, 4)
    crystal.append(Atoms("H", [crystal.positions[7] + [0.6, 0.5, 0.4]])[0])
    crystal.positions += [0.4, 1.1, -0.3]
    match = match_crystal(crystal, phase, 4)
    assert not match.perfect
    assert match.matched_atoms == match.expected_atoms == len(crystal) - 1
    assert match.sites[-1] == -1
    assert np.isnan(match.displacements[-1])
    assert match.rms_displacement < 1e-9


def test_two_atoms_at_one_site_and_a_hole_are_seen() -> None:
    """The count is right and every atom lies on a site, yet the crystal is not perfect."""
    crystal = ideal_crystal("bcc", 3)
    crystal.positions[4] = crystal.positions[40]
    match = match_crystal(crystal, "bcc", 3)
    assert len(crystal) == match.expected_atoms
    assert not match.perfect
    assert sorted(match.sites) == list(range(54))


def test_another_phase_is_not_this_one() -> None:
    atoms = ideal_crystal("bcc", (4, 4, 2))
    atoms.set_cell([4 * 3.16] * 3, scale_atoms=True)
    assert not match_crystal(atoms, "sc", 4).perfect


def test_random_atoms_are_far_from_any_crystal(rng: np.random.Generator) -> None:
    atoms = ideal_crystal("fcc", 4)
    atoms.positions = rng.random((256, 3)) * atoms.cell.lengths()
    match = match_crystal(atoms, "fcc", 4)
    assert not match.perfect
    assert 0.3 < match.rms_displacement < 1.0


def test_no_atoms() -> None:
    match = match_crystal(Atoms(cell=[8, 8, 8], pbc=True), "sc", 2)
    assert (match.perfect, match.expected_atoms, match.matched_atoms) == (False, 8, 0)
    assert np.isnan(match.rms_displacement)


def test_skew_cell_names_its_angles() -> None:
    skew = Atoms("H", cell=[[3, 0, 0], [1, 3, 0], [0, 0, 3]], pbc=True)
    with pytest.raises(ValueError, match=r"71\.57"):
        match_crystal(skew, "sc", 1)


@given(seed=st.integers(0, 2**32 - 1), extra=st.integers(-3, 3))
def test_pairs_are_optimal_and_counted(seed: int, extra: int) -> None:
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(seed)
    grid = Grid((8, 8, 8), (4.0, 5.0, 6.0), (True, False, True))
    a, b = rng.random((20, 3)) * grid.lengths, rng.random((20 + extra, 3)) * grid.lengths
    match = match_structures(a, b, grid)
    difference = a[:, None] - b[None]
    for axis in (0, 2):
        difference[..., axis] -= np.round(difference[..., axis] / grid.lengths[axis]) * grid.lengths[axis]
    squares = (difference**2).sum(axis=2)
    rows, columns = linear_sum_assignment(squares)
    assert (match.distances**2).sum() == pytest.approx(squares[rows, columns].sum())
    assert (len(match.unmatched_a), len(match.unmatched_b)) == (max(0, -extra), max(0, extra))
    assert match.complete == (extra == 0)


def test_large_structures_pair_as_well_as_the_full_table(rng: np.random.Generator) -> None:
    from scipy.optimize import linear_sum_assignment

    a, b = rng.random((400, 3)), rng.random((390, 3))
    match = match_structures(a, b, Grid((4, 4, 4), (1.0, 1.0, 1.0)))
    difference = a[:, None] - b[None]
    squares = ((difference - np.round(difference)) ** 2).sum(axis=2)
    assert (match.distances**2).sum() == pytest.approx(
        squares[linear_sum_assignment(squares)].sum(), rel=1e-9
    )


def test_errors_across_the_edge_are_small_and_a_cutoff_dissolves_pairs() -> None:
    a = Atoms("H2", [[0.05, 0, 0], [2, 2, 2]], cell=[4, 4, 4], pbc=True)
    b = Atoms("H2", [[3, 3, 3], [3.95, 0, 0]], cell=[4, 4, 4], pbc=True)
    match = match_structures(a, b)
    assert match.pairs.tolist() == [[0, 1], [1, 0]]
    assert match.distances[0] == pytest.approx(0.1)
    assert match.largest_error == pytest.approx(np.sqrt(3))
    close = match_structures(a, b, cutoff=0.5)
    assert (close.pairs.tolist(), close.unmatched_a.tolist(), close.unmatched_b.tolist()) == (
        [[0, 1]],
        [1],
        [0],
    )
    assert close.rms_error == pytest.approx(0.1)
