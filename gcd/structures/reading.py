"""Structures out of files, whatever the files are called; the room's readers behind one call.

Only the formats of :mod:`gcd.structures.format_names` are read, each by one parser. ASE knows many more, some of which
can run code or read other files; a file from a stranger never reaches those.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gcd.files import StructureFileError
from gcd.limits import MAX_FILE_BYTES
from gcd.structures.checking import check_structure
from gcd.structures.cif import read_cif
from gcd.structures.elements import check_elements
from gcd.structures.extxyz import read_extxyz
from gcd.structures.format_names import FORMATS, check_format, format_of
from gcd.structures.lammps_data import read_lammps_data
from gcd.structures.lammps_dump import read_lammps_dump
from gcd.structures.poscar import read_poscar
from gcd.structures.sniffing import sniffed
from gcd.structures.unpacking import decoded, unpacked

if TYPE_CHECKING:
    from ase import Atoms


class Reading(list["Atoms"]):
    """The structures of a file, and in ``words`` what a person should know of how they were read."""

    def __init__(self, structures: Iterable[Atoms] = (), words: Iterable[str] = ()) -> None:
        super().__init__(structures)
        self.words = list(dict.fromkeys(words))


def read_structures(
    source: str | os.PathLike[str] | bytes | IO[Any],
    name: str | None = None,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    format: str | None = None,  # noqa: A002
    elements: str | Iterable[str] | None = None,
) -> Reading:
    """All structures of a file, from a path, from bytes, or from an open file with its name.

    Files packed with gzip, bzip2 or xz, and zip archives of several, are unpacked. The format is that which the
    content is in, else what the name's ending says, else the name.

    Args:
        source: a path, the content, or a file that is open.
        name: of the file, where the source is none or has another.
        max_bytes: the most that is read, and the most that is unpacked to.
        format: one that :func:`check_format` takes, instead of that which is found.
        elements: of the types 1, 2, ..., as ``"W Re"``, for files that name none or other ones.

    Returns:
        The structures, and in their ``words`` what a person should know of how they were read: what the file leaves
        open, and atoms nearer than 0.5 Å.

    Raises:
        StructureFileError: in one sentence, whatever is wrong with the file.
        ValueError: a format or elements that are none.
    """
    wanted = check_format(format) if format else None
    named = check_elements(elements)
    data, name = _bytes_of(source, name, max_bytes)
    base = Path(name).name
    words: list[str] = []
    found: list[Atoms] = []
    failed: list[StructureFileError] = []
    for file, content in _unpacked(data, base, max_bytes):
        try:
            frames = _read(content, file, wanted, named, words.append)
        except StructureFileError as error:
            failed.append(error)
        else:
            found += frames
    if not found:
        raise failed[0] if failed else StructureFileError(f"{base!r} holds no structure.")
    return Reading(found, [*words, *(str(error) for error in failed)])


def _read(
    data: bytes, base: str, wanted: str | None, elements: Sequence[str] | None, add: Callable[[str], None]
) -> list[Atoms]:
    """The structures of one file."""
    if not data.strip():
        raise StructureFileError(f"{base!r} is empty.")
    try:
        text = decoded(data)
    except ValueError as error:
        raise StructureFileError(f"{base!r} {error}.") from None
    form = wanted or sniffed(text) or format_of(base).name
    title = FORMATS[form.partition(":")[0]].title

    def say(word: str) -> None:
        add(f"{base!r}: {word}.")

    try:
        frames = _parsed(text, form, elements, say)
    except StructureFileError:
        raise
    except Exception as error:
        raise StructureFileError(f"{base!r} cannot be read as {title}: {_reason(error)}.") from None
    filled = [atoms for atoms in frames if len(atoms)]
    if not filled:
        raise StructureFileError(f"{base!r} holds no {'atoms' if frames else 'structure'}.")
    if len(filled) < len(frames):
        say(f"{len(frames) - len(filled)} of its {len(frames)} structures hold no atoms: left out")
    near = []
    for index, atoms in enumerate(filled):
        which = base if len(filled) == 1 else f"{base}, structure {index + 1}"
        if word := check_structure(atoms, which):
            near.append(f"{which!r}: {word}")
    if near:
        add(near[0] + (f"; and so in {len(near) - 1:,} more structures." if len(near) > 1 else "."))
    return filled


def _parsed(text: str, form: str, elements: Sequence[str] | None, say: Callable[[str], None]) -> list[Atoms]:
    name, _, style = form.partition(":")
    if name == "cif":
        if elements is not None:
            say("a CIF names its elements itself: those that are named for types are not used")
        return read_cif(text, say)
    if name == "vasp":
        return read_poscar(text, say, elements)
    if name == "lammps-data":
        return read_lammps_data(text, say, elements, style or None)
    if name == "lammps-dump-text":
        return read_lammps_dump(text, say, elements)
    return read_extxyz(text, say, elements)


def _unpacked(data: bytes, base: str, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    try:
        yield from unpacked(data, base, max_bytes)
    except ValueError as error:
        raise StructureFileError(f"{base!r} {error}.") from None


def _bytes_of(source: Any, name: str | None, max_bytes: int) -> tuple[bytes, str]:
    """The content, of no more than ``max_bytes``, and the name that says its format."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError:
            raise StructureFileError(f"There is no file {str(path)!r}.") from None
        except OSError as error:
            raise StructureFileError(f"{str(path)!r} cannot be read: {error.strerror}.") from None
        name = name or path.name
    else:
        data = source if isinstance(source, bytes) else source.read(max_bytes + 1)
        data = data.encode() if isinstance(data, str) else bytes(data)
        name = name or getattr(source, "name", None)
        if not name:
            raise StructureFileError("A structure without a file needs a name whose ending says its format.")
    if len(data) > max_bytes:
        raise StructureFileError(
            f"{Path(name).name!r} is larger than {max_bytes / 2**20:.0f} MiB, the most that is read."
        )
    return data, str(name)


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split()).rstrip(".")
    return (words[:237] + "..." if len(words) > 240 else words) or type(error).__name__
