"""Reading POSCAR, CONTCAR and XDATCAR, with the elements from where VASP puts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS
from gcd.structures.amounts import Amount
from gcd.structures.elements import named, symbol_of, symbols_of_label
from gcd.structures.marks import periodic_axes
from gcd.structures.numbers import columns, is_number, is_whole, numbers

if TYPE_CHECKING:
    from ase import Atoms

FLAGS = ("T", "F", ".TRUE.", ".FALSE.", ".T.", ".F.", "TRUE", "FALSE")
MAX_LISTS = 200  # lines over which the elements or their numbers may be broken


@dataclass(frozen=True)
class _Header:
    """Cell (3, 3) in Å, factors (3,) of Cartesian rows, numbers of atoms and their elements, and where rows begin."""

    comment: str
    cell: np.ndarray
    scales: np.ndarray
    counts: list[int]
    kinds: list[str] | None
    at: int


def read_poscar(text: str, say: Callable[[str], None], elements: Sequence[str] | None = None) -> list[Atoms]:
    """All structures of the text: one of a POSCAR, every whole frame of an XDATCAR.

    Constraints and velocities are not read.

    Args:
        text: the file, its lines ended by line feeds.
        say: takes each word that a person should see.
        elements: of the species 1, 2, ..., instead of those that the file names.

    Raises:
        ValueError: a file that breaks off, names no elements, or is no POSCAR.
    """
    from ase import Atoms

    lines = text.split("\n")
    header = _header(lines, 0, elements, say)
    frames: list[Atoms] = []
    at, amount = header.at, Amount()
    while at < len(lines):
        mode = lines[at].strip().lower()
        trajectory = "configuration" in mode
        count = sum(header.counts)
        amount.add(count)
        rows = [line.split() for line in lines[at + 1 : at + 1 + count]]
        if sum(len(row) >= 3 for row in rows) < count:
            if not frames:
                whole = next((i for i, row in enumerate(rows) if len(row) < 3), len(rows))
                raise ValueError(
                    f"it is truncated: it announces {count:,} atoms, and the position of atom {whole + 1} of {count:,} "
                    "is incomplete"
                )
            say("the last frame is not whole, as in a file that is still being written: it is left out")
            break
        place = columns(rows, (0, 1, 2), "atom")
        cartesian = mode[:1] in ("c", "k")
        positions = place * header.scales if cartesian else place @ header.cell
        symbols = _symbols(header, rows, say)
        frames.append(Atoms(symbols, positions, cell=header.cell, pbc=periodic_axes(header.comment)))
        at += 1 + count
        while at < len(lines) and not lines[at].strip():
            at += 1
        if not trajectory or at >= len(lines):
            break
        if "configuration" not in lines[at].lower():  # a cell that changes has its header before every frame
            try:
                header = _header(lines, at, elements, say)
            except ValueError:
                say("the last frame is not whole, as in a file that is still being written: it is left out")
                break
            at = header.at
    return frames


def _header(
    lines: Sequence[str], at: int, elements: Sequence[str] | None, say: Callable[[str], None]
) -> _Header:
    """The lines above the rows of atoms, from line ``at`` on."""
    if len(lines) < at + 7:
        raise ValueError("it is truncated: it ends within its header")
    comment = lines[at]
    cell, scales = _cell(lines[at + 1 : at + 5])
    words, at = _list(lines, at + 5, lambda word: not is_number(word))
    counts, at = _list(lines, at, is_whole)
    if not counts:
        raise ValueError("no line says how many atoms there are, as line 7 does in VASP 5")
    amounts = [int(word) for word in counts]
    if min(amounts) < 0 or sum(amounts) > MAX_ATOMS:
        raise ValueError(f"it announces {sum(amounts):,} atoms: the most is {MAX_ATOMS:,}")
    kinds = _kinds(words, amounts, comment, elements, say)
    selective = at < len(lines) and lines[at].strip()[:1] in ("s", "S")
    return _Header(comment, cell, scales, amounts, kinds, at + selective)


def _cell(lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cell (3, 3) in Å and factors (3,) of Cartesian coordinates, of the line of scales and three of vectors."""
    rows = [line.split() for line in lines]
    if not rows[0] or not is_number(rows[0][0]):
        raise ValueError(f"line 2 is {lines[0].strip()[:30]!r}, not a scale")
    many = len(rows[0]) > 2 and all(is_number(word) for word in rows[0][:3])
    scales = numbers(rows[0][:3] if many else rows[0][:1] * 3)
    vectors = columns(rows[1:], (0, 1, 2), "cell vector")
    if many and (scales <= 0).any():
        raise ValueError("three scales must be positive")
    if scales[0] < 0:  # the volume
        volume = abs(np.linalg.det(vectors))
        if volume < 1e-12:
            raise ValueError("it has no cell with a volume")
        scales = np.full(3, (-scales[0] / volume) ** (1 / 3))
    return vectors * scales, scales


def _list(lines: Sequence[str], at: int, legal: Callable[[str], bool]) -> tuple[list[str], int]:
    """The words of a list that may be broken over several lines, up to a remark, and the line behind it."""
    found: list[str] = []
    for row in range(at, min(at + MAX_LISTS, len(lines))):
        words = lines[row].split("!")[0].split("#")[0].split()
        if not words or not legal(words[0]):
            return found, row
        found += words if legal("x") else [word for word in words if legal(word)]
    return found, min(at + MAX_LISTS, len(lines))


def _kinds(
    words: Sequence[str],
    counts: Sequence[int],
    comment: str,
    elements: Sequence[str] | None,
    say: Callable[[str], None],
) -> list[str] | None:
    """The element of each number of atoms; None where only the rows can say."""
    if elements is not None:
        if len(elements) != len(counts):
            raise ValueError(f"it has {len(counts)} species, and {len(elements)} elements are named for them")
        return list(elements)
    if words:
        if len(words) != len(counts):
            raise ValueError(f"it names {len(words)} elements and {len(counts)} numbers of atoms")
        return [_species(word) for word in words]
    found = _from_comment(comment.split(), counts)
    if found:
        say(
            f"no line names the elements, as line 6 does in VASP 5: {' '.join(found)} is taken from the first line"
        )
    return found


def _species(word: str) -> str:
    """The element of ``W_pv``, ``W/1a2b3c``, ``Fe_sv_GW`` or ``H1.25``."""
    plain = (
        word.split("_", maxsplit=1)[0]
        .split("/", maxsplit=1)[0]
        .split(":", maxsplit=1)[0]
        .rstrip("0123456789.+-")
    )
    symbol = symbol_of(plain)
    if symbol is None:
        raise ValueError(f"{word[:20]!r}, in the line of elements, is no element")
    return symbol


def _from_comment(words: Sequence[str], counts: Sequence[int]) -> list[str] | None:
    """Elements of VASP 4's first line: nothing but one symbol a species, or a formula of just these numbers."""
    words = [word for word in words if not word.startswith(("pbc=", "T", "F")) or symbol_of(word)]
    symbols = [symbol_of(word) if word[:1].isupper() else None for word in words]
    if len(symbols) == len(counts) and all(symbols):
        return [symbol for symbol in symbols if symbol]
    for formula in words[:1]:
        parts = re.findall(r"([A-Z][a-z]?)([0-9]{0,6})", formula[:200])
        if "".join(a + b for a, b in parts) == formula and [int(n or 1) for _, n in parts] == list(counts):
            found = [symbol_of(symbol) for symbol, _ in parts]
            if all(found):
                return [symbol for symbol in found if symbol]
    return None


def _symbols(header: _Header, rows: Sequence[Sequence[str]], say: Callable[[str], None]) -> list[str]:
    """The elements of the atoms: of the header, else of labels that every row has."""
    labels = [_label(row) for row in rows]
    if header.kinds is not None:
        named_ones = [k for k, count in zip(header.kinds, header.counts, strict=True) for _ in range(count)]
        wrong = [
            label
            for label, symbol in zip(labels, named_ones, strict=True)
            if label
            and symbols_of_label(label)
            and symbol not in symbols_of_label(label)
            and symbol_of(label)
        ]
        if wrong:
            say(
                f"rows are labelled {named(wrong)} where the line of elements says otherwise: that line is taken"
            )
        return named_ones
    found = [symbols_of_label(label)[0] if label and symbols_of_label(label) else None for label in labels]
    if not found or not all(found):
        raise ValueError(
            "no line names the elements, as line 6 does in VASP 5: add one, or name them, as in --elements W Re"
        )
    return [symbol for symbol in found if symbol]


def _label(row: Sequence[str]) -> str:
    """The word behind a row's coordinates and its flags."""
    rest = row[3:]
    if len(rest) >= 3 and all(
        word.strip(".").upper()[:1] in ("T", "F") and word.upper() in FLAGS for word in rest[:3]
    ):
        rest = rest[3:]
    rest = [word.lstrip("!#") for word in rest if word.strip("!#")]
    word = rest[0] if rest else ""
    return word if word[:1].isalpha() else ""
