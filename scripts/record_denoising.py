"""Make the recordings that the Denoising page ships: one crystal of each phase, with the checkpoints of this copy.

python scripts/record_denoising.py
"""

from __future__ import annotations

from pathlib import Path

from gcd.generate.recording import record_crystal
from gcd.structures.crystals import PHASES

FOLDER = Path(__file__).resolve().parent.parent / "pages" / "recordings"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for phase in PHASES:
        # Steps even in t: atoms appear while t is large, where steps even in lambda are few.
        recording = record_crystal(phase, seed=1, evaluations=30, order=1, spacing="t")
        path = recording.save(FOLDER / f"{phase}.npz")
        counts = " ".join(map(str, recording.counts))
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, atoms {counts}")
