"""Random structures from sparse to full: how often the decoder counts them wrongly, and how often one must at least.

python -m benchmarks.decoder_limits --count 400
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from benchmarks.measure import machine, table
from gcd.checkpoints import load_decoder
from gcd.evaluation.decoder import NOISE, compare
from gcd.evaluation.decoder_limits import informed_count_errors
from gcd.training.decoder_structures import random_addition
from gcd.training.selection import grid_of
from gcd.voxels.decoder import decode
from gcd.voxels.encoder import encode

SHORTEST, EDGE = 2.6, 16  # voxels
FILLINGS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the saturated number


def main() -> None:
    """The table, a row a filling."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoder_limits", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="structures that are decoded (default 400)")
    parser.add_argument("--limit", type=int, default=100, help="of them, for the limit (default 100)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    decoder = load_decoder()
    rows = []
    for filling in FILLINGS:
        rng = np.random.default_rng([arguments.seed, round(100 * filling)])
        generator = torch.Generator().manual_seed(arguments.seed)
        samples = [random_addition(rng, SHORTEST, filling, edge=EDGE) for _ in range(arguments.count)]
        wrong = missed = extra = 0
        for sample in samples:
            grid = grid_of(sample)
            clean = encode(torch.as_tensor(sample.positions, dtype=torch.float32), grid)
            (found,) = decode(decoder, clean + NOISE * torch.randn(clean.shape, generator=generator), grid)
            _, m, e = compare(sample, found)
            wrong, missed, extra = wrong + (len(found) != len(sample.positions)), missed + m, extra + e
        floor = 100 * informed_count_errors(samples[: arguments.limit], SHORTEST, seed=arguments.seed)
        error = floor.sum(1).std() / len(floor) ** 0.5
        rows.append(
            [
                f"{filling:g}",
                f"{np.mean([len(s.positions) for s in samples]):.0f}",
                f"{wrong} of {len(samples)}",
                f"{missed} / {extra}",
                f"{100 * wrong / len(samples):.1f}",
                f"{floor.sum(1).mean():.1f} +- {error:.1f} ({floor[:, 0].mean():.1f} / {floor[:, 1].mean():.1f})",
            ]
        )
        print(" ".join(rows[-1]), flush=True)
    table(
        f"Random structures {SHORTEST} voxels apart in {EDGE}^3 voxels, noise {NOISE}",
        ["filling", "atoms", "miscounted", "missed / extra", "of 100", "limit of 100 (missed / extra)"],
        rows,
    )


if __name__ == "__main__":
    main()
