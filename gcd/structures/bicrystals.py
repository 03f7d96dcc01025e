"""Bicrystals: slabs of two grains with free ends, shifted, opened, with atoms taken out or put in.

Lengths are in Å; the boundaries and their geometry are in :mod:`gcd.structures.boundary`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS, check_integer
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_atoms import PUSH_REACH, minimum_distance, push_atoms, put_in, take_out
from gcd.structures.boundary_names import find_boundary
from gcd.structures.crystals import PHASES, check_element, check_lattice_constant
from gcd.structures.twists import TWISTS, Twist, check_twist, metal_phase, plane_sites

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "PUSH_REACH",
    "TWISTS",
    "Boundary",
    "TooClose",
    "Twist",
    "as_fraction",
    "bicrystal",
    "check_twist",
    "default_planes",
    "find_boundary",
    "metal_phase",
    "n_fraction",
    "opened",
    "plane_sites",
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
MAX_LAYERS = 2000  # planes of one grain of any boundary; those of high indices lie 0.1 Å apart
THICKNESS = 28.0  # Å of either grain: what 18 (002) planes of tungsten have, and a little less
REMOVE_REACH = 2.0  # Å of the upper grain out of which atoms are taken, but at least one plane
INSERT_REACH = 3.0  # Å on either side, but at least two planes, that atoms put in keep away from
WIDEN, WIDEN_STEPS = (
    0.1,
    20,
)  # Å, and how often: grains that lie on each other are opened by so much at the most


def n_fraction(atoms: Atoms | int, atoms_per_plane: int) -> float:
    """[n] = (N mod N_plane) / N_plane of a slab of whole planes, Eq. 8: from 0 to 1, 1 excluded."""
    count = atoms if isinstance(atoms, int | np.integer) else len(atoms)
    return (int(count) % atoms_per_plane) / atoms_per_plane


def as_fraction(n: float) -> str:
    """[n] as people write it: 1/5."""
    fraction = Fraction(n).limit_denominator(100)
    return str(fraction) if abs(float(fraction) - n) < 1e-6 else f"{n:.3f}"


def n_values(text: str) -> list[float] | str:
    """What people write for one [n] or several, "1/5", "0.2" or "0, 1/5, 2/5", as numbers; "all" stays what it is.

    Raises:
        ValueError: anything else, in one sentence.
    """
    if text.strip().lower() == "all":
        return "all"
    try:
        values = [float(Fraction(part.strip())) for part in text.split(",")]
    except (ValueError, ZeroDivisionError):
        values = [-1.0]
    if not all(0 <= value < 1 for value in values):
        raise ValueError(
            f'[n] is asked for as "all", or as numbers from 0 up to but not 1 (1/5, 0.2), not {text!r}.'
        )
    return values


def bicrystal(
    boundary: Boundary | str,
    lattice_constant: float,
    element: str,
    *,
    planes: tuple[int, int] | None = None,
    repeats: tuple[int, int] = (1, 1),
    in_plane_shift: Sequence[float] = (0.0, 0.0),
    gap: float = 0.0,
    remove: int = 0,
    insert: int = 0,
    vacuum: float = DEFAULT_VACUUM,
    rng: np.random.Generator | None = None,
) -> Atoms:
    """An unrelaxed bicrystal with free ends along z, the stacking of planes unbroken but for the boundary.

    Args:
        boundary: or its name, for a bcc crystal.
        lattice_constant: Å.
        element: the atoms' chemical symbol.
        planes: of the lower and of the upper grain; by default as many as `default_planes` says.
        repeats: of the boundary's cell along x and y, beyond its own.
        in_plane_shift: of the upper grain, in Å along x and y.
        gap: Å by which the upper grain is lifted beyond the plane spacing; may be negative.
        remove: atoms taken at random out of the upper grain next to the boundary, up to a whole plane.
        insert: atoms put between the grains at random places with room for them, up to a whole plane; the grains are
            lifted apart by their share of a plane spacing.
        vacuum: Å below the lowest and above the highest plane.
        rng: picks the atoms; by default a generator seeded with 0.

    Returns:
        Atoms, periodic in x and y. ``arrays["grain"]`` is 0 in the lower and 1 in the upper grain; ``info`` has twist
        and boundary (the boundary's short name), kind, sigma, angle (degrees), axis, metal, phase, lattice_constant,
        plane (z of the boundary, Å), area (Å^2), atoms_per_plane, n ([n], Eq. 8), minimum_distance (Å) and the
        arguments.

    Raises:
        ValueError: an argument out of range, or atoms closer than half of the nearest-neighbour distance.
    """
    from ase import Atoms

    boundary, symbol = find_boundary(boundary), check_element(element)
    phase = PHASES[boundary.phase]
    a = check_lattice_constant(lattice_constant)
    below, above = (
        check_integer("the planes of a grain", count, 1, MAX_LAYERS)
        for count in (default_planes(boundary, a) if planes is None else planes)
    )
    across, up = (check_integer("every in-plane repeat", count, 1, 100) for count in repeats)
    in_planes = [boundary.atoms_in_plane(side) * across * up for side in (0, 1)]
    per_plane = in_planes[1]
    if below * in_planes[0] + (above + 1) * per_plane > MAX_ATOMS:
        each = f"{per_plane:,}" if in_planes[0] == per_plane else f"{in_planes[0]:,} and {per_plane:,}"
        raise ValueError(
            f"{below} + {above} planes of {each} atoms are more than {MAX_ATOMS:,}: take fewer planes."
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

    edges, spacings = boundary.edges * a, boundary.spacings * a
    lengths, spacing = np.array([across, up]) * edges, float(spacings[1])
    opening = (
        float(spacings.mean()) + gap + spacing * insert / per_plane
    )  # between the grains' last and first planes
    plane = vacuum + (below - 1) * float(spacings[0]) + 0.5 * opening
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(up), indexing="ij"), axis=-1).reshape(-1, 1, 2)
    layers = []
    for k in range(below + above):
        grain = int(k >= below)
        sites = (cells + boundary.sites(grain, k)).reshape(-1, 2)
        in_plane = (sites * edges + grain * shift) % lengths
        z = vacuum + k * float(spacings[0])
        if grain:
            z = vacuum + k * spacing + (opening - spacing) + below * float(spacings[0] - spacings[1])
        layers.append(np.column_stack([in_plane, np.full(len(in_plane), z)]))
    if remove:
        take_out(remove, layers, below, max(1, int(REMOVE_REACH / spacing)), rng)
    grains = np.repeat(np.arange(below + above) >= below, [len(layer) for layer in layers]).astype(int)
    if insert:
        near = [max(2, int(INSERT_REACH / s)) for s in spacings]
        around = np.concatenate(layers[max(below - near[0], 0) : below + near[1]])
        layers.append(put_in(insert, plane, around, lengths, rng))
        grains = np.append(grains, np.ones(insert, int))
    positions = np.concatenate(layers)
    height = 2 * vacuum + (below - 1) * float(spacings[0]) + (above - 1) * spacing + opening
    atoms = Atoms(
        [symbol] * len(positions), positions, cell=[*lengths, max(height, spacing)], pbc=(True, True, False)
    )
    atoms.set_array("grain", grains)
    nearest = phase.nearest_neighbour * a
    reach = max(3 * float(spacings.max()), 1.5 * nearest) + abs(gap)
    atoms.info = boundary.info() | {
        "metal": symbol,
        "phase": phase.name,
        "lattice_constant": float(a),
        "plane": float(plane),
        "area": float(np.prod(lengths)),
        "atoms_per_plane": per_plane,
        "n": n_fraction(len(atoms), per_plane),
        "planes": [below, above],
        "repeats": [across * boundary.repeats[0], up * boundary.repeats[1]],
        "in_plane_shift": [float(s) for s in shift],
        "gap": float(gap),
        "removed": remove,
        "inserted": insert,
        "minimum_distance": minimum_distance(atoms, plane, reach),
    }
    if atoms.info["minimum_distance"] < MIN_DISTANCE * nearest:
        raise TooClose(
            f"Atoms of the two grains would be {atoms.info['minimum_distance']:.2f} Å apart, less than half of the "
            f"nearest-neighbour distance of {nearest:.2f} Å: use a larger gap than {gap:g} Å."
        )
    return atoms


def opened(build: Callable[[float], Atoms], gap: float) -> tuple[Atoms, float]:
    """What ``build`` makes with that gap in Å, or with as little more as keeps the grains off each other; and the gap.

    Planes of high indices lie close, so that the perfect stacking of many tilts has atoms of both grains in one place.
    """
    for step in range(WIDEN_STEPS):
        try:
            return build(gap + WIDEN * step), gap + WIDEN * step
        except TooClose:
            continue
    return build(gap + WIDEN * WIDEN_STEPS), gap + WIDEN * WIDEN_STEPS


class TooClose(ValueError):
    """Atoms of the two grains would lie on top of each other; the message is one sentence."""


def default_planes(boundary: Boundary, lattice_constant: float) -> tuple[int, int]:
    """Planes of either grain: 18 of a (100) twist, and as many of others as are as high as those of tungsten."""
    if boundary.plane_lower == boundary.plane_upper == (0, 0, 1):
        return DEFAULT_PLANES
    return boundary.planes_for(THICKNESS, lattice_constant)


def working_cell(
    boundary: Boundary, lattice_constant: float, repeats: Sequence[int] | None = None
) -> Boundary:
    """The boundary with so many repeats of its cell; by default with what makes every edge at least 8 Å long.

    The square cells of the old (100) twists stay what they are unless repeats are given.
    """
    if repeats is not None:
        return boundary.repeated(repeats)
    return boundary if boundary.is_square_twist else boundary.grown(lattice_constant)


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
    """`bicrystal` of a (100) twist, by default with the lattice constant of the metal's Zhou potential.

    Args:
        twist: name in :data:`TWISTS`, or (m, n); its cell is the square one of m² + n² sites, and repeats count those.
        metal: a bcc or fcc element.
        planes, repeats, in_plane_shift, gap, remove, insert, vacuum, lattice_constant, rng: as in `bicrystal`.
    """
    phase = metal_phase(metal)
    boundary = find_boundary(check_twist(twist), phase.name)
    below, above = (check_integer("the planes of a grain", count, 1, MAX_PLANES) for count in planes)
    a = potential_lattice_constant(check_element(metal)) if lattice_constant is None else lattice_constant
    atoms = bicrystal(
        boundary,
        a,
        metal,
        planes=(below, above),
        repeats=repeats,
        in_plane_shift=in_plane_shift,
        gap=gap,
        remove=remove,
        insert=insert,
        vacuum=vacuum,
        rng=rng,
    )
    atoms.info |= {"twist": check_twist(twist).name, "repeats": [int(n) for n in repeats]}
    return atoms


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
