"""The formats that are read and written, and the names that files and people give them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gcd.files import StructureFileError
from gcd.structures.lammps_data import STYLES
from gcd.structures.unpacking import PACKED


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
        Format("cif", "CIF", (".cif", ".mcif")),
        Format("vasp", "POSCAR", (".vasp", ".poscar", ".contcar"), ("poscar", "contcar", "xdatcar")),
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
ALIASES = {
    "xyz": "extxyz", "poscar": "vasp", "contcar": "vasp", "xdatcar": "vasp", "mcif": "cif", "data": "lammps-data",
    "lammps": "lammps-data", "lmp": "lammps-data", "dump": "lammps-dump-text", "lammps-dump": "lammps-dump-text",
    "lammpstrj": "lammps-dump-text",
}  # fmt: skip
WRITTEN = tuple(form.name for form in FORMATS.values() if form.written)


def format_of(name: str) -> Format:
    """The format that a file's name stands for; StructureFileError naming the legal endings otherwise."""
    base = Path(name).name.lower()
    base = base[: base.rindex(".")] if base.endswith(PACKED) else base
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


def check_format(text: str) -> str:
    """A format as a person names it: of the table, another word for one, or ``lammps-data:charge`` with an atom style.

    Raises:
        ValueError: naming the legal ones.
    """
    name, _, style = text.strip().lower().partition(":")
    name = ALIASES.get(name, name)
    if name not in FORMATS:
        raise ValueError(f"{text[:30]!r} is no format: legal are {', '.join((*FORMATS, *ALIASES))}.")
    if style and (name != "lammps-data" or style not in STYLES):
        raise ValueError(
            f"{text[:30]!r}: behind lammps-data: stands an atom style, one of {', '.join(STYLES)}."
        )
    return f"{name}:{style}" if style else name
