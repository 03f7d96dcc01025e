"""A request says itself in three languages, and each of them asks for the same again."""

from __future__ import annotations

import shlex
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import gcd
from gcd.cli import build_parser, main
from gcd.diffusion.samplers import Cancelled
from gcd.requests import CrystalRequest, Listener, ParticleRequest

CRYSTALS = [
    CrystalRequest("bcc"),
    CrystalRequest("fcc", "Ni", 3.6, (2, 3, 2), 3, 7, 12, 2, device="cpu"),
    CrystalRequest("sc", size=(3, 3, 4), time_spacing="t", checkpoint="elsewhere"),
]
PARTICLES = [
    ParticleRequest("sc"),
    ParticleRequest("bcc", 0.1, "restart", 9, 2, 0.3, "Fe", 2.9, (2, 2, 2), 2, 5, device="cpu"),
]
ALL = CRYSTALS + PARTICLES


def parsed(command: str, kind: type) -> object:
    program, *words = shlex.split(command)
    assert program == "gcd"
    return kind.from_arguments(build_parser().parse_args(words))


@pytest.mark.parametrize("request_", ALL, ids=lambda r: r.stem)
def test_the_command_line_reads_back_as_the_same_request(request_):
    assert parsed(request_.command(), type(request_)) == request_


@pytest.mark.parametrize("request_", ALL, ids=lambda r: r.stem)
def test_the_address_reads_back_as_what_it_can_say(request_):
    said = {name for name, how in ((f.name, how) for f, how in request_.asked()) if how.address}
    back = type(request_).from_address(request_.to_address())
    assert all(getattr(back, name) == getattr(request_, name) for name in said)


def test_every_field_is_on_the_command_line_or_a_matter_of_python_alone():
    for kind in (CrystalRequest, ParticleRequest):
        assert {f.name for f in fields(kind)} - {f.name for f, _ in kind.asked()} == {"first"}


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
    ],
)
def test_what_is_not_legal_is_refused_when_the_request_is_made(kind, values, words):
    with pytest.raises(ValueError, match=words) as caught:
        kind(**values)
    assert str(caught.value).count(". ") == 0


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
