"""The radial distribution function g(r)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.analysis.neighbours import mean_spacing, reduced
from gcd.structures.cells import plane_distances

if TYPE_CHECKING:
    from ase import Atoms

SPACINGS = (
    3.0  # default r_max in units of (V / N)^(1/3): three lattice constants of SC, 2.4 of BCC, 1.9 of FCC
)


def radial_distribution(
    atoms: Atoms | Sequence[Atoms], r_max: float | None = None, bins: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """g(r) = (density of atoms at distance r from an atom) / (density of atoms), averaged over structures.

    Periodic structures may be smaller than 2 ``r_max``: they are repeated first. On an open axis there are no
    images, so that g falls below 1 at distances of the structure's own thickness; the density is that of the
    whole cell.

    Args:
        atoms: one structure or several; each weighs the same. One without pairs contributes zeros.
        r_max: largest distance in Å; by default 3 (V / N)^(1/3), averaged over the structures.
        bins: number of equal bins from 0 to ``r_max``.

    Returns:
        r (bins,), the centres of the bins in Å, and g (bins,).

    Raises:
        ValueError: no structure, no cell, or ``r_max`` or ``bins`` out of range.
    """
    structures: list[Any] = [atoms] if hasattr(atoms, "get_positions") else list(atoms)
    if not structures:
        raise ValueError("The radial distribution needs at least one structure; none was given.")
    if any(s.cell.rank < 3 for s in structures):
        raise ValueError(
            "The radial distribution needs a cell with a volume, which this structure does not have."
        )
    if r_max is None:
        r_max = SPACINGS * float(np.mean([mean_spacing(s) for s in structures]))
    if not 0 < r_max < math.inf:
        raise ValueError(f"The largest distance must be a finite number of Å above 0, not {r_max!r}.")
    if not 1 <= bins <= 100_000:
        raise ValueError(f"The number of bins must be from 1 to 100,000, not {bins!r}.")
    edges = np.linspace(0.0, r_max, bins + 1)
    g = np.mean([_g_of_one(s, r_max, bins) for s in structures], axis=0)
    return 0.5 * (edges[1:] + edges[:-1]), g


def _g_of_one(atoms: Atoms, r_max: float, bins: int) -> np.ndarray:
    import freud

    if len(atoms) == 0:
        return np.zeros(bins)
    atoms = reduced(atoms)
    cell = np.array(atoms.cell[:], dtype=float)  # a copy: open axes are stretched below
    fractional = atoms.positions @ np.linalg.inv(cell)
    volume = abs(np.linalg.det(cell))
    room = 2.0 * r_max * 1.001  # freud counts each pair once only where r_max is below half the shortest edge
    distances = plane_distances(cell)
    repeats = np.where(atoms.pbc, np.ceil(room / distances), 1).astype(int)
    for axis in np.flatnonzero(~atoms.pbc):
        low, high = fractional[:, axis].min(), fractional[:, axis].max()
        stretch = high - low + room / distances[axis]
        cell[axis] *= stretch
        fractional[:, axis] = (fractional[:, axis] - low) / stretch
    fractional = np.where(atoms.pbc, fractional % 1.0, fractional)
    shifts = np.stack(np.meshgrid(*(np.arange(r) for r in repeats), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    repeated = ((shifts + fractional) / repeats).reshape(-1, 3)
    box = freud.box.Box.from_matrix((cell * repeats[:, None]).T)
    rdf = freud.density.RDF(bins=bins, r_max=r_max)
    # The structure itself asks, its repetition answers: equal numbers are the atom itself and left out.
    points = box.make_absolute(repeated)
    rdf.compute(
        (box, points),
        query_points=points[: len(atoms)],
        neighbors={"mode": "ball", "r_max": r_max, "exclude_ii": True},
    )
    stretched = abs(np.linalg.det(cell)) / volume  # freud divides by the density of the stretched cell
    return np.asarray(rdf.rdf, dtype=float) / stretched
