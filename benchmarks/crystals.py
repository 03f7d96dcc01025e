"""Seconds a crystal, noise to atoms, over evaluations, batch and supercell."""

from __future__ import annotations

import time

from benchmarks.measure import quantity, table
from benchmarks.models import trained_phases
from gcd import checkpoints
from gcd.generate import fast_settings, generate_crystals

# (evaluations, count, cells along each axis); None for the evaluations of the checkpoint's "fast" setting
CASES: list[tuple[int | None, int, int]] = [
    (60, 8, 4),
    (30, 8, 4),
    (15, 8, 4),
    (None, 8, 4),
    (60, 1, 4),
    (None, 1, 4),
    (60, 2, 6),
    (60, 1, 8),
]


def run(quick: bool = False) -> None:
    """Every case for every phase that has a model; the models are loaded before anything is timed."""
    phases = trained_phases()
    if not phases:
        print("\n### Seconds a crystal\n\nNot measured: there are no trained models here.")
        return
    for phase in phases:
        generate_crystals(phase, evaluations=3, seed=0)
    rows = []
    for evaluations, count, cells in CASES[: 4 if quick else None]:
        taken, label = [], f"{evaluations} evaluations"
        for phase in phases:
            n, order = evaluations or 60, 3
            if evaluations is None:
                fast = fast_settings(checkpoints.read_checkpoint(f"crystal-{phase}"), (cells,) * 3)
                if fast is None:
                    taken.append("-")
                    label = "fast"
                    continue
                n, order = fast.evaluations, fast.order
                label = "fast"
            begin = time.perf_counter()
            generate_crystals(
                phase, count=count, size=(cells, cells, cells), seed=1, evaluations=n, order=order
            )
            each = (time.perf_counter() - begin) / count
            taken.append(quantity(each) + (f" (NFE {n}, order {order})" if evaluations is None else ""))
        rows.append([f"{label}, batch {count}, {cells}x{cells}x{cells}", *taken])
    table(
        "Seconds a crystal, noise to atoms",
        ["evaluations, batch, supercell", *phases],
        rows,
        "One run each, decoding included, models in memory.",
    )


if __name__ == "__main__":
    run()
