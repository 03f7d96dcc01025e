"""(100) twists of cubic metals: one table of the named ones, and their geometry.

Two half crystals share the axis z || [001] and are turned about it, each by half of the twist, in opposite senses, so
that the in-plane vectors (m, n) of one and (m, -n) of the other become the common x axis. Lengths are in units of the
lattice constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gcd.structures.crystals import PHASES, Phase, check_element


@dataclass(frozen=True)
class Twist:
    """A (100) twist by 2 atan(n / m), given by the coprime in-plane vector (m, n) with m > n >= 0."""

    name: str
    m: int
    n: int

    @property
    def sites(self) -> int:
        """Square lattice sites (edge a) in one cell: m^2 + n^2."""
        return self.m**2 + self.n**2

    @property
    def sigma(self) -> int:
        """Reciprocal density of coincidence sites: m^2 + n^2 without its factor of two."""
        return self.sites // 2 if self.sites % 2 == 0 else self.sites

    @property
    def angle(self) -> float:
        """Twist in degrees, folded by the four-fold axis into 0 to 45."""
        angle = math.degrees(2.0 * math.atan2(self.n, self.m)) % 90.0
        return min(angle, 90.0 - angle)

    @property
    def edge(self) -> float:
        """Edge of the square cell in units of the lattice constant."""
        return math.sqrt(self.sites)

    @property
    def title(self) -> str:
        """As a person writes it: Σ5 (100) twist, 36.87°."""
        return f"Σ{self.sigma} (100) twist, {self.angle:.2f}°"

    def atoms_per_plane(self, phase: str = "bcc") -> int:
        """Atoms of one (002) plane in one cell."""
        return self.sites * PHASES[phase].atoms_per_cell // 2


# Sigma5 has the cell of the paper, (3, 1): twice the smallest one, which would be (2, 1).
TWISTS: dict[str, Twist] = {
    twist.name: twist
    for twist in (
        Twist("sigma5", 3, 1),
        Twist("sigma13", 3, 2),
        Twist("sigma17", 4, 1),
        Twist("sigma25", 4, 3),
        Twist("sigma29", 5, 2),
        Twist("sigma37", 6, 1),
        Twist("sigma41", 5, 4),
    )
}


def check_twist(twist: str | Sequence[int] | Twist) -> Twist:
    """The twist of that name ("sigma5"), or of the coprime vector (m, n), which may be written "3,1".

    (1, 0) is no twist at all: the perfect crystal. Raises ValueError, in one sentence, for anything else.
    """
    if isinstance(twist, Twist):
        return twist
    vector: Sequence[Any] = ()
    if isinstance(twist, str):
        name = twist.strip().lower().replace("σ", "sigma")
        if name in TWISTS:
            return TWISTS[name]
        vector = name.split(",")
    elif isinstance(twist, Sequence | np.ndarray):
        vector = twist
    try:
        m, n = (int(value) for value in vector)
    except (TypeError, ValueError):
        raise ValueError(
            f"Unknown twist {twist!r}: use {', '.join(TWISTS)}, or two coprime whole numbers such as 3,1."
        ) from None
    if not m > n >= 0 or math.gcd(m, n) != 1:
        raise ValueError(f"A twist (m, n) needs coprime whole numbers with m > n >= 0, not ({m}, {n}).")
    named = [entry for entry in TWISTS.values() if (entry.m, entry.n) == (m, n)]
    return named[0] if named else Twist(f"{m},{n}", m, n)


# Cubic crystals of the elements, as in ase.data.reference_states; here, so that training a boundary needs no ASE.
CUBIC_ELEMENTS = {
    "bcc": ("Li", "Na", "K", "V", "Cr", "Fe", "Rb", "Nb", "Mo", "Cs", "Ba", "Eu", "Ta", "W"),
    "fcc": (
        *("Ne", "Al", "Ar", "Ca", "Ni", "Cu", "Kr", "Sr", "Rh", "Pd"),
        *("Ag", "Xe", "Ce", "Yb", "Ir", "Pt", "Au", "Pb", "Ac", "Th"),
    ),
}


def metal_phase(metal: str) -> Phase:
    """The cubic phase in which a metal crystallises; ValueError, in one sentence, for other elements."""
    for phase, symbols in CUBIC_ELEMENTS.items():
        if isinstance(metal, str) and metal.strip().capitalize() in symbols:
            return PHASES[phase]
    raise ValueError(f"Boundaries are built of bcc and fcc metals; {check_element(metal)} is neither.")


def plane_sites(twist: Twist, phase: str, parity: int, sense: int) -> np.ndarray:
    """Sites (atoms_per_plane, 2) of one (002) plane, in fractions of the cell's edges, all in [0, 1).

    Args:
        twist: whose cell.
        phase: "bcc" or "fcc".
        parity: 0 for even and 1 for odd planes; they differ by the phase's stacking.
        sense: -1 for the lower grain, x || [m -n 0] and y || [n m 0]; +1 for the upper, [m n 0] and [-n m 0].
    """
    m, n = twist.m, sense * twist.n
    basis = np.rint(2 * PHASES[phase].basis).astype(
        int
    )  # in half lattice constants, to stay with whole numbers
    in_plane = basis[basis[:, 2] == parity % 2][:, :2]
    reach = 2 * np.arange(-twist.m - twist.n, twist.m + twist.n + 1)
    corners = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    points = (corners + in_plane).reshape(-1, 2)
    along = points @ np.array([[m, -n], [n, m]])  # twice the sites times the two cell vectors
    inside = np.all((along >= 0) & (along < 2 * twist.sites), axis=1)
    return along[inside] / (2 * twist.sites)
