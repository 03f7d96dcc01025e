"""The job behind both pages: generate crystals, look at each, keep the pictures of how the first one condensed."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.analysis.matching import match_crystal
from gcd.analysis.rdf import radial_distribution
from gcd.analysis.steinhardt import steinhardt
from gcd.generate import Progress
from gcd.generate.crystals import Told
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_COUNT, MAX_PAGE_VOXELS
from gcd.requests import CrystalRequest
from gcd.structures.crystals import PHASES
from gcd.views.voxels import frame

if TYPE_CHECKING:
    from ase import Atoms

MAX_FRAMES = 24
SAMPLING_SHARE = 0.97  # of the progress bar; the rest is the analysis


def check_for_page(settings: CrystalRequest, phases: list[str]) -> None:
    """ValueError, in one sentence, for what a web page does not take on although the package would.

    ``phases`` are those with a checkpoint.
    """
    if settings.phase not in phases:
        raise ValueError(
            f"There is no checkpoint for {settings.phase.upper()} here, or none for the decoder."
        )
    most = min(MAX_PAGE_COUNT, MAX_PAGE_VOXELS // settings.grid.count)
    if settings.count > most:
        raise ValueError(
            f"A page makes at most {most} samples of {settings.grid.count:,} voxels in one go, "
            f"not {settings.count}; the command line takes more."
        )


@dataclass(frozen=True)
class Sample:
    """One generated crystal and what was measured on it, atom by atom."""

    atoms: Atoms
    perfect: bool
    rms_displacement: float  # nearest-neighbour distances
    displacements: np.ndarray  # (N,) the same, of each atom from its ideal site
    q4: np.ndarray  # (N,)
    q6: np.ndarray  # (N,)


@dataclass(frozen=True)
class CrystalRun:
    """What a job leaves behind."""

    settings: CrystalRequest
    samples: list[Sample]
    voxels: np.ndarray  # (count, X, Y, Z), atoms a voxel
    frames: list[dict[str, Any]] = field(repr=False)  # how the first sample condensed
    rdf: tuple[np.ndarray, np.ndarray] = field(repr=False)  # r (Å), g, over all samples
    device: str = ""

    def table(self) -> list[dict[str, Any]]:
        """One row a sample."""
        rows = []
        for sample in self.samples:
            info = sample.atoms.info
            rows.append(
                {
                    "sample": info["index"],
                    "atoms": len(sample.atoms),
                    "expected": info["expected_atoms"],
                    "perfect": sample.perfect,
                    "rms displacement": sample.rms_displacement,
                    "q4": _mean(sample.q4),
                    "q6": _mean(sample.q6),
                    "seconds": info["seconds"],
                }
            )
        return rows


def run_crystals(report: Report, *, wanted: CrystalRequest) -> CrystalRun:
    """Generate and measure."""
    frames: list[dict[str, Any]] = []
    every = max(1, -(-wanted.evaluations // wanted.order // MAX_FRAMES))
    steps = 0

    def on_progress(progress: Progress) -> None:
        nonlocal steps
        picture = frame(progress.preview) | {
            "id": f"{id(frames)}-{progress.done}",
            "label": f"t = {progress.t:.2f} · {progress.done:,} of {progress.total:,} evaluations",
        }
        if progress.sample == 0:
            steps += 1
            if steps % every == 0 or progress.t < 0.01:
                spent = steps * wanted.order  # of this crystal alone; the bar counts those of all
                label = f"t = {progress.t:.2f} · {spent:,} of {wanted.evaluations:,} evaluations"
                frames.append(picture | {"label": label})
        ordinal = f"sample {progress.sample + 1} of {wanted.count}" if wanted.count > 1 else "one sample"
        report(SAMPLING_SHARE * progress.done / progress.total, f"Denoising {ordinal}", picture)

    report(0.0, "Loading the model")
    told = Told(on_progress, keep_voxels=True)
    structures = wanted.run(told)
    samples = []
    for i, atoms in enumerate(structures):
        share = SAMPLING_SHARE + (1 - SAMPLING_SHARE) * i / len(structures)
        report(share, f"Measuring sample {i + 1} of {len(structures)}")
        samples.append(measure(atoms, wanted))
    filled = [atoms for atoms in structures if len(atoms)]
    rdf = radial_distribution(filled) if filled else (np.zeros(0), np.zeros(0))
    return CrystalRun(wanted, samples, np.concatenate(told.arrays), frames, rdf, structures[0].info["device"])


def measure(atoms: Atoms, settings: CrystalRequest) -> Sample:
    """Match one crystal to the ideal one, and its q4 and q6."""
    match = match_crystal(atoms, settings.phase, settings.size)
    order = steinhardt(atoms, neighbours=PHASES[settings.phase].neighbour_count)
    return Sample(atoms, match.perfect, match.rms_displacement, match.displacements, order[4], order[6])


@functools.lru_cache(maxsize=32)
def ideal_shells(phase: str, lattice_constant: float) -> tuple[tuple[float, int], ...]:
    """(radius in Å, neighbours) of the ideal crystal's shells."""
    return tuple((radius * lattice_constant, count) for radius, count in PHASES[phase].shells)


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
