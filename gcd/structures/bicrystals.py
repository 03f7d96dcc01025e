"""Twist bicrystals: slabs of two grains with free ends, shifted, opened, with atoms taken out or put in.

Lengths are in Å; the twists and their geometry are in :mod:`gcd.structures.twists`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS, check_integer
from gcd.structures.crystals import check_element, check_lattice_constant
from gcd.structures.twists import TWISTS, Twist, check_twist, metal_phase, plane_sites

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "TWISTS",
    "Twist",
    "as_fraction",
    "check_twist",
    "metal_phase",
    "n_fraction",
    "push_atoms",
    "twist_bicrystal",
]

DEFAULT_PLANES = (
    18,
    18,
)  # a side: 20 Å free to relax, 1.5 Å more that are counted, and a cut-off beyond that
DEFAULT_VACUUM = 2.3  # Å at either end: with it 18 + 18 planes of W fill the paper's 72 voxels of 0.834 Å
MIN_DISTANCE = (
    0.5  # of the nearest-neighbour distance; two atoms on top of each other in adjacent planes have 0.577
)
MAX_PLANES = 200  # (002) planes of one grain
PUSH_REACH = 5.0  # Å on either side of the plane: atoms that are pushed about
SPOTS = 100  # random places looked at for each atom that is put in


def n_fraction(atoms: Atoms | int, atoms_per_plane: int) -> float:
    """[n] = (N mod N_plane) / N_plane of a slab of whole planes, Eq. 8: from 0 to 1, 1 excluded."""
    count = atoms if isinstance(atoms, int | np.integer) else len(atoms)
    return (int(count) % atoms_per_plane) / atoms_per_plane


def as_fraction(n: float) -> str:
    """[n] as people write it: 1/5."""
    fraction = Fraction(n).limit_denominator(100)
    return str(fraction) if abs(float(fraction) - n) < 1e-6 else f"{n:.3f}"


def twist_bicrystal(
    twist: str | Sequence[int] | Twist = "sigma5",
    metal: str = "W",
    *,
    planes: tuple[int, int] = DEFAULT_PLANES,
    repeats: tuple[int, int] = (1, 1),
    in_plane_shift: tuple[float, float] = (0.0, 0.0),
    gap: float = 0.0,
    remove: int = 0,
    insert: int = 0,
    vacuum: float = DEFAULT_VACUUM,
    lattice_constant: float | None = None,
    rng: np.random.Generator | None = None,
) -> Atoms:
    """An unrelaxed twist bicrystal with free ends along z, the stacking of (002) planes unbroken but for the twist.

    Args:
        twist: name in :data:`TWISTS`, or (m, n).
        metal: a bcc or fcc element; by default with the lattice constant of its Zhou potential.
        planes: (002) planes of the lower and of the upper grain.
        repeats: cells along x and y.
        in_plane_shift: of the upper grain, in Å along x and y.
        gap: Å by which the upper grain is lifted beyond the plane spacing a/2; may be negative.
        remove: atoms taken at random out of the first plane of the upper grain, up to a whole plane.
        insert: atoms put between the grains at random places with room for them, up to a whole plane; the grains are
            lifted apart by their share of a plane spacing.
        vacuum: Å below the lowest and above the highest plane.
        lattice_constant: Å.
        rng: picks the atoms; by default a generator seeded with 0.

    Returns:
        Atoms, periodic in x and y. ``arrays["grain"]`` is 0 in the lower and 1 in the upper grain; ``info`` has twist,
        sigma, angle (degrees), metal, lattice_constant, plane (z of the boundary, Å), area (Å^2), atoms_per_plane, n
        ([n], Eq. 8), minimum_distance (Å) and the arguments.

    Raises:
        ValueError: an argument out of range, or atoms closer than half of the nearest-neighbour distance.
    """
    from ase import Atoms

    entry, phase, symbol = check_twist(twist), metal_phase(metal), check_element(metal)
    a = (
        potential_lattice_constant(symbol)
        if lattice_constant is None
        else check_lattice_constant(lattice_constant)
    )
    below, above = (check_integer("the planes of a grain", count, 1, MAX_PLANES) for count in planes)
    across, up = (check_integer("every in-plane repeat", count, 1, 100) for count in repeats)
    per_plane = entry.atoms_per_plane(phase.name) * across * up
    if (below + above + 1) * per_plane > MAX_ATOMS:
        raise ValueError(
            f"{below} + {above} planes of {per_plane:,} atoms are more than {MAX_ATOMS:,}: take fewer planes."
        )
    remove = check_integer("the number of atoms to remove", remove, 0, per_plane)
    insert = check_integer("the number of atoms to insert", insert, 0, per_plane)
    if remove and insert:
        raise ValueError("Either remove atoms from the boundary or insert some, not both.")
    shift = _finite("in-plane shift", in_plane_shift, 2)
    gap, vacuum = *_finite("gap", [gap], 1), *_finite("vacuum", [vacuum], 1)
    if vacuum < 0:
        raise ValueError(f"The vacuum must be 0 Å or more, not {vacuum:g}.")
    rng = np.random.default_rng(0) if rng is None else rng

    edge, spacing = entry.edge * a, 0.5 * a
    lengths = np.array([across, up]) * edge
    opening = spacing + gap + spacing * insert / per_plane  # between the grains' last and first planes
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(up), indexing="ij"), axis=-1).reshape(-1, 1, 2)
    layers = []
    for k in range(below + above):
        grain = int(k >= below)
        sites = (cells + plane_sites(entry, phase.name, k, 2 * grain - 1)).reshape(-1, 2)
        in_plane = (sites * edge + grain * shift) % lengths
        if k == below and remove:
            in_plane = in_plane[np.sort(rng.choice(per_plane, size=per_plane - remove, replace=False))]
        z = vacuum + k * spacing + grain * (opening - spacing)
        layers.append(np.column_stack([in_plane, np.full(len(in_plane), z)]))
    plane = vacuum + (below - 1) * spacing + 0.5 * opening
    grains = np.repeat(np.arange(below + above) >= below, [len(layer) for layer in layers]).astype(int)
    if insert:
        layers.append(
            _put_in(insert, plane, np.concatenate(layers[max(below - 2, 0) : below + 2]), lengths, rng)
        )
        grains = np.append(grains, np.ones(insert, int))
    positions = np.concatenate(layers)
    height = 2 * vacuum + (below + above - 2) * spacing + opening
    atoms = Atoms(
        [symbol] * len(positions), positions, cell=[*lengths, max(height, spacing)], pbc=(True, True, False)
    )
    atoms.set_array("grain", grains)
    atoms.info = {
        "twist": entry.name,
        "sigma": entry.sigma,
        "angle": entry.angle,
        "metal": symbol,
        "lattice_constant": float(a),
        "plane": float(plane),
        "area": float(np.prod(lengths)),
        "atoms_per_plane": per_plane,
        "n": n_fraction(len(atoms), per_plane),
        "planes": [below, above],
        "repeats": [across, up],
        "in_plane_shift": [float(s) for s in shift],
        "gap": float(gap),
        "removed": remove,
        "inserted": insert,
        "minimum_distance": _minimum_distance(atoms, plane, 3 * spacing + abs(gap)),
    }
    nearest = phase.nearest_neighbour * a
    if atoms.info["minimum_distance"] < MIN_DISTANCE * nearest:
        raise ValueError(
            f"Atoms of the two grains would be {atoms.info['minimum_distance']:.2f} Å apart, less than half of the "
            f"nearest-neighbour distance of {nearest:.2f} Å: use a larger gap than {gap:g} Å."
        )
    return atoms


def push_atoms(
    atoms: Atoms, plane: float, longest: float, rng: np.random.Generator, *, reach: float = PUSH_REACH
) -> None:
    """Move each atom within ``reach`` Å of z = ``plane`` at random by up to ``longest`` Å, uniform in that ball."""
    near = np.abs(atoms.positions[:, 2] - plane) < reach
    directions = rng.normal(size=(int(near.sum()), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    atoms.positions[near] += directions * longest * np.cbrt(rng.random((len(directions), 1)))
    atoms.wrap()


def _put_in(
    count: int, plane: float, around: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Positions (count, 3) at the height of the boundary, each the roomiest of :data:`SPOTS` random places."""
    placed = around
    for _ in range(count):
        spots = np.column_stack([rng.random((SPOTS, 2)) * lengths, np.full(SPOTS, plane)])
        difference = spots[:, None] - placed
        difference[..., :2] -= lengths * np.rint(difference[..., :2] / lengths)
        room = np.linalg.norm(difference, axis=-1).min(axis=1)
        placed = np.vstack([placed, spots[np.argmax(room)]])
    return placed[len(around) :]


def potential_lattice_constant(metal: str) -> float:
    """Å of a metal; the potential knows it, imported here because structures stand below energetics."""
    from gcd.energetics.zhou2004 import lattice_constant

    return float(lattice_constant(metal))


def _finite(name: str, values: Sequence[float], count: int) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.shape != (count,) or not np.all(np.isfinite(array)):
        raise ValueError(
            f"The {name} needs {count} finite number{'s' if count > 1 else ''} in Å, not {values!r}."
        )
    return array


def _minimum_distance(atoms: Atoms, plane: float, reach: float) -> float:
    """Smallest distance in Å between atoms within ``reach`` of the boundary, periodic in x and y."""
    from scipy.spatial import cKDTree

    near = atoms.positions[np.abs(atoms.positions[:, 2] - plane) <= reach]
    # A box without period along z has to be taller than any distance in it; z counts from the lowest atom.
    box = [*atoms.cell.lengths()[:2], 4 * reach + 10.0]
    wrapped = np.column_stack([near[:, :2] % box[:2], near[:, 2] - near[:, 2].min()])
    wrapped[:, :2][wrapped[:, :2] >= box[:2]] = 0.0  # rounding of % may give the edge itself
    distances, _ = cKDTree(wrapped, boxsize=box).query(wrapped, k=2)
    return float(distances[:, 1].min())
