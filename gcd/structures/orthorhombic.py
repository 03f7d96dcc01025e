"""Cells that the encoder can take: the smallest orthorhombic supercell, edges along the axes, room on open axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS

if TYPE_CHECKING:
    from ase import Atoms

REACH = 5  # cell vectors are added up to this many times
TOLERANCE = 0.05  # degrees away from 90 that count as rounding of the file


def orthorhombic_supercell(atoms: Atoms, max_atoms: int = MAX_ATOMS) -> Atoms | None:
    """The smallest supercell whose edges stand at right angles, turned to lie along x, y and z.

    Open axes are not combined with others. A cell that is orthorhombic already comes back in standard form.

    Args:
        atoms: a structure with a cell of three vectors.
        max_atoms: the most that the supercell may hold.

    Returns:
        The supercell, or None when none is found with each vector repeated up to 5 times.
    """
    matrix = _right_angles(np.asarray(atoms.cell[:]), np.asarray(atoms.pbc), max_atoms // max(len(atoms), 1))
    if matrix is None:
        return None
    from ase.build import make_supercell

    large = make_supercell(atoms, matrix)
    large.set_constraint()  # or fixed atoms would stay where they are while the cell is turned
    fractional = large.get_scaled_positions(wrap=False)
    lengths = large.cell.lengths()
    large.set_cell(np.diag(lengths))
    large.set_positions(fractional * lengths)
    large.pbc = atoms.pbc[np.abs(matrix).argmax(axis=1)] if not atoms.pbc.all() else True
    large.info = dict(atoms.info)
    return large


def _right_angles(cell: np.ndarray, periodic: np.ndarray, most: int) -> np.ndarray | None:
    """(3, 3) whole numbers that make an orthorhombic cell of at most ``most`` copies, the fewest first."""
    steps = np.arange(-REACH, REACH + 1)
    whole = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    first = whole[np.arange(len(whole)), (whole != 0).argmax(axis=1)]
    whole = whole[first > 0]  # one of each pair of opposite vectors
    for axis in np.flatnonzero(~periodic):
        alone = (whole[:, axis] == 1) & (np.abs(whole).sum(axis=1) == 1)
        whole = whole[(whole[:, axis] == 0) | alone]
    vectors = whole @ cell
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(lengths, kind="stable")
    whole, vectors, lengths = whole[order], vectors[order], lengths[order]
    unit = vectors / lengths[:, None]
    square = np.abs(unit @ unit.T) < np.sin(np.radians(TOLERANCE))
    volume = abs(np.linalg.det(cell))
    best, found = (most + 0.5) * volume, None
    for i in range(len(whole)):
        if lengths[i] ** 3 > best:
            break
        for j in i + 1 + np.flatnonzero(square[i, i + 1 :]):
            if lengths[i] * lengths[j] ** 2 > best:
                break
            third = np.flatnonzero(square[i, j + 1 :] & square[j, j + 1 :])
            if len(third) and lengths[i] * lengths[j] * lengths[j + 1 + third[0]] < best * (1 - 1e-9):
                k = j + 1 + third[0]
                best, found = lengths[i] * lengths[j] * lengths[k], whole[[i, j, k]]
    if found is None:
        return None
    # As close to the old axes as can be, and right-handed.
    found = found[np.argsort(np.abs(found).argmax(axis=1), kind="stable")]
    if np.linalg.det(found @ cell) < 0:
        found[2] = -found[2] if periodic[np.abs(found[2]).argmax()] else found[2]
        if np.linalg.det(found @ cell) < 0:
            found[0] = -found[0]
    return found


def with_room(atoms: Atoms, room: float) -> Atoms:
    """A copy whose open axes have at least ``room`` Å on either side of the atoms; others are left alone."""
    result = atoms.copy()
    cell, positions = np.asarray(result.cell[:]).copy(), result.positions.copy()
    for axis in np.flatnonzero(~np.asarray(result.pbc)):
        low, high = positions[:, axis].min(), positions[:, axis].max()
        if low < room or high > cell[axis, axis] - 2 * room:
            positions[:, axis] += room - low
            cell[axis, axis] = high - low + 3 * room
    result.set_cell(cell)
    result.positions = positions
    return result
