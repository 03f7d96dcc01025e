"""A grain boundary: two crystals, each by the whole-number directions that lie along x, y and z; all else is derived.

z is the normal of the boundary, y the axis of a tilt and x lies across it. Lengths are in lattice constants; what needs
Å takes the lattice constant. Lists of boundaries and their names are in :mod:`gcd.structures.csl`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_CELLS_PER_AXIS, check_integer
from gcd.structures import grains
from gcd.structures.crystals import PHASES, Phase
from gcd.structures.directions import as_whole_fraction, bracket, check_directions, shortest, span
from gcd.structures.grains import Direction, Directions, Operation

if TYPE_CHECKING:
    from gcd.voxels.grid import Grid

BOUNDARY_PHASES = ("bcc", "fcc")
MAX_EDGE = 60.0  # lattice constants: a cell with a longer edge is no common cell that one could use
MIN_EDGE = 8.0  # Å to which repeats grow the cell by themselves
VOXEL = 0.834 / 3.164849  # lattice constants: the paper's voxels of tungsten
COARSEST = 1.1  # times that size, at the most
STRIDE = 4  # the networks' tokens are up to 4 voxels wide: other counts cost several times as much
SIDES = ("lower", "upper")


@dataclass(frozen=True)
class Boundary:
    """Two grains that share a cell.

    Attributes:
        lower, upper: three crystal directions along x, y and z of each grain; lists of numbers are taken and shortened.
        phase: "bcc" or "fcc".
        repeats: of the smallest common cell along x and y.

    Raises:
        ValueError: directions that are not orthogonal or not right-handed, grains without a common cell, another phase.
    """

    lower: Directions
    upper: Directions
    phase: str = "bcc"
    repeats: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        """Check and shorten; all else can rely on it."""
        object.__setattr__(self, "phase", check_boundary_phase(self.phase).name)
        for side in SIDES:
            object.__setattr__(self, side, check_directions(side, getattr(self, side)))
        across, up = (check_integer("every in-plane repeat", n, 1, MAX_CELLS_PER_AXIS) for n in self.repeats)
        object.__setattr__(self, "repeats", (across, up))
        _ = self.edges  # refuses grains without a common cell

    # ---- the cell

    @cached_property
    def spans(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Of either grain, the cell's edges in halves of its directions along x and y."""
        below, above = [], []
        for axis, (a, b) in enumerate(zip(self.lower[:2], self.upper[:2], strict=True)):
            halves = grains.common_period(self.phase, a, b)
            edge = math.inf if halves is None else halves / 2 * math.sqrt(grains.square(a))
            if halves is None or edge * self.repeats[axis] > MAX_EDGE:
                name = "xy"[axis]
                why = (
                    "their lengths have no common measure"
                    if halves is None
                    else f"the shortest is {edge * self.repeats[axis]:.1f} lattice constants long, "
                    f"the most is {MAX_EDGE:g}"
                )
                raise ValueError(
                    f"The grains have no common cell along {name}, {bracket(a)} below and {bracket(b)} above: {why}."
                )
            root = grains.rational_root(grains.square(a), grains.square(b)) or 0
            below.append(halves * self.repeats[axis])
            above.append(int(halves * root) * self.repeats[axis])
        return (below[0], below[1]), (above[0], above[1])

    @cached_property
    def edges(self) -> np.ndarray:
        """(2,) lengths of the cell along x and y, repeats included."""
        return np.array(
            [n / 2 * math.sqrt(grains.square(d)) for n, d in zip(self.spans[0], self.lower[:2], strict=True)]
        )

    @property
    def area(self) -> float:
        """Of the cell."""
        return float(np.prod(self.edges))

    @cached_property
    def spacings(self) -> np.ndarray:
        """(2,) distances between neighbouring planes of the lower and of the upper grain."""
        return np.array(
            [
                grains.plane_step(self.phase, d) / (2 * math.sqrt(grains.square(d)))
                for d in (self.lower[2], self.upper[2])
            ]
        )

    @property
    def spacing(self) -> float:
        """Distance between neighbouring planes: of the upper grain, should the two differ."""
        return float(self.spacings[1])

    def atoms_in_plane(self, side: int) -> int:
        """Atoms of one plane of the lower (0) or the upper (1) grain in the cell."""
        return round(PHASES[self.phase].atoms_per_cell * self.area * float(self.spacings[side]))

    @property
    def atoms_per_plane(self) -> int:
        """Atoms of one plane in the cell, by which [n] counts (Eq. 8): of the upper grain, should the two differ."""
        return self.atoms_in_plane(1)

    def planes_per_period(self, side: int) -> int:
        """Planes of a grain after which its stacking begins again."""
        return len(self._layers(side))

    def sites(self, side: int, plane: int) -> np.ndarray:
        """Sites (atoms, 2) of a grain's plane of that number, in fractions of the edges, all in [0, 1).

        Plane 0 passes through a lattice point at the origin, the next ones lie above it.
        """
        layers = self._layers(side)
        return layers[plane % len(layers)]

    def _layers(self, side: int) -> tuple[np.ndarray, ...]:
        return grains.layer_sites(self.phase, (self.lower, self.upper)[side], self.spans[side])

    def planes_for(self, height: float, lattice_constant: float) -> tuple[int, int]:
        """Planes of the lower and the upper grain that are at least so many Å high."""
        below, above = (math.ceil(height / (d * lattice_constant) - 1e-6) for d in self.spacings)
        return below, above

    def grown(self, lattice_constant: float, shortest: float = MIN_EDGE) -> Boundary:
        """With repeats that make every edge at least so many Å long; those it has are kept where they are more."""
        single = self.edges / self.repeats * lattice_constant
        needed = [max(n, math.ceil(shortest / s - 1e-6)) for n, s in zip(self.repeats, single, strict=True)]
        return replace(self, repeats=(needed[0], needed[1]))

    def repeated(self, repeats: Sequence[int]) -> Boundary:
        """With the cell repeated that often along x and y, beyond the repeats it has."""
        return replace(self, repeats=(self.repeats[0] * int(repeats[0]), self.repeats[1] * int(repeats[1])))

    # ---- the misorientation

    @cached_property
    def sigma(self) -> int:
        """Reciprocal density of coincidence sites of the misorientation."""
        return grains.misorientation(self.lower, self.upper)[1]

    @cached_property
    def _rotation(self) -> tuple[str, Direction, float]:
        """Kind, axis and angle: of all rotations that give this boundary, the one that people name.

        That is one about y (a tilt) or z (a twist), whichever axis has the lower indices; else one about another axis
        in the plane (a tilt); else the smallest (mixed). Of those about one axis it is the smallest.
        """
        matrix, sigma = grains.misorientation(self.lower, self.upper)
        if sigma == 1:
            return "none", self.lower[2], 0.0
        choices = []
        y, normal = (np.array(d) for d in self.lower[1:])
        for axis, angle in grains.rotations(matrix, sigma):
            along = [not np.cross(axis, d).any() for d in (y, normal)]
            in_plane = int(np.array(axis) @ normal) == 0
            rank = 0 if any(along) else 1 if in_plane else 2
            size = grains.square(axis) if rank < 2 else 0
            positive = max(axis, grains.primitive([-v for v in axis]))
            choices.append((rank, size, round(angle, 6), [-v for v in positive], in_plane, along[1]))
        _, _, angle, down, tilt, twist = min(choices)
        axis = grains.primitive([-v for v in down])
        family = [sorted(map(abs, d)) for d in (self.lower[2], self.upper[2])]
        kind = "mixed"
        if tilt:
            kind = "symmetric tilt" if family[0] == family[1] else "asymmetric tilt"
        elif twist:
            kind = "twist"
        return kind, axis, angle

    @property
    def kind(self) -> str:
        """One of "twist", "symmetric tilt", "asymmetric tilt", "mixed"; "none" where the grains are one crystal."""
        return self._rotation[0]

    @property
    def is_square_twist(self) -> bool:
        """Whether it is a (100) twist shared by both grains as [m -n 0] and [m n 0] along x, the oldest form here."""
        m, n, zero = self.upper[0]
        flat = self.plane_lower == self.plane_upper == (0, 0, 1)
        return flat and not zero and m > n >= 0 and self.lower[0] == (m, -n, 0)

    @property
    def axis(self) -> Direction:
        """Of the misorientation, in the crystal of the lower grain."""
        return self._rotation[1]

    @property
    def angle(self) -> float:
        """Degrees of the misorientation about its axis, the smallest of those that cubic symmetry makes equal."""
        return self._rotation[2]

    @property
    def plane_lower(self) -> Direction:
        """Miller indices of the boundary plane in the lower grain."""
        return self.lower[2]

    @property
    def plane_upper(self) -> Direction:
        """Miller indices of the boundary plane in the upper grain."""
        return self.upper[2]

    @property
    def terminations(self) -> int:
        """Planes of a grain at which it can end and that no translation of the grain makes equal.

        One: the phases have one atom a lattice point, so that any plane is any other one, moved.
        """
        return 1

    # ---- symmetry

    @cached_property
    def _operations(self) -> tuple[Operation, ...]:
        return tuple(grains.point_group(self.lower, self.upper))

    def point_group(self) -> list[Operation]:
        """Rotations and reflections that map the two grains onto themselves, exchange of the grains included."""
        return list(self._operations)

    def cell_group(self) -> list[Operation]:
        """Those of the point group that map the cell onto itself as well, quarter turns of a square one included."""
        alike = abs(self.edges[0] - self.edges[1]) < 1e-9
        straight = [g for g in self._operations if np.abs(g.rotation - np.rint(g.rotation)).max() < 1e-9]
        return [g for g in straight if alike or abs(g.rotation[0, 0]) > 0.5]

    def states(self, state: np.ndarray) -> list[np.ndarray]:
        """A translation state (3,) of the upper grain under every operation of the cell: the same boundary, turned."""
        return [g.state(state) for g in self.cell_group()]

    def dsc(self) -> np.ndarray:
        """(2, 2) the in-plane shifts (rows) after which the pattern of the two grains repeats: the DSC lattice."""
        vectors = np.concatenate([self.sites(side, 0) - self.sites(side, 0)[0] for side in (0, 1)])
        fractions = [[as_whole_fraction(v) for v in row] for row in [*vectors, (1.0, 0.0), (0.0, 1.0)]]
        common = math.lcm(*(value.denominator for row in fractions for value in row))
        basis = span([[int(value * common) for value in row] for row in fractions])
        return shortest(np.array(basis) / common * self.edges)

    # ---- the frame of voxels

    def voxels(self) -> tuple[int, int]:
        """Voxels along x and y: the fewest that the networks' strides divide and that are not too coarse."""
        across, up = (STRIDE * math.ceil(e / (VOXEL * COARSEST * STRIDE) - 1e-6) for e in self.edges)
        return across, up

    def frame(self, height: float, lattice_constant: float) -> Grid:
        """The voxels of a slab of the cell, at least so many Å high."""
        from gcd.voxels.grid import Grid

        size = round(VOXEL * lattice_constant, 3)
        layers = STRIDE * math.ceil(height / (size * STRIDE) - 1e-6)
        x, y = (float(e) * lattice_constant for e in self.edges)
        return Grid((*self.voxels(), layers), (x, y, layers * size), (True, True, False))

    # ---- names

    @cached_property
    def slug(self) -> str:
        """A short name in ASCII, for files and the command line: sigma5, s5-310-001, twist-110-sigma3."""
        from gcd.structures.boundary_names import slug

        return slug(self)

    @property
    def title(self) -> str:
        """As a person writes it: Σ5 (310)[001] symmetric tilt, 36.87°."""
        from gcd.structures.boundary_names import title

        return title(self)

    @property
    def family(self) -> str:
        """Axis and kind: [001] symmetric tilt."""
        indices = sorted((abs(v) for v in self.axis), key=lambda v: (v == 0, v))
        shown = "001" if indices == [1, 0, 0] else "".join(map(str, indices))
        return f"[{shown}] {self.kind}"

    @property
    def name(self) -> str:
        """The same as :attr:`slug`: what stands in files."""
        return self.slug

    def to_dict(self) -> dict[str, Any]:
        """JSON, for stores, checkpoints and tasks."""
        return {
            "lower": [list(d) for d in self.lower],
            "upper": [list(d) for d in self.upper],
            "phase": self.phase,
            "repeats": list(self.repeats),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Boundary:
        """The boundary that :meth:`to_dict` described; ValueError, in one sentence, for anything else."""
        try:
            return cls(data["lower"], data["upper"], data["phase"], tuple(data["repeats"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"This describes no boundary: {data!r} ({error}).") from None

    def info(self) -> dict[str, Any]:
        """What an `ase.Atoms` of it says in its `info`; ``twist`` and ``boundary`` are the same short name."""
        return {
            "twist": self.slug,
            "boundary": self.slug,
            "kind": self.kind,
            "sigma": self.sigma,
            "angle": self.angle,
            "axis": list(self.axis),
        }


def check_boundary_phase(phase: str) -> Phase:
    """The phase of that name if boundaries are built of it; ValueError, in one sentence, for others."""
    name = phase.strip().lower() if isinstance(phase, str) else phase
    if name not in BOUNDARY_PHASES:
        raise ValueError(f"Boundaries are built of bcc and fcc crystals, not of {phase!r}.")
    return PHASES[name]
