"""The two perfect grains between which a boundary is painted, and the voxels of their frame (paper, section 3.2).

Lengths are in Å. The frame of the paper: 12 x 12 x 72 voxels of 0.834 Å, 36 layers painted, 18 known at either end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_VOXELS, is_finite
from gcd.structures.bicrystals import (
    DEFAULT_PLANES,
    DEFAULT_VACUUM,
    check_twist,
    metal_phase,
    potential_lattice_constant,
    twist_bicrystal,
)
from gcd.structures.crystals import check_element
from gcd.structures.twists import plane_sites
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

PAINTED = 36 * 0.834  # Å
MIN_PAINTED = 4.0
JITTER = 0.1  # Å: standard deviation by which a drawn in-plane shift misses the one that was seen
OPENING = (0.25, 0.7)  # Å added to the spacing that was seen: with more room the model paints more atoms
MIN_END = 5.0  # Å of perfect grain on either side of what is painted: the network must see which grain it is


@dataclass(frozen=True)
class BicrystalEnds:
    """What an in-painting model is given.

    Attributes:
        atoms: the known atoms, those with a share in a known layer; ``arrays["grain"]`` as in `twist_bicrystal`.
        grid: the frame, periodic in x and y.
        layers: the voxel layers low <= z < high are painted.
    """

    atoms: Atoms
    grid: Grid
    layers: tuple[int, int]

    @property
    def painted_z(self) -> tuple[float, float]:
        """Å: where painted atoms may lie."""
        size = self.grid.voxel_size[2]
        return (self.layers[0] - 0.5) * size, (self.layers[1] - 0.5) * size


def measure_state(
    positions: np.ndarray,
    plane: float,
    edge: float,
    twist: str = "sigma5",
    metal: str = "W",
    *,
    away: float = 12.0,
) -> np.ndarray:
    """How the upper grain of a slab lies on the lower one: what `bicrystal_ends` takes as in_plane_shift and spacing.

    Args:
        positions: (N, 3) Å; the cell is one cell of the twist, of that edge in Å.
        plane: z of the boundary in Å.
        away: Å from it; atoms further away are those of perfect grains.

    Returns:
        (3,) Å: in-plane shift, and spacing from -a/4 to a/4. Other shifts may be the same state, by the vectors of
        both lattices.
    """
    entry, phase = check_twist(twist), metal_phase(metal)
    spacing = 0.5 * edge / entry.edge
    lower, upper = grain_translations(positions, plane, edge, twist, metal, away=away)
    state = upper - lower
    # A plane up or down is the same grain again, shifted as the next plane is.
    planes = round(float(state[2] / spacing))
    first, moved = (plane_sites(entry, phase.name, k, 1)[0] * edge for k in (0, planes))
    state -= np.array([*(moved - first), planes * spacing])
    return np.array([*(state[:2] % edge), state[2]])


def grain_translations(
    positions: np.ndarray, plane: float, edge: float, twist: str, metal: str, *, away: float = 12.0
) -> tuple[np.ndarray, np.ndarray]:
    """(3,) Å of either grain, the lower one first, by which its lattice lies off the sites of `plane_sites`.

    Arguments as in `measure_state`; up to vectors of the grain's own lattice.
    """
    entry, phase = check_twist(twist), metal_phase(metal)
    spacing = 0.5 * edge / entry.edge
    z = positions[:, 2] - plane
    lower, upper = (
        _translation(
            positions[where], edge, spacing, [plane_sites(entry, phase.name, k, side) for k in (0, 1)]
        )
        for where, side in ((z < -away, -1), (z > away, 1))
    )
    return lower, upper


def _translation(positions: np.ndarray, edge: float, spacing: float, planes: list[np.ndarray]) -> np.ndarray:
    """(3,) Å by which atoms lie off the sites of planes 0, 1, 0, 1 ... at heights 0, spacing ..., up to the lattice."""
    first = positions[0] - np.array([*(planes[0][0] * edge), 0.0])
    moved = positions - first
    k = np.rint(moved[:, 2] / spacing).astype(int)
    total = np.zeros(3)
    for parity in (0, 1):
        here = moved[k % 2 == parity]
        if not len(here):
            continue
        off = here[:, None, :2] - planes[parity] * edge
        off -= edge * np.rint(off / edge)
        nearest = np.linalg.norm(off, axis=2).argmin(axis=1)
        total[:2] += off[np.arange(len(here)), nearest].sum(axis=0)
        total[2] += (here[:, 2] - k[k % 2 == parity] * spacing).sum()
    return first + total / len(positions)


def symmetric_states(state: np.ndarray) -> list[np.ndarray]:
    """A state (3,) under the point group D4 of a (100) twist boundary: the same boundary, turned."""
    x, y, z = state
    out = []
    for u, v in ((x, y), (-x, y)):  # half a turn about x swaps the grains, and so turns the shift back
        for _ in range(4):
            out.append(np.array([u, v, z]))
            u, v = -v, u
    return out


def draw_state(
    rng: np.random.Generator,
    edge: float,
    lattice_constant: float,
    states: np.ndarray | None = None,
    *,
    jitter: float = JITTER,
    opening: tuple[float, float] = OPENING,
) -> tuple[np.ndarray, float]:
    """A random state of the upper grain: in-plane shift (2,) and spacing, Å.

    Args:
        states: (M, 3) states that the boundary has been seen in: one of them, turned at random. Without them any:
            shifts over the whole cell, spacings over one whole period from -a/4 to a/4 (planes repeat every a/2, and
            a plane more or less is for the model to decide).
        jitter: Å, the standard deviation by which the in-plane shift misses the one that was seen.
        opening: Å, least and most that is added to the spacing that was seen; relaxation closes it again.
    """
    if states is None:
        return rng.uniform(0.0, 1.0, 2) * edge, float(rng.uniform(-0.25, 0.25) * lattice_constant)
    state = symmetric_states(states[rng.integers(len(states))])[rng.integers(8)]
    return (state[:2] + rng.normal(0.0, jitter, 2)) % edge, float(state[2] + rng.uniform(*opening))


def bicrystal_ends(
    twist: str = "sigma5",
    metal: str = "W",
    *,
    voxels: tuple[int, int] = (12, 12),
    voxel_height: float = 0.834,
    planes: tuple[int, int] = DEFAULT_PLANES,
    repeats: tuple[int, int] = (1, 1),
    painted: float = PAINTED,
    in_plane_shift: tuple[float, float] = (0.0, 0.0),
    spacing: float = 0.0,
) -> BicrystalEnds:
    """The ends of a bicrystal whose middle is to be painted.

    Args:
        twist, metal, planes, repeats, in_plane_shift: as in `twist_bicrystal`.
        voxels: along x and y of one cell.
        voxel_height: Å along z.
        painted: Å of the middle that are left out, to whole voxel layers.
        spacing: Å by which the upper grain is lifted beyond perfect stacking, from -a/2 to a/2.

    Raises:
        ValueError: a painted region that leaves no ends, a spacing beyond a plane, a frame of too many voxels, or
            what `twist_bicrystal` refuses.
    """
    if not (len(planes) == 2 and all(int(p) == p and p >= 1 for p in planes)):
        raise ValueError(f"The planes are two whole numbers from 1 up, one a grain, not {planes}.")
    entry, phase = check_twist(twist), metal_phase(metal)
    a = potential_lattice_constant(check_element(metal))
    if not (is_finite(spacing) and abs(spacing) <= a / 2 + 1e-9):
        raise ValueError(
            f"The spacing of the ends must be from {-a / 2:.3f} to {a / 2:.3f} Å (a plane less or more is for the "
            f"model to decide; further down the grains overlap), not {spacing}."
        )
    # Built a whole lattice constant apart, where nothing collides, and brought together afterwards.
    whole = twist_bicrystal(
        entry, metal, planes=planes, repeats=repeats, in_plane_shift=in_plane_shift, gap=spacing + a
    )
    plane = float(whole.info["plane"]) - a / 2
    upper = whole.arrays["grain"] == 1
    whole.positions[upper, 2] -= a

    grid = _frame(
        whole.cell.lengths(), (sum(planes) - 1) * a / 2 + max(a / 4, spacing), voxels, repeats, voxel_height
    )
    thinner = min(plane - DEFAULT_VACUUM, float(whole.positions[:, 2].max()) - plane)
    widest = 2 * (thinner - MIN_END)
    if widest < MIN_PAINTED:
        least = math.ceil(0.5 + (MIN_PAINTED / 2 + MIN_END - min(spacing, 0.0)) / (a / 2))
        raise ValueError(
            f"A slab of {planes[0]} + {planes[1]} planes is too thin for two ends and a painted middle: the least is "
            f"{least} planes a grain."
        )
    if not (is_finite(painted) and MIN_PAINTED <= painted <= widest):
        raise ValueError(
            f"The painted thickness must be from {MIN_PAINTED:g} to {widest:.1f} Å in a slab of "
            f"{planes[0]} + {planes[1]} planes, not {painted}."
        )
    low, high = (round(float((plane + side * painted / 2) / grid.voxel_size[2])) for side in (-1, 1))
    z = whole.positions[:, 2] / grid.voxel_size[2]
    known = np.where(upper, z > high - 1, z < low)
    atoms = whole[known]
    atoms.set_cell(grid.lengths)
    kept = {key: whole.info[key] for key in ("twist", "sigma", "angle", "metal", "lattice_constant", "area")}
    more: dict[str, Any] = {
        "atoms_per_plane": whole.info["atoms_per_plane"],
        "nearest_neighbour": phase.nearest_neighbour * a,
        "plane": plane,
        "planes": [int(p) for p in planes],
        "repeats": [int(r) for r in repeats],
        "painted": (high - low) * grid.voxel_size[2],
        "in_plane_shift": [float(s) for s in in_plane_shift],
        "spacing": float(spacing),
    }
    atoms.info = kept | more
    ends = BicrystalEnds(atoms, grid, (low, high))
    atoms.info["painted_z"] = list(ends.painted_z)
    return ends


def _frame(
    cell: np.ndarray, stack: float, voxels: tuple[int, int], repeats: tuple[int, int], voxel_height: float
) -> Grid:
    """Voxels enough for a stack of planes that high (Å), the same whatever the spacing of the ends."""
    layers = math.ceil((DEFAULT_VACUUM + stack) / voxel_height) + 1
    shape = (voxels[0] * repeats[0], voxels[1] * repeats[1], layers)
    if math.prod(shape) > MAX_VOXELS:
        raise ValueError(
            f"A frame of {' x '.join(map(str, shape))} voxels is {math.prod(shape):,}; the most is {MAX_VOXELS:,}: "
            "take fewer cells or planes."
        )
    return Grid(shape, (float(cell[0]), float(cell[1]), layers * voxel_height), (True, True, False))
