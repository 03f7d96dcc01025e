"""Reading LAMMPS data files: columns by the atom style that the file, a person or the columns themselves say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS
from gcd.structures.lammps_types import elements_of_types
from gcd.structures.marks import periodic_axes
from gcd.structures.numbers import columns, is_number, is_whole, number, whole

if TYPE_CHECKING:
    from ase import Atoms

STYLES = {  # columns of the type and of x, and all of them; of LAMMPS's manual, page read_data
    "atomic": (1, 2, 5), "charge": (1, 3, 6), "bond": (2, 3, 6), "angle": (2, 3, 6), "molecular": (2, 3, 6),
    "full": (2, 4, 7), "sphere": (1, 4, 7), "dipole": (1, 3, 9), "ellipsoid": (1, 4, 7), "body": (1, 4, 7),
    "line": (2, 5, 8), "tri": (2, 5, 8), "electron": (1, 4, 7), "peri": (1, 4, 7), "template": (1, 5, 8),
    "dpd": (1, 3, 6), "edpd": (1, 4, 7), "mdpd": (1, 3, 6), "tdpd": (1, 2, 5), "spin": (1, 2, 9), "sph": (1, 5, 8),
    "smd": (1, 10, 13), "hybrid": (1, 2, 5), "bpm/sphere": (2, 5, 8), "dielectric": (1, 3, 12), "amoeba": (2, 4, 7),
    "oxdna": (1, 2, 5), "granular": (1, 4, 7), "rheo": (1, 4, 7),
}  # fmt: skip
LONGER = ("hybrid", "tdpd", "dielectric")  # with columns of their own behind z
GUESSES = ("atomic", "charge", "molecular", "full", "sphere")
COUNTS = {"atoms": 1, "atom types": 2}


@dataclass
class _File:
    """What a data file says, before it is put together."""

    comment: str = ""
    count: int | None = None
    box: dict[str, list[float]] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    masses: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] | None = None
    hint: str = ""


def read_lammps_data(
    text: str, say: Callable[[str], None], elements: Sequence[str] | None = None, style: str | None = None
) -> list[Atoms]:
    """The structure of the text, its atoms in the order of their ids, the corner of the box at the origin.

    Args:
        text: the file, its lines ended by line feeds.
        say: takes each word that a person should see.
        elements: of the types 1, 2, ..., instead of what the file says.
        style: the atom style, where the file says none or another.

    Raises:
        ValueError: a file that breaks off, a style that does not fit, or what is no data file.
    """
    from ase import Atoms

    if style is not None and style not in STYLES:
        raise ValueError(f"{style[:20]!r} is no atom style: legal are {', '.join(STYLES)}")
    file = _sections(text)
    if file.count is None:
        raise ValueError("no line of its header says how many atoms there are")
    if file.count == 0:
        return []
    if file.rows is None:
        raise ValueError(f"it is truncated: it announces {file.count:,} atoms and has no section Atoms")
    if len(file.rows) < file.count:
        raise ValueError(f"it is truncated: it announces {file.count:,} atoms and holds {len(file.rows):,}")
    cell, origin = _box(file.box)
    rows = file.rows[: file.count]
    labels = {label: kind for kind, label in file.labels.items()}
    type_column, x = _columns(rows, style, file.hint, labels, say)
    positions = columns(rows, (x, x + 1, x + 2), "atom") - origin
    ids = np.array([whole(row[0]) for row in rows])
    if len(np.unique(ids)) < len(ids):
        raise ValueError("two of its atoms have the same id")
    order = np.argsort(ids, kind="stable")
    kinds = [_type(row[type_column], labels) for row in rows]
    found = elements_of_types(
        sorted(set(kinds)),
        elements=elements,
        labels=file.labels,
        masses={_type(word, labels): mass for word, mass in file.masses.items()},
        remarks={_type(word, labels): remark for word, remark in file.remarks.items()},
        say=say,
    )
    for unit in ("lj", "si", "cgs", "electron", "micro", "nano"):
        if f"units = {unit}" in file.comment:
            say(f"its units are {unit}: lengths are read as Å all the same")
    symbols = [found[kind] for kind in kinds]
    return [Atoms([symbols[i] for i in order], positions[order], cell=cell, pbc=periodic_axes(file.comment))]


def _sections(text: str) -> _File:
    lines = text.split("\n")
    file = _File(comment=lines[0])
    at = 1
    if _header_line(lines[0].split("#")[0].split(), _File()):
        at = 0  # LAMMPS skips the first line; some programs begin with the header
    while at < len(lines):
        plain, _, remark = lines[at].partition("#")
        words = plain.split()
        at += 1
        if not words or _header_line(words, file):
            continue
        if not words[0][0].isalpha():
            continue
        name = " ".join(words).lower()
        rows, at = _rows(lines, at, name, file)
        if name == "atoms":
            file.rows, file.hint = rows, remark.strip().split()[0].lower() if remark.strip() else ""
        elif name == "atom type labels":
            file.labels = {whole(row[0]): row[1] for row in rows if len(row) > 1}
        elif name == "masses":
            for row in rows:
                if len(row) < 2:
                    raise ValueError("a row of its section Masses is incomplete")
                file.masses[row[0]] = number(row[1])
    return file


def _rows(lines: Sequence[str], at: int, name: str, file: _File) -> tuple[list[list[str]], int]:
    """The rows of a section, up to the next one, without remarks; remarks on masses are kept."""
    found: list[list[str]] = []
    while at < len(lines):
        plain, _, remark = lines[at].partition("#")
        words = plain.split()
        if (
            words
            and words[0][0].isalpha()
            and not (name == "masses" and len(words) > 1 and is_number(words[1]))
        ):
            break
        if words:
            found.append(words)
            if name == "masses" and remark.strip():
                file.remarks[words[0]] = remark.strip()
            if name == "atoms" and len(found) > MAX_ATOMS:
                raise ValueError(f"it holds more than {MAX_ATOMS:,} atoms")
        at += 1
    return found, at


def _header_line(words: Sequence[str], file: _File) -> bool:
    """Whether the words are a line of the header, which is then kept."""
    values = [word for word in words if is_number(word)]
    names = tuple(word.lower() for word in words[len(values) :])
    if not values or any(is_number(word) for word in names):
        return False
    if names == ("atoms",) and len(values) == 1:
        file.count = whole(values[0])
        if not 0 <= file.count <= MAX_ATOMS:
            raise ValueError(f"it announces {file.count:,} atoms: the most is {MAX_ATOMS:,}")
    key = " ".join(names)
    if key in ("xlo xhi", "ylo yhi", "zlo zhi", "xy xz yz", "avec", "bvec", "cvec", "abc origin"):
        file.box[key] = [number(value) for value in values]
    return bool(names)


def _box(box: dict[str, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Cell (3, 3) and the corner (3,) of the box."""
    if "avec" in box:
        vectors = [box.get(name, []) for name in ("avec", "bvec", "cvec")]
        origin = box.get("abc origin", [0.0, 0.0, 0.0])
        if any(len(vector) != 3 for vector in (*vectors, origin)):
            raise ValueError("a vector of its box has not three numbers")
        return np.array(vectors), np.array(origin)
    ends = [box.get(f"{axis}lo {axis}hi", [-0.5, 0.5]) for axis in "xyz"]
    if any(len(end) != 2 for end in ends):
        raise ValueError("an axis of its box has not two ends")
    if not all(f"{axis}lo {axis}hi" in box for axis in "xyz"):
        raise ValueError("its header does not give the ends of the box along x, y and z")
    tilts = box.get("xy xz yz", [0.0, 0.0, 0.0])
    if len(tilts) != 3:
        raise ValueError("the tilts of its box are not three numbers")
    low, high = np.array(ends).T
    cell = np.diag(high - low)
    cell[1, 0], cell[2, 0], cell[2, 1] = tilts
    return cell, low


def _columns(
    rows: Sequence[Sequence[str]],
    style: str | None,
    hint: str,
    labels: dict[str, int],
    say: Callable[[str], None],
) -> tuple[int, int]:
    """Columns of the type and of x."""
    if not rows:
        return 1, 2
    if style is not None or hint in STYLES:
        name = style or hint
        kind, x, width = STYLES[name]
        if _fits(rows[0], name, labels):
            return kind, x
        if style is not None or len(rows[0]) < width:
            raise ValueError(
                f"its rows do not fit the atom style {name}, of {width} columns: {' '.join(rows[0])[:60]!r}"
            )
        say(f"its rows do not fit the atom style {hint}, which it names: the columns decide")
    sample = rows[:: max(1, len(rows) // 100)]
    fitting = [name for name in GUESSES if all(_fits(row, name, labels) for row in sample)]
    if not fitting:
        raise ValueError(
            f"its atom style is not said, and its columns fit none that is known: {' '.join(rows[0])[:60]!r}"
        )
    chosen = fitting[-1] if fitting[-1] in ("molecular", "full") else fitting[0]
    kind, x, _ = STYLES[chosen]
    others = [
        name
        for name in fitting
        if STYLES[name][1] != x or any(row[STYLES[name][0]] != row[kind] for row in rows)
    ]
    if others:
        say(f"its atom style is not said: {chosen} is taken, {' or '.join(others)} would fit too")
    return STYLES[chosen][:2]


def _fits(row: Sequence[str], name: str, labels: dict[str, int]) -> bool:
    """Whether a row has the columns of a style, whole numbers where there must be some, and images or none."""
    kind, x, width = STYLES[name]
    more = len(row) - width
    if more not in (0, 3) and not (name in LONGER and more > 0):
        return False
    if more == 3 and name not in LONGER and not all(is_whole(word) for word in row[-3:]):
        return False
    molecule = kind == 2 and not is_whole(row[1])
    legal = row[kind] in labels or (is_whole(row[kind]) and int(row[kind]) > 0)
    return legal and not molecule and is_whole(row[0]) and all(is_number(word) for word in row[x : x + 3])


def _type(word: str, labels: dict[str, int]) -> int:
    if word in labels:
        return labels[word]
    try:
        return whole(word)
    except ValueError:
        raise ValueError(f"{word[:20]!r} is neither a type nor the label of one") from None
