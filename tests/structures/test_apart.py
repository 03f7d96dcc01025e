"""A stranger's file is read by another process: the same answer, the same sentences, and an end to it."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from gcd.limits import MAX_UPLOAD_BYTES
from gcd.structures import apart
from gcd.structures.crystals import ideal_crystal
from gcd.structures.formats import StructureFileError, read_structures, write_structure

SPOT = '20000\nLattice="30 0 0 0 30 0 0 0 30"\n' + "W 1 1 1\n" * 20_000


def test_the_answer_is_that_of_this_process(tmp_path):
    frames = [ideal_crystal("bcc", 2), ideal_crystal("fcc", 1)]
    frames[0].info |= {"seed": 7, "shift": np.array([0.1, 0.2]), "model": "full"}
    frames[1].set_array("energy", np.linspace(-9, -8, 4))
    frames[1].pbc = (True, True, False)
    data = write_structure(frames, tmp_path / "two.extxyz").read_bytes()
    here, there = read_structures(data, "two.extxyz"), apart.read_apart(data, "two.extxyz")
    assert there.words == here.words
    for a, b in zip(here, there, strict=True):
        assert a == b  # numbers, positions, cell and periodic axes
        assert set(a.arrays) == set(b.arrays)
        assert {key: np.asarray(value).tolist() for key, value in a.info.items()} == {
            key: np.asarray(value).tolist() for key, value in b.info.items()
        }
    np.testing.assert_allclose(there[1].arrays["energy"], frames[1].arrays["energy"], atol=1e-6)


def test_words_sentences_and_wrong_elements_come_back():
    dump = (
        b"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 5\n0 5\n"
        b"ITEM: ATOMS id type x y z\n1 1 0 0 0\n"
    )
    assert apart.read_apart(dump, "a", elements="W")[0].symbols[0] == "W"
    assert "nothing says which elements" in apart.read_apart(dump, "a").words[0]
    with pytest.raises(ValueError, match="'Wx' is no element"):
        apart.read_apart(dump, "a", elements="Wx")
    with pytest.raises(StructureFileError, match="within 2 Å of each other"):
        apart.read_apart(SPOT.encode(), "a.xyz")
    with pytest.raises(StructureFileError, match="larger than 20 MiB"):
        apart.read_apart(b" " * (MAX_UPLOAD_BYTES + 1), "a.xyz")


def test_a_reader_that_takes_too_long_is_ended_and_another_waits():
    with pytest.raises(StructureFileError, match="takes longer than 0 s"):
        apart.read_apart(SPOT.encode(), "a.xyz", seconds=0)
    assert 0 < len(apart._waiting) <= apart.READY
    assert apart.read_apart(b"1\nLattice='3 0 0 0 3 0 0 0 3'\nW 0 0 0\n", "a.xyz")[0].symbols[0] == "W"


@pytest.mark.skipif(os.name != "posix", reason="limits of memory are POSIX")
def test_a_reader_that_wants_too_much_memory_is_refused(monkeypatch):
    hungry = "from gcd.structures import apart; apart.read_structures = lambda *a, **k: bytearray(2**30); apart.serve()"
    monkeypatch.setattr(apart, "START", hungry)
    monkeypatch.setattr(apart, "_waiting", [])
    with pytest.raises(StructureFileError, match="needs more than 500 MB"):
        apart.read_apart(b"x", "a.xyz")
    for process in apart._waiting:
        process.kill()


def test_visitors_read_at_the_same_time():
    found = []

    def read(element: str) -> None:
        data = f"1\nLattice='3 0 0 0 3 0 0 0 3'\n{element} 0 0 0\n".encode()
        found.append(str(apart.read_apart(data, "a.xyz")[0].symbols))

    threads = [threading.Thread(target=read, args=(element,)) for element in ("W", "Cu", "Fe")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["Cu", "Fe", "W"]


def test_only_so_many_files_are_read_at_a_time(monkeypatch):
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(apart, "_turns", turns)
    with turns, pytest.raises(StructureFileError, match="too many files are being read; try again"):
        apart.read_apart(SPOT.encode(), "a.xyz", seconds=0.01)
    with pytest.raises(StructureFileError, match="takes longer"):
        apart.read_apart(SPOT.encode(), "a.xyz", seconds=0)
    assert apart.read_apart(b"1\nLattice='3 0 0 0 3 0 0 0 3'\nW 0 0 0\n", "a.xyz")[0].symbols[0] == "W"
