"""Threads: the command that makes a crystal, alone and beside a program that holds one core.

Every other program on the machine is measured along with it; the load before the first pair is printed. The same pairs
are measured with threads that spin while they wait (OpenMP's default), which is what `gcd` sets otherwise.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import quantity, table
from benchmarks.models import trained_phases

# Any setting of a person's stands, so the default of libgomp, written out, is what the command would meet without gcd.
SPINNING = {"GOMP_SPINCOUNT": "300000"}
WAITS = {"asleep, as gcd sets it": {}, "spinning, OpenMP's default": SPINNING}


@contextmanager
def one_core_held() -> Iterator[None]:
    """A process that counts for as long as the block runs."""
    holder = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.2)
        yield
    finally:
        holder.kill()
        holder.wait()


def command_seconds(phase: str, settings: Mapping[str, str]) -> float:
    """Wall-clock seconds of `gcd sample crystal`, from its start to its end."""
    decided = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
    environment = {k: v for k, v in os.environ.items() if k not in decided} | dict(settings)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gcd", "sample", "crystal", "--phase", phase, "--device", "cpu"]
        begin = time.perf_counter()
        subprocess.run(
            [*command, "--out", folder],
            check=True,
            capture_output=True,
            env=environment,
            cwd=Path(__file__).resolve().parent.parent,
        )
        return time.perf_counter() - begin


def run(quick: bool = False) -> None:
    """Pairs of runs, alone and beside the other program in turn; medians, and the median ratio within a pair."""
    phases = trained_phases()
    if not phases:
        print("\n### Threads\n\nNot measured: there are no trained models here.")
        return
    phase = "bcc" if "bcc" in phases else phases[0]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    command_seconds(phase, {})  # what it reads is then in memory for all
    pairs: dict[str, list[tuple[float, float]]] = {wait: [] for wait in WAITS}
    for _ in range(1 if quick else 5):
        for wait, settings in WAITS.items():
            alone = command_seconds(phase, settings)
            with one_core_held():
                pairs[wait].append((alone, command_seconds(phase, settings)))
    rows = []
    for wait, times in pairs.items():
        ratios = [beside / alone for alone, beside in times]
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        rows.append(
            [
                wait,
                *map(quantity, medians),
                quantity(statistics.median(ratios)),
                f"{quantity(min(ratios))} to {quantity(max(ratios))}",
            ]
        )
    table(
        f"Threads, `gcd sample crystal --phase {phase}` alone and beside a program that holds one core",
        ["threads wait", "alone, s", "beside, s", "ratio", "of all pairs"],
        rows,
        f"Load of the machine before: {load}, on {os.cpu_count()} cores. Medians of {len(times)} pairs.",
    )


if __name__ == "__main__":
    run()
