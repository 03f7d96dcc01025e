"""g(r) by shells of known radius and count, and by what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from gcd.analysis.rdf import radial_distribution
from gcd.structures.crystals import PHASES, ideal_crystal


def atoms_between(r: np.ndarray, g: np.ndarray, density: float, low: float, high: float) -> float:
    """Integral of 4 pi r^2 density g over the shell, exact for the bins it covers."""
    half = 0.5 * (r[1] - r[0])
    volumes = 4 / 3 * np.pi * ((r + half) ** 3 - (r - half) ** 3)
    chosen = (r > low) & (r < high)
    return float((density * g * volumes)[chosen].sum())


@pytest.mark.parametrize("size", [1, (2, 3, 1), 4])
@pytest.mark.parametrize("phase", PHASES)
def test_shell_radii_and_counts(phase: str, size: object) -> None:
    crystal = ideal_crystal(phase, size, lattice_constant=1.0)  # type: ignore[arg-type]
    r, g = radial_distribution(crystal, r_max=2.3, bins=460)
    density = PHASES[phase].atoms_per_cell
    for radius, count in PHASES[phase].shells:
        assert atoms_between(r, g, density, radius - 0.03, radius + 0.03) == pytest.approx(count, rel=1e-4)
    assert atoms_between(r, g, density, 0, PHASES[phase].nearest_neighbour - 0.03) == 0


def test_random_points_give_one(rng: np.random.Generator) -> None:
    gases = [Atoms("H500", rng.random((500, 3)) * 10, cell=[10] * 3, pbc=True) for _ in range(8)]
    r, g = radial_distribution(gases, r_max=4.0, bins=8)
    np.testing.assert_allclose(g[2:], 1.0, atol=0.05)
    np.testing.assert_allclose(r, np.arange(8) * 0.5 + 0.25)


def test_translation_permutation_and_wrapping_do_not_matter(rng: np.random.Generator) -> None:
    atoms = Atoms("H30", rng.random((30, 3)) * [4, 5, 6], cell=[4, 5, 6], pbc=True)
    moved = atoms[rng.permutation(30)]
    moved.positions += [100.3, -7.7, 0.01]
    g, same = radial_distribution(atoms, 5.0, 25)[1], radial_distribution(moved, 5.0, 25)[1]
    np.testing.assert_allclose(same, g, atol=0.05)  # single precision may move a pair to the next bin


def test_repetition_does_not_matter_in_a_skew_cell(rng: np.random.Generator) -> None:
    atoms = Atoms("H9", rng.random((9, 3)) * 3, cell=[[4, 0, 0], [1, 4, 0], [0, 2, 4]], pbc=True)
    np.testing.assert_allclose(
        radial_distribution(atoms * (1, 2, 3), 5.0, 20)[1], radial_distribution(atoms, 5.0, 20)[1], atol=0.05
    )


@pytest.mark.parametrize(
    "matrix", [np.diag([1, 1, -1]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [9, 1, 0], [0, -7, 1]]]
)
def test_the_choice_of_cell_vectors_does_not_matter(matrix: object, rng: np.random.Generator) -> None:
    atoms = Atoms("H9", rng.random((9, 3)) * 4, cell=[4.03, 4.21, 4.43], pbc=True)
    other = atoms.copy()
    other.set_cell(np.asarray(matrix) @ atoms.cell[:])
    expected = radial_distribution(atoms, 5.0, 20)[1]
    np.testing.assert_allclose(radial_distribution(other, 5.0, 20)[1], expected, atol=0.05)


def test_average_weighs_structures_alike() -> None:
    a, b = ideal_crystal("sc", 2, lattice_constant=1.0), ideal_crystal("sc", 3, lattice_constant=1.2)
    both = radial_distribution([a, b], 2.0)[1]
    np.testing.assert_allclose(both, (radial_distribution(a, 2.0)[1] + radial_distribution(b, 2.0)[1]) / 2)


def test_open_axis_has_no_images() -> None:
    chain = Atoms("H2", [[0, 0, 0], [0, 0, 1]], cell=[5, 5, 5], pbc=False)
    r, g = radial_distribution(chain, r_max=6.0, bins=120)
    assert atoms_between(r, g, 2 / 125, 0.9, 1.1) == pytest.approx(1.0, rel=1e-4)
    assert atoms_between(r, g, 2 / 125, 1.1, 6.0) == 0


def test_the_structure_stays_as_it_is() -> None:
    slab = Atoms("H2", [[0, 0, 0], [0, 0, 1]], cell=[5, 5, 8], pbc=[True, True, False])
    first = radial_distribution(slab)
    assert slab.cell.lengths().tolist() == [5, 5, 8]
    np.testing.assert_array_equal(radial_distribution(slab), first)


def test_no_atoms_give_zeros() -> None:
    assert not radial_distribution(Atoms(cell=[5, 5, 5], pbc=True), bins=10)[1].any()


@pytest.mark.parametrize(
    ("atoms", "options", "message"),
    [
        ([], {}, "at least one structure"),
        (Atoms("H"), {}, "cell with a volume"),
        (ideal_crystal("sc", 1), {"r_max": -1.0}, "above 0"),
        (ideal_crystal("sc", 1), {"r_max": float("nan")}, "above 0"),
        (ideal_crystal("sc", 1), {"bins": 0}, "bins"),
    ],
)
def test_bad_arguments(atoms: object, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        radial_distribution(atoms, **options)  # type: ignore[arg-type]
