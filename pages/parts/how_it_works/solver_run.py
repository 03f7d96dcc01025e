"""The job behind the solver's curves: how far few evaluations of a real model stay from a fine solution."""

from __future__ import annotations

import torch

from gcd.diffusion.accuracy import solver_errors
from gcd.diffusion.prediction import denoiser_of
from gcd.diffusion.samplers import dpm_solver
from gcd.generate import VoxelModel, initial_noise
from gcd.jobs import Report
from gcd.limits import check_seed
from gcd.structures.crystals import check_phase, crystal_grid

EVALUATIONS = (3, 6, 12, 18, 30, 60)
REFERENCE = 300  # evaluations of order 3
ORDERS = (1, 2, 3)
CELLS = 4


def run_solver_errors(report: Report, *, phase: str, seed: int) -> dict[int, list[tuple[int, float]]]:
    """Order -> [(evaluations, rms error in atoms per voxel)] of a phase's model, from one array of noise."""
    entry = check_phase(phase)
    check_seed(seed)
    grid = crystal_grid(entry.name, CELLS)
    report(0.0, "Loading the model")
    model = VoxelModel.load(f"crystal-{entry.name}", torch.device("cpu"))
    denoiser = denoiser_of(model.unet, model.schedule, model.checkpoint.prediction, grid.periodic)
    t_end = model.checkpoint.t_end
    noise = initial_noise(grid, seed, 0)[None, None]
    total = REFERENCE + sum(count for order in ORDERS for count in EVALUATIONS if count % order == 0)
    spent = 0

    def count_evaluations(x: torch.Tensor, t: float) -> torch.Tensor:
        nonlocal spent
        report(spent / total, words)
        spent += 1
        return denoiser(x, t)

    words = f"A fine solution, {REFERENCE} evaluations"

    def before(order: int, evaluations: int) -> None:
        nonlocal words
        words = f"Order {order}, {evaluations} evaluations"

    with torch.inference_mode():
        fine = dpm_solver(
            count_evaluations, noise, model.schedule, evaluations=REFERENCE, order=3, t_end=t_end
        )
        errors = solver_errors(
            count_evaluations,
            noise,
            fine,
            model.schedule,
            EVALUATIONS,
            orders=ORDERS,
            t_end=t_end,
            callback=before,
        )
    return {order: [(n, error * model.scale) for n, error in points] for order, points in errors.items()}
