"""Which boundary a slab holds: its grains' directions along x, y and z, read off the atoms, in whole numbers.

The edges of the cell are periods of both grains, so in halves of either grain's cubic cell they are whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gcd.structures import grains
from gcd.structures.boundary import SIDES, Boundary
from gcd.structures.boundary_names import listed
from gcd.structures.directions import bracket
from gcd.structures.grain_lattice import GrainLattice, grain_lattices
from gcd.structures.grains import Direction, Directions

SQUARE = 2e-3  # cosine between the cell's edges that is still a right angle
ROUNDED = 0.3  # by which an edge may miss whole numbers of halves of the cubic cell
QUARTER = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # turns y into x


@dataclass(frozen=True)
class Recognised:
    """A slab's boundary, and how the slab has to be turned about z to lie as boundaries do here.

    Attributes:
        boundary: with as many repeats as the slab's cell has.
        turn: (3, 3), positions @ turn.T lie so that x and y are the cell's edges, y is the axis of a tilt, and the
            grains are turned in the sense that lists have: in a mirror, if need be.
        lengths: (2,) Å of the cell along these.
        lattice_constant: Å, mean of the two grains.
        grains: the lower and the upper one, in the slab's own frame.
    """

    boundary: Boundary
    turn: np.ndarray
    lengths: tuple[float, float]
    lattice_constant: float
    grains: tuple[GrainLattice, GrainLattice]

    @property
    def listed(self) -> Boundary:
        """The same boundary as lists have it, whatever the cell of the slab; itself where none has it."""
        return listed(self.boundary) or self.boundary


def recognise(
    positions: np.ndarray, cell: np.ndarray, plane: float, phase: str, lattice_constant: float
) -> Recognised:
    """The boundary of a slab.

    Args:
        positions: (N, 3) Å, z across the boundary, not periodic along it.
        cell: (3, 3) Å; its first two rows lie in the plane and are at right angles.
        plane: z of the boundary in Å.
        phase: "bcc" or "fcc".
        lattice_constant: Å, to within some per cent.

    Raises:
        ValueError: edges that are not at right angles, grains that are no crystals of the phase, that have no common
            cell, or that are one crystal; one sentence.
    """
    a, b = cell[0], cell[1]
    long, wide = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if abs(a @ b) > SQUARE * long * wide:
        angle = math.degrees(math.acos(float(a @ b) / (long * wide)))
        raise ValueError(
            f"The cell's edges in the plane of the boundary make an angle of {angle:.1f}°; only cells with a right "
            "angle can be painted."
        )
    x = np.array([a[0], a[1], 0.0]) / long
    straight = np.array([x, [-x[1], x[0], 0.0], [0.0, 0.0, 1.0]])
    turned = positions @ straight.T
    both = grain_lattices(turned, (long, wide), plane, phase, lattice_constant)
    found = []
    for turn, sizes in ((np.eye(3), (long, wide)), (QUARTER, (wide, long))):
        there = [GrainLattice(g.axes @ turn.T, g.low, g.high) for g in both]
        found.append((_boundary(there[0], there[1], sizes, phase), turn @ straight, sizes))
    # Tilts have their axis along y. Of two ways to call a boundary the one with the axis of lower indices counts.
    boundary, turn, sizes = min(found, key=lambda f: _rank(f[0]))
    if boundary.kind == "none":
        raise ValueError(
            f"The slab has no boundary to paint: on both sides of z = {plane:.1f} Å it is the same crystal."
        )
    back = straight.T
    mean = 0.5 * (both[0].lattice_constant + both[1].lattice_constant)
    kept = (
        GrainLattice(both[0].axes @ back.T, both[0].low, both[0].high),
        GrainLattice(both[1].axes @ back.T, both[1].low, both[1].high),
    )
    return Recognised(boundary, _as_listed(boundary) @ turn, sizes, mean, kept)


def _as_listed(boundary: Boundary) -> np.ndarray:
    """(3, 3) what brings a slab into the sense in which lists, and so the models, have its boundary.

    A tilt the other way round, the lower grain to the right instead of to the left, is the same boundary in a mirror,
    and a crystal is its own mirror image; so is a twist the other way round. Where no mirror and no quarter turn of a
    square cell helps, the slab stays as it is.
    """
    known = listed(boundary)
    if known is None:
        return np.eye(3)
    mirror = np.diag([-1.0, 1.0, 1.0])
    square = abs(boundary.edges[0] - boundary.edges[1]) < 1e-6
    for move in (np.eye(3), mirror, *((QUARTER, mirror @ QUARTER) if square else ())):
        pairs = ((boundary.lower, known.lower), (boundary.upper, known.upper))
        if all(_same_lattice(move @ _unit(have), _unit(want)) for have, want in pairs):
            return move
    return np.eye(3)


def _unit(directions: Directions) -> np.ndarray:
    """(3, 3) unit vectors along x, y and z in the crystal."""
    rows = np.array(directions, dtype=float)
    return np.asarray(rows / np.linalg.norm(rows, axis=1)[:, None])


def _same_lattice(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two orientations are one to a cubic crystal: they differ by exchanges and signs of its axes."""
    between = np.abs(a.T @ b)
    return bool(np.all((between < 1e-6) | (np.abs(between - 1.0) < 1e-6)))


def _rank(boundary: Boundary) -> tuple[bool, int, bool]:
    """The lowest is the way in which a boundary is called."""
    along = not np.cross(boundary.axis, boundary.lower[1]).any()
    tilt = "tilt" in boundary.kind
    return boundary.kind == "mixed", grains.square(boundary.axis), tilt and not along


def _boundary(lower: GrainLattice, upper: GrainLattice, lengths: tuple[float, float], phase: str) -> Boundary:
    """The boundary of two grains that share a cell with its edges along x and y."""
    directions, halves = [], []
    for side, grain in enumerate((lower, upper)):
        rows, counts = [], []
        for axis, length in enumerate(lengths):
            edge = grain.halves(length * np.eye(3)[axis])
            whole = np.rint(edge).astype(int)
            if np.abs(edge - whole).max() > ROUNDED or not whole.any():
                raise ValueError(
                    f"The cell's edge of {length:.2f} Å is no period of the {SIDES[side]} grain: along its crystal's "
                    f"axes it is {' '.join(f'{v / 2:.2f}' for v in edge)} cells long."
                )
            counts.append(math.gcd(*(int(v) for v in whole)))
            rows.append(grains.primitive([int(v) for v in whole]))
        if int(np.dot(rows[0], rows[1])):
            raise ValueError(
                f"The {SIDES[side]} grain is sheared: its directions {bracket(rows[0])} and {bracket(rows[1])} lie at "
                "right angles only because the cell's edges do."
            )
        directions.append((rows[0], rows[1], grains.cross(rows[0], rows[1])))
        halves.append(counts)
    for axis in (0, 1):
        _check_alike(directions[0][axis], halves[0][axis], directions[1][axis], halves[1][axis])
    single = Boundary(directions[0], directions[1], phase)
    repeats = [halves[0][axis] // single.spans[0][axis] for axis in (0, 1)]
    if any(repeats[k] * single.spans[0][k] != halves[0][k] or not repeats[k] for k in (0, 1)):
        raise ValueError("The cell is no whole number of the boundary's smallest cells.")
    return single.repeated(repeats)


def _check_alike(below: Direction, few: int, above: Direction, many: int) -> None:
    """ValueError unless both grains at rest are as long as the other."""
    short, long = few**2 * grains.square(below), many**2 * grains.square(above)
    if short != long:
        misfit = 100 * (math.sqrt(long / short) - 1)
        raise ValueError(
            f"The grains share the cell only by straining: {few}/2 {bracket(below)} below and {many}/2 {bracket(above)}"
            f" above differ by {misfit:+.2f} % at rest."
        )
