"""A request says itself in three languages, and each of them asks for the same again."""

from __future__ import annotations

import shlex
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import gcd
from gcd.cli import build_parser, main
from gcd.commands import boundary_words
from gcd.diffusion.samplers import Cancelled
from gcd.requests import (
    BoundaryRequest,
    BuildRequest,
    ChosenRequest,
    CrystalRequest,
    Listener,
    ParticleRequest,
    RelaxationRequest,
    RepaintRequest,
    SearchRequest,
)

CRYSTALS = [
    CrystalRequest("bcc"),
    CrystalRequest("fcc", "Ni", 3.6, (2, 3, 2), 3, 7, 12, 2, first=4, device="cpu"),
    CrystalRequest("sc", size=(3, 3, 4), time_spacing="t", checkpoint="elsewhere"),
]
PARTICLES = [
    ParticleRequest("sc"),
    ParticleRequest("bcc", 0.1, "restart", 9, 2, 0.3, "Fe", 2.9, (2, 2, 2), 2, 5, device="cpu"),
]
OWN = "lower=5 -3 0; 3 5 0; 0 0 1; upper=5 3 0; -3 5 0; 0 0 1"
BOUNDARIES = [
    BoundaryRequest(),
    BoundaryRequest(
        "sigma5", "W", model="window", count=3, in_plane_shift=(0.5, -0.25), spacing=-0.1, painted=24.0, repeats=(2, 1),
        planes=(20, 18), evaluations=8, order=1, time_spacing="t", restarts=2, seed=4, relax=True, workers=1,
        device="cpu",
    ),
    BuildRequest("s5-310-001", "Fe", "Fe_mm.eam.fs", (1.0, -0.5), gap=0.4, remove=2, push=0.1, count=2, seed=3),
    BuildRequest(OWN, random_shift=True, insert=1, repeats=(1, 1), planes=(10, 11), vacuum=4.0, lattice_constant=3.2),
    SearchRequest("s9-221-110", "Cu", count=7, windows=("2.6:2.8:40:1/10", "0:1:3"), md_steps=(10, 20), seed=2),
    SearchRequest("twist 110 sigma3", temperature=(800.0, 900.0), without_md=0.5, repeats=(2, 1), planes=(9, 9)),
    RelaxationRequest(("a.vasp", "b.data"), "Cu", plane=-3.0, rescale=True, elements=("Cu",), engine="torch"),
    RepaintRequest(("a.vasp", "b.data"), "Cu", count=5, painted=(12.0, 18.5), move=True, anyway=True, checkpoint="any",
                   evaluations=6, seed=3, repeats=(2, 1), plane=4.5, elements=("Cu", "Cu"), format="vasp"),
]  # fmt: skip
ALL = CRYSTALS + PARTICLES + BOUNDARIES


def parsed(command: str, kind: type) -> object:
    program, *words = shlex.split(command)
    assert program == "gcd"
    args = build_parser().parse_args(words)
    more = {"boundary": boundary_words.words_of(args)} if hasattr(args, "boundary") else {}
    return kind.from_arguments(args, **more)


@pytest.mark.parametrize("request_", ALL, ids=lambda r: r.stem)
def test_the_command_line_reads_back_as_the_same_request(request_):
    assert parsed(request_.command(), type(request_)) == request_


@pytest.mark.parametrize("request_", ALL, ids=lambda r: r.stem)
def test_the_address_reads_back_as_what_it_can_say(request_):
    if isinstance(request_, RelaxationRequest):
        pytest.skip("its files are no part of an address")
    said = {name for name, how in ((f.name, how) for f, how in request_.asked()) if how.address}
    back = type(request_).from_address(request_.to_address())
    assert all(getattr(back, name) == getattr(request_, name) for name in said)


def test_every_field_is_on_the_command_line_or_a_matter_of_python_alone():
    for kind, pythons in (
        (CrystalRequest, set()), (ParticleRequest, {"first"}), (BoundaryRequest, {"first", "engine"}),
        (BuildRequest, set()), (SearchRequest, set()), (RelaxationRequest, set()), (RepaintRequest, set()),
        (ChosenRequest, set()),
    ):  # fmt: skip
        assert {f.name for f in fields(kind)} - {f.name for f, _ in kind.asked()} == pythons


def test_a_request_is_checked_once_and_cannot_change():
    request = CrystalRequest("bcc")
    assert (request.element, request.size) == ("W", (4, 4, 4))
    with pytest.raises(FrozenInstanceError):
        request.seed = 3
    assert replace(request, seed=3).seed == 3


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (CrystalRequest, {"phase": "hcp"}, "the phases are sc, bcc, fcc"),
        (CrystalRequest, {"phase": "bcc", "element": "Xx"}, "Xx"),
        (CrystalRequest, {"phase": "bcc", "evaluations": 61}, "multiple of 3"),
        (CrystalRequest, {"phase": "bcc", "time_spacing": "log"}, "lambda, t, t-quadratic"),
        (CrystalRequest, {"phase": "bcc", "size": (99, 1, 1)}, "99"),
        (CrystalRequest, {"phase": "bcc", "seed": -1}, "Seed must be"),
        (CrystalRequest, {"phase": "fcc", "size": 16, "count": 1000}, "the most is"),
        (ParticleRequest, {"phase": "sc", "sampler": "euler"}, "ode, sde, restart"),
        (ParticleRequest, {"phase": "fcc", "size": 16}, "4,096"),
        (ParticleRequest, {"phase": "sc", "restart_time": 0.0}, "above 0"),
        (BoundaryRequest, {"boundary": "s5-311-001"}, "s5-310-001"),
        (BoundaryRequest, {"metal": "Mg"}, "Mg"),
        (BoundaryRequest, {"in_plane_shift": (1.0, float("nan"))}, "two finite numbers"),
        (BoundaryRequest, {"evaluations": 7, "order": 2}, "multiple of 2"),
        (BuildRequest, {"remove": 1, "insert": 1}, "not both"),
        (BuildRequest, {"potential": "no-such-file"}, "no potential 'no-such-file'"),
        (BuildRequest, {"metal": "W", "potential": "Fe_mm.eam.fs"}, "is for Fe"),
        (SearchRequest, {"windows": ("low",)}, "LOW:HIGH:COUNT"),
        (SearchRequest, {"md_steps": (20, 10)}, "MD steps"),
        (RelaxationRequest, {"files": ()}, "at least one file"),
        (RepaintRequest, {"files": ("a",), "painted": (0.0,)}, "above 0"),
        (RepaintRequest, {"files": ("a",), "painted": ()}, "at least one thickness"),
        (RepaintRequest, {"files": ("a",), "count": 0}, "Count must be"),
        (
            RelaxationRequest,
            {"files": ("a",), "engine": "torch", "potential": "Fe_mm.eam.fs"},
            "torch cannot relax",
        ),
    ],
)
def test_what_is_not_legal_is_refused_when_the_request_is_made(kind, values, words):
    with pytest.raises(ValueError, match=words) as caught:
        kind(**values)
    assert str(caught.value).replace("... ", "").count(". ") <= 1  # a reason may follow


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"phase": "bcc", "colour": "red"}, "no 'colour': its keys are phase"),
        ({"phase": "BCC", "count": "many"}, "1 to 1,000, not 'many'"),
        ({"phase": "BCC", "nx": "4"}, "all of nx, ny, nz"),
        ({"phase": "BCC", "sampling": "Slow"}, "Full, Fast, Custom"),
    ],
)
def test_an_address_that_means_nothing_is_refused(address, words):
    with pytest.raises(ValueError, match=words):
        CrystalRequest.from_address(address)


class Kept(Listener):
    def __init__(self):
        self.told, self.structures, self.arrays = [], [], []

    def progress(self, progress):
        self.told.append(progress.done)

    def made(self, atoms):
        self.structures.append(atoms)

    def voxels(self, voxels):
        self.arrays.append(voxels)


def test_the_listener_is_told_of_steps_voxels_and_structures(models):
    kept = Kept()
    made = CrystalRequest("sc", size=2, count=3, evaluations=6, device="cpu").run(kept)
    assert kept.told[-1] == 18
    assert kept.structures == made
    assert sum(len(a) for a in kept.arrays) == 3


def test_what_a_listener_raises_stops_the_work(models):
    class Stop(Listener):
        def progress(self, progress):  # noqa: ARG002
            raise Cancelled

    with pytest.raises(Cancelled):
        CrystalRequest("sc", size=2, evaluations=6).run(Stop())


def test_command_and_python_make_the_same_crystals(models, tmp_path, monkeypatch, capsys):
    from ase.io import read

    request = CrystalRequest("sc", "Po", 3.3, (2, 2, 2), 2, 11, 6, 2, device="cpu")
    wanted = request.run()
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(request.command())[1:]) == 0
    files = sorted((tmp_path / request.stem).glob("*.extxyz"))
    scope = {}
    exec(request.python(), scope)
    for atoms, path, other in zip(wanted, files, scope["crystals"], strict=True):
        assert np.allclose(read(path).positions, atoms.positions, atol=1e-6)
        assert np.array_equal(other.positions, atoms.positions)


def test_command_and_python_make_the_same_particles(particle_models, tmp_path, monkeypatch):
    from ase.io import read

    request = ParticleRequest("sc", 0.1, "sde", 4, size=(2, 2, 2), seed=3, device="cpu")
    (wanted,) = request.run()
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(request.command())[1:]) == 0
    (path,) = (tmp_path / request.stem).glob("*.extxyz")
    scope = {"gcd": gcd}
    exec(request.python(), scope)
    assert np.allclose(read(path).positions, wanted.positions, atol=1e-6)
    assert np.array_equal(scope["structures"][0].positions, wanted.positions)


def test_command_and_python_build_the_same_bicrystals(tmp_path, monkeypatch, capsys):
    from ase.io import read

    request = BuildRequest(
        "s5-310-001", "Mo", gap=0.3, remove=2, random_shift=True, push=0.1, count=2, seed=5
    )
    wanted = request.run()
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(request.command())[1:]) == 0
    written = read(tmp_path / f"{request.stem}.extxyz", ":")
    scope = {}
    exec(request.python(), scope)
    for atoms, path, other in zip(wanted, written, scope["structures"], strict=True):
        assert np.allclose(path.positions, atoms.positions, atol=1e-6)
        assert np.array_equal(other.positions, atoms.positions)
    exec(request.python_of(1), scope)
    assert np.array_equal(scope["atoms"].positions, wanted[1].positions)


def test_command_and_python_relax_to_the_same_energy(tmp_path, monkeypatch, capsys):
    import json

    monkeypatch.chdir(tmp_path)
    built = BuildRequest("s3-112-110", "W", gap=0.1, planes=(12, 12), seed=1)
    assert main(shlex.split(built.command("slab.extxyz"))[1:]) == 0
    request = RelaxationRequest(("slab.extxyz",), metal="W", engine="torch")
    capsys.readouterr()
    assert main([*shlex.split(request.command())[1:], "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])["structures"]
    scope = {}
    exec(request.python(), scope)
    assert scope["relaxed"][0].info["egb"] == pytest.approx(row["egb"], abs=1e-6)


@pytest.mark.skipif("not __import__('gcd.energetics.lammps', fromlist=['x']).available()", reason="no LAMMPS")
def test_command_and_python_search_for_the_same_structures(tmp_path, monkeypatch):
    from gcd.search.store import Store

    monkeypatch.chdir(tmp_path)
    request = SearchRequest("s3-112-110", "W", count=2, md_steps=(5, 5), workers=1, seed=3)
    assert main(shlex.split(request.command("first.db"))[1:]) == 0
    exec(request.python(), {})
    with Store("first.db", read_only=True) as first, Store(request.stem, read_only=True) as second:
        energies = [sorted((c.number, c.egb) for c in store) for store in (first, second)]
    assert [egb for _, egb in energies[0]] == pytest.approx([egb for _, egb in energies[1]])
    for number, egb in energies[0]:
        proposal, atoms = request.proposal(number)
        assert (proposal.number, egb < 5.0) == (number, True)
        assert len(atoms) > 100
