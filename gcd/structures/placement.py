"""Where in its cell a bicrystal stands: a slab is moved so that its grains lie as those that a model paints between."""

from __future__ import annotations

import numpy as np

from gcd.structures.bicrystal_ends import boundary_of, grain_translations
from gcd.structures.bicrystals import DEFAULT_VACUUM, default_planes
from gcd.structures.boundary import Boundary
from gcd.structures.twists import Twist


def placement(
    positions: np.ndarray,
    plane: float,
    edge: float,
    state: np.ndarray,
    twist: str | Twist | Boundary,
    metal: str,
) -> tuple[np.ndarray, float]:
    """The move after which both grains lie on the lattices of `bicrystal_ends` with this state.

    A state says how the upper grain lies on the lower one. Many moves bring the lower grain onto its sites, one for
    each site of a plane; the one returned brings the upper grain onto its own sites as well.

    Args:
        positions: (N, 3) Å of a slab of one cell of the boundary.
        plane: z of its boundary in Å.
        edge: of the cell along x in Å.
        state: (3,) Å, as measured by `measure_state`, or one of `symmetric_states` of it.
        twist, metal: the boundary.

    Returns:
        (3,) Å, along z to about where the ends have their boundary; and how far in Å the upper grain then lies off
        its sites.
    """
    boundary = boundary_of(twist, metal)
    a = edge / float(boundary.edges[0])
    lower, upper = grain_translations(positions, plane, boundary, a)
    of_lower, of_upper = (_lattice(boundary, side, a) for side in (0, 1))
    off = (upper - lower + of_lower)[:, None] - (state + of_upper)[None]
    below, above = (boundary.planes_per_period(side) * float(boundary.spacings[side]) * a for side in (0, 1))
    for axis, period in enumerate((*(boundary.edges * a), above)):
        off[..., axis] -= period * np.rint(off[..., axis] / period)
    miss = np.linalg.norm(off, axis=2)
    best = int(miss.min(axis=1).argmin())
    move = of_lower[best] - lower + np.array([0.0, 0.0, DEFAULT_VACUUM])
    middle = DEFAULT_VACUUM + (default_planes(boundary, a)[0] - 0.5) * float(boundary.spacings[0]) * a
    move[2] += below * np.rint((middle - plane - move[2]) / below)
    return move, float(miss.min())


def _lattice(boundary: Boundary, side: int, a: float) -> np.ndarray:
    """(M, 3) Å: the vectors of a grain's lattice within one cell and one period of its planes."""
    edges, spacing = boundary.edges * a, float(boundary.spacings[side]) * a
    planes = [boundary.sites(side, k) * edges for k in range(boundary.planes_per_period(side))]
    return np.concatenate(
        [np.column_stack([p - planes[0][0], np.full(len(p), k * spacing)]) for k, p in enumerate(planes)]
    )
