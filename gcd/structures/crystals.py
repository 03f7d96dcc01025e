"""The crystal phases the voxel model is trained on: one table, and the ideal crystals built from it.

Only numpy is imported here, so that training runs on a bare GPU machine; ASE is imported where an
``ase.Atoms`` is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import (
    MAX_ATOMS,
    MAX_CELLS_PER_AXIS,
    MAX_LATTICE_CONSTANT,
    MAX_VOXELS,
    MIN_LATTICE_CONSTANT,
    check_integer,
)

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.grid import Grid

DEFAULT_SIZE = (4, 4, 4)  # the paper's supercell


@dataclass(frozen=True)
class Phase:
    """A cubic phase: what is needed to build it, to voxelise it as the paper does, and to recognise it.

    Lengths are in units of the lattice constant. ``q4`` and ``q6`` are the Steinhardt parameters of the ideal
    crystal with ``neighbour_count`` nearest neighbours, ``shells`` its neighbour shells as (radius, atoms).
    """

    name: str
    title: str
    basis: np.ndarray = field(
        repr=False, compare=False
    )  # (n, 3) fractional coordinates in the conventional cell
    voxels_per_cell: int  # 24^3, 20^3, 24^3 voxels for the paper's 4x4x4 supercells
    neighbour_count: int
    nearest_neighbour: float
    default_element: str
    q4: float
    q6: float
    shells: tuple[tuple[float, int], ...]

    @property
    def atoms_per_cell(self) -> int:
        """Atoms in one conventional cell."""
        return len(self.basis)


def _basis(*sites: tuple[float, float, float]) -> np.ndarray:
    basis = np.array(sites, dtype=float)
    basis.flags.writeable = False
    return basis


_SQRT = math.sqrt

PHASES: dict[str, Phase] = {
    phase.name: phase
    for phase in (
        Phase(
            name="sc",
            title="Simple cubic",
            basis=_basis((0, 0, 0)),
            voxels_per_cell=6,
            neighbour_count=6,
            nearest_neighbour=1.0,
            default_element="Po",
            q4=_SQRT(7 / 12),
            q6=_SQRT(1 / 8),
            shells=((1.0, 6), (_SQRT(2), 12), (_SQRT(3), 8), (2.0, 6), (_SQRT(5), 24)),
        ),
        Phase(
            name="bcc",
            title="Body-centred cubic",
            basis=_basis((0, 0, 0), (0.5, 0.5, 0.5)),
            voxels_per_cell=5,
            neighbour_count=8,
            nearest_neighbour=_SQRT(3) / 2,
            default_element="W",
            q4=_SQRT(7 / 27),
            q6=_SQRT(32 / 81),
            shells=((_SQRT(3) / 2, 8), (1.0, 6), (_SQRT(2), 12), (_SQRT(11) / 2, 24), (_SQRT(3), 8)),
        ),
        Phase(
            name="fcc",
            title="Face-centred cubic",
            basis=_basis((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)),
            voxels_per_cell=6,
            neighbour_count=12,
            nearest_neighbour=_SQRT(1 / 2),
            default_element="Cu",
            q4=_SQRT(7 / 192),
            q6=_SQRT(169 / 512),
            shells=((_SQRT(1 / 2), 12), (1.0, 6), (_SQRT(3 / 2), 24), (_SQRT(2), 12), (_SQRT(5 / 2), 24)),
        ),
    )
}


def check_phase(phase: str) -> Phase:
    """Return the entry of :data:`PHASES` with that name (any case); ValueError that names the legal ones."""
    name = phase.lower() if isinstance(phase, str) else phase
    if name not in PHASES:
        raise ValueError(f"Unknown phase {phase!r}: the phases are {', '.join(PHASES)}.")
    return PHASES[name]


def check_size(size: int | Sequence[int], phase: str | None = None) -> tuple[int, int, int]:
    """Return a supercell size as three ints; one number means a cube.

    Raises ValueError, in one sentence, when an axis is not a whole number from 1 to MAX_CELLS_PER_AXIS, or
    when the supercell of ``phase`` would hold more than MAX_ATOMS atoms or MAX_VOXELS voxels.
    """
    values: tuple[Any, ...] = tuple(size) if isinstance(size, Sequence | np.ndarray) else (size,) * 3
    if len(values) == 1:
        values = values * 3
    if len(values) != 3:
        raise ValueError(f"The size needs one or three numbers of cells (X Y Z), not {len(values)}.")
    x, y, z = (check_integer("every axis of the size", value, 1, MAX_CELLS_PER_AXIS) for value in values)
    if phase is not None:
        entry = check_phase(phase)
        atoms = x * y * z * entry.atoms_per_cell
        voxels = x * y * z * entry.voxels_per_cell**3
        if atoms > MAX_ATOMS or voxels > MAX_VOXELS:
            raise ValueError(
                f"A {x} x {y} x {z} supercell of {phase} has {atoms:,} atoms on {voxels:,} voxels: "
                f"the most is {MAX_ATOMS:,} atoms on {MAX_VOXELS:,} voxels."
            )
    return x, y, z


def check_lattice_constant(lattice_constant: float) -> float:
    """Return the lattice constant in Å as a float; ValueError unless finite and within the limits."""
    try:
        value = float(lattice_constant)
    except (TypeError, ValueError):
        value = math.nan
    if not MIN_LATTICE_CONSTANT <= value <= MAX_LATTICE_CONSTANT:  # also false for nan
        raise ValueError(
            f"The lattice constant must be from {MIN_LATTICE_CONSTANT:g} to {MAX_LATTICE_CONSTANT:g} Å, "
            f"not {lattice_constant!r}."
        )
    return value


def check_element(element: str) -> str:
    """Return a chemical symbol with its capital letter; ValueError when there is no such element."""
    from ase.data import atomic_numbers

    symbol = element.strip().capitalize() if isinstance(element, str) else ""
    if symbol not in atomic_numbers or symbol == "X":
        raise ValueError(f"Unknown element {element!r}: use a chemical symbol such as Po, W or Cu.")
    return symbol


def lattice_constant_of(phase: str, element: str | None = None) -> float:
    """Lattice constant in Å of ``element`` in ``phase``.

    The measured one (ase.data.reference_states) where the element crystallises in that phase; otherwise the
    one that gives the nearest-neighbour distance of its own structure, or of two covalent radii where that
    structure is not listed.
    """
    from ase.data import atomic_numbers, covalent_radii, reference_states

    entry = check_phase(phase)
    number = atomic_numbers[check_element(element or entry.default_element)]
    listed: list[Any] = list(reference_states)
    reference: dict[str, Any] = (listed[number] if number < len(listed) else None) or {}
    if reference.get("symmetry") == entry.name:
        return float(reference["a"])
    distance = _nearest_neighbour_distance(reference)
    if distance is None:
        distance = 2.0 * float(covalent_radii[number])
    return round(distance / entry.nearest_neighbour, 4)


def _nearest_neighbour_distance(reference: dict[str, Any]) -> float | None:
    """Shortest distance (Å) in an entry of ase.data.reference_states; None for other structures."""
    symmetry: Any = reference.get("symmetry")
    a: Any = reference.get("a")
    if symmetry in PHASES:
        return PHASES[symmetry].nearest_neighbour * a
    if symmetry == "hcp":
        return min(a, a * math.sqrt(1 / 3 + reference["c/a"] ** 2 / 4))
    if symmetry == "diamond":
        return a * math.sqrt(3) / 4
    return None


def crystal_grid(
    phase: str, size: int | Sequence[int] = DEFAULT_SIZE, lattice_constant: float | None = None
) -> Grid:
    """The periodic voxel grid of a supercell: ``voxels_per_cell`` voxels along each axis of each cell.

    ``lattice_constant`` is in Å; by default that of the phase's default element.
    """
    from gcd.voxels.grid import Grid

    entry = check_phase(phase)
    x, y, z = check_size(size, entry.name)
    a = (
        lattice_constant_of(entry.name)
        if lattice_constant is None
        else check_lattice_constant(lattice_constant)
    )
    v = entry.voxels_per_cell
    return Grid(shape=(x * v, y * v, z * v), lengths=(x * a, y * a, z * a))


def ideal_positions(phase: str, size: int | Sequence[int] = DEFAULT_SIZE) -> np.ndarray:
    """Sites (N, 3) of the ideal supercell in units of the lattice constant, all in [0, size)."""
    entry = check_phase(phase)
    x, y, z = check_size(size, entry.name)
    corners = np.stack(np.meshgrid(np.arange(x), np.arange(y), np.arange(z), indexing="ij"), axis=-1).reshape(
        -1, 1, 3
    )
    return (corners + entry.basis).reshape(-1, 3)


def ideal_crystal(
    phase: str,
    size: int | Sequence[int] = DEFAULT_SIZE,
    element: str | None = None,
    lattice_constant: float | None = None,
) -> Atoms:
    """The ideal supercell as periodic ``ase.Atoms``; ``info`` says phase, size and lattice constant (Å).

    Raises ValueError, in one sentence, for an unknown phase or element or a size or lattice constant out of
    range.
    """
    from ase import Atoms

    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    symbol = check_element(element or entry.default_element)
    a = (
        lattice_constant_of(entry.name, symbol)
        if lattice_constant is None
        else check_lattice_constant(lattice_constant)
    )
    positions = ideal_positions(entry.name, cells) * a
    return Atoms(
        symbols=[symbol] * len(positions),
        positions=positions,
        cell=[n * a for n in cells],
        pbc=True,
        info={"phase": entry.name, "size": list(cells), "lattice_constant": a},
    )
