"""(100) twist boundaries of cubic metals: one table of named twists, and the bicrystals built from it.

Two half crystals share the axis z || [001] and are turned about it, each by half of the twist, in opposite senses, so
that the in-plane vectors (m, n) of one and (m, -n) of the other become the common x axis. Lengths are in Å.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_ATOMS, check_integer
from gcd.structures.crystals import PHASES, Phase, check_element, check_lattice_constant

if TYPE_CHECKING:
    from ase import Atoms

DEFAULT_PLANES = (
    18,
    18,
)  # a side: 20 Å free to relax, 1.5 Å more that are counted, and a cut-off beyond that
DEFAULT_VACUUM = 2.3  # Å at either end: with it 18 + 18 planes of W fill the paper's 72 voxels of 0.834 Å
MIN_DISTANCE = (
    0.5  # of the nearest-neighbour distance; two atoms on top of each other in adjacent planes have 0.577
)
MAX_PLANES = 200  # (002) planes of one grain


@dataclass(frozen=True)
class Twist:
    """A (100) twist by 2 atan(n / m), given by the coprime in-plane vector (m, n) with m > n >= 0."""

    name: str
    m: int
    n: int

    @property
    def sites(self) -> int:
        """Square lattice sites (edge a) in one cell: m^2 + n^2."""
        return self.m**2 + self.n**2

    @property
    def sigma(self) -> int:
        """Reciprocal density of coincidence sites: m^2 + n^2 without its factor of two."""
        return self.sites // 2 if self.sites % 2 == 0 else self.sites

    @property
    def angle(self) -> float:
        """Twist in degrees, folded by the four-fold axis into 0 to 45."""
        angle = math.degrees(2.0 * math.atan2(self.n, self.m)) % 90.0
        return min(angle, 90.0 - angle)

    @property
    def edge(self) -> float:
        """Edge of the square cell in units of the lattice constant."""
        return math.sqrt(self.sites)

    @property
    def title(self) -> str:
        """As a person writes it: Σ5 (100) twist, 36.87°."""
        return f"Σ{self.sigma} (100) twist, {self.angle:.2f}°"

    def atoms_per_plane(self, phase: str = "bcc") -> int:
        """Atoms of one (002) plane in one cell."""
        return self.sites * PHASES[phase].atoms_per_cell // 2


# Sigma5 has the cell of the paper, (3, 1): twice the smallest one, which would be (2, 1).
TWISTS: dict[str, Twist] = {
    twist.name: twist
    for twist in (
        Twist("sigma5", 3, 1),
        Twist("sigma13", 3, 2),
        Twist("sigma17", 4, 1),
        Twist("sigma25", 4, 3),
        Twist("sigma29", 5, 2),
        Twist("sigma41", 5, 4),
    )
}


def check_twist(twist: str | Sequence[int] | Twist) -> Twist:
    """The twist of that name ("sigma5"), or of the coprime vector (m, n), which may be written "3,1".

    (1, 0) is no twist at all: the perfect crystal. Raises ValueError, in one sentence, for anything else.
    """
    if isinstance(twist, Twist):
        return twist
    vector: Sequence[Any] = ()
    if isinstance(twist, str):
        name = twist.strip().lower().replace("σ", "sigma")
        if name in TWISTS:
            return TWISTS[name]
        vector = name.split(",")
    elif isinstance(twist, Sequence | np.ndarray):
        vector = twist
    try:
        m, n = (int(value) for value in vector)
    except (TypeError, ValueError):
        raise ValueError(
            f"Unknown twist {twist!r}: use {', '.join(TWISTS)}, or two coprime whole numbers such as 3,1."
        ) from None
    if not m > n >= 0 or math.gcd(m, n) != 1:
        raise ValueError(f"A twist (m, n) needs coprime whole numbers with m > n >= 0, not ({m}, {n}).")
    named = [entry for entry in TWISTS.values() if (entry.m, entry.n) == (m, n)]
    return named[0] if named else Twist(f"{m},{n}", m, n)


def metal_phase(metal: str) -> Phase:
    """The cubic phase in which a metal crystallises; ValueError, in one sentence, for other elements."""
    from ase.data import atomic_numbers, reference_states

    symbol = check_element(metal)
    number = atomic_numbers[symbol]
    reference = (reference_states[number] if number < len(reference_states) else None) or {}
    symmetry = reference.get("symmetry")
    if symmetry not in ("bcc", "fcc"):
        raise ValueError(
            f"(100) twist boundaries are built of bcc and fcc metals; {symbol} is {symmetry or 'neither'}."
        )
    return PHASES[symmetry]


def n_fraction(atoms: Atoms | int, atoms_per_plane: int) -> float:
    """[n] = (N mod N_plane) / N_plane of a slab of whole planes, Eq. 8: from 0 to 1, 1 excluded."""
    count = atoms if isinstance(atoms, int | np.integer) else len(atoms)
    return (int(count) % atoms_per_plane) / atoms_per_plane


def plane_sites(twist: Twist, phase: str, parity: int, sense: int) -> np.ndarray:
    """Sites (atoms_per_plane, 2) of one (002) plane, in fractions of the cell's edges, all in [0, 1).

    Args:
        twist: whose cell.
        phase: "bcc" or "fcc".
        parity: 0 for even and 1 for odd planes; they differ by the phase's stacking.
        sense: -1 for the lower grain, x || [m -n 0] and y || [n m 0]; +1 for the upper, [m n 0] and [-n m 0].
    """
    m, n = twist.m, sense * twist.n
    basis = np.rint(2 * PHASES[phase].basis).astype(
        int
    )  # in half lattice constants, to stay with whole numbers
    in_plane = basis[basis[:, 2] == parity % 2][:, :2]
    reach = 2 * np.arange(-twist.m - twist.n, twist.m + twist.n + 1)
    corners = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    points = (corners + in_plane).reshape(-1, 2)
    along = points @ np.array([[m, -n], [n, m]])  # twice the sites times the two cell vectors
    inside = np.all((along >= 0) & (along < 2 * twist.sites), axis=1)
    return along[inside] / (2 * twist.sites)


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
        insert: atoms put at random sites of one plane more, between the grains, up to a whole plane.
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
        _potential_lattice_constant(symbol)
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
    extra = 1 if insert else 0
    layers, grains = [], []
    for k in range(below + above + extra):
        grain = int(k >= below)
        sites = plane_sites(entry, phase.name, k, 2 * grain - 1)
        cells = np.stack(np.meshgrid(np.arange(across), np.arange(up), indexing="ij"), axis=-1).reshape(
            -1, 1, 2
        )
        in_plane = ((cells + sites).reshape(-1, 2) * edge + grain * shift) % lengths
        if k == below and (remove or insert):
            keep = insert or per_plane - remove
            in_plane = in_plane[np.sort(rng.choice(per_plane, size=keep, replace=False))]
        z = np.full((len(in_plane), 1), vacuum + k * spacing + grain * gap)
        layers.append(np.hstack([in_plane, z]))
        grains.append(np.full(len(in_plane), grain))
    positions = np.concatenate(layers)
    height = 2 * vacuum + (below + above + extra - 1) * spacing + gap
    plane = vacuum + (below - 0.5 + 0.5 * extra) * spacing + 0.5 * gap
    atoms = Atoms(
        [symbol] * len(positions), positions, cell=[*lengths, max(height, spacing)], pbc=(True, True, False)
    )
    atoms.set_array("grain", np.concatenate(grains))
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


def _potential_lattice_constant(metal: str) -> float:
    """The potential knows it; imported here because structures stand below energetics."""
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
