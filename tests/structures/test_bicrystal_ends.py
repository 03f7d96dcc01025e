import numpy as np
import pytest

from gcd.structures.bicrystal_ends import PAINTED, bicrystal_ends, draw_state
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
    draws = [draw_state(rng, 10.0, 3.16) for _ in range(2000)]
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
        ({"planes": (3, 3)}, "3 \\+ 3 planes"),
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
