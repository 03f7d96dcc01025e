"""The two perfect grains between which a boundary is painted, and the voxels of their frame (paper, section 3.2).

Lengths are in Å. The frame of the paper: 12 x 12 x 72 voxels of 0.834 Å, 36 layers painted, 18 known at either end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_VOXELS, is_finite
from gcd.structures.bicrystals import DEFAULT_VACUUM, bicrystal, default_planes, potential_lattice_constant
from gcd.structures.boundary import SIDES, VOXEL, Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.crystals import PHASES, check_element
from gcd.structures.twists import Twist, metal_phase
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
        atoms: the known atoms, those with a share in a known layer; ``arrays["grain"]`` as in `bicrystal`.
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


def boundary_of(boundary: str | Sequence[int] | Twist | Boundary, metal: str) -> Boundary:
    """The boundary of that name in the metal's phase; ValueError when it is one of another phase."""
    phase = metal_phase(metal)
    found = find_boundary(boundary, phase.name)
    if found.phase != phase.name:
        raise ValueError(
            f"{check_element(metal)} is {phase.name}, and the boundary {found.slug} one of {found.phase}."
        )
    return found


def measure_state(
    positions: np.ndarray,
    plane: float,
    edge: float,
    twist: str | Twist | Boundary = "sigma5",
    metal: str = "W",
    *,
    away: float = 12.0,
) -> np.ndarray:
    """How the upper grain of a slab lies on the lower one: what `bicrystal_ends` takes as in_plane_shift and spacing.

    Args:
        positions: (N, 3) Å; the cell is one cell of the boundary.
        plane: z of the boundary in Å.
        edge: of that cell along x in Å.
        twist: the boundary.
        away: Å from the plane; atoms further away are those of perfect grains.

    Returns:
        (3,) Å: in-plane shift, and spacing from minus to plus half a plane's. Other shifts may be the same state, by
        the vectors of both lattices.
    """
    boundary = boundary_of(twist, metal)
    a = edge / float(boundary.edges[0])
    spacing, edges = boundary.spacing * a, boundary.edges * a
    lower, upper = grain_translations(positions, plane, boundary, a, away=away)
    state = upper - lower
    # A plane up or down is the same grain again, shifted as the next plane is.
    planes = round(float(state[2] / spacing))
    first, moved = (boundary.sites(1, k)[0] * edges for k in (0, planes))
    state -= np.array([*(moved - first), planes * spacing])
    return np.array([*(state[:2] % edges), state[2]])


def grain_translations(
    positions: np.ndarray, plane: float, boundary: Boundary, lattice_constant: float, *, away: float = 12.0
) -> tuple[np.ndarray, np.ndarray]:
    """(3,) Å of either grain, the lower one first, by which its lattice lies off that of `Boundary.sites`.

    Arguments as in `measure_state`; up to vectors of the grain's own lattice. ValueError for a grain without atoms.
    """
    z = positions[:, 2] - plane
    out = []
    for side, where in enumerate((z < -away, z > away)):
        if not where.any():
            raise ValueError(f"The {SIDES[side]} grain has no atoms more than {away:g} Å from the boundary.")
        first = positions[where][0] - np.array(
            [*(boundary.sites(side, 0)[0] * boundary.edges * lattice_constant), 0.0]
        )
        off = (positions[where] - first) / lattice_constant @ _unit(boundary, side)
        nearest = [basis + np.rint(off - basis) for basis in PHASES[boundary.phase].basis]
        misses = np.array([((off - site) ** 2).sum(axis=1) for site in nearest])
        off -= np.array(nearest)[misses.argmin(axis=0), np.arange(len(off))]
        out.append(first + (off @ _unit(boundary, side).T).mean(axis=0) * lattice_constant)
    return out[0], out[1]


def _unit(boundary: Boundary, side: int) -> np.ndarray:
    """(3, 3) unit vectors of a grain's directions: the rows take a vector of the laboratory into the crystal."""
    rows = np.array((boundary.lower, boundary.upper)[side], dtype=float)
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def symmetric_states(state: np.ndarray, boundary: str | Boundary = "sigma5") -> list[np.ndarray]:
    """A state (3,) under the operations of the boundary that keep its cell: the same boundary, turned."""
    return find_boundary(boundary).states(state)


def draw_state(
    rng: np.random.Generator,
    boundary: str | Boundary,
    lattice_constant: float,
    states: np.ndarray | None = None,
    *,
    jitter: float = JITTER,
    opening: tuple[float, float] = OPENING,
) -> tuple[np.ndarray, float]:
    """A random state of the upper grain: in-plane shift (2,) and spacing, Å.

    Args:
        states: (M, 3) states that the boundary has been seen in: one of them, turned at random. Without them any:
            shifts over the whole cell, spacings over one plane's, from minus to plus half of it (a plane more or less
            is for the model to decide).
        jitter: Å, the standard deviation by which the in-plane shift misses the one that was seen.
        opening: Å, least and most that is added to the spacing that was seen; relaxation closes it again.
    """
    boundary = find_boundary(boundary)
    edges = boundary.edges * lattice_constant
    if states is None:
        half = 0.5 * boundary.spacing
        return rng.uniform(0.0, 1.0, 2) * edges, float(rng.uniform(-half, half) * lattice_constant)
    turned = boundary.states(states[rng.integers(len(states))])
    state = turned[rng.integers(len(turned))]
    return (state[:2] + rng.normal(0.0, jitter, 2)) % edges, float(state[2] + rng.uniform(*opening))


def bicrystal_ends(
    twist: str | Twist | Boundary = "sigma5",
    metal: str = "W",
    *,
    voxels: tuple[int, int] | None = None,
    voxel_height: float | None = None,
    planes: tuple[int, int] | None = None,
    repeats: tuple[int, int] = (1, 1),
    painted: float = PAINTED,
    in_plane_shift: tuple[float, float] = (0.0, 0.0),
    spacing: float = 0.0,
    lattice_constant: float | None = None,
) -> BicrystalEnds:
    """The ends of a bicrystal whose middle is to be painted.

    Args:
        twist: the boundary.
        metal, planes, repeats, in_plane_shift: as in `bicrystal`.
        voxels: along x and y of one cell; by default as `Boundary.voxels` says.
        voxel_height: Å along z; by default 0.2635 lattice constants, which are 0.834 Å in tungsten.
        painted: Å of the middle that are left out, to whole voxel layers.
        spacing: Å by which the upper grain is lifted beyond perfect stacking, up to half a lattice constant.
        lattice_constant: Å; by default that of the metal's Zhou potential.

    Raises:
        ValueError: a painted region that leaves no ends, a spacing beyond a plane, a frame of too many voxels, or
            what `bicrystal` refuses.
    """
    boundary = boundary_of(twist, metal)
    if abs(boundary.spacings[0] - boundary.spacings[1]) > 1e-9:
        raise ValueError(
            f"Models paint boundaries whose two grains have the same planes; {boundary.title} has not."
        )
    a = potential_lattice_constant(check_element(metal)) if lattice_constant is None else lattice_constant
    planes = default_planes(boundary, a) if planes is None else planes
    if not (len(planes) == 2 and all(int(p) == p and p >= 1 for p in planes)):
        raise ValueError(f"The planes are two whole numbers from 1 up, one a grain, not {planes}.")
    if not (is_finite(spacing) and abs(spacing) <= a / 2 + 1e-9):
        raise ValueError(
            f"The spacing of the ends must be from {-a / 2:.3f} to {a / 2:.3f} Å (a plane less or more is for the "
            f"model to decide; further down the grains overlap), not {spacing}."
        )
    # Built a whole lattice constant apart, where nothing collides, and brought together afterwards.
    whole = bicrystal(
        boundary, a, metal, planes=planes, repeats=repeats, in_plane_shift=in_plane_shift, gap=spacing + a
    )
    plane = float(whole.info["plane"]) - a / 2
    upper = whole.arrays["grain"] == 1
    whole.positions[upper, 2] -= a

    below, above = boundary.spacings * a
    stack = (planes[0] - 0.5) * below + (planes[1] - 0.5) * above
    grid = _frame(
        whole.cell.lengths(),
        stack + max(a / 4, spacing),
        voxels or boundary.voxels(),
        repeats,
        round(VOXEL * a, 3) if voxel_height is None else voxel_height,
    )
    thinner = min(plane - DEFAULT_VACUUM, float(whole.positions[:, 2].max()) - plane)
    widest = 2 * (thinner - MIN_END)
    if widest < MIN_PAINTED:
        thinnest = MIN_PAINTED / 2 + MIN_END - min(spacing, 0.0)
        least = math.ceil(0.5 + thinnest / min(below, above))
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
    kept = {key: whole.info[key] for key in (*boundary.info(), "metal", "lattice_constant", "area")}
    more: dict[str, Any] = {
        "atoms_per_plane": whole.info["atoms_per_plane"],
        "nearest_neighbour": PHASES[boundary.phase].nearest_neighbour * a,
        "plane": plane,
        "planes": [int(p) for p in planes],
        "repeats": [int(r) * own for r, own in zip(repeats, boundary.repeats, strict=True)],
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
