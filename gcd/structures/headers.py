"""What a structure file announces in its headers, read before anyone allocates memory for it."""

from __future__ import annotations

import re

from gcd.limits import MAX_ATOMS, MAX_FRAMES

MAX_COLUMNS = 200  # numbers in a row of extended XYZ; positions, forces and a few properties are a dozen


def promised_atoms(text: str, name: str) -> list[int]:
    """Numbers of atoms that the file's own headers announce, one a structure; empty where a format has none."""
    if name == "lammps-data":
        return [int(n) for n in re.findall(r"^\s*(\d+)\s+atoms\s*(?:#.*)?$", text, re.MULTILINE)[:1]]
    if name == "lammps-dump-text":
        return [int(n) for n in re.findall(r"^ITEM: NUMBER OF ATOMS\s*\n\s*(\d+)\s*$", text, re.MULTILINE)]
    if name == "vasp":
        return _promised_in_poscar(text)
    if name == "extxyz":
        return _promised_in_xyz(text)
    return []


def _promised_in_xyz(text: str) -> list[int]:
    lines = text.splitlines()
    promised: list[int] = []
    at = 0
    while at < len(lines) and lines[at].strip() and len(promised) <= MAX_FRAMES:
        count = int(lines[at])
        if len(lines) - at - 2 < count:
            raise ValueError(f"{count} atoms announced, {max(len(lines) - at - 2, 0)} lines left")
        _check_columns(lines[at + 1])
        promised.append(count)
        at += count + 2
    return promised


def _promised_in_poscar(text: str) -> list[int]:
    lines = [*text.splitlines(), "", ""]
    at = next((i for i in (5, 6) if re.fullmatch(r"\s*\d[\d\s]*(?:!.*)?", "".join(lines[i : i + 1]))), None)
    if at is None:
        return []
    count = sum(int(n) for n in lines[at].split("!")[0].split())
    start = at + (3 if lines[at + 1].strip()[:1] in ("s", "S") else 2)
    for row, line in enumerate(lines[start : start + min(count, MAX_ATOMS)]):
        if len(line.split()) < 3:  # ASE would fill a row of one number up with that number
            raise ValueError(f"the position of atom {row + 1} of {count} is incomplete")
    return [count]


def _check_columns(comment: str) -> None:
    """ValueError for a row of extended XYZ that is wider than any real one, or narrower than nothing."""
    properties = re.search(r"\bProperties\s*=\s*\"?([^\s\"]+)", comment, re.IGNORECASE)
    widths = [
        int(width) for width in re.findall(r":[A-Za-z]:([+-]?\d+)", properties.group(1) if properties else "")
    ]
    if any(width < 1 for width in widths) or sum(widths) > MAX_COLUMNS:
        raise ValueError(f"a row of {sum(widths):,} columns, legal are 1 to {MAX_COLUMNS}")
