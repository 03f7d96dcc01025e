"""Run the searches of data/many-boundaries.toml: python scripts/search_many.py bcc --out FOLDER [--part 0/2].

Every search keeps its candidates as they come and goes on where it was. Most are relaxed as proposed; the others are
annealed shortly. What data/held-out.toml names is refused before anything runs.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path

from gcd.search.grip import SearchProgress, search
from gcd.search.proposals import Recipe

ROOT = Path(__file__).resolve().parent.parent
RECIPE = Recipe(steps=(300, 3000), still_share=0.6)


def main() -> None:
    """All searches of a phase, or every second of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=("bcc", "fcc"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the stores")
    parser.add_argument("--part", default="0/1", help="I/N: every N-th search, from the I-th on")
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    held = tomllib.loads((ROOT / "data/held-out.toml").read_text())[given.phase]
    plan = tomllib.loads((ROOT / "data/many-boundaries.toml").read_text())[given.phase]["searches"]
    for boundary, metal, _, _ in plan:
        if boundary in held["boundaries"] or metal in held["metals"]:
            raise SystemExit(f"{metal} {boundary} is held out.")
    given.out.mkdir(parents=True, exist_ok=True)
    for boundary, metal, repeats, count in plan[part::parts]:
        across, up = repeats
        begun = time.monotonic()
        store = given.out / f"{metal.lower()}-{boundary}-{across}x{up}.db"
        found: SearchProgress = search(
            boundary, metal, count=count, out=store, workers=1, recipe=RECIPE, repeats=(across, up)
        )
        lowest = min(found.lowest.items(), key=lambda item: item[1])
        print(
            f"{store.stem}: {found.done} candidates, {found.failed} failed, {found.unique} different, "
            f"{found.core_seconds:.0f} core-s, lowest {lowest[1]:.4f} at {lowest[0]:.4f}, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
