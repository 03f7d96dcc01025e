"""Every twist and every symmetric tilt about [001], [110] and [111], with the smallest orthorhombic cell."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np

from gcd.limits import MAX_ATOMS, check_integer
from gcd.structures import grains
from gcd.structures.boundary import Boundary, check_boundary_phase
from gcd.structures.grains import Direction
from gcd.structures.twists import TWISTS, Twist

AXES: dict[str, Direction] = {"001": (0, 0, 1), "110": (1, 1, 0), "111": (1, 1, 1)}
KINDS = ("twist", "tilt")
MAX_SIGMA = 199
REACH = 6  # times Σ: the square of the longest direction that the shorter edge of a twist's cell can have


def check_axis(axis: str | tuple[int, ...]) -> str:
    """The axis as in :data:`AXES`; ValueError, in one sentence, for others. 100 and [001] mean the same."""
    text = "".join(c for c in (axis if isinstance(axis, str) else "".join(map(str, axis))) if c.isdigit())
    found = [name for name in AXES if sorted(name) == sorted(text)]
    if not found:
        raise ValueError(f"Boundaries are listed about the axes {', '.join(AXES)}, not about {axis!r}.")
    return found[0]


def boundaries(
    phase: str = "bcc", axis: str | None = None, kind: str | None = None, max_sigma: int = 33
) -> list[Boundary]:
    """Twists and symmetric tilts up to a Σ, by axis, kind, Σ and angle.

    Args:
        phase: "bcc" or "fcc".
        axis: "001", "110" or "111"; all three when None.
        kind: "twist" or "tilt"; both when None.
        max_sigma: the highest Σ.

    The Σ5 (100) twist of bcc metals comes with the paper's cell, twice the smallest one.
    """
    name = check_boundary_phase(phase).name
    if kind is not None and kind not in KINDS:
        raise ValueError(f"The kind is {' or '.join(KINDS)}, not {kind!r}.")
    check_integer("the highest Σ", max_sigma, 3, MAX_SIGMA)
    axes = AXES if axis is None else [check_axis(axis)]
    listed = {"twist": twists, "tilt": tilts}
    return [b for a in axes for k in KINDS if kind in (None, k) for b in listed[k](name, a, max_sigma)]


@cache
def tilts(phase: str, axis: str, max_sigma: int) -> tuple[Boundary, ...]:
    """The symmetric tilts about an axis: one for each plane that contains it and is no mirror of the crystal."""
    along = AXES[axis]
    reach = math.isqrt(2 * max_sigma)
    planes: dict[tuple[int, ...], Direction] = {}
    numbers = range(-reach, reach + 1)
    every: list[Direction] = [(h, k, m) for h in numbers for k in numbers for m in numbers]
    for plane in sorted(every, key=lambda p: (sum(v < 0 for v in p), [-v for v in p])):  # few signs first
        if not any(plane) or math.gcd(*plane) != 1 or np.dot(plane, along):
            continue
        size = grains.square(plane)
        if size > 2 and (size if size % 2 else size // 2) <= max_sigma:
            planes.setdefault(tuple(sorted(map(abs, plane))), plane)
    found = [tilt(phase, axis, plane) for plane in planes.values()]
    return tuple(sorted(found, key=lambda b: (b.sigma, b.angle, grains.square(b.plane_lower))))


def tilt(phase: str, axis: str, plane: Direction) -> Boundary:
    """The symmetric tilt on a plane that contains the axis: the upper grain is the lower one's mirror image.

    As the crystal has a centre, that is half a turn about z. It turns y as well, and a rotation of the crystal brings
    the same axis back there.
    """
    along, normal = AXES[axis], grains.primitive(plane)
    x = grains.cross(along, normal)
    back = [
        operation
        for operation in grains.cubic_operations()
        if round(np.linalg.det(operation)) > 0 and not (operation @ along + along).any()
    ]
    # Of several, the one that leaves the normal nearest to where it was.
    operation = max(back, key=lambda g: (int(g @ normal @ normal), g.tolist()))
    across, up = (grains.primitive([int(v) for v in operation @ d]) for d in ([-v for v in x], normal))
    return Boundary((x, along, normal), (across, along, up), phase)


def twist_of(twist: Twist, phase: str) -> Boundary:
    """A (100) twist by its in-plane vector, with the square cell of m² + n² sites that it has always had."""
    m, n = twist.m, twist.n
    if twist.sites > MAX_ATOMS:
        raise ValueError(f"A plane of the twist {m},{n} has {twist.sites:,} sites, more than {MAX_ATOMS:,}.")
    lower, upper = (((m, s * n, 0), (-s * n, m, 0), (0, 0, 1)) for s in (-1, 1))
    single = Boundary(lower, upper, phase)
    times = round(twist.edge / float(single.edges[0]))
    return Boundary(lower, upper, phase, (times, times))


@cache
def twists(phase: str, axis: str, max_sigma: int) -> tuple[Boundary, ...]:
    """The twists about an axis: of each Σ and angle the one with the smallest orthorhombic cell.

    Its edges are crystal directions of one length in both grains, so all pairs of such are tried.
    """
    normal = AXES[axis]
    reach = math.isqrt(REACH * max_sigma)
    by_length: dict[int, list[Direction]] = {}
    for x, y in itertools.product(range(-reach, reach + 1), repeat=2):
        for z in [0] if axis == "001" else range(-reach, reach + 1) if axis == "110" else [-x - y]:
            d = (x, y, z)
            if (
                any(d)
                and not np.dot(d, normal)
                and math.gcd(*d) == 1
                and grains.square(d) <= REACH * max_sigma
            ):
                by_length.setdefault(grains.square(d), []).append(d)
    tried: dict[tuple[int, float], list[tuple[Any, ...]]] = {}
    for length, directions in by_length.items():
        for a, b in itertools.product(directions, repeat=2):
            sigma, angle = _turn(axis, a, b)
            if not 1 < sigma <= max_sigma or length > REACH * sigma:
                continue
            lower, upper = ((d, grains.cross(normal, d), normal) for d in (a, b))
            across, up = (grains.halves(phase, d) * math.sqrt(grains.square(d)) for d in lower[:2])
            if grains.halves(phase, upper[0]) != grains.halves(phase, lower[0]):
                continue
            # the smallest, the squarest, the one with its short edge along x, then the fewest signs
            squareness = round(max(across, up) / min(across, up), 9)
            negative = sum(v < 0 for v in b)
            rank = (round(across * up, 9), squareness, across > up, negative, lower, upper)
            tried.setdefault((sigma, round(angle, 4)), []).append(rank)
    found = []
    for ranks in tried.values():
        made = (Boundary(lower, upper, phase) for *_, lower, upper in sorted(ranks))
        found += list(itertools.islice((b for b in made if b.kind == "twist"), 1))
    if axis == "001":
        known = [twist_of(entry, phase) for entry in TWISTS.values()] if phase == "bcc" else []
        found = [next((k for k in known if k.sigma == b.sigma), b) for b in found]
    return tuple(sorted(found, key=lambda b: (b.sigma, b.angle)))


def _turn(axis: str, a: Direction, b: Direction) -> tuple[int, float]:
    """Σ and folded angle (degrees) of the rotation about the axis from one direction across it to another as long.

    With the quaternion (m, n * axis): Σ is m² + n² |axis|² without its factors of two (Ranganathan, 1966).
    """
    normal = AXES[axis]
    size = grains.square(normal)
    sine = int(np.dot(normal, np.cross(a, b)))  # times |a|^2 |axis|
    cosine = int(np.dot(a, b))
    # tan(angle / 2) = sin / (1 + cos) = n |axis| / m
    n, m = sine, size * (grains.square(a) + cosine)
    if m == 0:
        n, m = 1, 0
    divisor = math.gcd(n, m)
    sigma = (m // divisor) ** 2 + (n // divisor) ** 2 * size
    while sigma % 2 == 0:
        sigma //= 2
    fold = {"001": 90.0, "110": 180.0, "111": 120.0}[axis]
    angle = math.degrees(math.atan2(sine, cosine * math.sqrt(size))) % fold
    return sigma, min(angle, fold - angle)
