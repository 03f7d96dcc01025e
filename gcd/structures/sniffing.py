"""Which format a text is in: its own words say so first, whatever the file is called."""

from __future__ import annotations

from gcd.structures.numbers import is_number, is_whole

LINES = 60  # that are looked at


def sniffed(text: str) -> str | None:
    """The name of the format that the first lines are in; None where they are in none."""
    lines = text[:200_000].split("\n")[: LINES * 20]
    filled = [line for line in lines if line.strip()][:LINES]
    if not filled:
        return None
    first = filled[0].split()
    if any(line.lstrip().startswith("ITEM: ") for line in filled[:3]):
        return "lammps-dump-text"
    if _is_cif(lines):
        return "cif"
    if _is_poscar(lines):
        return "vasp"
    if len(first) == 1 and is_whole(first[0]) and _is_xyz(lines):
        return "extxyz"
    if _is_lammps_data(filled):
        return "lammps-data"
    return None


def _is_cif(lines: list[str]) -> bool:
    """The first line that is not a remark begins a block."""
    words = (line.split() for line in lines)
    first = next((row[0].lower() for row in words if row and not row[0].startswith("#")), "")
    return first.startswith("data_")


def _is_poscar(lines: list[str]) -> bool:
    """A scale in line 2 and three vectors below it."""
    rows = [line.split() for line in lines[1:5]]
    if len(rows) < 4 or (
        len(rows[0]) not in (1, 3) and not (rows[0] and rows[0][1:2] and rows[0][1][0] in "!#")
    ):
        return False
    if not all(is_number(word) for word in rows[0][:1]):
        return False
    return all(len(row) >= 3 and all(is_number(word) for word in row[:3]) for row in rows[1:])


def _is_xyz(lines: list[str]) -> bool:
    """A number, a header, and a row with three numbers in it; or a header that names a lattice."""
    at = next(index for index, line in enumerate(lines) if line.strip())
    header = lines[at + 1] if at + 1 < len(lines) else ""
    row = lines[at + 2].split() if at + 2 < len(lines) else []
    return "lattice=" in header.lower() or sum(is_number(word) for word in row) >= 3


def _is_lammps_data(lines: list[str]) -> bool:
    """A header with a number of atoms and a box."""
    rows = [line.split("#")[0].split() for line in lines]
    counted = any(len(row) == 2 and row[1].lower() == "atoms" and is_whole(row[0]) for row in rows)
    box = any(row[2:] == ["xlo", "xhi"] or row[3:] == ["avec"] for row in rows)
    return counted and box
