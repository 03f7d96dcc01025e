"""Cold start: a fresh process, from its first line to its first crystal."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.measure import quantity, table
from benchmarks.models import trained_phases

SCRIPT = """
import json, time
begin = time.perf_counter()
marks = {}
def mark(name):
    marks[name] = time.perf_counter() - begin
import torch; mark("import torch")
import gcd; from gcd.generate import generate_crystals; mark("import gcd.generate")
generate_crystals("PHASE", seed=0, evaluations=3); mark("load the models, 3 evaluations")
generate_crystals("PHASE", seed=0); mark("a crystal, 60 evaluations")
print(json.dumps(marks))
"""


def run(quick: bool = False) -> None:
    """Start Python anew a few times; the median of each stage."""
    phases = trained_phases()
    if not phases:
        print("\n### Cold start\n\nNot measured: there are no trained models here.")
        return
    phase = "bcc" if "bcc" in phases else phases[0]
    runs = []
    for _ in range(1 if quick else 3):
        begin = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT.replace("PHASE", phase)], check=True, capture_output=True, text=True
        )
        marks = json.loads(result.stdout.splitlines()[-1])
        runs.append({**marks, "process ends": time.perf_counter() - begin})
    rows, before = [], 0.0
    for stage in runs[0]:
        at = sorted(r[stage] for r in runs)[len(runs) // 2]
        rows.append([stage, quantity(at - before), quantity(at)])
        before = at
    table(f"Cold start, {phase}, fresh process", ["stage", "seconds", "since start"], rows)


if __name__ == "__main__":
    run()
