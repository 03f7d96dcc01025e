"""Reading a stranger's file in a process of its own, with limits of memory and time.

The process that serves everybody only sends bytes and gets plain arrays back: numbers, no pickle. Two processes wait
ready, so that reading does not begin with imports; each reads one file and ends.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.files import StructureFileError
from gcd.limits import MAX_READERS, MAX_UPLOAD_BYTES, READ_MEMORY, READ_SECONDS
from gcd.structures.reading import Reading, read_structures

if TYPE_CHECKING:
    from ase import Atoms

START = "from gcd.structures.apart import serve; serve()"
READY = 2  # processes that wait, 60 MB each: one visitor's slow file keeps no other waiting
PLAIN = ("numbers", "positions")
_waiting: list[subprocess.Popen[bytes]] = []
_lock = threading.Lock()
_turns = threading.BoundedSemaphore(MAX_READERS)


def read_apart(
    data: bytes,
    name: str,
    *,
    max_bytes: int = MAX_UPLOAD_BYTES,
    format: str | None = None,  # noqa: A002
    elements: str | Iterable[str] | None = None,
    seconds: float = READ_SECONDS,
) -> Reading:
    """What :func:`gcd.structures.reading.read_structures` gives, read by another process.

    Args:
        data: the content of the file.
        name: of the file.
        max_bytes: the most that is read, and the most that is unpacked to.
        format: one that is to be taken, instead of that which is found.
        elements: of the types 1, 2, ..., for files that name none.
        seconds: after which the process is ended; and as long it waits for its turn, as few files are read at a time.

    Raises:
        StructureFileError: in one sentence, whatever is wrong with the file, its need of time and memory included.
        ValueError: a format or elements that are none.
    """
    if len(data) > max_bytes:  # before it is sent anywhere
        raise StructureFileError(
            f"{Path(name).name!r} is larger than {max_bytes / 2**20:.0f} MiB, the most that is read."
        )
    words = elements if elements is None or isinstance(elements, str) else list(elements)
    request = {"name": name, "max_bytes": max_bytes, "format": format, "elements": words}
    if not _turns.acquire(timeout=seconds):
        raise StructureFileError(
            f"{Path(name).name!r} was not read: too many files are being read; try again in a moment."
        )
    try:
        answer = _answer(json.dumps(request).encode() + b"\n" + data, seconds)
    except subprocess.TimeoutExpired:
        raise StructureFileError(
            f"{Path(name).name!r} takes longer than {seconds:g} s to read: it is refused."
        ) from None
    finally:
        _turns.release()
    if not answer:
        raise StructureFileError(
            f"{Path(name).name!r} needs more than {READ_MEMORY / 2**20:.0f} MB to read, or broke its reader: "
            "it is refused."
        )
    return _unpacked(answer)


def _answer(request: bytes, seconds: float) -> bytes:
    """What another process makes of a request; nothing if it broke."""
    process = _taken()
    prepare()  # while this one reads
    try:
        answer, _ = process.communicate(request, timeout=seconds)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return b"" if process.returncode else answer


def serve() -> None:
    """What the other process does: read one request, answer, end."""
    _limit()
    request = json.loads(sys.stdin.buffer.readline() or b"null")
    if request is None:
        return
    try:
        found = read_structures(sys.stdin.buffer.read(), **request)
        answer = _packed(found)
    except MemoryError:
        sys.exit(1)
    except StructureFileError as error:
        answer = _npz({}, {"error": str(error), "kind": "file"})
    except ValueError as error:
        answer = _npz({}, {"error": str(error), "kind": "value"})
    sys.stdout.buffer.write(answer)


def _limit() -> None:
    """Imports first, as they need no more than they need; then no more than READ_MEMORY."""
    import gemmi  # noqa: F401
    import scipy.spatial  # noqa: F401

    with contextlib.suppress(ImportError, OSError, ValueError):  # no such thing on Windows
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        now = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + READ_MEMORY, now + READ_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(READ_SECONDS) + 5, int(READ_SECONDS) + 5))


def _start() -> subprocess.Popen[bytes]:
    import gcd

    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(
            [str(Path(gcd.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(  # noqa: S603 - fixed words
        [sys.executable, "-c", START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _taken() -> subprocess.Popen[bytes]:
    """The process that waits, or a new one."""
    with _lock:
        while _waiting:
            process = _waiting.pop(0)  # the one that waits the longest has imported the most
            if process.poll() is None:
                return process
    return _start()


def prepare() -> None:
    """Have processes wait for the next files."""
    with _lock:
        while len(_waiting) < READY:
            _waiting.append(_start())


def _packed(found: Reading) -> bytes:
    arrays: dict[str, np.ndarray] = {
        "counts": np.array([len(atoms) for atoms in found]),
        "numbers": np.concatenate([atoms.numbers for atoms in found]),
        "positions": np.concatenate([atoms.positions for atoms in found]),
        "cells": np.array([np.asarray(atoms.cell[:]) for atoms in found]),
        "periodic": np.array([np.asarray(atoms.pbc) for atoms in found]),
    }
    for index, atoms in enumerate(found):
        for name, values in atoms.arrays.items():
            if name not in PLAIN and values.dtype.kind in "fiubU":
                arrays[f"{index}:{name}"] = values
    return _npz(arrays, {"words": found.words, "info": [_plain(atoms.info) for atoms in found]})


def _npz(arrays: dict[str, np.ndarray], text: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    named = {f"{index}": values for index, values in enumerate(arrays.values())}
    text = text | {"names": list(arrays)}
    np.savez(file, allow_pickle=False, text=np.frombuffer(json.dumps(text).encode(), dtype=np.uint8), **named)
    return file.getvalue()


def _unpacked(answer: bytes) -> Reading:
    from ase import Atoms

    with np.load(io.BytesIO(answer), allow_pickle=False) as archive:
        text = json.loads(archive["text"].tobytes())
        if "error" in text:
            raise (StructureFileError if text["kind"] == "file" else ValueError)(text["error"])
        arrays = {name: archive[str(index)] for index, name in enumerate(text["names"])}
    structures: list[Atoms] = []
    at = 0
    for index, count in enumerate(arrays["counts"].tolist()):
        atoms = Atoms(
            arrays["numbers"][at : at + count],
            arrays["positions"][at : at + count],
            cell=arrays["cells"][index],
            pbc=arrays["periodic"][index],
        )
        atoms.info = {key: _array(value) for key, value in text["info"][index].items()}
        structures.append(atoms)
        at += count
    for name, values in arrays.items():
        which, colon, key = name.partition(":")
        if colon:
            structures[int(which)].set_array(key, values)
    return Reading(structures, text["words"])


def _plain(value: Any) -> Any:
    """Values of ``info`` as JSON holds them; what it cannot hold is left out."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _array(value: Any) -> Any:
    return np.array(value["array"]) if isinstance(value, dict) and set(value) == {"array"} else value
