"""Directions of a crystal as people give them, checked; and the lattice that vectors in a plane span."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from gcd.limits import check_integer
from gcd.structures.grains import Directions, cross, primitive

MAX_INDEX = 999  # of a direction


def check_directions(side: str, rows: Iterable[Sequence[int]]) -> Directions:
    """Three orthogonal right-handed primitive directions; ValueError for any others."""
    try:
        values = [[check_integer("an index", v, -MAX_INDEX, MAX_INDEX) for v in row] for row in rows]
        fits = len(values) == 3 and all(len(row) == 3 and any(row) for row in values)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"The {side} grain needs three directions of three whole numbers up to {MAX_INDEX} each, along x, y and z, "
            f"not {rows!r}."
        )
    x, y, z = (primitive(row) for row in values)
    for (a, first), (b, second) in (((x, "x"), (y, "y")), ((y, "y"), (z, "z")), ((z, "z"), (x, "x"))):
        if sum(p * q for p, q in zip(a, b, strict=True)):
            raise ValueError(
                f"The directions of the {side} grain are not orthogonal: {bracket(a)} along {first} and {bracket(b)} "
                f"along {second}."
            )
    if cross(x, y) != z:
        raise ValueError(
            f"The directions of the {side} grain are not right-handed: x = {bracket(x)} and y = {bracket(y)} need "
            f"z = {bracket(cross(x, y))}, not {bracket(z)}."
        )
    return x, y, z


def bracket(direction: Sequence[int]) -> str:
    return f"[{' '.join(str(v) for v in direction)}]"


def as_whole_fraction(value: float) -> Fraction:
    return Fraction(value).limit_denominator(1_000_000)


def span(rows: list[list[int]]) -> list[list[int]]:
    """Two rows that span the same lattice of whole numbers as these."""
    first = [0, 0]
    rest = 0
    for row in rows:
        a, b = first, list(row)
        while b[0]:
            q = a[0] // b[0]
            a, b = b, [a[0] - q * b[0], a[1] - q * b[1]]
        first, rest = a, math.gcd(rest, b[1])
    return [first, [0, rest]]


def shortest(basis: np.ndarray) -> np.ndarray:
    """The shortest two vectors (rows) of a lattice in the plane (Gauss)."""
    a, b = basis
    while True:
        if a @ a > b @ b:
            a, b = b, a
        steps = np.rint((a @ b) / (a @ a))
        if not steps:
            return np.array([a, b])
        b = b - steps * a
