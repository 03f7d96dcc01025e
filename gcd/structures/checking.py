"""What every structure from a file is held against, whatever its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gcd.files import StructureFileError
from gcd.limits import MAX_LENGTH, MIN_DISTANCE, MIN_THICKNESS
from gcd.structures.cells import plane_distances
from gcd.structures.coincidence import check_crowd, near_pairs

if TYPE_CHECKING:
    from ase import Atoms


def check_structure(atoms: Atoms, name: str) -> str | None:
    """Refuse what is no structure; a word about atoms nearer than 0.5 Å, or None.

    Raises:
        StructureFileError: no atoms, no cell, numbers that are not finite, a cell too flat or too large, or atoms that
            crowd.
    """
    if len(atoms) == 0:
        raise StructureFileError(f"{name!r} holds no atoms.")
    if not np.isfinite(atoms.positions).all():
        which = int(np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))[0])
        raise StructureFileError(f"{name!r}: the position of atom {which + 1} is not a finite number.")
    cell = np.asarray(atoms.cell[:])
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-6:
        raise StructureFileError(f"{name!r} has no cell with a volume: three cell vectors (Å) are needed.")
    if max(np.abs(cell).max(), np.abs(atoms.positions).max()) > MAX_LENGTH:
        raise StructureFileError(f"{name!r} reaches beyond {MAX_LENGTH:,} Å, the most that is read.")
    if (thickness := _thickness(cell)) < MIN_THICKNESS:
        raise StructureFileError(
            f"{name!r} has a cell with opposite faces only {thickness:.2g} Å apart; the least is {MIN_THICKNESS} Å."
        )
    try:
        check_crowd(atoms.positions, cell, np.asarray(atoms.pbc))
    except ValueError as error:
        raise StructureFileError(f"{name!r}: {error}.") from None
    pairs, apart = near_pairs(atoms.positions, cell, np.asarray(atoms.pbc), MIN_DISTANCE)
    if not len(pairs):
        return None
    nearest = int(apart.argmin())
    i, j = pairs[nearest] + 1
    more = f", and {len(pairs) - 1:,} more pairs" if len(pairs) > 1 else ""
    return f"atoms {i} and {j} are {apart[nearest]:.2f} Å apart{more}: nearer than {MIN_DISTANCE} Å"


def _thickness(cell: np.ndarray) -> float:
    """Smallest distance in Å between opposite faces; of the lattice's shortest vectors where the file's are skewed."""
    from ase.geometry import minkowski_reduce

    thickness = plane_distances(cell).min()
    if thickness < MIN_THICKNESS:
        thickness = plane_distances(minkowski_reduce(cell)[0]).min()
    return float(thickness)
