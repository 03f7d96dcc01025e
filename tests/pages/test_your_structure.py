"""Your structure without a browser: examples, uploads, what is refused, what a slab offers, what a link restores."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from streamlit.testing.v1 import AppTest

from gcd.checkpoints import available
from gcd.limits import MAX_PAGE_STRUCTURE_ATOMS
from gcd.structures.bicrystals import twist_bicrystal
from gcd.structures.crystals import ideal_crystal
from gcd.structures.examples import EXAMPLES
from gcd.structures.formats import read_structures
from pages.parts.your_structure.results import command_of, python_of, stem_of
from pages.parts.your_structure.run import boundary_of, grid_of, suggested_voxel_size
from pages.shared import work
from pages.shared.downloads import structure_bytes
from tests.pages.driver import SOON, bond_order, checked, numbers, open_app

SLOT = "structure_job"
pytestmark = pytest.mark.skipif("decoder" not in available(), reason="no checkpoint of the decoder")


pytestmark = pytest.mark.usefixtures("fresh_server")


def analyse(app: AppTest, slot: str = SLOT, button: str = "go") -> AppTest:
    checked(app.button(key=button).click().run())
    job = work.runner().get(app.session_state[slot])
    assert job is not None
    assert job.wait(SOON)
    assert job.state == "done", job.error
    return checked(app.run())


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    return checked(app.file_uploader(key="upload").upload(name, data, "application/octet-stream").run())


def words(app: AppTest) -> str:
    return " ".join(text.value for text in app.markdown)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_comes_back_atom_by_atom(example):
    app = analyse(open_app("your_structure", example=example))
    shown = numbers(app)
    matched, total = shown["Atoms matched"].split(" of ")
    assert matched == total
    assert shown["Too many"] == "0"
    assert float(shown["Largest error"].split()[0]) < 0.01


def test_a_cell_that_is_not_orthorhombic_is_said_and_its_supercell_offered():
    app = open_app("your_structure", example="Hexagonal magnesium")
    assert "gamma = 120.00°" in app.warning[0].value
    assert "orthorhombic supercell: 108 atoms" in app.toggle(key="supercell").label
    checked(app.toggle(key="supercell").set_value(False).run())
    assert "go" not in {button.key for button in app.button}


@pytest.mark.parametrize("form", ["extxyz", "cif", "vasp", "lammps-data"])
def test_an_upload_is_read_and_analysed(form):
    from gcd.structures.formats import FORMATS

    name = f"copper{FORMATS[form].endings[0]}"
    app = upload(
        open_app("your_structure", structure_view="Analysis"),
        name,
        structure_bytes(ideal_crystal("fcc", 2), form),
    )
    assert "32 atoms" in words(app)
    shown = numbers(analyse(app))
    assert shown["Atoms matched"] == "32 of 32"
    assert shown["Mean coordination"] == "12.00"


def test_of_several_structures_one_is_chosen():
    frames = [ideal_crystal("sc", 2), ideal_crystal("bcc", 2)]
    app = upload(open_app("your_structure", which="1"), "two.extxyz", structure_bytes(frames, "extxyz"))
    assert "16 atoms" in words(app)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.cif", b"PK\x03\x04" + b"\0" * 100, "cannot be unpacked"),
        ("../../etc/passwd", b"root", "no format"),
        ("a.xyz", b"999999999\n\nW 0 0 0\n", "the most is"),
        ("POSCAR", b"", "empty"),
    ],
)
def test_a_malformed_upload_is_one_sentence(name, data, sentence):
    app = upload(open_app("your_structure"), name, data)
    assert sentence in app.error[0].value
    assert "go" not in {button.key for button in app.button}


def test_a_slab_is_relaxed_in_place():
    app = analyse(open_app("your_structure", example="Tungsten twist boundary"))
    assert "[n] = 1/5" in words(app)
    shown = numbers(analyse(app, "slab_job", "relax_slab"))
    assert float(shown["E_gb relaxed"].split()[0]) < float(shown["E_gb before"].split()[0])


def test_too_coarse_a_grid_is_said():
    app = analyse(open_app("your_structure", example="Copper with a vacancy", voxel_size="2.0"))
    assert any("too coarse" in warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("example", "etc"),
        ("voxel_size", "nan"),
        ("voxel_size", "-3"),
        ("supercell", "perhaps"),
        ("structure_view", "x"),
    ],
)
def test_hostile_links_fall_back_to_the_defaults(name, value):
    app = open_app("your_structure", **{name: value})
    assert not app.error
    assert app.session_state["example"] == next(iter(EXAMPLES))
    assert app.session_state["voxel_size"] == suggested_voxel_size(EXAMPLES["Tungsten, warm"]())


def test_a_link_restores_the_controls():
    state = open_app("your_structure", example="Simple cubic polonium", voxel_size="0.7").session_state
    assert (state["example"], state["voxel_size"]) == ("Simple cubic polonium", 0.7)


def test_widgets_are_no_guard():
    with pytest.raises(ValueError, match="voxel size"):
        grid_of(ideal_crystal("sc", 2), 0.0)
    with pytest.raises(ValueError, match="voxels"):
        grid_of(ideal_crystal("sc", 10), 0.2)
    with pytest.raises(ValueError, match="atoms"):
        grid_of(bulk("Cu", cubic=True) * (20, 20, MAX_PAGE_STRUCTURE_ATOMS // 1600 + 1), 1.0)


@pytest.mark.parametrize(
    ("name", "stem"),
    [("../../etc/passwd.cif", "passwd"), ("a b<script>.xyz", "a-b-script"), ("☠.cif", "structure")],
)
def test_file_names_are_made_harmless(name, stem):
    assert stem_of(name) == stem


def test_what_is_downloaded_reads_back():
    app = analyse(open_app("your_structure", example="Copper with a vacancy"))
    job = work.runner().get(app.session_state[SLOT])
    assert job is not None
    (again,) = read_structures(io.BytesIO(structure_bytes(job.result.decoded, "extxyz")), "a.extxyz")
    assert len(again) == len(EXAMPLES["Copper with a vacancy"]())
    assert set(again.get_chemical_symbols()) == {"Cu"}


def test_the_voxel_size_follows_the_file():
    app = open_app("your_structure", voxel_size="0.7")  # a link's value holds for what the link shows
    assert app.session_state["voxel_size"] == 0.7
    for name, atoms in (
        ("iron.vasp", ideal_crystal("bcc", 2, "Fe")),
        ("lead.vasp", ideal_crystal("fcc", 2, "Pb")),
    ):
        app = upload(app, name, structure_bytes(atoms, "vasp"))
        assert app.number_input(key="voxel_size").value == suggested_voxel_size(atoms)
    checked(app.number_input(key="voxel_size").set_value(0.9).run())
    assert (
        checked(app.run()).number_input(key="voxel_size").value == 0.9
    )  # chosen by hand, it stays for this file
    checked(app.selectbox(key="example").set_value("Simple cubic polonium").run())
    assert app.number_input(key="voxel_size").value == 0.9  # of an example that an upload hides


def slab(perfect: bool = False):
    """A slab of tungsten with free surfaces, with a twist boundary in its middle or without."""
    atoms = twist_bicrystal("sigma5", "W", gap=0.3)
    if perfect:
        atoms = ideal_crystal("bcc", (3, 3, 9), "W")
    atoms.pbc = (True, True, False)
    return atoms


def in_vacuum(atoms):
    atoms.center(vacuum=8.0, axis=2)
    atoms.pbc = True
    return atoms


def in_a_tight_box(atoms):
    atoms.positions[:, 2] -= atoms.positions[:, 2].min()
    atoms.cell[2, 2] = atoms.positions[:, 2].max() + 0.01
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize("put", [lambda atoms: atoms, in_vacuum, in_a_tight_box])
def test_a_slab_is_known_by_its_ends_and_a_perfect_one_has_no_boundary(put):
    found = boundary_of(put(slab()))
    assert found is not None
    assert found["egb"] > 1.0
    assert boundary_of(put(slab(perfect=True))) is None


@pytest.mark.parametrize("example", ["Tungsten, warm", "Copper with a vacancy"])
def test_a_crystal_has_no_boundary(example):
    assert boundary_of(EXAMPLES[example]()) is None


def dump(atoms) -> bytes:
    """One frame of a dump, periodic all round, as LAMMPS writes it of a slab in a vacuum."""
    box = "\n".join(f"0.0 {length:.8f}" for length in atoms.cell.lengths())
    rows = "\n".join(f"{i + 1} W {x:.8f} {y:.8f} {z:.8f}" for i, (x, y, z) in enumerate(atoms.positions))
    return (
        f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp pp\n{box}\n"
        f"ITEM: ATOMS id element x y z\n{rows}\n"
    ).encode()


@pytest.mark.parametrize(
    ("name", "write"), [("POSCAR", lambda atoms: structure_bytes(atoms, "vasp")), ("slab.dump", dump)]
)
def test_a_slab_in_a_format_without_open_axes_is_offered_relaxation(name, write):
    app = analyse(upload(open_app("your_structure"), name, write(in_vacuum(slab()))))
    assert "relax_slab" in {button.key for button in app.button}


def run_of(app: AppTest):
    job = work.runner().get(app.session_state[SLOT])
    assert job is not None
    return job.result


@pytest.mark.parametrize("example", ["Hexagonal magnesium", "Tungsten twist boundary"])
def test_the_reproduce_box_makes_what_is_shown(example, tmp_path, monkeypatch, capsys):
    app = analyse(open_app("your_structure", example=example))
    run = run_of(app)
    box = " ".join(code.value for code in app.code)
    assert python_of(run) in box
    assert command_of(run, stem_of(example)) in box
    exec(compile(python_of(run), "box", "exec"), {})
    assert float(capsys.readouterr().out) == pytest.approx(run.match.largest_error, abs=1e-5)


def test_the_reproduce_box_names_the_structure_of_the_file_and_its_commands_run(
    tmp_path, monkeypatch, capsys
):
    from gcd.cli import main

    frames = [ideal_crystal("sc", 2), EXAMPLES["Hexagonal magnesium"]()]
    data = structure_bytes(frames, "extxyz")
    run = run_of(analyse(upload(open_app("your_structure", which="1"), "two.extxyz", data)))
    monkeypatch.chdir(tmp_path)
    Path("two.extxyz").write_bytes(data)
    exec(compile(python_of(run), "box", "exec"), {})
    assert float(capsys.readouterr().out) == pytest.approx(run.match.largest_error, abs=1e-5)
    Path("two-encoded.extxyz").write_bytes(structure_bytes(run.atoms, "extxyz"))
    for line in command_of(run, "two").splitlines():
        assert main(line.split()[1:]) == 0
    (again,) = read_structures("two-decoded.extxyz")
    assert len(again) == len(run.decoded)


@pytest.mark.parametrize(
    ("example", "phase"),
    [("Tungsten, warm", "BCC"), ("Copper with a vacancy", "FCC"), ("Simple cubic polonium", "SC")],
)
def test_atoms_lie_nearest_to_the_ring_of_their_own_crystal(example, phase):
    app = analyse(open_app("your_structure", example=example, structure_view="Analysis"))
    points, rings = bond_order(app)
    middle = np.nanmedian(points, axis=0)
    assert min(rings, key=lambda name: np.hypot(*(middle - rings[name]))) == phase


def test_more_atoms_than_a_page_takes_are_not_measured_there():
    tungsten = bulk("W", cubic=True) * 22
    assert len(tungsten) > MAX_PAGE_STRUCTURE_ATOMS
    assert suggested_voxel_size(tungsten) == 0.8
    assert suggested_voxel_size(bulk("W", cubic=True)) == pytest.approx(3.16 * 3**0.5 / 2 / 3.3, abs=0.01)
