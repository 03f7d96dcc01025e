"""Bond order by known constants, by invariances, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from hypothesis import given
from hypothesis import strategies as st

from gcd.analysis.steinhardt import coordination, ideal_order, minimum_distance, steinhardt
from gcd.structures.crystals import PHASES, ideal_crystal

HCP = bulk("Mg", "hcp", a=3.2, c=3.2 * np.sqrt(8 / 3), orthorhombic=True)


@pytest.mark.parametrize("size", [1, 2, (4, 1, 3)])
@pytest.mark.parametrize(
    ("phase", "neighbours", "q4", "q6"),
    [
        ("sc", 6, 0.763763, 0.353553),
        ("bcc", 8, 0.509175, 0.628539),
        ("bcc", 14, 0.036370, 0.510688),
        ("bcc", "voronoi", 0.224025, 0.566940),
        ("fcc", 12, 0.190941, 0.574524),
        ("fcc", "voronoi", 0.190941, 0.574524),
        ("hcp", 12, 0.097222, 0.484762),
    ],
)
def test_known_constants(phase: str, neighbours: int, q4: float, q6: float, size: object) -> None:
    crystal = HCP * size if phase == "hcp" else ideal_crystal(phase, size)  # type: ignore[arg-type]
    q = steinhardt(crystal, neighbours=neighbours)
    np.testing.assert_allclose(q[4], q4, atol=2e-6)
    np.testing.assert_allclose(q[6], q6, atol=2e-6)


@pytest.mark.parametrize("phase", PHASES)
def test_ideal_values_of_the_phase_table(phase: str) -> None:
    q = steinhardt(ideal_crystal(phase, 2), neighbours=PHASES[phase].neighbour_count)
    assert q[4][0] == pytest.approx(PHASES[phase].q4, abs=1e-6)
    assert q[6][0] == pytest.approx(PHASES[phase].q6, abs=1e-6)


def test_a_rule_has_a_mark_for_the_crystals_whose_shells_it_leaves_whole() -> None:
    by_first_shell = {8: "bcc", 12: "fcc"}
    for count, phase in by_first_shell.items():
        assert {name for name in PHASES if ideal_order(name, count)} == {phase}
        assert ideal_order(phase, count) == pytest.approx((PHASES[phase].q4, PHASES[phase].q6), abs=1e-6)
    assert ideal_order("bcc", 14) == pytest.approx((0.036370, 0.510688), abs=1e-5)
    assert all(ideal_order(name, "voronoi") for name in PHASES)


@given(seed=st.integers(0, 2**32 - 1), neighbours=st.sampled_from([4, 12, "voronoi"]))
def test_translation_wrapping_and_order_of_atoms_do_not_matter(seed: int, neighbours: int) -> None:
    rng = np.random.default_rng(seed)
    atoms = Atoms("H20", rng.random((20, 3)) * [5, 6, 7], cell=[5, 6, 7], pbc=True)
    order = rng.permutation(20)
    moved = atoms[order]
    moved.positions += rng.normal(0, 10, 3)  # far outside the cell
    moved.positions += rng.integers(-2, 3, (20, 3)) * [5, 6, 7]
    for order_l, q in steinhardt(atoms, neighbours=neighbours).items():
        np.testing.assert_allclose(steinhardt(moved, neighbours=neighbours)[order_l], q[order], atol=2e-4)


def test_rotation_of_the_whole_crystal_does_not_matter(rng: np.random.Generator) -> None:
    atoms = ideal_crystal("bcc", 3)
    atoms.rattle(0.1, rng=np.random.RandomState(0))
    turned = atoms.copy()
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    for neighbours in (8, "voronoi"):
        before, after = (steinhardt(a, neighbours=neighbours) for a in (atoms, turned))  # type: ignore[arg-type]
        np.testing.assert_allclose(after[6], before[6], atol=1e-4)


def test_repetition_of_the_cell_does_not_matter(rng: np.random.Generator) -> None:
    atoms = Atoms("H7", rng.random((7, 3)) * 3, cell=[3, 3, 3], pbc=True)
    for neighbours in (9, "voronoi"):
        one = steinhardt(atoms, neighbours=neighbours)[6]  # type: ignore[arg-type]
        eight = steinhardt(atoms * 2, neighbours=neighbours)[6]  # type: ignore[arg-type]
        np.testing.assert_allclose(eight[:7], one, atol=1e-4)


@pytest.mark.parametrize(
    "matrix", [np.diag([1, 1, -1]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [9, 1, 0], [0, -7, 1]]]
)
@pytest.mark.parametrize("pbc", [True, (True, True, False)])
def test_left_handed_and_skewed_cells_of_the_same_lattice(
    matrix: object, pbc: object, rng: np.random.Generator
) -> None:
    atoms = Atoms("H9", rng.random((9, 3)) * 4, cell=[4, 4.2, 4.4], pbc=pbc)
    other = atoms.copy()
    other.set_cell(np.asarray(matrix)[:3] @ atoms.cell[:])
    if not all(atoms.pbc) and np.asarray(matrix)[2, 1]:
        other.cell[2] = atoms.cell[2]  # vectors along open axes are no part of a lattice
    for neighbours in (8, "voronoi"):
        expected = steinhardt(atoms, neighbours=neighbours)[6]  # type: ignore[arg-type]
        np.testing.assert_allclose(steinhardt(other, neighbours=neighbours)[6], expected, atol=1e-4)  # type: ignore[arg-type]
    np.testing.assert_array_equal(coordination(other, 4.0), coordination(atoms, 4.0))


@pytest.mark.parametrize("neighbours", [12, "voronoi"])
def test_an_atom_without_neighbours_is_nan(neighbours: int) -> None:
    alone = Atoms("H", [[1, 2, 3]], cell=[9, 9, 9])
    assert np.isnan(steinhardt(alone, neighbours=neighbours)[6]).all()
    assert steinhardt(Atoms(cell=[5, 5, 5], pbc=True), neighbours=neighbours)[4].shape == (0,)
    assert coordination(alone).tolist() == [0]
    assert minimum_distance(alone) == np.inf


def test_a_cluster_uses_the_neighbours_it_has() -> None:
    pair = Atoms("H2", [[0, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(steinhardt(pair, neighbours=12)[6], 1.0, atol=1e-6)  # one bond: q_l = 1


def test_voronoi_faces_do_not_reach_across_an_open_axis() -> None:
    slab = ideal_crystal("sc", (3, 3, 3))
    slab.pbc = (True, True, False)
    bottom = steinhardt(slab, neighbours="voronoi")[4][slab.positions[:, 2] < 0.1]
    middle = steinhardt(slab, neighbours="voronoi")[4][np.isclose(slab.positions[:, 2], 3.35)]
    assert np.allclose(middle, PHASES["sc"].q4, atol=1e-5)
    assert not np.allclose(bottom, PHASES["sc"].q4, atol=1e-2)


@pytest.mark.parametrize("neighbours", [0, -1, 2.5, "nearest", True])
def test_illegal_neighbours(neighbours: object) -> None:
    with pytest.raises(ValueError, match="from 1 up or 'voronoi'"):
        steinhardt(ideal_crystal("sc", 1), neighbours=neighbours)  # type: ignore[arg-type]


@pytest.mark.parametrize(("phase", "count"), [("sc", 6), ("bcc", 14), ("fcc", 12)])
def test_coordination_of_crystals_at_any_size(phase: str, count: int) -> None:
    for size in (1, 3):
        assert set(coordination(ideal_crystal(phase, size))) == {count}


@given(seed=st.integers(0, 2**32 - 1), periodic=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_coordination_and_distance_agree_with_ase(seed: int, periodic: tuple[bool, bool, bool]) -> None:
    rng = np.random.default_rng(seed)
    atoms = Atoms("H12", rng.random((12, 3)) * 4, cell=[[4, 0, 0], [1, 4, 0], [0, -1, 4]], pbc=periodic)
    first, distance = neighbor_list("id", atoms, 4.5)
    np.testing.assert_array_equal(coordination(atoms, 4.5), np.bincount(first, minlength=12))
    assert minimum_distance(atoms) == pytest.approx(distance.min(), abs=1e-9)


@pytest.mark.parametrize("apart", [0.0, 1e-9, 9e-6, 5e-5])
@pytest.mark.parametrize("edge", [4.0, 100.0, 1e4])
def test_atoms_on_one_point_share_their_voronoi_neighbours(
    apart: float, edge: float, rng: np.random.Generator
) -> None:
    positions = rng.random((15, 3)) * edge
    alone = Atoms("H15", positions, cell=[edge] * 3, pbc=True)
    moved = np.concatenate([positions, positions[[3, 3]] + [apart, edge, 0.0]])
    both = Atoms("H17", moved, cell=[edge] * 3, pbc=True)
    expected = steinhardt(alone, neighbours="voronoi")[6]
    np.testing.assert_allclose(
        steinhardt(both, neighbours="voronoi")[6], expected[[*range(15), 3, 3]], atol=1e-4
    )


def test_nothing_but_atoms_on_one_point() -> None:
    for pbc in (True, False):
        atoms = Atoms("H3", [[1, 1, 1]] * 3, cell=[5, 5, 5], pbc=pbc)
        q = steinhardt(atoms, neighbours="voronoi")[4]
        assert np.isnan(q).all() or np.allclose(q, PHASES["sc"].q4, atol=1e-5)


def test_atoms_on_one_point_are_neighbours_at_distance_zero() -> None:
    atoms = Atoms("H2", [[1, 1, 1], [1, 1, 1]], cell=[5, 5, 5], pbc=True)
    assert minimum_distance(atoms) == 0
    assert coordination(atoms).tolist() == [1, 1]


@pytest.mark.parametrize("longest", [0, 1, 2])
def test_voronoi_neighbours_in_a_needle_whichever_way_it_points(longest: int) -> None:
    edges = np.roll([0.6, 0.6, 3000.0], longest - 2)
    heights = np.roll([[0.0, 0.0, 0.0], [0.3, 0.1, 900.0]], longest - 2, axis=1)
    order = steinhardt(Atoms("H2", heights, cell=edges, pbc=True), (4, 6), "voronoi")
    np.testing.assert_allclose(order[4], 0.829156, atol=1e-3)  # of four neighbours in a square
    np.testing.assert_allclose(order[6], 0.586302, atol=1e-3)


def test_a_needle_too_long_for_voronoi_neighbours_is_refused() -> None:
    needle = Atoms("H2", [[0, 0, 0], [0.3, 0.1, 900]], cell=[0.5, 0.5, 100_000], pbc=True)
    with pytest.raises(
        ValueError, match=r"0\.5 x 0\.5 x 100000 Å need .* room for 40,000,000: count a number"
    ):
        steinhardt(needle, (4, 6), "voronoi")
