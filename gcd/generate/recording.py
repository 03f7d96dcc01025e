"""Films of denoising: every step of a structure's way from noise, with the atoms that there are at each."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from gcd.files import atomic_file
from gcd.voxels.grid import Grid

OCCUPIED = 0.05  # atoms a voxel, p_thre of Eq. 4
MATCH = 0.1  # of the nearest-neighbour distance: how far an atom may be from one of the final structure


@dataclass(frozen=True)
class Recording:
    """One structure's way from noise, in S steps and the noise before them.

    Attributes:
        t: (S + 1,) times, from where it began down to 0.
        state: (S + 1, X, Y, Z) bytes of x_t in atoms a voxel: 0 is -reach, 255 is +reach. Of a particle model x_t is
            atoms in space; here they are encoded, and 0 is none, 255 is top, as in the estimate.
        estimate: (S + 1, X, Y, Z) bytes of the model's estimate of the final voxels: 0 is none, 255 is top.
        reach, top: what the bytes stand for, in atoms a voxel; reach is 0 for a particle model.
        atoms: S + 1 arrays (N, 3): decoded from the estimates; those in hand, of a particle model.
        occupied: (S + 1,) share of voxels that hold more than 0.05 atoms.
        matched: (S + 1,) share of the final structure's atoms that have one at their place.
        lengths: (3,) edges of the cell, in the unit of the atoms' positions.
        periodic: of the three axes.
        known: (K, 3) atoms that were given, of a boundary its ends; not among `atoms`.
        about: kind ("voxels", "particles" or "boundary"), seed, checkpoint and its sha256, gcd_version, and what else
            decides what is made.
    """

    t: np.ndarray
    state: np.ndarray
    estimate: np.ndarray
    reach: float
    top: float
    atoms: list[np.ndarray]
    occupied: np.ndarray
    matched: np.ndarray
    lengths: tuple[float, ...]
    periodic: tuple[bool, ...]
    known: np.ndarray
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> np.ndarray:
        """(S + 1,) numbers of atoms."""
        return np.array([len(atoms) for atoms in self.atoms])

    @property
    def grid(self) -> Grid:
        """The voxels."""
        x, y, z = self.estimate.shape[1:]
        return Grid((x, y, z), tuple(self.lengths), tuple(self.periodic))  # type: ignore[arg-type]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a compressed npz; whole or not at all."""
        offsets = np.concatenate([[0], np.cumsum(self.counts)])
        content = io.BytesIO()
        np.savez_compressed(
            content, t=self.t, state=self.state, estimate=self.estimate, reach=self.reach, top=self.top,
            positions=np.concatenate(self.atoms).astype(np.float32), offsets=offsets, occupied=self.occupied,
            matched=self.matched, lengths=self.lengths, periodic=self.periodic,
            known=self.known.astype(np.float32), about=json.dumps(self.about),
        )  # fmt: skip
        with atomic_file(Path(path)) as file:
            file.write(content.getvalue())
        return Path(path)


def load_recording(source: str | os.PathLike[str] | IO[bytes]) -> Recording:
    """Read what :meth:`Recording.save` wrote; ValueError, in one sentence, for anything else."""
    try:
        with np.load(source, allow_pickle=False) as file:
            offsets = file["offsets"]
            positions = file["positions"]
            return Recording(
                file["t"], file["state"], file["estimate"], float(file["reach"]), float(file["top"]),
                [positions[a:b] for a, b in pairwise(offsets)],
                file["occupied"], file["matched"], tuple(map(float, file["lengths"])),
                tuple(map(bool, file["periodic"])), file["known"], json.loads(str(file["about"])),
            )  # fmt: skip
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"This is no recording of denoising: {str(error)[:100]}.") from None


def make_recording(
    *,
    grid: Grid,
    times: Sequence[float],
    state: np.ndarray,
    estimate: np.ndarray,
    reach: float,
    atoms: list[np.ndarray],
    nearest_neighbour: float,
    about: dict[str, Any],
    known: np.ndarray | None = None,
    layers: tuple[int, int] | None = None,
) -> Recording:
    """A film from what a sampler went through.

    Args:
        grid: the voxels; positions, lengths and `nearest_neighbour` are in one unit.
        state, estimate: (S + 1, X, Y, Z) atoms a voxel.
        reach: of the bytes of `state`; 0 puts them on the scale of the estimate.
        layers: the voxel layers low <= z < high alone count as occupied or not; by default all.
    """
    low, high = layers or (0, grid.shape[2])
    seen = estimate if reach else state
    top = max(float(np.quantile(estimate[-1], 0.9995)), 0.1)
    return Recording(
        t=np.array(times, dtype=float),
        state=_bytes((state + reach) / (2 * reach) if reach else state / top),
        estimate=_bytes(estimate / top),
        reach=reach,
        top=top,
        atoms=atoms,
        occupied=(seen[..., low:high] > OCCUPIED).mean(axis=(1, 2, 3)),
        matched=np.array([share_in_place(one, atoms[-1], grid, MATCH * nearest_neighbour) for one in atoms]),
        lengths=grid.lengths,
        periodic=grid.periodic,
        known=np.zeros((0, 3)) if known is None else known,
        about=about,
    )


def share_in_place(found: np.ndarray, final: np.ndarray, grid: Grid, cutoff: float) -> float:
    """Share of the final atoms that have one of the found within ``cutoff``; both (N, 3), unwrapped or not."""
    from scipy.spatial import cKDTree

    if len(found) == 0 or len(final) == 0:
        return 0.0
    # An open axis has room enough around it that nothing is a neighbour through it.
    box = np.array([n if wraps else 4 * n for n, wraps in zip(grid.lengths, grid.periodic, strict=True)])
    tree = cKDTree(found % box, boxsize=box)
    return float((tree.query(final % box)[0] <= cutoff).mean())


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)
