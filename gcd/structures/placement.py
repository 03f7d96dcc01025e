"""Where in its cell a bicrystal stands: a slab is moved so that its grains lie as those that a model paints between."""

from __future__ import annotations

import numpy as np

from gcd.structures.bicrystal_ends import grain_translations
from gcd.structures.bicrystals import DEFAULT_PLANES, DEFAULT_VACUUM, check_twist, metal_phase
from gcd.structures.twists import Twist, plane_sites


def placement(
    positions: np.ndarray, plane: float, edge: float, state: np.ndarray, twist: str, metal: str
) -> tuple[np.ndarray, float]:
    """The move after which both grains lie on the lattices of `bicrystal_ends` with this state.

    A state says how the upper grain lies on the lower one. Many moves bring the lower grain onto its sites, one for
    each site of a plane; the one returned brings the upper grain onto its own sites as well.

    Args:
        positions: (N, 3) Å of a slab of one cell of the twist.
        plane: z of its boundary in Å.
        edge: of the cell in Å.
        state: (3,) Å, as measured by `measure_state`, or one of `symmetric_states` of it.

    Returns:
        (3,) Å, along z to about where the ends have their boundary; and how far in Å the upper grain then lies off
        its sites.
    """
    entry, phase = check_twist(twist), metal_phase(metal)
    spacing = 0.5 * edge / entry.edge
    lower, upper = grain_translations(positions, plane, edge, twist, metal)
    of_lower, of_upper = (_lattice(entry, phase.name, side, edge, spacing) for side in (-1, 1))
    off = (upper - lower + of_lower)[:, None] - (state + of_upper)[None]
    for axis, period in enumerate((edge, edge, 2 * spacing)):
        off[..., axis] -= period * np.rint(off[..., axis] / period)
    miss = np.linalg.norm(off, axis=2)
    best = int(miss.min(axis=1).argmin())
    move = of_lower[best] - lower + np.array([0.0, 0.0, DEFAULT_VACUUM])
    middle = DEFAULT_VACUUM + (DEFAULT_PLANES[0] - 0.5) * spacing
    move[2] += 2 * spacing * np.rint((middle - plane - move[2]) / (2 * spacing))
    return move, float(miss.min())


def _lattice(entry: Twist, phase: str, side: int, edge: float, spacing: float) -> np.ndarray:
    """(M, 3) Å: the vectors of a grain's lattice within one cell and two planes."""
    planes = [plane_sites(entry, phase, k, side) * edge for k in (0, 1)]
    return np.concatenate(
        [np.column_stack([p - planes[0][0], np.full(len(p), k * spacing)]) for k, p in enumerate(planes)]
    )
