"""The ends of a slab of one's own: its atoms stay where they are, and what was taken out can be put back."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from gcd.structures.bicrystals import bicrystal
from gcd.structures.boundary_names import find_boundary
from gcd.structures.recognise import recognise
from gcd.structures.slab_ends import room, slab_ends, usual_thicknesses

A = 3.1648


def slab(name="s5-310-001", height=28.0, turned=False):
    """With the tilt's axis along the first edge where it is turned."""
    boundary = find_boundary(name).grown(A)
    atoms = bicrystal(
        boundary,
        A,
        "W",
        planes=boundary.planes_for(height, A),
        in_plane_shift=(1.0, 0.5),
        gap=0.4,
        vacuum=6.0,
    )
    plane = atoms.info["plane"]
    if turned:
        atoms.set_cell(atoms.cell.array[[1, 0, 2]], scale_atoms=False)
    atoms = atoms[np.random.default_rng(1).permutation(len(atoms))]
    return atoms, plane, recognise(atoms.positions, atoms.cell.array, plane, "bcc", A)


def put_back(made, atoms):
    """What was taken out, as a painter would hand it over."""
    positions = atoms.positions[~made.kept] @ made.turn.T - made.origin
    known = made.ends.atoms
    whole = Atoms(["W"] * (len(known) + len(positions)), np.concatenate([known.positions, positions]))
    whole.set_array("painted", np.arange(len(whole)) >= len(known))
    whole.info = dict(known.info)
    return whole


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("thickness", [10.0, 24.0])
def test_what_is_taken_out_and_put_back_gives_the_slab(turned, thickness):
    atoms, plane, found = slab(turned=turned)
    made = slab_ends(atoms, plane, found, thickness)
    again = made.filled(atoms, put_back(made, atoms))
    kept = int(made.kept.sum())
    assert np.array_equal(again.positions[:kept], atoms.positions[made.kept])  # to the last digit
    assert not again.arrays["painted"][:kept].any()
    assert again.arrays["painted"][kept:].all()
    fractional = (again.positions[kept:] - atoms.positions[~made.kept]) @ np.linalg.inv(atoms.cell.array)
    fractional[:, :2] -= np.rint(fractional[:, :2])
    assert np.abs(fractional).max() < 1e-9
    assert np.array_equal(again.cell.array, atoms.cell.array)
    z = atoms.positions[~made.kept, 2] - plane
    size = made.ends.grid.voxel_size[2]
    assert np.abs(z).max() == pytest.approx(thickness / 2, abs=2.2 * size)


def test_the_frame_is_that_of_the_boundary():
    atoms, plane, found = slab()
    ends = slab_ends(atoms, plane, found, 20.0).ends
    boundary = found.boundary
    assert ends.grid.shape[:2] == boundary.voxels()
    assert ends.grid.lengths[:2] == pytest.approx(boundary.edges * A)
    assert ends.grid.voxel_size[2] == pytest.approx(0.2635 * A, rel=1e-3)
    low, high = ends.layers
    assert ends.atoms.info["painted"] == pytest.approx(20.0, abs=0.9)
    z = ends.atoms.positions[:, 2] / ends.grid.voxel_size[2]
    assert not ((z > low) & (z < high - 1)).any()
    assert ends.atoms.info["boundary"] == "s5-310-001"


def test_of_a_thick_slab_only_the_middle_is_shown_and_all_is_kept():
    atoms, plane, found = slab(height=60.0)
    made = slab_ends(atoms, plane, found, 20.0)
    assert len(made.ends.atoms) < 0.6 * len(atoms)
    assert np.ptp(made.ends.atoms.positions[:, 2]) < 18.5 * A
    assert len(made.filled(atoms, put_back(made, atoms))) == len(atoms)


def test_a_moved_grain_moves_as_a_block():
    atoms, plane, found = slab()
    move = np.array([0.3, -0.2, 0.5])
    made = slab_ends(atoms, plane, found, 16.0, move=move)
    again = made.filled(atoms, put_back(made, atoms))
    kept = int(made.kept.sum())
    moved = again.positions[:kept] - atoms.positions[made.kept]
    upper = atoms.positions[made.kept, 2] > plane
    assert np.abs(moved[upper] - move).max() < 1e-12
    assert not moved[~upper].any()


def test_thicknesses_are_those_that_leave_enough_of_the_grains():
    _, plane, found = slab()
    assert usual_thicknesses(found, plane) == pytest.approx([23.42, 18.04, 13.29], abs=0.02)
    _, plane, thin = slab(height=13.0)
    (only,) = usual_thicknesses(thin, plane)
    assert 10.0 < only == pytest.approx(room(thin, plane), abs=0.01)


def test_what_cannot_be_painted_is_refused():
    atoms, plane, found = slab(height=13.0)
    with pytest.raises(ValueError, match=r"from 4 to 1\d.* Å in this slab, not 20"):
        slab_ends(atoms, plane, found, 20.0)
    with pytest.raises(ValueError, match="not 1"):
        slab_ends(atoms, plane, found, 1.0)
    atoms, plane, found = slab(height=8.0)
    with pytest.raises(ValueError, match=r"too thin to be painted: its .* grain has \d\.\d Å of crystal"):
        slab_ends(atoms, plane, found, 4.0)
