"""Voxel and particle model side by side: the paper's Fig. 4 as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gcd.evaluation.crystals import Row, Setting
from gcd.evaluation.noise import NoiseRow, NoiseSetting, noise_samples, summarise
from gcd.evaluation.noise_plots import models_plot
from gcd.evaluation.tables import markdown, write_csv
from gcd.files import write_text

Samples = list[dict[str, Any]]


@dataclass(frozen=True)
class ModelRow:
    """The table's row, the same figures for both models; displacements in nearest-neighbour distances."""

    phase: str
    model: str
    start: str
    sampler: str
    evaluations: int
    samples: int
    perfect: int
    median_rms: float
    q4: float
    q4_error: float  # mean minus ideal
    q6: float
    q6_error: float
    seconds: float  # a structure, median
    device: str


TITLES = {
    "phase": "phase",
    "model": "model",
    "start": "start",
    "sampler": "sampler",
    "evaluations": "evaluations",
    "samples": "samples",
    "perfect": "perfect",
    "median_rms": "median rms",
    "q4": "q4",
    "q4_error": "q4 - ideal",
    "q6": "q6",
    "q6_error": "q6 - ideal",
    "seconds": "s each",
    "device": "device",
}

PARTICLE_SAMPLERS = (("ode", 128), ("sde", 128), ("restart", 128), ("ode", 1000), ("sde", 1000))


def models_table(voxel: Sequence[Row], particle: Sequence[NoiseRow]) -> list[dict[str, Any]]:
    """One row a model, phase and sampler; both start from as much noise as there is."""
    from gcd.particles.samplers import evaluations_of

    same = (
        "phase",
        "samples",
        "perfect",
        "median_rms",
        "q4",
        "q4_error",
        "q6",
        "q6_error",
        "seconds",
        "device",
    )
    rows = [
        ModelRow(
            model="voxel",
            start="noise",
            sampler=f"DPM-Solver-{row.order}",
            evaluations=row.evaluations,
            **{name: getattr(row, name) for name in same},
        )
        for row in voxel
    ]
    rows += [
        ModelRow(
            model="particle",
            start=row.start,
            sampler=row.sampler,
            evaluations=evaluations_of(row.sampler, row.steps),
            **{name: getattr(row, name) for name in same},
        )
        for row in particle
    ]
    phases = list(dict.fromkeys(row.phase for row in rows))
    return [asdict(row) for row in sorted(rows, key=lambda row: phases.index(row.phase))]


def particle_settings(phases: Sequence[str], size: tuple[int, int, int]) -> list[NoiseSetting]:
    """The particle models of these phases from random positions, with each sampler.

    Raises:
        CheckpointError: a phase without a particle model.
    """
    from gcd.checkpoints import read_checkpoint

    for phase in phases:
        read_checkpoint(f"particle-{phase}")
    return [
        NoiseSetting(phase, None, sampler, steps, size)
        for phase in phases
        for sampler, steps in PARTICLE_SAMPLERS
    ]


def compare_models(
    voxel: Mapping[Setting, Samples],
    voxel_rows: Sequence[Row],
    settings: Sequence[NoiseSetting],
    count: int,
    out: Path,
    *,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Sample the particle models where that is missing, and write models.csv, models.md and models.png.

    Args:
        voxel: what the voxel models made, one setting a phase.
        settings: of the particle models.
        count: particle structures a setting.

    Returns:
        The table, and the files written.
    """
    particle: dict[NoiseSetting, Samples] = {}
    for setting in settings:

        def report(done: int, _: int, before: int = count * len(particle)) -> None:
            if progress is not None:
                progress(before + done, count * len(settings))

        particle[setting] = noise_samples(
            setting, count, out / "work" / "noise", device=device, progress=report
        )
    table = models_table(voxel_rows, [summarise(setting, of_it) for setting, of_it in particle.items()])
    csv, picture = out / "models.csv", out / "models.png"
    write_csv(csv, table)
    write_text(csv.with_suffix(".md"), markdown(table, TITLES))
    of_phase: dict[str, dict[str, Samples]] = {}
    for setting, of_it in particle.items():
        of_phase.setdefault(setting.phase, {})[f"{setting.sampler}, {setting.steps} steps"] = of_it
    models_plot({setting.phase: of_it for setting, of_it in voxel.items()}, of_phase, picture)
    return table, [csv, csv.with_suffix(".md"), picture]
