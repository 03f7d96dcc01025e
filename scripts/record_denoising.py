"""Make the films that the Denoising page ships, with the checkpoints of this copy: one of each model that is there.

python scripts/record_denoising.py [NAME ...]     for instance particle-sc boundary-window
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from gcd.checkpoints import CheckpointError
from gcd.generate.record import record_boundary, record_crystal, record_particles
from gcd.generate.recording import Recording
from gcd.structures.crystals import PHASES

FOLDER = Path(__file__).resolve().parent.parent / "pages" / "parts" / "denoising" / "recordings"

# Steps even in t: atoms appear while t is large, where steps even in lambda are few.
FILMS: Mapping[str, Callable[[], Recording]] = (
    {phase: partial(record_crystal, phase, seed=1, evaluations=30, order=1, spacing="t") for phase in PHASES}
    | {f"particle-{phase}": partial(record_particles, phase, seed=1, sampler="sde", steps=30) for phase in PHASES}
    | {
        f"boundary-{model}": partial(record_boundary, model=model, seed=1, evaluations=30, order=1, time_spacing="t")
        for model in ("window", "full")
    }
)  # fmt: skip


def main(names: list[str]) -> int:
    """Record the films of those names, or all; 1 when one of them was named and could not be made."""
    if unknown := set(names) - set(FILMS):
        print(
            f"There is no film {', '.join(sorted(unknown))}; there are {', '.join(FILMS)}.", file=sys.stderr
        )
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name in names or FILMS:
        try:
            recording = FILMS[name]()
        except CheckpointError as error:
            print(f"{name}: left out. {error}", file=sys.stderr)
            if names:
                return 1
            continue
        path = recording.save(FOLDER / f"{name}.npz")
        counts = " ".join(map(str, recording.counts))
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, atoms {counts}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
