"""A crystal as a CIF of its space group: the conventional cell, the operations and the distinct sites alone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

TOLERANCE = 0.05  # Å by which atoms may miss the places that symmetry gives them


def symmetrised_cif(atoms: Atoms, tolerance: float = TOLERANCE) -> str:
    """The text of a CIF with the space group that spglib finds.

    The cell becomes the conventional one of the group, so that a supercell is written as the crystal it repeats.

    Args:
        atoms: a structure that is periodic along all axes.
        tolerance: Å within which symmetry is looked for.

    Raises:
        ValueError: no atoms, an open axis, or no group that spglib finds.
    """
    import spglib

    if not len(atoms):
        raise ValueError("A structure without atoms has no symmetry.")
    if not all(atoms.pbc):
        raise ValueError("Only a structure that is periodic along all axes is written with its space group.")
    given: Any = (np.asarray(atoms.cell[:]), atoms.get_scaled_positions(), atoms.numbers)
    try:
        standard: Any = spglib.standardize_cell(given, symprec=tolerance)
        found: Any = spglib.get_symmetry_dataset(standard, symprec=tolerance) if standard else None
    except Exception as error:
        raise ValueError(f"No space group was found within {tolerance:g} Å: {error}.") from None
    if found is None:
        raise ValueError(
            f"No space group was found within {tolerance:g} Å: the atoms may lie too near each other."
        )
    cell, places, numbers = standard
    return _text(cell, places, numbers, found)


def _text(cell: np.ndarray, places: np.ndarray, numbers: np.ndarray, found: Any) -> str:
    from ase.cell import Cell
    from ase.data import chemical_symbols

    a, b, c, alpha, beta, gamma = Cell(cell).cellpar()
    operations = [
        ", ".join(_row(row, shift) for row, shift in zip(rotation, translation, strict=True))
        for rotation, translation in zip(found.rotations, found.translations, strict=True)
    ]
    sites = sorted(set(found.equivalent_atoms.tolist()))
    rows = [
        f"{chemical_symbols[numbers[site]]}{index + 1} {chemical_symbols[numbers[site]]} "
        + " ".join(f"{value % 1.0:.10f}" for value in places[site])
        for index, site in enumerate(sites)
    ]
    return "\n".join(
        [
            "data_symmetrised",
            *(f"_cell_length_{axis} {value:.8f}" for axis, value in zip("abc", (a, b, c), strict=True)),
            *(
                f"_cell_angle_{axis} {value:.6f}"
                for axis, value in zip(("alpha", "beta", "gamma"), (alpha, beta, gamma), strict=True)
            ),
            f"_space_group_IT_number {found.number}",
            f"_space_group_name_Hall '{found.hall}'",
            "loop_",
            "_space_group_symop_operation_xyz",
            *(f"'{operation}'" for operation in operations),
            "loop_",
            "_atom_site_label",
            "_atom_site_type_symbol",
            "_atom_site_fract_x",
            "_atom_site_fract_y",
            "_atom_site_fract_z",
            *rows,
            "",
        ]
    )


def _row(row: np.ndarray, shift: float) -> str:
    """One coordinate of an operation, as ``-x+y+1/3``."""
    words = [("+" if factor > 0 else "-") + name for factor, name in zip(row, "xyz", strict=True) if factor]
    part = Fraction(float(shift) % 1.0).limit_denominator(24)
    return "".join(words).removeprefix("+") + (f"+{part}" if part % 1 else "")
