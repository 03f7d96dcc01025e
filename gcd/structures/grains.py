"""Lattices of two grains and what they share, in whole numbers: periods, planes, sites, misorientation, symmetry.

A grain is a lattice and three orthogonal crystal directions, which lie along x, y and z. Lengths are in lattice
constants, lattice points in halves of it, so that nothing is rounded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from gcd.structures.crystals import PHASES

Direction = tuple[int, int, int]
Directions = tuple[Direction, Direction, Direction]


@dataclass(frozen=True)
class Operation:
    """A rotation or reflection (3, 3) of the laboratory that maps a bicrystal's lattices onto themselves.

    With ``swaps`` the lower grain becomes the upper one.
    """

    rotation: np.ndarray
    swaps: bool

    def state(self, state: np.ndarray) -> np.ndarray:
        """A translation state (3,) of the upper grain against the lower one, after the operation."""
        moved: np.ndarray = self.rotation @ state
        return -moved if self.swaps else moved

    @property
    def proper(self) -> bool:
        """Whether it is a rotation."""
        return bool(np.linalg.det(self.rotation) > 0)


def primitive(direction: Sequence[int]) -> Direction:
    """The shortest whole-number vector along a direction."""
    divisor = math.gcd(*(int(v) for v in direction))
    x, y, z = (int(v) // divisor for v in direction)
    return x, y, z


def square(direction: Sequence[int]) -> int:
    """Square of a vector's length."""
    return sum(int(v) ** 2 for v in direction)


def cross(a: Sequence[int], b: Sequence[int]) -> Direction:
    """The primitive vector along the vector product."""
    return primitive([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@cache
def halves(phase: str, direction: Direction) -> int:
    """How many halves of a primitive direction lead to the next lattice point along it: 1 or 2."""
    sites = {tuple(site) for site in np.rint(2 * PHASES[phase].basis).astype(int)}
    return 1 if tuple(v % 2 for v in direction) in sites else 2


@cache
def plane_step(phase: str, normal: Direction) -> int:
    """Neighbouring planes of this normal N are ``plane_step / (2 |N|)`` lattice constants apart: 1 or 2."""
    points = [*np.rint(2 * PHASES[phase].basis).astype(int), *(2 * np.eye(3, dtype=int))]
    return math.gcd(*(int(point @ np.array(normal)) for point in points))


def rational_root(numerator: int, denominator: int) -> Fraction | None:
    """The square root of a fraction; None when it is irrational."""
    reduced = Fraction(numerator, denominator)
    over, under = math.isqrt(reduced.numerator), math.isqrt(reduced.denominator)
    exact = over**2 == reduced.numerator and under**2 == reduced.denominator
    return Fraction(over, under) if exact else None


def common_period(phase: str, lower: Direction, upper: Direction) -> int | None:
    """After how many halves of the lower grain's direction both grains repeat; None when they never do."""
    ratio = rational_root(square(lower), square(upper))  # one step of the lower over one of the upper grain
    if ratio is None:
        return None
    steps = ratio * Fraction(halves(phase, lower), halves(phase, upper))  # of the upper grain's periods
    return steps.denominator * halves(phase, lower)


@cache
def layer_sites(phase: str, directions: Directions, spans: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """The planes of one period along z: of each, the sites (n, 2) in fractions of the cell's edges, all in [0, 1).

    Args:
        phase: of the crystal.
        directions: along x, y and z.
        spans: the cell's edges, in halves of the directions along x and y.
    """
    x, y, z = (np.array(d) for d in directions)
    edges = [spans[0] * x, spans[1] * y, halves(phase, directions[2]) * z]  # in half lattice constants
    corners = np.array([sum(c, np.zeros(3, int)) for c in itertools.product(*((0 * e, e) for e in edges))])
    reach = [
        2 * np.arange((low - 2) // 2, high // 2 + 2)
        for low, high in zip(corners.min(0), corners.max(0), strict=True)
    ]
    cells = np.stack(np.meshgrid(*reach, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    points = (cells + np.rint(2 * PHASES[phase].basis).astype(int)).reshape(-1, 3)
    along = points @ np.stack([x, y, z]).T
    ends = np.array(
        [span * square(d) for span, d in zip((*spans, halves(phase, directions[2])), directions, strict=True)]
    )
    along = along[np.all((along >= 0) & (along < ends), axis=1)]
    step = plane_step(phase, directions[2])
    layers = []
    for height in range(0, int(ends[2]), step):
        layer = along[along[:, 2] == height, :2] / ends[:2]
        layer.flags.writeable = False
        layers.append(layer)
    return tuple(layers)


@cache
def cubic_operations() -> np.ndarray:
    """(48, 3, 3) rotations and reflections of a cube, in whole numbers."""
    operations = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((3, 3), int)
            matrix[range(3), order] = signs
            operations.append(matrix)
    return np.array(operations)


def misorientation(lower: Directions, upper: Directions) -> tuple[np.ndarray, int]:
    """The rotation (3, 3) that takes crystal vectors of the lower grain to those of the upper one, and Σ.

    Σ is the least common denominator of the rotation's elements, which is odd (Grimmer, Bollmann and Warrington, 1974).
    All of it is returned times Σ, in whole numbers. Raises ValueError when the lengths have no common measure.
    """
    total = [[Fraction(0)] * 3 for _ in range(3)]
    for a, b in zip(upper, lower, strict=True):
        root = rational_root(square(a), square(b))
        if root is None:
            raise ValueError("no common measure")
        weight = 1 / (root * square(b))  # 1 / (|a| |b|)
        for i, j in itertools.product(range(3), repeat=2):
            total[i][j] += weight * a[i] * b[j]
    sigma = math.lcm(*(value.denominator for row in total for value in row))
    return np.array([[int(value * sigma) for value in row] for row in total]), sigma


def rotations(matrix: np.ndarray, sigma: int) -> list[tuple[Direction, float]]:
    """Axis and angle (degrees, 0 to 180) of every rotation that is the same misorientation for cubic crystals.

    The axis is in the crystal of the lower grain.
    """
    out = []
    for operation in cubic_operations():
        if round(np.linalg.det(operation)) < 0:
            continue
        turned = operation @ matrix
        angle = math.degrees(math.acos(max(-1.0, min(1.0, (np.trace(turned) / sigma - 1) / 2))))
        skew = np.array(
            [turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]]
        )
        if not skew.any():  # half a turn: the columns of R + 1 lie along the axis
            columns = turned + sigma * np.eye(3, dtype=int)
            skew = columns[:, int(np.argmax(np.abs(columns).sum(axis=0)))]
        out.append((primitive([int(v) for v in skew]), 0.0 if angle < 1e-5 else angle))
    return out


def point_group(lower: Directions, upper: Directions) -> list[Operation]:
    """Every operation that maps the two lattices, lower below and upper above z = 0, onto themselves.

    The origin is a lattice point of both grains. First come rotations that keep the grains, then reflections, then
    those that exchange them; each by the direction into which x goes.
    """
    below, above = (
        np.array(grain) / np.sqrt([square(d) for d in grain])[:, None] for grain in (lower, upper)
    )
    found: list[tuple[tuple[bool, bool, float], Operation]] = []
    for swaps, start, end in ((False, below, below), (True, below, above)):
        for operation in cubic_operations():
            g = end @ operation @ start.T
            other = (below if swaps else above).T @ g @ above  # what it does to the upper lattice
            if abs(g[2, 2] - (-1 if swaps else 1)) > 1e-9 or np.abs(other - np.rint(other)).max() > 1e-9:
                continue
            g = np.round(g, 12) + 0.0
            g.flags.writeable = False
            turn = math.degrees(math.atan2(g[1, 0], g[0, 0])) % 360.0
            found.append(((swaps, bool(np.linalg.det(g) < 0), round(turn, 6) % 360.0), Operation(g, swaps)))
    return [operation for _, operation in sorted(found, key=lambda pair: pair[0])]
