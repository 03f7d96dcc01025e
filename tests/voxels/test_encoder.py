"""The encoder against Eq. 1 written out slowly, and the properties the paper claims for it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gcd.voxels import CoarseGridWarning, Grid, encode, encode_atoms, grid_for


def slow_encode(positions: np.ndarray, grid: Grid) -> np.ndarray:
    """Eqs. 1 and 2 as they stand: every atom against every voxel, with periodic images where the axis repeats."""
    voxels = np.zeros(grid.shape)
    for r in positions:
        share = np.ones(grid.shape)
        for axis in range(3):
            size, n = grid.voxel_size[axis], grid.shape[axis]
            images = range(-3, 4) if grid.periodic[axis] else (0,)
            along = np.zeros(n)
            for i in range(n):
                for image in images:
                    distance = abs(r[axis] + image * grid.lengths[axis] - i * size) / size
                    along[i] += 1 - distance if distance < 1 else 0
            share = share * along.reshape([-1 if a == axis else 1 for a in range(3)])
        voxels += share
    return voxels


grids = st.builds(
    Grid,
    shape=st.tuples(*(st.integers(1, 7),) * 3),
    lengths=st.tuples(*(st.floats(0.5, 20),) * 3),
    periodic=st.tuples(*(st.booleans(),) * 3),
)


def random_positions(grid: Grid, seed: int, count: int) -> np.ndarray:
    """Anywhere on periodic axes (also outside the cell), between the outer voxel centres on open ones."""
    rng = np.random.default_rng(seed)
    anywhere = rng.uniform(-1, 2, (count, 3)) * grid.lengths
    inside = rng.uniform(0, 1, (count, 3)) * (np.array(grid.lengths) - grid.voxel_size)
    return np.where(grid.periodic, anywhere, inside)


@settings(deadline=None, max_examples=60)
@given(grid=grids, seed=st.integers(0, 2**32 - 1), count=st.integers(0, 12))
def test_equals_equation_1_written_out(grid, seed, count):
    positions = random_positions(grid, seed, count)
    voxels = encode(torch.tensor(positions).view(-1, 3), grid)[0].numpy()
    np.testing.assert_allclose(voxels, slow_encode(positions, grid), atol=1e-10)


@settings(deadline=None, max_examples=60)
@given(grid=grids, seed=st.integers(0, 2**32 - 1), count=st.integers(1, 400))
def test_sum_is_the_number_of_atoms(grid, seed, count):
    positions = random_positions(grid, seed, count)
    assert float(encode(torch.tensor(positions), grid).sum()) == pytest.approx(count, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(*(st.integers(1, 9),) * 3),
    shift=st.tuples(*(st.integers(-12, 12),) * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_shift_by_whole_voxels_rolls_the_array_exactly(shape, shift, seed):
    # Positions on a lattice of 1/1024 voxel: shifts by whole voxels are then exact in floating point too.
    grid = Grid(shape, shape)
    positions = torch.tensor(np.random.default_rng(seed).integers(0, 1024 * np.array(shape), (20, 3)) / 1024)
    shifted = encode(positions + torch.tensor(shift, dtype=torch.float64), grid)
    assert torch.equal(shifted, torch.roll(encode(positions, grid), shift, (1, 2, 3)))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), r=st.tuples(*(st.floats(1.5, 6.5),) * 3))
def test_first_moment_is_the_position_of_an_isolated_atom(seed, r):
    grid = Grid((9, 10, 11), (9.0, 5.0, 22.0))
    position = np.array(r) * grid.voxel_size
    voxels = encode(torch.tensor(position[None]), grid)[0].numpy()
    centres = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), -1) * grid.voxel_size
    np.testing.assert_allclose((voxels[..., None] * centres).sum((0, 1, 2)), position, atol=1e-9)


def test_batch_equals_one_by_one():
    grid = Grid((5, 6, 7), (5.0, 6.0, 7.0))
    rng = np.random.default_rng(0)
    structures = [torch.tensor(rng.uniform(0, 7, (n, 3))) for n in (3, 0, 8)]
    index = torch.tensor([0] * 3 + [2] * 8)
    batch = encode(torch.cat(structures), grid, structure_index=index, count=3)
    assert torch.equal(batch, torch.cat([encode(s, grid) for s in structures]))


def test_float32_sum_of_a_large_crystal():
    grid = Grid((60, 60, 60), (60.0, 60.0, 60.0))
    positions = torch.rand(10_000, 3, generator=torch.Generator().manual_seed(1)) * 60
    assert float(encode(positions, grid).double().sum()) == pytest.approx(10_000, rel=1e-6)


@pytest.mark.parametrize("r", [-0.3, 4.2])
def test_atom_outside_an_open_axis_is_named(r):
    grid = Grid((5, 5, 5), (5.0, 5.0, 5.0), periodic=(True, True, False))
    with pytest.raises(ValueError, match=r"Atom 1 lies at .* open z axis; legal are 0 to 4"):
        encode(torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, r]]), grid)


def test_not_finite_positions_are_refused():
    with pytest.raises(ValueError, match="finite"):
        encode(torch.tensor([[0.0, float("nan"), 1.0]]), Grid((5, 5, 5), (5.0, 5.0, 5.0)))


def test_triclinic_cell_gets_a_sentence_with_its_angles():
    from ase.build import bulk

    with pytest.raises(ValueError, match=r"orthorhombic.*alpha = 60\.00°"):
        grid_for(bulk("Cu"), (8, 8, 8))


def test_coarse_voxels_warn():
    from ase import Atoms

    atoms = Atoms("W2", [[0, 0, 0], [0, 0, 1.5]], cell=[8, 8, 8], pbc=True)
    with pytest.warns(CoarseGridWarning, match="too coarse"):
        encode_atoms(atoms, grid_for(atoms, (8, 8, 8)))


def test_atoms_close_together_add_up():
    grid = Grid((4, 4, 4), (4.0, 4.0, 4.0))
    voxels = encode(torch.tensor([[1.0, 1.0, 1.0]] * 3), grid)
    assert float(voxels[0, 1, 1, 1]) == 3.0


@pytest.mark.parametrize(
    "shape", [(0, 4, 4), (4, 4, 2.5), (4, 4), 4, None, ("a", 4, 4), (4, float("nan"), 4)]
)
def test_grid_refuses_a_bad_shape(shape):
    with pytest.raises(ValueError, match="shape is three whole numbers"):
        Grid(shape, (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "lengths", [(1.0, 2.0), (0.0, 1.0, 1.0), ("a", 1.0, 1.0), None, (1.0, float("inf"), 1.0)]
)
def test_grid_refuses_bad_lengths(lengths):
    with pytest.raises(ValueError, match="edge lengths are three finite numbers"):
        Grid((4, 4, 4), lengths)


@pytest.mark.parametrize("periodic", [True, (True, True), None])
def test_grid_refuses_other_than_three_truth_values(periodic):
    with pytest.raises(ValueError, match="three truth values"):
        Grid((4, 4, 4), (1.0, 1.0, 1.0), periodic)


@pytest.mark.parametrize(
    ("positions", "options", "message"),
    [
        (np.zeros((2, 3)), {}, "not ndarray"),
        (torch.zeros((2, 3), dtype=torch.long), {}, "not torch.int64"),
        (torch.zeros(3), {}, r"shape \(N, 3\)"),
        (
            torch.zeros(2, 3),
            {"structure_index": torch.tensor([0, 2]), "count": 2},
            "from 0 to 1, not from 0 to 2",
        ),
        (torch.zeros(2, 3), {"structure_index": torch.tensor([-1, 0])}, "not from -1"),
        (torch.zeros(2, 3), {"structure_index": torch.tensor([0])}, "each of 2 particles"),
        (torch.zeros(2, 3), {"structure_index": torch.tensor([0.0, 1.0])}, "torch.float32"),
    ],
)
def test_arguments_that_do_not_fit_get_one_sentence(positions, options, message):
    with pytest.raises(ValueError, match=message):
        encode(positions, Grid((4, 4, 4), (4.0, 4.0, 4.0)), **options)


def test_nothing_to_encode_and_positions_that_are_not_finite():
    from ase import Atoms

    grid = Grid((4, 4, 4), (4.0, 4.0, 4.0))
    with pytest.raises(ValueError, match="no structure"):
        encode_atoms([], grid)
    with pytest.raises(ValueError, match="finite"):
        encode_atoms(Atoms("H2", [[0, 0, 0], [np.nan, 0, 0]], cell=[4, 4, 4], pbc=True), grid)


@pytest.mark.parametrize("voxel_size", [0, -1.0, float("nan"), "a"])
def test_a_bad_voxel_size_is_named(voxel_size):
    from ase import Atoms

    with pytest.raises(ValueError, match=f"not {voxel_size!r}"):
        grid_for(Atoms("H", cell=[4, 4, 4], pbc=True), voxel_size=voxel_size)
