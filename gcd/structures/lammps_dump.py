"""Reading LAMMPS dumps: every whole frame, its atoms in the order of their ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gcd.structures.amounts import Amount
from gcd.structures.elements import named, symbol_of, symbols_of_label
from gcd.structures.lammps_types import elements_of_types
from gcd.structures.numbers import columns, numbers, whole

if TYPE_CHECKING:
    from ase import Atoms

PLACES = (("x", "y", "z"), ("xu", "yu", "zu"), ("xs", "ys", "zs"), ("xsu", "ysu", "zsu"))
NAMES = ("element", "typelabel", "label")


class _Unfinished(ValueError):
    """The text ends within a frame, or another begins within it, at the line ``following``."""

    def __init__(self, words: str, following: int | None = None) -> None:
        super().__init__(words)
        self.following = following


def read_lammps_dump(
    text: str, say: Callable[[str], None], elements: Sequence[str] | None = None
) -> list[Atoms]:
    """Every whole frame of the text, the corner of its box at the origin.

    Args:
        text: the file, its lines ended by line feeds.
        say: takes each word that a person should see.
        elements: of the types 1, 2, ..., instead of what the file says.

    Raises:
        ValueError: no whole frame, or a frame that is none.
    """
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    frames: list[Atoms] = []
    at, empty, broken, amount = 0, 0, 0, Amount()
    while at < len(lines):
        try:
            atoms, at = _frame(lines, at, amount, elements, say)
        except _Unfinished as error:
            if error.following is not None:
                at, broken = error.following, broken + 1
                continue
            if not frames:
                raise ValueError(f"it is truncated: {error}") from None
            say("the last frame is not whole, as in a file that is still being written: it is left out")
            break
        if len(atoms):
            frames.append(atoms)
        else:
            empty += 1
    else:
        if len(frames) > 1 and not text.endswith("\n"):
            say("its last line has no end: the last number of the last frame may be cut")
    if broken and not frames:
        raise ValueError("none of its frames is whole: another begins within it")
    if broken:
        say(f"{broken} of its frames break off where another begins: left out")
    if empty and frames:
        say(f"{empty} of its frames hold no atoms: left out")
    return frames


def _frame(
    lines: Sequence[str], at: int, amount: Amount, elements: Sequence[str] | None, say: Callable[[str], None]
) -> tuple[Atoms, int]:
    """The frame that begins at a line, and the line behind it."""
    from ase import Atoms

    count: int | None = None
    cell, origin, periodic = None, np.zeros(3), [True] * 3
    while True:
        if at >= len(lines):
            raise _Unfinished("it ends within the header of a frame")
        line = lines[at].strip()
        at += 1
        if not line:
            continue
        if not line.startswith("ITEM:"):
            raise ValueError(f"line {at} is {line[:40]!r} where an ITEM: is due")
        item = line[5:].strip()
        if item.startswith("NUMBER OF ATOMS"):
            count = whole(_line(lines, at).strip())
            amount.add(count)
            at += 1
        elif item.startswith("BOX BOUNDS"):
            cell, origin, periodic = _box(
                [_line(lines, at + row).split() for row in range(3)], item.split()[2:]
            )
            at += 3
        elif item.startswith("ATOMS"):
            break
        else:  # TIMESTEP, UNITS, TIME and what else has one line
            at += 1
    if count is None or cell is None:
        raise ValueError("a frame of it lacks the number of its atoms or the bounds of its box")
    names = item.split()[1:]
    rows = [line.split() for line in lines[at : at + count]]
    whole_rows = sum(len(row) == len(names) and row[0] != "ITEM:" for row in rows)
    if whole_rows < count:
        inside = next((index for index, row in enumerate(rows) if row and row[0] == "ITEM:"), None)
        if inside is not None:
            raise _Unfinished(f"it announces {count:,} atoms and holds {whole_rows:,}", at + inside)
        if at + count > len(lines) or (at + count == len(lines) and whole_rows == count - 1):
            raise _Unfinished(f"it announces {count:,} atoms and holds {whole_rows:,}")
        raise ValueError(
            f"a frame of it announces {count:,} atoms, and {whole_rows:,} rows have {len(names)} columns"
        )
    positions = _positions(rows, names, cell, origin)
    symbols = _symbols(rows, names, elements, say)
    if "id" in names:
        ids = np.array([whole(row[names.index("id")]) for row in rows], dtype=np.int64)
        order = np.argsort(ids, kind="stable")
        positions, symbols = positions[order], [symbols[i] for i in order]
    return Atoms(symbols, positions, cell=cell, pbc=periodic), at + count


def _line(lines: Sequence[str], at: int) -> str:
    if at >= len(lines):
        raise _Unfinished("it ends within the header of a frame")
    return lines[at]


def _box(rows: Sequence[Sequence[str]], words: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[bool]]:
    """Cell (3, 3), corner (3,) and periodic axes; of files without flags all axes are periodic."""
    flags = [word for word in words if len(word) == 2 and set(word) <= set("pfsm")]
    periodic = ["p" in flag for flag in flags] if len(flags) == 3 else [True] * 3
    if any(len(row) < 2 for row in rows):
        raise _Unfinished("it ends within the bounds of a box")
    values = [numbers(row) for row in rows]
    if "abc" in words:
        if any(len(row) != 4 for row in values):
            raise ValueError("a row of the bounds of a general box has not four numbers")
        table = np.array(values)
        return table[:, :3], table[:, 3], periodic
    width = len(values[0])
    if width not in (2, 3) or any(len(row) != width for row in values):
        raise ValueError("the bounds of a box are not two numbers an axis, or three with its tilts")
    low, high = np.array([row[:2] for row in values]).T
    xy, xz, yz = (row[2] for row in values) if width == 3 else (0.0, 0.0, 0.0)
    low = low - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = high - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    cell = np.diag(high - low)
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    return cell, low, periodic


def _positions(
    rows: Sequence[Sequence[str]], names: Sequence[str], cell: np.ndarray, origin: np.ndarray
) -> np.ndarray:
    for kind in PLACES:
        if set(kind) <= set(names):
            if not rows:
                return np.zeros((0, 3))
            found = columns(rows, [names.index(name) for name in kind], "atom")
            return found @ cell if "s" in kind[0] else found - origin
    raise ValueError(f"its atoms have no positions: their columns are {named(names, 10)}")


def _symbols(
    rows: Sequence[Sequence[str]],
    names: Sequence[str],
    elements: Sequence[str] | None,
    say: Callable[[str], None],
) -> list[str]:
    if elements is not None and "type" not in names:
        say("its atoms have no types: the elements that are named for types are not used")
    if elements is None or "type" not in names:
        for name in NAMES:
            if name in names:
                column = [row[names.index(name)] for row in rows]
                known = {word: _symbol(word, say) for word in dict.fromkeys(column)}
                if all(known.values()):
                    return [str(known[word]) for word in column]
                wrong = named([word for word, symbol in known.items() if not symbol])
                if "type" not in names:
                    raise ValueError(f"its column {name} holds {wrong}, which are no elements")
                say(f"its column {name} holds {wrong}, which are no elements: the types are taken")
    if "type" not in names:
        raise ValueError(f"its atoms have neither element nor type: their columns are {named(names, 10)}")
    words = [row[names.index("type")] for row in rows]
    kinds = {word: whole(word) for word in dict.fromkeys(words)}
    masses = {}
    if "mass" in names:
        masses = dict(
            zip(
                (kinds[word] for word in words),
                (numbers([row[names.index("mass")] for row in rows])),
                strict=True,
            )
        )
    found = elements_of_types(sorted(set(kinds.values())), elements=elements, masses=masses, say=say)
    return [found[kinds[word]] for word in words]


def _symbol(word: str, say: Callable[[str], None]) -> str | None:
    """The element of a word of the column; dumps take any word for one."""
    if symbol_of(word):
        return symbol_of(word)
    likely = symbols_of_label(word)
    if likely and len(likely) > 1:
        say(f"the label {word[:20]} is read as {likely[0]}")
    return likely[0] if likely else None
