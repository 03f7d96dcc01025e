"""Structures into files, so that what is read again is what was written."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.files import atomic_file
from gcd.structures.cells import plane_distances
from gcd.structures.cif import NUMBER_OF_ATOMS, PERIODIC_AXES
from gcd.structures.format_names import FORMATS, WRITTEN, written_format
from gcd.structures.marks import mark

if TYPE_CHECKING:
    from ase import Atoms

ENOUGH_VACUUM = 12.0  # Å between images of a slab, twice the cut-off of a potential


def write_structure(
    atoms: Atoms | Sequence[Atoms],
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002
) -> Path:
    """Write a structure so that ASE reads it back to 1e-6 Å; several structures as extxyz only.

    Atoms are wrapped into the cell along its periodic axes. The file appears whole or not at all.

    Args:
        format: one of :data:`WRITTEN`; by default what the path's name says.

    Raises:
        ValueError: an unknown format, several structures in a format that holds one, none at all, positions that are
            not finite, no cell where the format needs one, or a place that cannot be written, in one sentence.
    """
    path = Path(path)
    name = written_format(path.name).name if format is None else format
    if name not in WRITTEN:
        raise ValueError(f"Structures are written as {', '.join(WRITTEN)}, not as {name!r}.")
    frames: list[Any] = [atoms] if hasattr(atoms, "positions") else list(atoms)
    title = FORMATS[name].title
    if not frames:
        raise ValueError(f"There is no structure to write to {path.name!r}.")
    if name != "extxyz" and len(frames) != 1:
        raise ValueError(f"A {title} file holds one structure, not {len(frames)}: use extxyz.")
    if name != "extxyz" and len(frames[0]) == 0:
        raise ValueError(f"A {title} file cannot hold a structure without atoms: use extxyz.")
    if name != "extxyz" and frames[0].cell.rank < 3:
        raise ValueError(f"A {title} file cannot hold a structure without a cell: use extxyz.")
    if not all(np.isfinite(frame.positions).all() for frame in frames):
        raise ValueError("A structure with positions that are not finite numbers is not written.")
    with atomic_file(path) as file:
        file.write(_content(frames, name))
    return path


def words_on(atoms: Atoms, format: str) -> list[str]:  # noqa: A002
    """What a person should know of a structure in a file of a format: what other programs will take it for.

    Files that are written here say in a comment or a tag which axes are open, and are read here as they were.
    """
    if format == "extxyz" or not len(atoms) or atoms.cell.rank < 3:
        return []
    words = []
    thick = plane_distances(np.asarray(atoms.cell[:]))
    fractional = atoms.get_scaled_positions(wrap=False)
    for axis in np.flatnonzero(~np.asarray(atoms.pbc)):
        vacuum = thick[axis] * (1.0 - np.ptp(fractional[:, axis]))
        if vacuum < ENOUGH_VACUUM:
            words.append(
                f"{FORMATS[format].title} knows no open axes: along {'abc'[axis]} other programs see images across "
                f"{max(vacuum, 0.0):.1f} Å of vacuum, less than {ENOUGH_VACUUM:g} Å."
            )
    cell = np.asarray(atoms.cell[:])
    if format in ("cif", "lammps-data") and not _is_lower(cell):
        mirrored = ", and mirrored, because its vectors are left-handed" if np.linalg.det(cell) < 0 else ""
        words.append(
            f"In {FORMATS[format].title} the cell is turned: its first vector lies along x, its second in the plane "
            f"of x and y{mirrored}."
        )
    return words


def _is_lower(cell: np.ndarray) -> bool:
    return bool(np.allclose(cell, np.tril(cell), atol=1e-8) and (np.diag(cell) > 0).all())


def _content(frames: Sequence[Atoms], name: str) -> bytes:
    """The text of a file; a comment or a tag of ours says which axes are periodic where the format cannot."""
    from ase.io import write

    frames = [_wrapped(frame) for frame in frames]
    if name == "cif":
        binary = io.BytesIO()
        write(binary, frames[0], format=name, wrap=False)
        return _with_own_tags(binary.getvalue(), frames[0])
    text = io.StringIO()
    write(text, frames, format=name, **({"masses": True} if name == "lammps-data" else {}))
    if name == "extxyz":
        return text.getvalue().encode()
    first, _, rest = text.getvalue().partition("\n")
    return f"{first.strip()} {mark(frames[0].pbc)}".strip().encode() + b"\n" + rest.encode()


def _with_own_tags(content: bytes, atoms: Atoms) -> bytes:
    """How many atoms there are, so that a file that breaks off is known, and which axes are periodic."""
    head, _, rest = content.partition(b"\n")
    axes = " ".join("T" if axis else "F" for axis in atoms.pbc)
    own = f"{NUMBER_OF_ATOMS} {len(atoms)}\n{PERIODIC_AXES} '{axes}'\n"
    return head + b"\n" + own.encode() + rest


def _wrapped(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.calc = None
    if "energy" in copy.arrays:  # the name that ASE's readers give to the total
        copy.set_array("energies", copy.arrays.pop("energy"))
    if copy.cell.rank == 3:
        copy.wrap()
    info = {key: " ".join(v.split()) if isinstance(v, str) else v for key, v in copy.info.items()}
    copy.info = {key: v for key, v in info.items() if v is not None and not (isinstance(v, str) and not v)}
    return copy
