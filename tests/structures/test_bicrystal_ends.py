import numpy as np
import pytest

from gcd.structures.bicrystal_ends import (
    PAINTED,
    bicrystal_ends,
    draw_state,
    measure_state,
    symmetric_states,
)
from gcd.structures.bicrystals import twist_bicrystal


def test_the_frame_of_the_paper():
    ends = bicrystal_ends("sigma5", "W")
    assert ends.grid.shape == (12, 12, 72)
    assert ends.grid.periodic == (True, True, False)
    assert np.allclose(ends.grid.voxel_size, 0.834, atol=2e-4)
    assert ends.layers[1] - ends.layers[0] == 36
    assert ends.atoms.info["painted"] == pytest.approx(PAINTED)


@pytest.mark.parametrize("spacing", [-1.5, -0.79, 0.0, 0.4, 1.5])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.3, 7.1)])
def test_the_ends_are_those_of_the_bicrystal(spacing, shift):
    ends = bicrystal_ends("sigma5", "W", spacing=spacing, in_plane_shift=shift)
    low, high = (layer * ends.grid.voxel_size[2] for layer in (ends.layers[0], ends.layers[1] - 1))
    known = ends.atoms.positions
    assert ((known[:, 2] < low) | (known[:, 2] > high)).all()
    if spacing < -0.5:
        return  # the whole bicrystal would have atoms on top of each other
    whole = twist_bicrystal("sigma5", "W", gap=spacing, in_plane_shift=shift).positions
    z = whole[:, 2]
    expected = whole[(z < low) | (z > high)]
    assert len(known) == len(expected)
    assert np.abs(known - expected).max() < 1e-9
    assert ends.atoms.info["plane"] == pytest.approx(
        twist_bicrystal("sigma5", "W", gap=spacing).info["plane"]
    )


def test_spacing_moves_the_upper_grain_alone_and_leaves_the_frame():
    here, there = (bicrystal_ends("sigma5", "W", spacing=s, painted=20.0) for s in (-0.3, 0.5))
    assert here.grid == there.grid
    lower = [e.atoms.positions[e.atoms.arrays["grain"] == 0] for e in (here, there)]
    assert np.allclose(lower[0][:80], lower[1][:80])
    top = [e.atoms.positions[:, 2].max() for e in (here, there)]
    assert top[1] - top[0] == pytest.approx(0.8)


def test_every_state_can_be_drawn():
    rng = np.random.default_rng(0)
    draws = [draw_state(rng, "sigma5", 3.16) for _ in range(2000)]
    shift, spacing = np.array([d[0] for d in draws]), np.array([d[1] for d in draws])
    assert shift.min() < 0.1
    assert shift.max() > 9.9
    assert spacing.min() == pytest.approx(-0.79, abs=0.01)
    assert spacing.max() == pytest.approx(0.79, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"painted": 80.0}, "painted thickness.*not 80"),
        ({"painted": 1.0}, "from 4 to"),
        ({"painted": float("nan")}, "not nan"),
        ({"planes": (3, 3)}, "3 \\+ 3 planes is too thin .* the least is 5 planes a grain"),
        ({"spacing": -2.0}, "from -1.582 to 1.582.*not -2"),
        ({"spacing": float("inf")}, "spacing"),
        ({"planes": (18.5, 18)}, "whole numbers"),
        ({"repeats": (16, 16), "planes": (90, 90)}, "voxels is .* the most is|fewer planes"),
        ({"twist": "sigma7"}, "sigma7"),
    ],
)
def test_ends_that_cannot_be(arguments, says):
    with pytest.raises(ValueError, match=says):
        bicrystal_ends(**arguments)


def test_two_cells_and_thicker_slabs():
    ends = bicrystal_ends("sigma5", "W", repeats=(2, 1), planes=(24, 20))
    assert ends.grid.shape[:2] == (24, 12)
    assert ends.grid.shape[2] > 72
    assert ends.atoms.info["atoms_per_plane"] == 20


@pytest.mark.parametrize("twist", ["sigma5", "sigma13"])
@pytest.mark.parametrize("metal", ["W", "Cu"])
@pytest.mark.parametrize(
    ("shift", "gap"), [((0.0, 0.0), 0.0), ((1.3, 4.2), 0.31), ((7.0, 0.2), 1.3), ((2.5, 2.5), 0.05)]
)
def test_the_state_of_a_slab_is_measured(twist, metal, shift, gap):
    """As built, up to vectors of the two lattices: building it again with the measured state gives the same ends."""
    slab = twist_bicrystal(twist, metal, in_plane_shift=shift, gap=gap)
    edge = slab.cell.lengths()[0]
    rng = np.random.default_rng(0)
    r = rng.permutation(slab.positions)
    x, y, z = measure_state(r, slab.info["plane"], edge, twist, metal)
    a = slab.info["lattice_constant"]
    assert -a / 4 - 1e-9 <= z <= a / 4 + 1e-9
    again = twist_bicrystal(twist, metal, in_plane_shift=(x, y), gap=z + a)
    # Both upper grains belong to the same lattice: every atom of one lies on a site of the other, lower grain likewise.
    side = 1
    sites = again.positions[again.arrays["grain"] == side]
    top = slab.positions[slab.arrays["grain"] == side]
    moved = top - measure_difference(slab, again)
    off = moved[:, None] - sites[None]
    off[..., :2] -= edge * np.rint(off[..., :2] / edge)
    inside = (moved[:, 2] > sites[:, 2].min() - 0.1) & (moved[:, 2] < sites[:, 2].max() + 0.1)
    assert inside.sum() >= 50
    assert np.linalg.norm(off, axis=2).min(axis=1)[inside].max() < 1e-6


def measure_difference(one, other):
    """A vector of the lower lattice by which `other` must be moved so that its upper grain fits that of `one`."""
    lower = one.positions[one.arrays["grain"] == 0]
    edge = one.cell.lengths()[0]
    upper = one.positions[one.arrays["grain"] == 1]
    sites = other.positions[other.arrays["grain"] == 1]
    middle = sites[np.abs(sites[:, 2] - np.median(sites[:, 2])).argsort()[:1]]
    for vector in lower - lower[len(lower) // 2]:
        off = upper - vector - middle
        off[:, :2] -= edge * np.rint(off[:, :2] / edge)
        if np.linalg.norm(off, axis=1).min() < 1e-6:
            return vector
    raise AssertionError("The two upper grains are not of the same state.")


def test_states_turned_are_the_same_boundary_and_draws_lie_near_one():
    state = np.array([1.0, 2.0, 0.3])
    turned = symmetric_states(state)
    assert len({tuple(s) for s in turned}) == 8
    assert all(s[2] == 0.3 for s in turned)
    rng = np.random.default_rng(0)
    for _ in range(50):
        shift, spacing = draw_state(rng, "sigma5", 3.16, state[None])
        off = np.array([*shift, spacing]) - np.array(turned)
        off[:, :2] -= 10.0 * np.rint(off[:, :2] / 10.0)
        assert np.linalg.norm(off[:, :2], axis=1).min() < 5 * 0.1
        assert 0.24 < off[0, 2] < 0.71


def test_the_least_planes_named_are_enough():
    for spacing in (-1.5, 0.0, 1.5):
        with pytest.raises(ValueError, match="the least is") as caught:
            bicrystal_ends(planes=(1, 1), painted=4.0, spacing=spacing)
        least = int(str(caught.value).split()[-4])
        bicrystal_ends(planes=(least, least), painted=4.0, spacing=spacing)
