"""More than five hundred malformed uploads: each is one sentence, soon, and nothing is run, written or unpickled."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from malformed import Upload, by_hand, good_files, mutated

from gcd.files import StructureFileError
from gcd.limits import MAX_ATOMS, MAX_FRAMES, MAX_UPLOAD_BYTES
from gcd.structures.formats import read_structures

SECONDS = 5.0  # of processor time, what a person is made to wait
FORBIDDEN = (
    "pickle.find_class",
    "os.system",
    "subprocess.Popen",
    "socket.connect",
    "os.remove",
    "os.rename",
    "os.mkdir",
)
_watched: list[str] | None = None


def _watch(event: str, args: tuple) -> None:
    if _watched is None:
        return
    if event in FORBIDDEN:
        _watched.append(f"{event} {args}")
    if event == "open" and isinstance(args[1], str) and any(letter in args[1] for letter in "wax+"):
        _watched.append(f"open {args}")


sys.addaudithook(_watch)
UPLOADS = [*by_hand(), *mutated(350, seed=7)]


def outcome(upload: Upload) -> str:
    """What the reader says; what it accepts must be a structure with which all else can work."""
    global _watched  # noqa: PLW0603 - an audit hook stays for good
    begun = time.process_time()
    _watched = []
    try:
        structures = read_structures(upload.data, upload.name, max_bytes=MAX_UPLOAD_BYTES)
    except StructureFileError as error:
        sentence = str(error)
        assert "\n" not in sentence
        assert 10 < len(sentence) < 1000
        assert sentence.endswith((".", ")", "'")), sentence
        said = sentence
    else:
        assert 0 < len(structures) <= MAX_FRAMES
        for atoms in structures:
            assert 0 < len(atoms) <= MAX_ATOMS
            assert np.isfinite(atoms.positions).all()
            assert np.isfinite(atoms.cell[:]).all()
            assert abs(atoms.cell.volume) > 1e-6
        said = ""
    finally:
        seen, _watched = _watched, None
    assert seen == []
    assert time.process_time() - begun < SECONDS
    return said


def test_there_are_enough_of_them():
    assert len(UPLOADS) >= 500


@pytest.mark.parametrize("kind", sorted({upload.kind for upload in UPLOADS}))
def test_each_malformed_upload_gets_a_sentence(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for upload in UPLOADS:
        if upload.kind == kind:
            try:
                outcome(upload)
            except BaseException as error:
                raise AssertionError(f"{upload.name[:60]!r}, {upload.data[:300]!r}: {error!r}") from error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind",
    ["empty", "blank", "zip bomb", "gzip bomb", "elf", "pickle", "html", "huge", "frames", "zero cell"],
)
def test_what_is_no_structure_at_all_is_refused(kind):
    assert all(outcome(upload) for upload in UPLOADS if upload.kind == kind)


def test_the_files_they_were_made_from_are_read():
    for name, content in good_files().values():
        assert outcome(Upload("good", name, content)) == ""
