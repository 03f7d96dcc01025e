"""Encoder: atoms a second, against Eq. 1 written down in numpy and against numpy on the eight nearest voxels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import torch

from benchmarks.measure import quantity, table, together
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

AGREEMENT = 1e-6


def equation_1(positions: np.ndarray, grid: Grid) -> np.ndarray:
    """C_I = sum_a prod_alpha P(r_a, I), Eqs. 1 and 2 as they stand, on a periodic grid: every voxel for every atom."""
    voxels = np.zeros(grid.shape)
    for r in positions:
        p = []
        for x, n, size in zip(r, grid.shape, grid.voxel_size, strict=True):
            distance = np.abs(x / size - np.arange(n)) % n
            p.append(np.maximum(0, 1 - np.minimum(distance, n - distance)))  # the nearest periodic image
        voxels += p[0][:, None, None] * p[1][None, :, None] * p[2][None, None, :]
    return voxels


def eight_voxels(positions: np.ndarray, grid: Grid) -> np.ndarray:
    """The same with numpy's scatter: only the eight voxels that an atom touches."""
    voxels = np.zeros(grid.shape)
    r = positions / np.array(grid.voxel_size)
    below = np.floor(r)
    fraction = r - below
    for corner in product((0, 1), repeat=3):
        index = (below.astype(int) + corner) % np.array(grid.shape)
        weight = np.prod(np.where(corner, fraction, 1 - fraction), axis=1)
        np.add.at(voxels, tuple(index.T), weight)
    return voxels


def cases() -> list[tuple[str, Grid, int, int]]:
    """(name, grid, atoms, structures): the training cells, and larger."""
    return [
        ("64 atoms, 24x24x24", Grid((24, 24, 24), (13.4, 13.4, 13.4)), 64, 1),
        ("256 atoms, 24x24x24", Grid((24, 24, 24), (14.4, 14.4, 14.4)), 256, 1),
        ("128 atoms, 20x20x20, batch 32", Grid((20, 20, 20), (12.7, 12.7, 12.7)), 128, 32),
        ("2,048 atoms, 48x48x48", Grid((48, 48, 48), (28.9, 28.9, 28.9)), 2048, 1),
    ]


def run(quick: bool = False) -> None:
    """Check that the three agree, then time them in turn."""
    rng = np.random.default_rng(0)
    rows = []
    for name, grid, atoms, count in cases()[: 2 if quick else None]:
        structures = rng.random((count, atoms, 3)) * grid.lengths
        flat = torch.from_numpy(structures.reshape(-1, 3))
        index = torch.arange(count).repeat_interleave(atoms)

        ours = encode(flat, grid, structure_index=index, count=count).numpy()
        for reference in (equation_1, eight_voxels):
            error = np.abs(ours[0] - reference(structures[0], grid)).max()
            if not error < AGREEMENT:
                raise SystemExit(
                    f"{reference.__name__} and encode differ by {error:.1e} on {name}: nothing timed."
                )

        works = works_of(structures, flat, index, grid)
        slow, numpy_time, torch_time = together(works, least=0.2 if quick else 1.0, repeats=3)
        total = atoms * count
        rows.append(
            [
                name,
                quantity(total / torch_time),
                quantity(total / numpy_time),
                quantity(total / slow),
                f"{quantity(slow / torch_time, 2)} x",
                f"{quantity(numpy_time / torch_time, 2)} x",
            ]
        )
    table(
        "Encoder, atoms a second (double precision)",
        ["structure", "encode", "numpy, 8 voxels", "numpy, Eq. 1", "against Eq. 1", "against 8 voxels"],
        rows,
        f"All three agree to {AGREEMENT:.0e} on each structure; that was checked before timing.",
    )


def works_of(
    structures: np.ndarray, flat: torch.Tensor, index: torch.Tensor, grid: Grid
) -> list[Callable[[], object]]:
    """Eq. 1, the eight voxels, and ours, each over all structures."""
    count = len(structures)
    return [
        lambda: [equation_1(s, grid) for s in structures],
        lambda: [eight_voxels(s, grid) for s in structures],
        lambda: encode(flat, grid, structure_index=index, count=count),
    ]


if __name__ == "__main__":
    run()
