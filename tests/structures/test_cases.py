"""Small files as real programs write them: each holds what it says, with a word where it leaves something open.

``cases/*.txt`` hold many files each. A line ``==== name | formulas | axes | distances | words`` begins one: the
elements of each structure in the order of its atoms, its periodic axes, its shortest distance in Å, and what a person
is told; for what is refused, the sentence.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from gcd.structures.formats import StructureFileError, read_structures

FOLDER = Path(__file__).parent / "cases"


def cases() -> Iterator[tuple[str, str, str, str, str, str]]:
    for file in sorted(FOLDER.glob("*.txt")):
        for part in ("\n" + file.read_text(encoding="utf-8")).split("\n==== ")[1:]:
            head, _, text = part.partition("\n")
            name, formulas, *rest = [word.strip() for word in head.split(" | ")]
            if formulas == "refused":
                yield name, formulas, "", "", rest[0], text + "\n"
            else:
                axes, distances, words = (*rest, "", "")[:3]
                yield name, formulas, axes, distances, words.rstrip("|").strip(), text + "\n"


CASES = list(cases())


def case(name: str) -> str:
    return next(text for found, *_, text in CASES if found == name)


@pytest.mark.parametrize(
    ("name", "formulas", "axes", "distances", "words", "text"), CASES, ids=[name for name, *_ in CASES]
)
def test_a_file_holds_what_it_says(name, formulas, axes, distances, words, text):
    if formulas == "refused":
        with pytest.raises(StructureFileError) as caught:
            read_structures(text.encode(), name)
        assert str(caught.value) == words
        return
    found = read_structures(text.encode(), name)
    assert [atoms.get_chemical_formula(mode="reduce") for atoms in found] == formulas.split()
    assert ["".join("FT"[int(axis)] for axis in atoms.pbc) for atoms in found] == axes.split()
    shortest = [neighbor_list("d", atoms, 6.5).min() for atoms in found]
    assert shortest == pytest.approx([float(word) for word in distances.split()], abs=6e-4)
    assert [word.partition(": ")[2] for word in found.words] == ([w for w in words.split(" // ") if w])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda data: data.replace(b"\n", b"\r\n"), "a"),
        (lambda data: data.replace(b"\n", b"\r"), "a"),
        (lambda data: b"\xef\xbb\xbf" + data, "a"),
        (lambda data: data.decode().encode("utf-16"), "a"),
        (lambda data: data.decode().encode("utf-16-le"), "a"),
        (lambda data: data.rstrip(), "a"),
        (gzip.compress, "a.gz"),
        (bz2.compress, "a.bz2"),
        (lzma.compress, "a.xz"),
    ],
)
@pytest.mark.parametrize(
    "case_name", ["comment-in-loop.cif", "labels.vasp", "atomic.data", "plain.dump", "plain.extxyz"]
)
def test_packed_and_otherwise_encoded_text_is_read_whatever_its_name(change, name, case_name):
    (atoms,) = read_structures(change(case(case_name).encode()), name)
    (plain,) = read_structures(case(case_name).encode(), case_name)
    np.testing.assert_allclose(atoms.positions, plain.positions)
    assert list(atoms.symbols) == list(plain.symbols)


def test_a_latin_letter_in_a_comment_does_no_harm():
    assert (
        len(
            read_structures(
                "Kornflächen\n".encode("latin-1") + case("plain.vasp").split("\n", 1)[1].encode(), "a"
            )
        )
        == 1
    )


def test_a_zip_archive_gives_its_structures_and_says_what_it_left_out():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run/a.vasp", case("plain.vasp"))
        archive.writestr("run/b.cif", case("two.cif"))
        archive.writestr("run/README", "no structure")
    found = read_structures(file.getvalue(), "runs.zip")
    assert [atoms.get_chemical_formula() for atoms in found] == ["W2", "Al", "Cu"]
    assert "'README' is no format" in found.words[-1]


@pytest.mark.parametrize(
    ("name", "elements", "formula"),
    [
        ("types-only.dump", "W", "W2"), ("nomass.data", ["Re"], "Re2"),
        ("four-types.dump", "W,Re,Mo,Ta", "Mo4Re4Ta4W4"),
        ("word-poscar.vasp", "Fe", "Fe2"), ("two-types-one-metal.data", "W Re", "ReW"), ("plain.vasp", "Cu", "Cu2"),
    ],
)  # fmt: skip
def test_a_person_names_the_elements_of_the_types(name, elements, formula):
    found = read_structures(case(name).encode(), name, elements=elements)
    assert found[0].get_chemical_formula() == formula
    assert found.words == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"elements": "Wx"}, "'Wx' is no element"),
        ({"elements": ""}, "No element is named"),
        ({"elements": ["W"]}, "it has atoms of type 4, and 1 elements are named"),
        ({"format": "traj"}, "'traj' is no format: legal are extxyz, cif"),
        ({"format": "data:colour"}, "behind lammps-data: stands an atom style"),
        ({"format": "cif"}, "cannot be read as CIF: it has no data_ block"),
    ],
)
def test_wrong_elements_and_formats_get_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        read_structures(case("four-types.dump").encode(), "four-types.dump", **options)


def test_an_atom_style_is_said_where_the_file_says_none():
    text = (
        case("molecular-nohint.data")
        .replace("1 1 1 0.05", "1 1 2 0.05")
        .replace("1 atom types", "2 atom types")
    )
    found = read_structures(text.encode(), "a.data", elements="W Re")
    assert found[0].get_chemical_formula() == "ReW"
    assert "molecular is taken, charge would fit too" in found.words[0]
    found = read_structures(text.encode(), "a.data", elements="W Re", format="lammps-data:charge")
    assert found[0].get_chemical_formula() == "W2"
    assert found.words == []


def test_a_cif_that_breaks_off_behind_its_atoms_is_read_with_a_word():
    text = case("aniso.cif").rsplit(" ", 1)[0]
    found = read_structures(text.encode(), "a.cif")
    assert found[0].get_chemical_formula() == "Al"
    assert "a loop breaks off, that of line 17" in found.words[0]
    second = case("two.cif").replace("data_II", "loop_\n_a\n_b\n1\ndata_II")
    assert [atoms.get_chemical_formula() for atoms in read_structures(second.encode(), "a.cif")] == [
        "Al",
        "Cu",
    ]


def test_quotes_over_several_lines_and_letters_beyond_ascii_do_no_harm():
    words = "_comment 'two\n lines \n'\n_author M\u00fcller\u2013Lyer\n_cell_length_a"
    text = case("aniso.cif").replace("_cell_length_a", words)
    assert read_structures(text.encode(), "a.cif")[0].get_chemical_formula() == "Al"


@pytest.mark.parametrize(
    ("row", "formula", "word"),
    [
        ("N1 NH4 0 0 0", "N", "is a group of atoms: N is taken"),
        ("O1 OH2 0 0 0", "O", "is a group of atoms: O is taken"),
        ("M1 '0.56(4)Mg+0.29(3)Ta' 0 0 0", "Mg", "holds the mixture"),
        ("Mn1 Mn2+ . . .", "Mn", "are a dot: they are read as 0"),
        ("F1 F1- 0.5 . 0", "F", "are a dot: they are read as 0"),
    ],
)
def test_what_databases_write_is_read_with_a_word(row, formula, word):
    found = read_structures(case("aniso.cif").replace("Al1 Al 0 0 0", row).encode(), "a.cif")
    assert found[0].get_chemical_formula() == formula
    assert word in found.words[0]


def test_a_mass_counts_more_than_a_force_field_label():
    text = case("atomic.data").replace("1 183.84", "1 1.008 # Hf")
    found = read_structures(text.encode(), "a.data")
    assert found[0].get_chemical_formula() == "H2"
    assert "has the mass of H" in found.words[0]


def test_a_frame_within_which_another_begins_is_left_out():
    text = case("plain.dump")
    found = read_structures((text[:-12].rsplit("\n", 1)[0] + "\n" + text).encode(), "a.dump")
    assert [len(atoms) for atoms in found] == [2]
    assert "break off where another begins" in found.words[0]


def test_labels_behind_an_exclamation_mark_name_the_elements():
    text = (
        case("word-poscar.vasp")
        .replace("0 0 0\n", "0 0 0 ! W1\n")
        .replace("0.5 0.5 0.5", "0.5 0.5 0.5 ! Re1")
    )
    text = text.replace("0 0 3.16 ! W1", "0 0 3.16")
    assert read_structures(text.encode(), "POSCAR")[0].get_chemical_formula() == "ReW"
