"""Films of denoising: every step of a crystal's way from noise, with the atoms that the decoder finds at each."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from gcd import limits
from gcd.checkpoints import load_decoder
from gcd.diffusion.samplers import Step, check_evaluations
from gcd.files import atomic_file
from gcd.generate.voxel_model import VoxelModel, initial_noise
from gcd.structures.crystals import check_phase, check_size, crystal_grid
from gcd.voxels.decoder import decode
from gcd.voxels.grid import Grid

OCCUPIED = 0.05  # atoms a voxel, p_thre of Eq. 4
MATCH = 0.1  # of the nearest-neighbour distance: how far an atom may be from one of the final structure


@dataclass(frozen=True)
class Recording:
    """One crystal's way from noise, in S solver steps and the noise before them.

    Attributes:
        t: (S + 1,) times, from 1 down.
        state: (S + 1, X, Y, Z) bytes of x_t in atoms a voxel: 0 is -reach, 255 is +reach.
        estimate: (S + 1, X, Y, Z) bytes of the model's estimate of the final voxels: 0 is none, 255 is top.
        reach, top: what the bytes stand for, in atoms a voxel.
        atoms: S + 1 arrays (N, 3), decoded from the estimates, in lattice constants.
        occupied: (S + 1,) share of voxels whose estimate holds more than 0.05 atoms.
        matched: (S + 1,) share of the final structure's atoms that have one at their place.
        about: phase, size, seed, evaluations, order, spacing, checkpoint and its sha256, gcd_version.
    """

    t: np.ndarray
    state: np.ndarray
    estimate: np.ndarray
    reach: float
    top: float
    atoms: list[np.ndarray]
    occupied: np.ndarray
    matched: np.ndarray
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> np.ndarray:
        """(S + 1,) numbers of atoms."""
        return np.array([len(atoms) for atoms in self.atoms])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a compressed npz; whole or not at all."""
        offsets = np.concatenate([[0], np.cumsum(self.counts)])
        content = io.BytesIO()
        np.savez_compressed(
            content, t=self.t, state=self.state, estimate=self.estimate, reach=self.reach, top=self.top,
            positions=np.concatenate(self.atoms).astype(np.float32), offsets=offsets, occupied=self.occupied,
            matched=self.matched, about=json.dumps(self.about),
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
                file["occupied"], file["matched"], json.loads(str(file["about"])),
            )  # fmt: skip
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"This is no recording of denoising: {str(error)[:100]}.") from None


def record_crystal(
    phase: str,
    *,
    size: int | Sequence[int] = (4, 4, 4),
    seed: int = 0,
    evaluations: int = 60,
    order: int = 3,
    spacing: str = "lambda",
    device: str = "cpu",
    callback: Callable[[int, int], None] | None = None,
) -> Recording:
    """Generate one crystal, as :func:`gcd.generate_crystals` does, and keep every step.

    Args:
        phase, size, seed, evaluations, order, spacing: as there; the crystal is the same.
        device: "cpu" or "cuda".
        callback: called with (evaluations done, in all); raising `Cancelled` in it stops the work.

    Raises:
        ValueError: an argument outside the legal ones.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    import gcd

    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    limits.check_seed(seed)
    check_evaluations(evaluations, order, spacing)
    grid = crystal_grid(entry.name, cells, 1.0)  # lengths in lattice constants
    name = f"crystal-{entry.name}"
    where = torch.device(device)
    model, decoder = VoxelModel.load(name, where), load_decoder(where)
    noise = initial_noise(grid, seed, 0)[None].to(where)
    times, states, estimates = [1.0], [noise[0] * model.scale], []

    def keep(step: Step) -> None:
        times.append(step.t)
        states.append(step.x[0, 0] * model.scale)
        estimates.append(step.x0[0, 0] * model.scale)
        if callback is not None:
            callback(step.evaluations, step.total)

    with torch.inference_mode():
        model.sample(noise, grid, evaluations=evaluations, order=order, spacing=spacing, callback=keep)
        estimates.append(states[-1])
        atoms = decode(decoder, torch.stack(estimates), grid)
    state, estimate = torch.stack(states).cpu().numpy(), torch.stack(estimates).cpu().numpy()
    reach, top = 4.0 * model.scale, max(float(np.quantile(estimate[-1], 0.9995)), 0.1)
    about = {
        "phase": entry.name, "size": list(cells), "seed": int(seed), "evaluations": int(evaluations),
        "order": int(order), "spacing": spacing, "checkpoint": name, "sha256": model.config.get("sha256", ""),
        "gcd_version": gcd.__version__,
    }  # fmt: skip
    return Recording(
        np.array(times),
        _bytes((state + reach) / (2 * reach)),
        _bytes(estimate / top),
        reach,
        top,
        atoms,
        (estimate > OCCUPIED).mean(axis=(1, 2, 3)),
        np.array(
            [_share_in_place(found, atoms[-1], grid, MATCH * entry.nearest_neighbour) for found in atoms]
        ),
        about,
    )


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)


def _share_in_place(found: np.ndarray, final: np.ndarray, grid: Grid, cutoff: float) -> float:
    """Share of the final atoms that have one of the found within ``cutoff``."""
    from scipy.spatial import cKDTree

    if len(found) == 0 or len(final) == 0:
        return 0.0
    tree = cKDTree(found % grid.lengths, boxsize=grid.lengths)
    return float((tree.query(final % grid.lengths)[0] <= cutoff).mean())
