"""Structures and voxels in and out of files.

Only the formats of the tables below are read, each by the one parser named there. ASE knows many more, some of which
can run code or read other files; a file from a stranger never reaches those.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from gcd.files import StructureFileError, atomic_file
from gcd.limits import MAX_ATOMS, MAX_FILE_BYTES, MAX_FRAMES, MAX_LENGTH, MIN_THICKNESS
from gcd.structures.cells import plane_distances
from gcd.structures.cif import NUMBER_OF_ATOMS, PERIODIC_AXES, read_cif
from gcd.structures.headers import promised_atoms
from gcd.structures.voxel_files import read_voxels, write_voxels

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "FORMATS",
    "WRITTEN",
    "Format",
    "Reading",
    "StructureFileError",
    "format_of",
    "read_structures",
    "read_voxels",
    "write_structure",
    "write_voxels",
    "written_format",
]


@dataclass(frozen=True)
class Format:
    """A file format: its name here and in ASE, its name for a person, and how its files are called."""

    name: str
    title: str
    endings: tuple[str, ...]  # the first one is written, and is one that ASE knows the format by
    stems: tuple[str, ...] = ()  # names without an ending, as VASP and LAMMPS like them
    written: bool = True


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("extxyz", "extended XYZ", (".extxyz", ".xyz")),
        Format("cif", "CIF", (".cif",)),
        Format("vasp", "POSCAR", (".vasp", ".poscar", ".contcar"), ("poscar", "contcar")),
        Format("lammps-data", "LAMMPS data", (".lammps-data", ".data", ".lmp", ".lammps"), ("data.",)),
        Format(
            "lammps-dump-text",
            "LAMMPS dump",
            (".dump", ".lammpstrj", ".lammpsdump"),
            ("dump.",),
            written=False,
        ),
    )
}
WRITTEN = tuple(form.name for form in FORMATS.values() if form.written)


class Reading(list["Atoms"]):
    """The structures of a file, and in ``words`` what a person should know of how they were read."""

    def __init__(self, structures: Iterable[Atoms] = (), words: Iterable[str] = ()) -> None:
        super().__init__(structures)
        self.words = list(dict.fromkeys(words))


def format_of(name: str) -> Format:
    """The format that a file's name stands for; StructureFileError naming the legal endings otherwise."""
    base = Path(name).name.lower()
    for form in FORMATS.values():
        if base.endswith(form.endings) or base.startswith(form.stems or ("\0",)):
            return form
    endings = ", ".join(ending for form in FORMATS.values() for ending in form.endings)
    raise StructureFileError(
        f"{Path(name).name!r} is no format that is read here: use POSCAR or one of {endings}."
    )


def written_format(name: str) -> Format:
    """The format to write that a file's name stands for; ValueError naming the legal endings otherwise."""
    try:
        form = format_of(name)
    except StructureFileError:
        form = None
    if form is None or not form.written:
        endings = ", ".join(FORMATS[legal].endings[0] for legal in WRITTEN)
        raise ValueError(f"{Path(name).name!r} is no format that is written here: use {endings}.")
    return form


def read_structures(
    source: str | os.PathLike[str] | bytes | IO[Any],
    name: str | None = None,
    *,
    max_bytes: int = MAX_FILE_BYTES,
) -> Reading:
    """All structures of a file, from a path, from bytes, or from an open file with its name.

    What the file leaves open is in the ``words`` of what comes back. LAMMPS files that say neither masses nor elements
    get the elements of the atomic numbers 1, 2, ...

    Raises:
        StructureFileError: in one sentence, whatever is wrong: no such file, an unknown ending, too large, empty,
            binary, truncated, no cell, positions that are not numbers, or too many atoms or frames.
    """
    data, name = _bytes_of(source, name, max_bytes)
    form, base = format_of(name), Path(name).name
    if not data.strip():
        raise StructureFileError(f"{base!r} is empty.")
    if b"\0" in data or data[:2] in (b"\x1f\x8b", b"BZ", b"PK"):
        raise StructureFileError(f"{base!r} is binary or compressed, not a {form.title} text file.")
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    words: list[str] = []
    try:
        promised = promised_atoms(text, form.name)
        _check_amount(base, promised)  # before a header makes anyone allocate memory
        frames = read_cif(text, words.append) if form.name == "cif" else _parse(text, form)
    except StructureFileError:
        raise
    except Exception as error:
        if form.name == "cif" and isinstance(error, ValueError):
            raise StructureFileError(f"{base!r} cannot be read as CIF: {_reason(error)}.") from None
        raise StructureFileError(
            f"{base!r} cannot be read as {form.title}: it is truncated or damaged ({_reason(error)})."
        ) from None
    if not frames:
        raise StructureFileError(f"{base!r} holds no structure.")
    _check_amount(base, [len(frame) for frame in frames])
    for index, (atoms, atoms_promised) in enumerate(zip(frames, promised or [0] * len(frames), strict=False)):
        _check(atoms, base if len(frames) == 1 else f"{base}, structure {index + 1}", atoms_promised)
    return Reading(frames, words)


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
    from ase.io import write

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
    options: dict[str, Any] = {"lammps-data": {"masses": True}, "cif": {"wrap": False}}.get(name, {})
    if name == "cif":
        binary = io.BytesIO()
        write(binary, _wrapped(frames[0]), format=name, **options)
        content = _with_own_tags(binary.getvalue(), frames[0])
    else:
        text = io.StringIO()
        write(text, [_wrapped(frame) for frame in frames], format=name, **options)
        content = text.getvalue().encode()
    with atomic_file(path) as file:
        file.write(content)
    return path


def _with_own_tags(content: bytes, atoms: Atoms) -> bytes:
    """How many atoms there are, so that a file that breaks off is known, and which axes are periodic."""
    head, _, rest = content.partition(b"\n")
    axes = " ".join("T" if axis else "F" for axis in atoms.pbc)
    own = f"{NUMBER_OF_ATOMS} {len(atoms)}\n{PERIODIC_AXES} '{axes}'\n"
    return head + b"\n" + own.encode() + rest


def _bytes_of(source: Any, name: str | None, max_bytes: int) -> tuple[bytes, str]:
    """The content, of no more than ``max_bytes``, and the name that says its format."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        format_of(name or path.name)  # before a large file of another kind is read
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


def _parse(text: str, form: Format) -> list[Atoms]:
    from ase.io import read

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of CIF dialects and unknown LAMMPS types
        try:
            found = read(io.StringIO(text), index=":", format=form.name)
        except AttributeError as error:  # ASE looks for a file beside the POSCAR to name the elements
            if form.name != "vasp" or "name" not in str(error):
                raise
            raise ValueError("no line names the elements, as line 6 does in VASP 5") from None
    frames = list(found) if isinstance(found, list) else [found]
    for atoms in frames:
        _keep_energies(atoms)
        atoms.calc = None
        atoms.info.pop("comment", None)  # of the file, not of the structure
    return frames


def _keep_energies(atoms: Atoms) -> None:
    """ASE gives a column of energies to a calculator; here each atom's energy is ``arrays["energy"]``."""
    results = getattr(atoms.calc, "results", {})
    for key in ("energies", "energy"):
        values = np.asarray(results.get(key, 0.0))
        if values.shape == (len(atoms),):
            atoms.set_array("energy", values, float, ())
            return


def _check(atoms: Atoms, name: str, promised: int) -> None:
    if len(atoms) < promised:
        raise StructureFileError(
            f"{name!r} is truncated: it announces {promised:,} atoms and holds {len(atoms):,}."
        )
    if len(atoms) == 0:
        raise StructureFileError(f"{name!r} holds no atoms.")
    if not np.isfinite(atoms.positions).all():
        which = int(np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))[0])
        raise StructureFileError(f"{name!r}: the position of atom {which + 1} is not a finite number.")
    cell = np.asarray(atoms.cell[:])
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-6:
        raise StructureFileError(f"{name!r} has no cell with a volume: three cell vectors (Å) are needed.")
    if (thickness := _thickness(cell)) < MIN_THICKNESS:
        raise StructureFileError(
            f"{name!r} has a cell with opposite faces only {thickness:.2g} Å apart; the least is {MIN_THICKNESS} Å."
        )
    if max(np.abs(cell).max(), np.abs(atoms.positions).max()) > MAX_LENGTH:
        raise StructureFileError(f"{name!r} reaches beyond {MAX_LENGTH:,} Å, the most that is read.")


def _thickness(cell: np.ndarray) -> float:
    """Smallest distance in Å between opposite faces; of the lattice's shortest vectors where the file's are skewed."""
    from ase.geometry import minkowski_reduce

    thickness = plane_distances(cell).min()
    if thickness < MIN_THICKNESS:
        thickness = plane_distances(minkowski_reduce(cell)[0]).min()
    return float(thickness)


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


def _check_amount(name: str, atoms: list[int]) -> None:
    if len(atoms) > MAX_FRAMES or max(atoms, default=0) > MAX_ATOMS:
        raise StructureFileError(
            f"{name!r} holds {len(atoms):,} structures of up to {max(atoms):,} atoms: "
            f"the most is {MAX_FRAMES:,} structures of {MAX_ATOMS:,} atoms."
        )


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split()).rstrip(".")
    return (words[:117] + "..." if len(words) > 120 else words) or type(error).__name__
