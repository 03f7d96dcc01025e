"""A slab moved onto the lattices between which a model paints."""

from __future__ import annotations

import numpy as np
import pytest

from gcd.structures.bicrystal_ends import bicrystal_ends, measure_state, symmetric_states
from gcd.structures.bicrystals import twist_bicrystal
from gcd.structures.placement import placement


def turned(slab, flipped: int, quarters: int) -> tuple[np.ndarray, float]:
    """Its positions and the height of its boundary after half a turn about x and quarter turns about z."""
    r, plane = slab.positions * ([1, -1, -1] if flipped else [1, 1, 1]), slab.info["plane"]
    for _ in range(quarters):
        r = r[:, [1, 0, 2]] * [-1, 1, 1]
    return r, -plane if flipped else plane


@pytest.mark.parametrize("twist", ["sigma5", "sigma13"])
@pytest.mark.parametrize(("shift", "gap"), [((1.3, 4.2), 0.31), ((7.0, 0.2), 1.3), ((0.0, 0.0), 0.05)])
@pytest.mark.parametrize("flipped", [0, 1])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_every_turn_of_a_slab_is_brought_onto_the_ends_of_its_state(twist, shift, gap, flipped, quarters):
    slab = twist_bicrystal(twist, "W", in_plane_shift=shift, gap=gap)
    edge = slab.cell.lengths()[0]
    state = measure_state(slab.positions, slab.info["plane"], edge, twist)
    state = symmetric_states(state)[4 * flipped + quarters]
    r, plane = turned(slab, flipped, quarters)
    top = slab.cell.lengths()[2] if flipped else 0.0
    r, plane = r + np.array([3.3, -5.1, top + 2.2]), plane + top + 2.2
    move, miss = placement(r, plane, edge, state, twist, "W")
    assert miss < 1e-6
    ends = bicrystal_ends(twist, "W", in_plane_shift=tuple(state[:2]), spacing=state[2], painted=4.0).atoms
    away = np.abs(r[:, 2] - plane)
    far = (r + move)[(away > 8.0) & (away < 12.0)]
    assert largest_distance(far, ends.positions, edge) < 1e-5


def largest_distance(atoms: np.ndarray, sites: np.ndarray, edge: float) -> float:
    """Of any atom from its nearest site, Å; x and y are periodic."""
    off = atoms[:, None] - sites[None]
    off[..., :2] -= edge * np.rint(off[..., :2] / edge)
    return float(np.linalg.norm(off, axis=2).min(axis=1).max())


def test_another_state_is_not_met():
    slab = twist_bicrystal("sigma5", "W", in_plane_shift=(1.3, 4.2), gap=0.31)
    edge = slab.cell.lengths()[0]
    state = measure_state(slab.positions, slab.info["plane"], edge) + np.array([0.0, 0.0, 0.3])
    assert placement(slab.positions, slab.info["plane"], edge, state, "sigma5", "W")[1] == pytest.approx(0.3)
