"""Structures and voxels in and out of files: the names that the rest of the house uses."""

from gcd.files import StructureFileError
from gcd.structures.format_names import FORMATS, WRITTEN, Format, check_format, format_of, written_format
from gcd.structures.reading import Reading, read_structures
from gcd.structures.symmetrised import symmetrised_cif
from gcd.structures.voxel_files import read_voxels, write_voxels
from gcd.structures.writing import words_on, write_structure

__all__ = [
    "FORMATS",
    "WRITTEN",
    "Format",
    "Reading",
    "StructureFileError",
    "check_format",
    "format_of",
    "read_structures",
    "read_voxels",
    "symmetrised_cif",
    "words_on",
    "write_structure",
    "write_voxels",
    "written_format",
]
