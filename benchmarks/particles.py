"""Seconds and memory of a structure from the particle model, over samplers and supercells."""

from __future__ import annotations

import resource
import time

from benchmarks.measure import quantity, table
from gcd.checkpoints import available
from gcd.generate import generate_particles
from gcd.structures.crystals import PHASES

# (sampler, steps, cells along each axis); the largest supercells last, because memory only grows
CASES = [("ode", 128, 4), ("sde", 128, 4), ("restart", 128, 4), ("ode", 16, 6), ("ode", 16, 8)]


def run(quick: bool = False) -> None:
    """Every case for every phase that has a model; each model is loaded and warm before it is timed."""
    phases = [phase for phase in PHASES if f"particle-{phase}" in available()]
    if not phases:
        print("\n### Particle model\n\nNot measured: there are no trained models here.")
        return
    rows = []
    for phase in phases:
        generate_particles(phase, steps=2)
        for sampler, steps, cells in CASES[: 1 if quick else None]:
            atoms = PHASES[phase].atoms_per_cell * cells**3
            begin = time.perf_counter()
            generate_particles(phase, sampler=sampler, steps=steps, size=cells, seed=1)
            taken = time.perf_counter() - begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            case = f"{phase}, {sampler}, {steps} steps, {cells}x{cells}x{cells}"
            rows.append([case, f"{atoms:,}", quantity(taken), f"{peak:,.0f}"])
    table(
        "Particle model, from random positions",
        ["phase, sampler, steps, supercell", "atoms", "s a structure", "peak MB of the process"],
        rows,
        "One run each, one structure at a time; the peak counts everything loaded and all cases before.",
    )


if __name__ == "__main__":
    run()
