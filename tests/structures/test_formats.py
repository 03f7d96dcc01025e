"""Round trips through every format, and one sentence for every file that is not one."""

from __future__ import annotations

import io

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st

from gcd import limits
from gcd.structures.crystals import ideal_crystal
from gcd.structures.formats import (
    FORMATS,
    WRITTEN,
    StructureFileError,
    format_of,
    read_structures,
    read_voxels,
    symmetrised_cif,
    words_on,
    write_structure,
    write_voxels,
)
from gcd.voxels.grid import Grid

CELL = 'Lattice="5 0 0 0 5 0 0 0 5"'
DUMP = """ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp ff
0 5
0 6
0 7
ITEM: ATOMS id type element x y z
2 1 W 1 2 3
1 1 W 4 5 6
"""
ROCK_SALT = """data_nacl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""


def file_name(form: str) -> str:
    return "structure" + FORMATS[form].endings[0]


def assert_same(a: Atoms, b: Atoms, tolerance: float = 1e-6) -> None:
    assert list(a.symbols) == list(b.symbols)
    np.testing.assert_allclose(a.cell[:], b.cell[:], atol=tolerance)
    lengths = a.cell.lengths()
    difference = a.positions - b.positions
    np.testing.assert_allclose(difference - np.round(difference / lengths) * lengths, 0, atol=tolerance)


@pytest.mark.parametrize("form", WRITTEN)
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.tuples(*[st.floats(2.0, 60.0)] * 3),
    symbols=st.lists(st.sampled_from(["W", "Mo", "O"]), min_size=1, max_size=12),
)
def test_ase_reads_back_what_was_written(tmp_path_factory, form, seed, lengths, symbols):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(-1, 2, (len(symbols), 3)) * lengths
    positions[0] = 0.0, -1e-13, lengths[2]  # on the edge, where wrapping is delicate
    atoms = Atoms(symbols, positions, cell=lengths, pbc=True)
    path = write_structure(atoms, tmp_path_factory.mktemp("files") / file_name(form), form)
    assert_same(read(path, format=form), atoms)
    assert_same(read_structures(path)[0], atoms)


CELLS = st.one_of(
    st.tuples(*[st.floats(3.0, 40.0)] * 3).map(np.diag),
    st.tuples(*[st.floats(3.0, 12.0)] * 3, *[st.floats(-1.5, 1.5)] * 6).map(
        lambda n: np.array([[n[0], n[3], n[4]], [n[5], n[1], n[6]], [n[7], n[8], n[2]]])
    ),
)


@pytest.mark.parametrize("form", WRITTEN)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cell=CELLS,
    symbols=st.lists(st.sampled_from(["W", "Mo", "O", "H", "Co", "Ni"]), min_size=1, max_size=9),
    periodic=st.tuples(*[st.booleans()] * 3),
    name=st.sampled_from(["a", "a.dat", "POSCAR.cif", "data.xyz"]),
)
def test_a_structure_that_is_written_is_read_as_it_was(
    tmp_path_factory, form, seed, cell, symbols, periodic, name
):
    """Whatever the file is called: elements in their order, positions to 1e-6 Å, cell, open axes."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 1, (len(symbols), 3)) + rng.integers(-1, 2, (len(symbols), 3)) * periodic
    atoms = Atoms(symbols, scaled_positions=places, cell=cell, pbc=periodic)
    path = write_structure(atoms, tmp_path_factory.mktemp("files") / "structure", form)
    (back,) = read_structures(path.read_bytes(), name)
    assert list(back.symbols) == symbols
    assert tuple(back.pbc) == periodic
    if form in {"lammps-data", "cif"}:  # the edges and angles of the cell, not its place in space
        np.testing.assert_allclose(back.cell.cellpar(), atoms.cell.cellpar(), atol=1e-6)
    else:
        np.testing.assert_allclose(back.cell[:], atoms.cell[:], atol=1e-7)
    away = back.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False)
    away[:, periodic] -= np.round(away[:, periodic])
    np.testing.assert_allclose(away @ atoms.cell[:], 0.0, atol=1e-6)


def test_what_other_programs_see_of_a_slab_is_said():
    slab = ideal_crystal("bcc", (2, 2, 2))
    slab.pbc = (True, True, False)
    assert words_on(slab, "extxyz") == []
    assert "1.6 Å of vacuum, less than 12 Å" in words_on(slab, "vasp")[0]
    slab.center(vacuum=8.0, axis=2)
    assert words_on(slab, "cif") == []
    slab.set_cell(slab.cell[:] @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]), scale_atoms=True)
    assert "the cell is turned" in words_on(slab, "lammps-data")[0]
    slab.set_cell(-slab.cell[:], scale_atoms=True)
    assert "and mirrored" in words_on(slab, "cif")[0]


def test_a_symmetrised_cif_is_the_crystal_that_a_supercell_repeats():
    for phase in ("sc", "bcc", "fcc"):
        large = ideal_crystal(phase, 3)
        large.rattle(0.01, seed=1)
        found = read_structures(symmetrised_cif(large).encode(), "a.cif")
        assert found.words == []
        assert len(found[0]) == len(ideal_crystal(phase, 1))
        assert found[0].cell.lengths() == pytest.approx(large.cell.lengths() / 3, abs=1e-5)
    with pytest.raises(ValueError, match="without atoms"):
        symmetrised_cif(Atoms(cell=[3, 3, 3], pbc=True))
    large.pbc = False
    with pytest.raises(ValueError, match="periodic along all axes"):
        symmetrised_cif(large)


@pytest.mark.parametrize("form", WRITTEN)
def test_a_supercell_is_read_from_bytes_and_from_an_open_file(tmp_path, form):
    crystal = ideal_crystal("fcc", 8)
    path = write_structure(crystal, tmp_path / file_name(form))
    assert_same(read_structures(path.read_bytes(), path.name)[0], crystal)
    with path.open("rb") as file:
        assert_same(read_structures(file)[0], crystal)


def test_info_travels_in_extxyz(tmp_path):
    crystal = ideal_crystal("bcc", 1)
    crystal.info |= {"seed": 7, "model": "crystal-bcc", "seconds": 1.25, "missing": None}
    info = read_structures(write_structure(crystal, tmp_path / "a.extxyz"))[0].info
    assert (info["seed"], info["model"], info["seconds"]) == (7, "crystal-bcc", 1.25)
    assert "missing" not in info


def test_several_structures_and_one_without_atoms_go_into_extxyz_only(tmp_path):
    frames = [ideal_crystal("sc", 1), Atoms(cell=[3, 3, 3], pbc=True), ideal_crystal("bcc", 1)]
    path = write_structure(frames, tmp_path / "all.xyz")
    assert [len(atoms) for atoms in read(path, index=":", format="extxyz")] == [1, 0, 2]
    with pytest.raises(ValueError, match="one structure, not 3"):
        write_structure(frames, tmp_path / "all.cif")
    with pytest.raises(ValueError, match="without atoms"):
        write_structure(frames[1], tmp_path / "none.vasp")
    assert [file.name for file in tmp_path.iterdir()] == ["all.xyz"]


def test_ase_finds_the_format_of_what_was_written_by_itself(tmp_path):
    crystal = ideal_crystal("bcc", 2)
    for form in WRITTEN:
        assert_same(read(write_structure(crystal, tmp_path / file_name(form))), crystal)


def test_text_that_would_break_a_header_does_not(tmp_path):
    crystal = ideal_crystal("bcc", 1)
    crystal.info |= {"reason": "two\nlines", "failure": "", "shift": np.zeros(2), "after": 1}
    info = read_structures(write_structure(crystal, tmp_path / "a.extxyz"))[0].info
    assert (info["reason"], info["after"]) == ("two lines", 1)
    assert "failure" not in info


@pytest.mark.parametrize(
    ("atoms", "name", "message"),
    [
        (Atoms("H"), "a.cif", "CIF file cannot hold a structure without a cell"),
        (Atoms("H"), "POSCAR", "POSCAR file cannot hold a structure without a cell"),
        (Atoms("H"), "a.lmp", "LAMMPS data file cannot hold a structure without a cell"),
        (Atoms("H", [[0, np.nan, 0]], cell=[4, 4, 4]), "a.extxyz", "not finite"),
        ([], "a.extxyz", "no structure to write"),
        (
            Atoms("H", cell=[4, 4, 4]),
            "a.dump",
            "'a.dump' is no format that is written here: use .extxyz, .cif",
        ),
        (Atoms("H", cell=[4, 4, 4]), "a.traj", "'a.traj' is no format that is written here"),
    ],
)
def test_what_cannot_be_written_gets_one_sentence(tmp_path, atoms, name, message):
    with pytest.raises(ValueError, match=message):
        write_structure(atoms, tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_an_unknown_format_to_write_names_the_legal_ones(tmp_path):
    with pytest.raises(ValueError, match=r"extxyz, cif, vasp, lammps-data, not as 'traj'"):
        write_structure(ideal_crystal("sc", 1), tmp_path / "a", "traj")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("POSCAR", "vasp"), ("CONTCAR.relaxed", "vasp"), ("a.VASP", "vasp"), ("x.y.cif", "cif"), ("a.xyz", "extxyz"),
        ("w.lmp", "lammps-data"), ("data.w", "lammps-data"), ("run.lammpstrj", "lammps-dump-text"),
        ("dump.100", "lammps-dump-text"), ("/some/where/poscar_1", "vasp"),
    ],
)  # fmt: skip
def test_names_say_the_format(name, form):
    assert format_of(name).name == form


def test_dump_keeps_its_order_elements_and_open_axes():
    for frames in (1, 2):
        atoms = read_structures((DUMP * frames).encode(), "w.dump")
        assert len(atoms) == frames
        assert atoms[-1].get_chemical_formula() == "W2"
        assert atoms[-1].pbc.tolist() == [True, True, False]
        np.testing.assert_allclose(atoms[-1].positions, [[4, 5, 6], [1, 2, 3]])


def test_symmetry_of_a_cif_fills_the_cell_as_ase_does():
    ours, theirs = read_structures(ROCK_SALT.encode(), "a.cif")[0], read(io.StringIO(ROCK_SALT), format="cif")
    assert ours.get_chemical_formula() == theirs.get_chemical_formula() == "Cl4Na4"
    rounded = [
        sorted((s, *p) for s, p in zip(a.symbols, a.positions.round(6).tolist(), strict=True))
        for a in (ours, theirs)
    ]
    assert rounded[0] == rounded[1]


def test_operations_of_a_cif_without_a_space_group_are_its_own():
    head = ROCK_SALT.split("_symmetry_space_group_name")[0]
    text = (
        head + "loop_\n_space_group_symop_operation_xyz\n'x,y,z'\n'x+1/2,y+1/2,z+1/2'\n"
        "loop_\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nW 0 0 0.1\n"
    )
    (atoms,) = read_structures(text.encode(), "a.cif")
    np.testing.assert_allclose(atoms.get_scaled_positions(), [[0, 0, 0.1], [0.5, 0.5, 0.6]], atol=1e-9)


def test_the_larger_occupancy_takes_a_shared_site():
    mixed = ROCK_SALT.replace("_site_fract_z\n", "_site_fract_z\n_atom_site_occupancy\n")
    mixed = mixed.replace("0 0 0\n", "0 0 0 0.3\n").replace("Cl1 Cl 0.5 0.5 0.5\n", "K1 K 0 0 0 0.7\n")
    assert read_structures(mixed.encode(), "a.cif")[0].get_chemical_formula() == "K4"


@pytest.mark.parametrize("form", WRITTEN)
def test_a_file_cut_anywhere_but_in_its_last_number_is_refused(tmp_path, form):
    crystal = ideal_crystal("bcc", 2)
    crystal.rattle(0.05, seed=1)
    data = write_structure(crystal, tmp_path / file_name(form)).read_bytes()
    for end in range(0, len(data) - 24, 11):
        with pytest.raises(StructureFileError) as caught:
            read_structures(data[:end], file_name(form))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "a.cif", "is empty"),
        ("  \n\n", "POSCAR", "is empty"),
        ("data_\0", "a.cif", "is binary"),
        ("x", "a.traj", "no format that is read here"),
        ("x", "a.json", "no format that is read here"),
        ("x", "noending", "no format that is read here"),
        ("words without meaning", "a.xyz", "where a number of atoms is due"),
        ("data_a\n", "a.cif", "holds no structure"),
        (f"2\n{CELL}\nH 0 0 0\nH nan 0 0\n", "a.xyz", "position of atom 2 is not a finite number"),
        (f"1\n{CELL}\nH 0 0 inf\n", "a.xyz", "position of atom 1 is not a finite number"),
        ("1\n\nH 0 0 0\n", "a.xyz", "no cell"),
        ('1\nLattice="5 0 0 0 0 0 0 0 5"\nH 0 0 0\n', "a.xyz", "no cell"),
        ('1\nLattice="5 0 0 0 50 0 0 0 0.001"\nH 0 0 0\n', "a.xyz", r"only 0\.001 Å apart"),
        (f"0\n{CELL}\n", "a.xyz", "holds no atoms"),
        (f"3\n{CELL}\nH 0 0 0\n", "a.xyz", "truncated"),
        (f"1\n{CELL}\nH 0 0 0\n" * (limits.MAX_FRAMES + 1), "a.xyz", "the most is"),
        ("#\n\n99999999999 atoms\n", "a.lmp", "the most is"),
        (DUMP.replace("1 1 W 4 5 6\n", ""), "a.dump", "truncated"),
        (DUMP.replace("\n2\n", "\n999999999\n"), "a.dump", "the most is"),
        ("c\n1\n5 0 0\n0 5 0\n0 0 5\nW\n9999999999\nDirect\n0 0 0\n", "POSCAR", "truncated|the most is"),
        ("c\n1\n5 0 0\n0 5 0\n0 0 5\n1\nDirect\n0 0 0\n", "POSCAR", "no line names the elements"),
        ("c\n1\n5 0 0\n0 5 0\n0 0 5\nW\n1\nDirect\n0.3\n", "POSCAR", "position of atom 1 of 1 is incomplete"),
    ],
)
def test_each_bad_file_gets_one_sentence(content, name, message):
    with pytest.raises(StructureFileError, match=message) as caught:
        read_structures(content.encode(), name)
    assert "\n" not in str(caught.value)


def test_a_skewed_cell_of_an_ordinary_lattice_is_read():
    text = '1\nLattice="3 0 0 40 3 0 0 50 3"\nH 0 0 0\n'
    assert len(read_structures(text.encode(), "a.xyz")[0]) == 1


def test_missing_files_folders_and_large_files(tmp_path):
    with pytest.raises(StructureFileError, match="There is no file"):
        read_structures(tmp_path / "none.cif")
    (tmp_path / "folder.cif").mkdir()
    with pytest.raises(StructureFileError, match="cannot be read"):
        read_structures(tmp_path / "folder.cif")
    with pytest.raises(StructureFileError, match="larger than"):
        read_structures(b" " * 101, "a.cif", max_bytes=100)
    with pytest.raises(StructureFileError, match="needs a name"):
        read_structures(b"x")


def test_voxels_keep_their_grid_and_symbols(tmp_path, rng):
    grid = Grid((3, 4, 5), (3.0, 4.4, 5.5), (True, True, False))
    voxels = rng.random((2, 3, 4, 5)).astype(np.float32)
    path = write_voxels(tmp_path / "v.npz", voxels, grid, ["W", "Mo"])
    back, same, symbols = read_voxels(path)
    np.testing.assert_array_equal(back, voxels)
    assert same == grid
    assert symbols == ["W", "Mo"]
    assert read_voxels(write_voxels(path, voxels[0], grid))[0].shape == (1, 3, 4, 5)
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == {"voxels", "lengths", "periodic", "symbols"}


def test_voxels_of_another_shape_than_the_grid_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="shape"):
        write_voxels(tmp_path / "v.npz", np.zeros((2, 2, 2)), Grid((3, 3, 3), (1.0, 1.0, 1.0)))
    assert [file.name for file in tmp_path.iterdir()] == []


GOOD = {"voxels": np.zeros((2, 2, 2)), "lengths": np.ones(3), "periodic": np.ones(3, bool)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"voxels": None}, "lacks voxels"),
        ({"lengths": None, "periodic": None}, "lacks lengths, periodic"),
        ({"voxels": np.zeros(4)}, "shape"),
        ({"voxels": np.full((2, 2, 2), np.nan)}, "not a finite number"),
        ({"voxels": np.array([[["a"]]])}, "are real numbers"),
        ({"voxels": np.array([[[{}]]], dtype=object)}, "cannot be read"),
        ({"voxels": np.zeros((2, 2, 2), "m8[s]")}, "are real numbers"),
        ({"voxels": np.ones((2, 2, 2), complex)}, "are real numbers"),
        ({"voxels": np.full((2, 2, 2), 1e300)}, "more than 50,000 atoms"),
        ({"voxels": np.full((2, 2, 2), -(2**63))}, "more than 50,000 atoms"),
        ({"lengths": np.full(3, 1e300)}, "beyond 100,000"),
        ({"lengths": np.array(["a", "b", "c"])}, "lengths are numbers"),
        ({"periodic": np.array(["True", "", "True"])}, "periodic truth values"),
        ({"lengths": np.ones(2)}, "three entries"),
        ({"lengths": np.array([1.0, 0.0, 1.0])}, "edge lengths"),
        ({"voxels": np.zeros((1, 200, 200, 200), np.int8)}, "the most is"),
    ],
)
def test_bad_voxel_files(tmp_path, changes, message):
    arrays = {name: array for name, array in (GOOD | changes).items() if array is not None}
    np.savez_compressed(tmp_path / "v.npz", **arrays)
    with pytest.raises(StructureFileError, match=message):
        read_voxels(tmp_path / "v.npz")


def test_truncated_and_foreign_voxel_files(tmp_path):
    path = write_voxels(tmp_path / "v.npz", np.zeros((9, 9, 9)), Grid((9, 9, 9), (1.0, 1.0, 1.0)))
    data = path.read_bytes()
    for content in (data[: len(data) // 2], b"", b"text", data[:-30]):
        path.write_bytes(content)
        with pytest.raises(StructureFileError, match="cannot be read as voxels"):
            read_voxels(path)
    with pytest.raises(StructureFileError, match="There is no file"):
        read_voxels(tmp_path / "none.npz")


def test_energies_of_the_atoms_come_back(tmp_path):
    atoms = ideal_crystal("bcc", 2)
    atoms.set_array("energy", np.linspace(-9.0, -8.0, len(atoms)))
    path = write_structure(atoms, tmp_path / "slab.extxyz")
    assert np.allclose(read_structures(path)[0].arrays["energy"], atoms.arrays["energy"])
    assert np.allclose(read(path).get_potential_energies(), atoms.arrays["energy"])  # ASE's own word for them
