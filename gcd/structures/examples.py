"""Structures to try things with, by the names that the page Your structure gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gcd.structures.bicrystals import twist_bicrystal
from gcd.structures.crystals import ideal_crystal

if TYPE_CHECKING:
    from ase import Atoms


def _vacancy() -> Atoms:
    atoms = ideal_crystal("fcc", (4, 4, 4))
    del atoms[40]
    return atoms


def _warm() -> Atoms:
    atoms = ideal_crystal("bcc", (5, 5, 5))
    atoms.positions += np.random.default_rng(1).normal(0.0, 0.12, atoms.positions.shape)
    return atoms


def _hexagonal() -> Atoms:
    from ase.build import bulk

    return bulk("Mg", "hcp") * (3, 3, 3)


EXAMPLES: dict[str, Callable[[], Atoms]] = {
    "Tungsten, warm": _warm,
    "Copper with a vacancy": _vacancy,
    "Simple cubic polonium": lambda: ideal_crystal("sc", (4, 4, 4)),
    "Tungsten twist boundary": lambda: twist_bicrystal("sigma5", "W", remove=8, gap=0.3),
    "Hexagonal magnesium": _hexagonal,
}
