"""Voxel arrays in and out of npz files: plain arrays only, so that reading one can run no code."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcd.files import StructureFileError, atomic_file
from gcd.limits import MAX_ATOMS, MAX_FILE_BYTES, MAX_LENGTH, MAX_TOTAL_VOXELS, MAX_VOXELS
from gcd.voxels.grid import Grid

NEEDED = {"voxels": 3, "lengths": 1, "periodic": 1}  # arrays and their dimensions; voxels may have one more


def write_voxels(
    path: str | os.PathLike[str], voxels: np.ndarray, grid: Grid, symbols: Sequence[str] = ()
) -> Path:
    """Write voxels (X, Y, Z) or (B, X, Y, Z) with their grid: lengths (3,) Å, periodic (3,), symbols (N,).

    Raises:
        ValueError: voxels of another shape than the grid's, or a place that cannot be written.
    """
    path, voxels = Path(path), np.asarray(voxels)
    if voxels.shape[-3:] != grid.shape or voxels.ndim not in (3, 4):
        raise ValueError(f"The voxels have the shape {voxels.shape}, their grid {grid.shape}.")
    with atomic_file(path) as file:
        np.savez_compressed(
            file,
            voxels=voxels.astype(np.float32),
            lengths=np.array(grid.lengths, dtype=np.float64),
            periodic=np.array(grid.periodic, dtype=bool),
            symbols=np.array(list(symbols), dtype="U3"),
        )
    return path


def read_voxels(path: str | os.PathLike[str]) -> tuple[np.ndarray, Grid, list[str]]:
    """Voxels (B, X, Y, Z) in float32, their grid, and the symbols of the encoded atoms (none if not known).

    Raises:
        StructureFileError: in one sentence, whatever is wrong with the file.
    """
    path = Path(path)
    try:
        _check_size(path)
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, Any] = {
                name: archive[name] for name in archive.files if name in (*NEEDED, "symbols")
            }
    except StructureFileError:
        raise
    except FileNotFoundError:
        raise StructureFileError(f"There is no file {str(path)!r}.") from None
    except Exception as error:
        raise StructureFileError(
            f"{path.name!r} cannot be read as voxels (npz): it is truncated, damaged or of another kind "
            f"({type(error).__name__})."
        ) from None
    if missing := set(NEEDED) - set(arrays):
        raise StructureFileError(
            f"{path.name!r} lacks {', '.join(sorted(missing))}: `gcd encode` writes such files."
        )
    return _checked(path.name, arrays)


def _checked(name: str, arrays: dict[str, Any]) -> tuple[np.ndarray, Grid, list[str]]:
    voxels, lengths, periodic = arrays["voxels"], arrays["lengths"], arrays["periodic"]
    if voxels.ndim not in (3, 4) or voxels.dtype.kind not in "fiub" or not voxels.size:
        raise StructureFileError(
            f"{name!r}: voxels are real numbers of shape (X, Y, Z) or (B, X, Y, Z), not {voxels.dtype} of shape "
            f"{voxels.shape}."
        )
    if lengths.shape != (3,) or periodic.shape != (3,):
        raise StructureFileError(f"{name!r}: lengths and periodic have three entries each.")
    if lengths.dtype.kind not in "fiu" or periodic.dtype.kind not in "fiub":
        raise StructureFileError(
            f"{name!r}: lengths are numbers and periodic truth values, not {lengths.dtype} and {periodic.dtype}."
        )
    if np.prod(voxels.shape[-3:]) > MAX_VOXELS:
        raise StructureFileError(
            f"{name!r} has {np.prod(voxels.shape[-3:]):,} voxels: the most is {MAX_VOXELS:,}."
        )
    if not np.isfinite(voxels).all():
        raise StructureFileError(f"{name!r}: a voxel is not a finite number.")
    if np.abs(voxels.astype(np.float64)).max() > MAX_ATOMS:
        raise StructureFileError(
            f"{name!r}: a voxel holds more than {MAX_ATOMS:,} atoms, the most there can be."
        )
    if lengths.max() > MAX_LENGTH:
        raise StructureFileError(f"{name!r} reaches beyond {MAX_LENGTH:,} Å, the most that is read.")
    try:
        grid = Grid(voxels.shape[-3:], tuple(lengths.tolist()), tuple(periodic.tolist()))
    except (ValueError, TypeError) as error:
        raise StructureFileError(f"{name!r}: {error}") from None
    symbols = [str(symbol) for symbol in np.ravel(arrays.get("symbols", np.zeros(0, dtype="U3")))]
    return voxels.reshape(-1, *grid.shape).astype(np.float32), grid, symbols


def _check_size(path: Path) -> None:
    """A small archive can unpack to any size; its directory says to which."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise StructureFileError(
            f"{path.name!r} is larger than {MAX_FILE_BYTES / 2**20:.0f} MiB, the most read."
        )
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > 8 * MAX_TOTAL_VOXELS + 2**20:
            raise StructureFileError(
                f"{path.name!r} holds more than {MAX_TOTAL_VOXELS:,} voxels, the most read."
            )
