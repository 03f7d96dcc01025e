"""Bond-orientational order and coordination of each atom.

q_l after Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983); the Voronoi-weighted form after
Mickel et al., J. Chem. Phys. 138, 044501 (2013). Both are computed by freud.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from gcd.analysis.neighbours import (
    Bonds,
    mean_spacing,
    nearest_neighbours,
    neighbours_within,
    reduced,
)
from gcd.limits import MAX_BLOCKS
from gcd.structures.cells import plane_distances
from gcd.structures.crystals import check_phase, ideal_crystal

if TYPE_CHECKING:
    from ase import Atoms

Neighbours = int | Literal["voronoi"]  # the rule by which an atom's neighbours are chosen

# Of a nearest-neighbour distance; counts 6 in SC, 8 + 6 in BCC and 12 in FCC and HCP, and lies in the gap
# behind those shells (1.414, 1.633, 1.414, 1.414), so that thermal motion does not change the number.
COORDINATION_FACTOR = 1.25
# In cells with the shortest vectors, Voronoi neighbours lie at most 2.1 cells apart along each axis (the largest of
# 3,000 random lattices): five repeats tell them all apart.
MOST_REPEATS = 5
SAME_POINT = 1e-4  # Å; voro++ takes atoms closer than 1e-5 for one, and they come to it rounded


def steinhardt(
    atoms: Atoms,
    l: Sequence[int] = (4, 6),  # the letter of the formula
    neighbours: Neighbours = 12,
) -> dict[int, np.ndarray]:
    """q_l(i) = sqrt(4 pi / (2 l + 1) sum_m |mean over the neighbours j of Y_lm(r_ij)|^2).

    Args:
        atoms: any cell, any axes periodic.
        l: orders wanted.
        neighbours: how many nearest neighbours count (SC 6, BCC 8 or 14, FCC 12), or "voronoi": all Voronoi
            neighbours, each weighted by the area of the face between, one rule for every phase.

    Returns:
        l -> (N,) values from 0 to 1. An atom without neighbours has NaN, neither 0 nor 1: it has no order to
        speak of, and 0 would read as a perfectly disordered surrounding (freud's policy too). Take
        ``np.nanmean``.

    Raises:
        ValueError: a number of neighbours below 1, or a negative order.
    """
    import freud

    orders = [int(order) for order in l]
    if any(order < 0 for order in orders):
        raise ValueError(f"The orders l of Steinhardt parameters are whole numbers from 0 up, not {list(l)}.")
    weights: np.ndarray | None = None
    if neighbours == "voronoi":
        bonds, weights = _voronoi_bonds(atoms)
    elif isinstance(neighbours, int) and not isinstance(neighbours, bool) and neighbours >= 1:
        bonds = nearest_neighbours(atoms, neighbours)
    else:
        raise ValueError(f"The neighbours are a whole number from 1 up or 'voronoi', not {neighbours!r}.")
    n = len(atoms)
    if len(bonds.first) == 0:
        return {order: np.full(n, np.nan) for order in orders}
    # freud works out the directions from points in a box. Each bond is laid out from the origin to a point of
    # its own, so that periodic images, and cells thinner than a bond, need no special care.
    ends = np.concatenate([np.zeros((n, 3)), bonds.vectors]).astype(np.float32)
    box = freud.box.Box.cube(4.0 * max(float(bonds.distances.max()), 1.0))
    bond_list = freud.locality.NeighborList.from_arrays(
        len(ends), len(ends), bonds.first, n + np.arange(len(bonds.first)), ends[n:], weights
    )
    order_parameter = freud.order.Steinhardt(l=orders, weighted=weights is not None)
    order_parameter.compute((box, ends), neighbors=bond_list)
    values = np.asarray(order_parameter.particle_order, dtype=float).reshape(len(ends), -1)[:n]
    values[np.setdiff1d(np.arange(n), bonds.first)] = np.nan
    return {order: values[:, i] for i, order in enumerate(orders)}


@functools.lru_cache(maxsize=64)
def ideal_order(phase: str, neighbours: Neighbours) -> tuple[float, float] | None:
    """q4 and q6 of the ideal crystal by that rule; None where the rule cuts through one of its neighbour shells.

    Eight neighbours are BCC's first shell, but any eight of FCC's twelve: no crystal but BCC can be told by them.
    """
    entry = check_phase(phase)
    if neighbours != "voronoi" and neighbours not in itertools.accumulate(count for _, count in entry.shells):
        return None
    order = steinhardt(ideal_crystal(phase, 3), (4, 6), neighbours)
    return float(order[4].mean()), float(order[6].mean())


def coordination(atoms: Atoms, cutoff: float | None = None) -> np.ndarray:
    """(N,) number of atoms within ``cutoff`` (Å) of each atom, periodic images included.

    By default the cut-off is 1.25 times the median nearest-neighbour distance: 6 in SC, 14 (8 + 6) in BCC, 12
    in FCC and HCP. An atom without neighbours counts 0.
    """
    if cutoff is None:
        nearest = nearest_neighbours(atoms, 1).distances
        if len(nearest) == 0:
            return np.zeros(len(atoms), dtype=int)
        cutoff = max(COORDINATION_FACTOR * float(np.median(nearest)), 1e-6)  # atoms may lie on one point
    if not 0 < cutoff < np.inf:
        raise ValueError(f"The cut-off must be a finite number of Å above 0, not {cutoff!r}.")
    return np.bincount(neighbours_within(atoms, cutoff).first, minlength=len(atoms))


def minimum_distance(atoms: Atoms) -> float:
    """Shortest distance in Å between two atoms, periodic images included; infinite when there is no pair."""
    nearest = nearest_neighbours(atoms, 1).distances
    return float(nearest.min()) if len(nearest) else float("inf")


def _voronoi_bonds(atoms: Atoms) -> tuple[Bonds, np.ndarray]:
    """Voronoi neighbours of every atom and the areas (Å^2) of the faces between.

    Atoms on one point share a Voronoi cell, and with it their neighbours: there is no face between them, and voro++
    ends the whole process when it meets two.
    """
    atoms = reduced(atoms)
    site = _sites(atoms)
    kept, row = np.unique(site, return_inverse=True)
    bonds, areas = _faces(atoms[kept])
    if len(kept) == len(atoms):
        return bonds, areas
    starts = np.searchsorted(bonds.first, np.arange(len(kept) + 1))  # bonds are sorted by their first atom
    chosen = np.concatenate([np.arange(starts[s], starts[s + 1]) for s in row])
    first = np.repeat(np.arange(len(atoms)), np.diff(starts)[row])
    return Bonds(first, kept[bonds.second[chosen]], bonds.vectors[chosen]), areas[chosen]


def _sites(atoms: Atoms) -> np.ndarray:
    """(N,) the first of the atoms that lie where each one lies, within what single precision tells apart."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(atoms)
    if n < 2:
        return np.arange(n)
    cell = atoms.cell.complete()
    edges = cell.lengths() * (1 + 4 * mean_spacing(atoms) * n ** (1 / 3) / plane_distances(cell[:]))
    extent = float(edges.max() + np.abs(atoms.positions[:, ~atoms.pbc]).max(initial=0.0))
    close = neighbours_within(atoms, SAME_POINT + 1e-6 * extent)
    pairs = coo_matrix((np.ones(len(close.first)), (close.first, close.second)), shape=(n, n))
    _, label = connected_components(pairs, directed=False)
    _, first, row = np.unique(label, return_index=True, return_inverse=True)
    return first[row]


def _faces(atoms: Atoms) -> tuple[Bonds, np.ndarray]:
    """Bonds through the faces of the Voronoi cells, and the faces' areas (Å^2); no two atoms lie on one point.

    Small cells are repeated first, because an atom that meets the same neighbour through two faces would
    confuse the list. Faces that reach across an open axis are left out: there is no atom behind the surface.
    The bonds are turned so that the longest axis is the last, along which voro++ needs the least memory.
    """
    import freud

    n = len(atoms)
    nothing = Bonds(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)))
    if n == 0 or (n == 1 and not atoms.pbc.any()):
        return nothing, np.zeros(0, np.float32)
    cell = np.asarray(atoms.cell.complete()[:])
    longest = 2 - int(plane_distances(cell)[::-1].argmax())
    turned = np.roll(np.arange(3), 2 - longest)
    cell, pbc = cell[turned], atoms.pbc[turned]
    fractional = atoms.positions @ np.linalg.inv(cell)
    room = 4.0 * mean_spacing(atoms)
    distances = plane_distances(cell)
    repeats = np.where(pbc, np.minimum(np.ceil(room / distances), MOST_REPEATS), 1).astype(int)
    for axis in np.flatnonzero(~pbc):  # room enough that images across the open axis stay apart
        low, high = fractional[:, axis].min(), fractional[:, axis].max()
        stretch = high - low + room / distances[axis]
        cell[axis] *= stretch
        fractional[:, axis] = (fractional[:, axis] - low) / stretch
    _check_blocks(n * int(repeats.prod()), plane_distances(cell) * repeats, distances)
    fractional = np.where(pbc, fractional % 1.0, fractional)
    shifts = np.stack(np.meshgrid(*(np.arange(r) for r in repeats), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    repeated = ((shifts + fractional) / repeats).reshape(-1, 3)
    box = freud.box.Box.from_matrix((cell * repeats[:, None]).T)
    voronoi = freud.locality.Voronoi()
    voronoi.compute((box, box.make_absolute(repeated)))
    found = voronoi.nlist
    vectors = np.asarray(found.vectors, dtype=float)
    first = np.asarray(found.query_point_indices, dtype=int)
    second = np.asarray(found.point_indices, dtype=int)
    # The first n points are the structure itself. Bonds across an open axis differ from the plain difference.
    matrix = np.asarray(box.to_matrix(), dtype=float)
    wraps = np.round(vectors @ np.linalg.inv(matrix).T - (repeated[second] - repeated[first]))
    keep = (first < n) & np.all(pbc | (wraps == 0), axis=1)
    bonds = Bonds(first[keep], second[keep] % n, vectors[keep])
    return bonds, np.asarray(found.weights, dtype=np.float32)[keep]


def _check_blocks(points: int, box: np.ndarray, cell: np.ndarray) -> None:
    """Refuse what voro++ cannot hold in memory: it ends the process when it tries.

    It divides the box into blocks of 5.6 points, and lays out as many beyond it, along its second and third axis, as
    the Voronoi cell of the box's own lattice reaches: without number where a box is thin and long.

    Args:
        points: in the box.
        box: (3,) distances in Å between its opposite faces.
        cell: the same of the structure's cell, for the sentence.
    """
    blocks = 1 + box * (points / (5.6 * box.prod())) ** (1 / 3)
    reach = np.linalg.norm(box) / 2
    blocks[1:] *= 2 + 2 * reach / box[1:]
    if (needed := blocks.prod()) > MAX_BLOCKS:
        edges = " x ".join(f"{distance:.6g}" for distance in sorted(cell))
        raise ValueError(
            f"Voronoi neighbours in a cell of {edges} Å need {needed:.1e} blocks of space, and there is room for "
            f"{MAX_BLOCKS:,}: count a number of nearest neighbours instead, such as 12."
        )
