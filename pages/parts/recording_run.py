"""The job of Denoising: record one crystal."""

from __future__ import annotations

from gcd.checkpoints import read_config
from gcd.diffusion.samplers import check_evaluations
from gcd.generate.recording import Recording, record_crystal
from gcd.jobs import Report
from gcd.limits import check_integer, check_seed
from gcd.structures.crystals import check_phase

MOST_CELLS = 6  # along each edge: FCC has 46,656 voxels then
MOST_STEPS = 60  # that a browser is sent


def check_recording(*, phase: str, cells: int, seed: int, evaluations: int, order: int, spacing: str) -> None:
    """ValueError, in one sentence, for what a page does not record."""
    read_config(f"crystal-{check_phase(phase).name}")
    check_integer("the number of cells", cells, 1, MOST_CELLS)
    check_seed(seed)
    check_evaluations(evaluations, order, spacing)
    if evaluations // order > MOST_STEPS:
        raise ValueError(
            f"A page records up to {MOST_STEPS} steps, which are {MOST_STEPS * order} evaluations of order {order}, "
            f"not {evaluations}."
        )


def run_recording(
    report: Report, *, phase: str, cells: int, seed: int, evaluations: int, order: int, spacing: str
) -> Recording:
    """The film of the crystal with these settings."""
    check_recording(
        phase=phase, cells=cells, seed=seed, evaluations=evaluations, order=order, spacing=spacing
    )
    report(0.0, "Loading the model")

    def on_step(done: int, total: int) -> None:
        report(0.8 * done / total, "Denoising" if done < total else "Decoding every step")

    return record_crystal(
        phase, size=cells, seed=seed, evaluations=evaluations, order=order, spacing=spacing, callback=on_step
    )
