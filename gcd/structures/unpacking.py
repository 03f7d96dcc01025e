"""The text of a file from a stranger: unpacked within bounds, decoded, its line ends made the same."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from gcd.limits import MAX_ARCHIVE_FILES

MAX_XZ_MEMORY = 128 * 1024 * 1024  # a dictionary of an xz file may ask for 4 GiB
PACKED = (".gz", ".bz2", ".xz", ".zip")
REFUSED = {
    b"\x28\xb5\x2f\xfd": "is packed with zstandard: gzip, bzip2, xz and zip are unpacked here",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive: gzip, bzip2, xz and zip are unpacked here",
    b"Rar!": "is a rar archive: gzip, bzip2, xz and zip are unpacked here",
    b"%PDF": "is a PDF, not a structure",
    b"\x89HDF": "is HDF5, not a text file of a structure",
    b"\x89PNG": "is a picture, not a structure",
}


def unpacked(data: bytes, name: str, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of a file, or of each file in an archive, of no more than ``max_bytes`` in all.

    Raises:
        ValueError: a file that is packed in another way, is damaged, or unpacks to more.
    """
    for magic, reason in REFUSED.items():
        if data.startswith(magic):
            raise ValueError(reason)
    if data[:4] == b"PK\3\4":
        yield from _of_zip(data, max_bytes)
        return
    content = data
    try:
        if data[:2] == b"\x1f\x8b":
            content = gzip.GzipFile(fileobj=io.BytesIO(data)).read(max_bytes + 1)
        elif data[:3] == b"BZh":
            content = bz2.BZ2File(io.BytesIO(data)).read(max_bytes + 1)
        elif data[:6] == b"\xfd7zXZ\0":
            content = lzma.LZMADecompressor(memlimit=MAX_XZ_MEMORY).decompress(data, max_bytes + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"is packed and cannot be unpacked ({str(error)[:80].rstrip('.')})") from None
    if content is not data:
        if len(content) > max_bytes:
            raise ValueError(_too_large(max_bytes))
        name = name[: -len(PurePosixPath(name).suffix)] if name.lower().endswith(PACKED) else name
    if content[257:262] == b"ustar":
        raise ValueError("is a tar archive: unpack it, or use zip")
    yield name, content


def decoded(data: bytes) -> str:
    """The text of bytes in UTF-8, UTF-16 or Latin-1, lines ended by line feeds; ValueError for what is no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise ValueError("is binary, or damaged UTF-16") from None
    elif b"\0" in data[:4000] and data[1:400:2].count(0) > 0.9 * len(data[1:400:2]):
        text = data.decode("utf-16-le", errors="replace")
    elif b"\0" in data[:4000] and data[0:400:2].count(0) > 0.9 * len(data[0:400:2]):
        text = data.decode("utf-16-be", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\0" in text:
        raise ValueError("is binary, not a text file of a structure")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _of_zip(data: bytes, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [
                entry
                for entry in archive.infolist()
                if not entry.is_dir()
                and not entry.filename.startswith("__MACOSX")
                and "/." not in f"/{entry.filename}"
            ]
            if len(entries) > MAX_ARCHIVE_FILES:
                raise ValueError(f"holds {len(entries):,} files: the most is {MAX_ARCHIVE_FILES:,}")
            left = max_bytes
            for entry in sorted(entries, key=lambda entry: entry.filename):
                with archive.open(entry) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ValueError(_too_large(max_bytes))
                yield PurePosixPath(entry.filename).name, content
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise ValueError(
            f"is a zip archive that cannot be unpacked ({str(error)[:80].rstrip('.')})"
        ) from None


def _too_large(max_bytes: int) -> str:
    return f"unpacks to more than {max_bytes / 2**20:.0f} MiB, the most that is read"
