"""Files appear whole: written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class StructureFileError(ValueError):
    """A file that cannot be read as a structure or as voxels; the message is one sentence for a person."""


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write; it takes the name ``path`` when the block ends well, and vanishes when it does not.

    Missing folders are made.

    Raises:
        ValueError: the file cannot be written, in one sentence.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}-", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise ValueError(_cannot_write(path, error)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp makes files that only their owner reads
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        if isinstance(error, OSError):
            raise ValueError(_cannot_write(path, error)) from None
        raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with atomic_file(path) as file:
        file.write(text.encode())


def check_writable(folder: str | os.PathLike[str]) -> Path:
    """Return the folder if files can be made in it, or in the nearest folder above it that exists; nothing is left.

    Asked before a long computation, so that its result has somewhere to go.

    Raises:
        ValueError: it cannot be written, or something else is in the way, in one sentence.
    """
    folder = Path(folder)
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        if not existing.is_dir():
            raise NotADirectoryError(20, "Not a directory", str(existing))
        with tempfile.TemporaryFile(dir=existing):
            pass
    except (OSError, ValueError) as error:
        raise ValueError(_cannot_write(folder, error)) from None
    return folder


def _cannot_write(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"{str(path)!r} cannot be written ({reason}): choose another place."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
