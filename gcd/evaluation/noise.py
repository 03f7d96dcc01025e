"""How much disorder the particle model can undo: the paper's Fig. 2 as a table and a plot, for any sampler.

A start is the ideal crystal under displacements sigma, or random positions. Samples are kept as JSON lines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gcd.evaluation.crystals import EVALUATION_SEED
from gcd.evaluation.samples import (
    BINS,
    DETAILED,
    R_MAX,
    append_lines,
    column,
    distribution,
    mean,
    measure,
    read_lines,
)
from gcd.particles.samplers import Restart
from gcd.requests import ParticleRequest
from gcd.structures.crystals import Phase, check_phase, lattice_constant_of

SHELL = 0.05  # half width of the first shell of a sharp g(r), in nearest-neighbour distances


@dataclass(frozen=True)
class NoiseSetting:
    """What a row of the table is about."""

    phase: str
    initial_sigma: float | None  # lattice constants; None: random positions
    sampler: str = "ode"
    steps: int = 128
    size: tuple[int, int, int] = (4, 4, 4)
    seed: int = EVALUATION_SEED
    checkpoint: str | None = None  # by default particle-PHASE
    restart: Restart = field(default_factory=Restart)  # of the restart sampler

    @property
    def label(self) -> str:
        """The sampler, with its restarts where they are not the usual ones."""
        return self.restart.label(self.sampler)

    @property
    def model(self) -> str:
        """Name of the checkpoint."""
        return self.checkpoint or f"particle-{self.phase}"

    @property
    def start(self) -> str:
        """The start in words."""
        return "random" if self.initial_sigma is None else f"{self.initial_sigma:g}"

    @property
    def stem(self) -> str:
        """The part of file names that says what is in the file; the weights are part of what it is."""
        from gcd.checkpoints import read_checkpoint

        size, weights = "x".join(map(str, self.size)), read_checkpoint(self.model).sha256[:8]
        how = self.restart.label(self.sampler, self.steps)
        return f"{self.phase}-{size}-{self.start}-{how}-seed{self.seed}-{weights}"


@dataclass(frozen=True)
class NoiseRow:
    """The table's row; displacements in nearest-neighbour distances, NaN where nothing could be matched."""

    phase: str
    size: str
    start: str
    sampler: str
    steps: int
    samples: int
    perfect: int
    sharp: (
        int  # structures with all neighbours of the first shell within 5 % of its distance, and none nearer
    )
    first_shell: float  # share of those neighbours, mean over structures
    median_rms: float
    q4: float
    q4_error: float  # mean minus ideal
    q6: float
    q6_error: float
    minimum_distance: float  # Å, the smallest of all
    seconds: float  # a structure, median
    device: str
    model: str
    weights: str
    seed: int


TITLES = {
    "phase": "phase",
    "size": "cells",
    "start": "start (sigma / a)",
    "sampler": "sampler",
    "steps": "steps",
    "samples": "samples",
    "perfect": "perfect",
    "sharp": "sharp g(r)",
    "first_shell": "first shell",
    "median_rms": "median rms",
    "q4": "q4",
    "q4_error": "q4 - ideal",
    "q6": "q6",
    "q6_error": "q6 - ideal",
    "seconds": "s each",
    "device": "device",
}


def noise_samples(
    setting: NoiseSetting,
    count: int,
    work: Path,
    *,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """At least ``count`` samples of a setting, measured: all that are in the working folder, and those that lack.

    Raises:
        ValueError: a setting out of range.
        CheckpointError: a model that is missing or damaged.
    """
    from gcd.generate.particles import Started

    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{setting.stem}.jsonl"
    samples = read_lines(path)
    while len(samples) < count:
        told = Started(None)
        made = ParticleRequest(
            setting.phase,
            count=min(5, count - len(samples)),
            size=setting.size,
            initial_sigma=setting.initial_sigma,
            sampler=setting.sampler,
            steps=setting.steps,
            restarts=setting.restart.times,
            restart_time=setting.restart.t,
            seed=setting.seed,
            device=device,
            checkpoint=setting.checkpoint,
            first=len(samples),
        ).run(told)
        new = [_measure(final, initial, setting) for final, initial in zip(made, told.starts, strict=True)]
        append_lines(path, new)
        samples += new
        if progress is not None:
            progress(len(samples), count)
    return samples


def _measure(final: Any, initial: Any, setting: NoiseSetting) -> dict[str, Any]:
    sample = measure(final, setting.phase, setting.size)
    sample["first_shell"] = round(first_shell(distribution(final), setting.phase), 6)
    if sample["index"] < DETAILED:
        sample["g_initial"] = distribution(initial).round(4).tolist()
    return sample


def first_shell(g: np.ndarray, phase: str) -> float:
    """Neighbours within 5 % of the nearest-neighbour distance, as a share of those in the ideal crystal."""
    entry = check_phase(phase)
    edges = np.linspace(0, R_MAX, BINS + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    number = entry.atoms_per_cell * g * 4 / 3 * math.pi * np.diff(edges**3)
    near = np.abs(middle / entry.nearest_neighbour - 1) <= SHELL
    return float(number[near].sum()) / entry.neighbour_count


def is_sharp(sample: dict[str, Any], entry: Phase) -> bool:
    """Whether g(r) has the crystal's first shell, whole, and nothing before it.

    Two atoms on one site and none on another leave as many neighbours on average as the crystal has.
    """
    nearest = entry.nearest_neighbour * lattice_constant_of(entry.name)
    return bool(sample["first_shell"] > 1 - 1e-3 and sample["minimum_distance"] > (1 - 2 * SHELL) * nearest)


def summarise(setting: NoiseSetting, samples: Sequence[dict[str, Any]]) -> NoiseRow:
    """The row of a setting's samples."""
    from gcd.checkpoints import read_checkpoint

    entry = check_phase(setting.phase)
    rms = column(samples, "rms_displacement")
    return NoiseRow(
        phase=setting.phase,
        size="x".join(map(str, setting.size)),
        start=setting.start,
        sampler=setting.label,
        steps=setting.steps,
        samples=len(samples),
        perfect=sum(sample["perfect"] for sample in samples),
        sharp=sum(is_sharp(sample, entry) for sample in samples),
        first_shell=mean(samples, "first_shell"),
        median_rms=float(np.median(rms)) if len(rms) else float("nan"),
        q4=mean(samples, "q4"),
        q4_error=mean(samples, "q4") - entry.q4,
        q6=mean(samples, "q6"),
        q6_error=mean(samples, "q6") - entry.q6,
        minimum_distance=float(column(samples, "minimum_distance").min(initial=np.inf)),
        seconds=float(np.median(column(samples, "seconds"))),
        device=str(samples[0]["device"]),
        model=setting.model,
        weights=read_checkpoint(setting.model).sha256[:8],
        seed=setting.seed,
    )


def as_dict(row: NoiseRow) -> dict[str, Any]:
    """Plain values, for tables and JSON."""
    return asdict(row)
