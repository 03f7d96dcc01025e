"""Reading extended XYZ: ASE reads the keys of a header, the columns are read here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_COLUMNS, MAX_HEADER_CHARACTERS
from gcd.structures.amounts import Amount
from gcd.structures.elements import symbol_of, symbol_of_number, symbols_of_label
from gcd.structures.lammps_types import elements_of_types
from gcd.structures.numbers import columns, is_whole, numbers

if TYPE_CHECKING:
    from ase import Atoms

SPECIES = (
    "species",
    "symbols",
    "symbol",
    "element",
    "elements",
    "atom",
    "type",
    "z",
    "numbers",
    "atomic_number",
)
POSITIONS = ("pos", "positions", "position", "coords", "xyz")
OF_A_CALCULATION = {  # what a potential or a constraint gives, and not the structure
    "forces", "force", "stress", "virial", "energy", "free_energy", "dipole", "magmom", "move_mask", "velo",
}  # fmt: skip
PLAIN = "species:S:1:pos:R:3"
UNKNOWN = "X"  # what ASE writes for an atom of no element
TRUE, FALSE = ("t", "true", "1", "1.0"), ("f", "false", "0", "0.0")

Column = tuple[str, str, int, int]  # name, kind (one of S R I L), first column, how many


def read_extxyz(text: str, say: Callable[[str], None], elements: Sequence[str] | None = None) -> list[Atoms]:
    """All structures of the text; blank lines may lie between them.

    A structure with a lattice is periodic, unless its header says otherwise. Further columns become arrays, further
    keys of the header ``info``.

    Args:
        text: the file, its lines ended by line feeds.
        say: takes each word that a person should see.
        elements: of the types 1, 2, ..., where the first column holds types.

    Raises:
        ValueError: a file that breaks off, has no lattice, or whose columns are not those of its header.
    """
    return [_frame(*parts, elements, say) for parts in _frames(text.split("\n"))]


def _frames(lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Header and rows of each structure."""
    at, characters, amount = 0, 0, Amount()
    while at < len(lines):
        word = lines[at].strip()
        at += 1
        if not word:
            continue
        if not is_whole(word) or int(word) < 0:
            raise ValueError(f"line {at:,} is {word[:30]!r} where a number of atoms is due")
        count = int(word)
        amount.add(count)
        if at >= len(lines):
            raise ValueError("it is truncated: it ends behind a number of atoms")
        header, rows = lines[at], lines[at + 1 : at + 1 + count]
        characters += len(header)
        if characters > MAX_HEADER_CHARACTERS:
            raise ValueError(
                f"its headers have more than {MAX_HEADER_CHARACTERS:,} characters, the most that is read"
            )
        held = next((index for index, row in enumerate(rows) if not row.strip()), len(rows))
        if held < count:
            raise ValueError(
                f"it is truncated: structure {amount.structures:,} announces {count:,} atoms and holds {held:,}"
            )
        at += 1 + count
        yield header, rows


def _frame(
    header: str, lines: Sequence[str], elements: Sequence[str] | None, say: Callable[[str], None]
) -> Atoms:
    from ase import Atoms

    table, header = _properties(header)
    keys = _keys(header)
    lattice = _lattice(keys.pop("lattice", None), say)
    periodic = _periodic(keys.pop("pbc", None))
    if lattice is None:
        raise ValueError(
            "it has no cell: line 2 needs the three cell vectors in Å, as Lattice='a 0 0 0 b 0 0 0 c'"
        )
    origin = keys.pop("origin", None)
    shift = np.zeros(3)
    if isinstance(origin, (list, tuple, np.ndarray)) and np.shape(origin) == (3,):
        shift = np.asarray(origin, dtype=float)
    width = max(start + count for _, _, start, count in table)
    rows = [line.split() for line in lines]
    short = next((number for number, row in enumerate(rows) if len(row) < width), None)
    if short is not None:
        raise ValueError(
            f"the row of atom {short + 1} has {len(rows[short])} columns, its header names {width}"
        )
    places = next((c for c in table if c[0].lower() in POSITIONS and c[1] == "R" and c[3] == 3), None)
    if places is None:
        raise ValueError("its columns hold no positions: Properties=species:S:1:pos:R:3 says where they are")
    positions = columns(rows, range(places[2], places[2] + 3), "atom") if rows else np.zeros((0, 3))
    symbols = _symbols(rows, table, header, elements, say)
    atoms = Atoms(symbols, positions - shift, cell=lattice, pbc=periodic)
    for name, kind, start, count in table:
        if name.lower() not in (*SPECIES, *POSITIONS, *OF_A_CALCULATION) or (name == "energy" and count == 1):
            _set(atoms, name, kind, [row[start : start + count] for row in rows])
    for key, value in keys.items():
        if key.lower() not in OF_A_CALCULATION and key != "comment":
            atoms.info[key] = value
    return atoms


def _properties(header: str) -> tuple[list[Column], str]:
    """The columns that a header names, and the header without them.

    Names may hold blanks, as OVITO writes them: a triple ends with the digits of its number of columns.
    """
    at = header.lower().find("properties=")
    if at < 0:
        text, rest = PLAIN, header
    else:
        begin = at + len("properties=")
        if header[begin : begin + 1] in ("'", '"'):
            end = header.find(header[begin], begin + 1)
            end = len(header) if end < 0 else end
            text, rest = header[begin + 1 : end], header[:at] + header[end + 1 :]
        else:
            end = _end_of_triples(header, begin)
            text, rest = header[begin:end], header[:at] + header[end:]
    words = text.split(":")
    table: list[Column] = []
    start = 0
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=False):
        if (
            kind.upper() not in ("S", "R", "I", "L")
            or not is_whole(count)
            or not 0 < int(count) <= MAX_COLUMNS
        ):
            raise ValueError(
                f"its header names the columns {name[:20]}:{kind[:5]}:{count[:10]}: legal are S, R, I, L "
                f"and 1 to {MAX_COLUMNS}"
            )
        table.append((name.strip(), kind.upper(), start, int(count)))
        start += int(count)
    if len(words) % 3 or not table or start > MAX_COLUMNS:
        raise ValueError(
            f"a row of {start:,} columns in {len(words)} words of Properties: legal are 1 to {MAX_COLUMNS}"
        )
    return table, rest


def _end_of_triples(header: str, at: int) -> int:
    """Where ``name:kind:count:name:kind:count`` ends: at the first count that no colon follows."""
    while True:
        kind = header.find(":", at)
        count = header.find(":", kind + 1) if kind >= 0 else -1
        if count < 0:
            return at
        at = count + 1
        while at < len(header) and header[at] in "+-0123456789":
            at += 1
        if header[at : at + 1] != ":":
            return at
        at += 1


def _keys(header: str) -> dict[str, Any]:
    from ase.io.extxyz import key_val_str_to_dict

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = key_val_str_to_dict(header)
        except Exception:
            found = {}
            at = header.lower().find("lattice=")
            if at >= 0:
                quote = header[at + 8 : at + 9]
                end = header.find(quote, at + 9)
                found["lattice"] = header[at + 9 : end] if quote in ("'", '"') and end > 0 else ""
    known = ("lattice", "pbc", "origin")
    return {key.lower() if key.lower() in known else key: value for key, value in found.items()}


def _lattice(value: Any, say: Callable[[str], None]) -> np.ndarray | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = numbers(value.replace(",", " ").split())
    try:
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError("its Lattice does not hold numbers") from None
    if values.size == 3:
        say("its Lattice has three numbers: they are read as the edges of an orthorhombic cell")
        return np.diag(values.ravel())
    if values.size != 9:
        raise ValueError(f"its Lattice has {values.size} numbers, not nine")
    return values.T if values.ndim == 2 else values.reshape(3, 3)  # ASE gives nine numbers as columns


def _periodic(value: Any) -> list[bool]:
    """Of ``T T F``, ``1 1 0`` or ``True True False``."""
    if value is None:
        return [True] * 3
    words = value.split() if isinstance(value, str) else list(np.ravel(np.asarray(value)))
    words = [str(word).strip("'\",[]").lower() for word in words]
    words = words * 3 if len(words) == 1 else words
    if len(words) != 3 or any(word not in TRUE + FALSE for word in words):
        raise ValueError(f"its pbc is {str(value)[:40]!r}: three of T and F are due")
    return [word in TRUE for word in words]


def _symbols(
    rows: Sequence[Sequence[str]],
    table: Sequence[Column],
    header: str,
    elements: Sequence[str] | None,
    say: Callable[[str], None],
) -> list[str]:
    column = next((c for name in SPECIES for c in table if c[0].lower() == name), None)
    if column is None:
        raise ValueError("its columns hold no elements: Properties=species:S:1:pos:R:3 says where they are")
    words = [row[column[2]] for row in rows]
    kinds = list(dict.fromkeys(words))
    types = bool(kinds) and all(is_whole(word) for word in kinds)
    if types and (
        elements is not None or column[0].lower() == "type" or header.startswith("Atoms. Timestep")
    ):
        found = elements_of_types(sorted({int(word) for word in kinds}), elements=elements, say=say)
        return [found[int(word)] for word in words]
    known: dict[str, str] = {}
    for word in kinds:
        if word == UNKNOWN:
            known[word] = word
            say(f"{word} stands for no element")
            continue
        likely = symbols_of_label(word)
        symbol = symbol_of(word) or symbol_of_number(word) or (likely[0] if likely else None)
        if symbol is None:
            raise ValueError(f"{word[:20]!r}, in the column {column[0]}, is no element")
        known[word] = symbol
        if len(likely) > 1 and not symbol_of(word):
            say(f"the label {word[:20]} is read as {symbol}")
    return [known[word] for word in words]


def _set(atoms: Atoms, name: str, kind: str, words: Sequence[Sequence[str]]) -> None:
    """A column, or several of one name, as an array of the atoms."""
    flat = [word for row in words for word in row]
    try:
        if kind == "R":
            values: Any = numbers(flat)
        elif kind == "I":
            values = np.array([int(word) for word in flat])
        elif kind == "L":
            values = np.array([word.lower() in TRUE for word in flat])
        else:
            values = np.array(flat)
    except (ValueError, OverflowError):
        values = np.array(flat)
    name = "energy" if name == "energies" else name
    if name in ("numbers", "positions") or not len(atoms):
        return
    width = len(flat) // len(atoms)
    atoms.set_array(name, values if width == 1 else values.reshape(len(atoms), width))
