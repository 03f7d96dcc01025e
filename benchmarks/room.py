"""[n] of painted candidates over how far apart their ends are: python -m benchmarks.room --out results/room.csv.

The upper grain is lifted beyond perfect stacking by steps of 0.1 lattice constants; nothing is asked for. Excess volume
and the atoms of [n] planes share the room, so that [n] is near (lift - excess) / spacing of planes, up to whole planes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from gcd.checkpoints import ManyBoundariesCheckpoint
from gcd.evaluation.tables import write_csv
from gcd.generate import generate_boundaries
from gcd.generate.boundary_models import ROOM, model_of
from gcd.structures.bicrystals import potential_lattice_constant
from gcd.structures.boundary_names import find_boundary

BOUNDARIES = (("sigma5", "W"), ("sigma29", "W"), ("s5-310-001", "W"))
STEP = 0.1  # lattice constants


def distance(n: np.ndarray, expected: float) -> np.ndarray:
    """Between two [n], which are phases of one plane."""
    return np.abs((n - expected + 0.5) % 1 - 0.5)


def main() -> None:
    """One row a boundary and lift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("room.csv"))
    given = parser.parse_args()
    rows = []
    for name, metal in BOUNDARIES:
        found = model_of(name, metal, "any")
        assert isinstance(found, ManyBoundariesCheckpoint)
        spacing, a = find_boundary(name).spacing, potential_lattice_constant(metal)
        lifts = np.arange(-spacing / 2 + 1e-9, spacing / 2, STEP)
        for lift in lifts:
            made = generate_boundaries(
                name, model="any", metal=metal, count=given.count, seed=given.seed, spacing=float(lift) * a
            )
            assert isinstance(made, list)
            n = np.array([atoms.info["n"] for atoms in made if atoms.info["physical"]])
            expected = float((lift - found.excess[0] - ROOM) / spacing % 1)
            off = distance(n, expected)
            rows.append(
                {
                    "boundary": name,
                    "metal": metal,
                    "lift": round(float(lift), 3),
                    "expected_n": round(expected, 3),
                    "physical": len(n),
                    "of": given.count,
                    "median_off": round(float(np.median(off)), 3),
                    "by_chance": 0.25,
                }
            )
            print(rows[-1], flush=True)
    write_csv(given.out, rows)


if __name__ == "__main__":
    main()
