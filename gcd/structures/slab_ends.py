"""The ends of a slab of one's own, between which its middle is painted anew: its own atoms, in a frame of voxels.

Nothing of the ends is built: what a model is shown are the slab's atoms where they lie, and what it paints is put
between them again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_VOXELS, is_finite
from gcd.structures.bicrystal_ends import MIN_END, MIN_PAINTED, BicrystalEnds
from gcd.structures.boundary import SIDES, STRIDE, VOXEL
from gcd.structures.crystals import PHASES
from gcd.structures.recognise import Recognised
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

DEPTH = 9.0  # lattice constants of either grain that the frame holds, 28.5 Å in tungsten
VACUUM = 0.73  # lattice constants below the lowest atom of the frame, 2.3 Å in tungsten
THICKNESSES = (7.4, 5.7, 4.2)  # lattice constants painted, in turn: 23.4, 18.0 and 13.3 Å in tungsten


@dataclass(frozen=True)
class SlabEnds:
    """A slab's ends, ready to be painted between.

    Attributes:
        ends: what a model is given.
        kept: (N,) bool, the slab's atoms that stay; the others are taken out.
        turn: (3, 3), and
        origin: (3,) Å: frame = slab @ turn.T - origin.
        moved: (3,) Å by which the upper grain's atoms were moved, in the slab's frame.
    """

    ends: BicrystalEnds
    kept: np.ndarray
    turn: np.ndarray
    origin: np.ndarray
    moved: np.ndarray

    def filled(self, slab: Atoms, painted: Atoms) -> Atoms:
        """The slab with what was painted in the place of what was taken out.

        Args:
            slab: whose ends these are; of it the atoms kept lie where they lay, but for the upper grain's move.
            painted: what a painter made of `ends`.
        """
        from ase import Atoms

        new = painted.positions[painted.arrays["painted"]]
        new = (new + self.origin) @ self.turn
        new = _wrapped(new, slab.cell.array)
        old = slab.positions[self.kept] + np.where(self._upper(slab)[self.kept, None], self.moved, 0.0)
        atoms = Atoms(
            [slab.symbols[0]] * (len(old) + len(new)),
            np.concatenate([old, new]),
            cell=slab.cell,
            pbc=slab.pbc,
        )
        atoms.set_array("painted", np.arange(len(atoms)) >= len(old))
        atoms.info = {k: v for k, v in painted.info.items() if k not in ("plane", "planes", "n", "whole")}
        return atoms

    def _upper(self, slab: Atoms) -> np.ndarray:
        plane = (self.ends.atoms.info["plane"] + self.origin[2]) - 0.5 * self.moved[2]
        above: np.ndarray = slab.positions[:, 2] > plane
        return above


def usual_thicknesses(found: Recognised, plane: float) -> list[float]:
    """Å that are painted in turn where nothing is asked for: those of `THICKNESSES` that the slab has room for.

    Raises:
        ValueError: a slab that has room for none at all.
    """
    most = room(found, plane)
    fitting = [t * found.lattice_constant for t in THICKNESSES if t * found.lattice_constant <= most]
    return [round(t, 2) for t in fitting] or [math.floor(100 * most) / 100]


def room(found: Recognised, plane: float) -> float:
    """Å that can be painted at the most, so that enough crystal is left on either side.

    Raises:
        ValueError: less than what is worth painting.
    """
    shell = 0.5 * found.lattice_constant  # that far below its lowest bulk atom a crystal goes on at the least
    depths = [plane - found.grains[0].low + shell, found.grains[1].high - plane + shell]
    side = int(np.argmin(depths))
    most = 2 * (depths[side] - MIN_END)
    if most < MIN_PAINTED:
        raise ValueError(
            f"The slab is too thin to be painted: its {SIDES[side]} grain has {max(depths[side], 0.0):.1f} Å of "
            f"crystal, and at least {MIN_END + MIN_PAINTED / 2:g} Å are needed, {MIN_END:g} Å of them to be kept."
        )
    return most


def slab_ends(
    slab: Atoms,
    plane: float,
    found: Recognised,
    thickness: float,
    *,
    move: Sequence[float] | np.ndarray = (0.0, 0.0, 0.0),
) -> SlabEnds:
    """The ends of a slab whose middle is to be painted.

    Args:
        slab: z across the boundary, not periodic along it.
        plane: z of the boundary in Å.
        found: what `recognise` said of it.
        thickness: Å about the plane that are painted, to whole voxel layers.
        move: (3,) Å by which the upper grain is moved first, in the slab's frame.

    Raises:
        ValueError: a thickness that the slab has no room for, or a frame of too many voxels.
    """
    most = room(found, plane)
    if not (is_finite(thickness) and MIN_PAINTED <= thickness <= most + 1e-6):
        raise ValueError(
            f"The painted thickness must be from {MIN_PAINTED:g} to {most:.1f} Å in this slab, not {thickness:g}."
        )
    a, boundary, moved = found.lattice_constant, found.boundary, np.asarray(move, dtype=float)
    upper = slab.positions[:, 2] > plane
    standing = slab.positions + np.where(upper[:, None], moved, 0.0)
    positions = standing @ found.turn.T
    plane = plane + 0.5 * moved[2]
    size = VOXEL * a
    within = (positions[:, 2] > plane - DEPTH * a) & (positions[:, 2] < plane + DEPTH * a)
    z = positions[:, 2]
    origin = np.array([0.0, 0.0, z[within].min() - VACUUM * a])
    height = z[within].max() - origin[2] + VACUUM * a
    shape = (*boundary.voxels(), STRIDE * math.ceil(height / (size * STRIDE)))
    if math.prod(shape) > MAX_VOXELS:
        raise ValueError(
            f"A frame of {' x '.join(map(str, shape))} voxels is {math.prod(shape):,}; the most is {MAX_VOXELS:,}: "
            "cut a smaller cell out of the slab."
        )
    grid = Grid(shape, (*found.lengths, shape[2] * size), (True, True, False))
    low, high = (round((plane - origin[2] + side * thickness / 2) / size) for side in (-1, 1))
    layer = (z - origin[2]) / size
    taken = (layer >= low) & (layer <= high - 1)
    known = within & ~taken
    ends = _known(slab, positions[known] - origin, grid)
    per_plane = boundary.atoms_per_plane
    more: dict[str, Any] = {
        "lattice_constant": a,
        "area": float(np.prod(found.lengths)),
        "atoms_per_plane": per_plane,
        "nearest_neighbour": PHASES[boundary.phase].nearest_neighbour * a,
        "plane": float(plane - origin[2]),
        "whole": int(within.sum()),  # atoms that the frame holds with nothing taken out
        "planes": [round(int(half.sum()) / per_plane) for half in (within & ~upper, within & upper)],
        "repeats": list(boundary.repeats),
        "painted": (high - low) * size,
    }
    ends.info = found.listed.info() | {"metal": slab.symbols[0], "phase": boundary.phase} | more
    return SlabEnds(BicrystalEnds(ends, grid, (low, high)), ~taken, found.turn, origin, moved)


def _known(slab: Atoms, positions: np.ndarray, grid: Grid) -> Atoms:
    """The atoms of the ends in the frame."""
    from ase import Atoms

    positions = positions.copy()
    positions[:, :2] %= grid.lengths[:2]
    return Atoms([slab.symbols[0]] * len(positions), positions, cell=grid.lengths, pbc=grid.periodic)


def _wrapped(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Into the cell along its two edges in the plane."""
    edges = cell[:2, :2]
    wrapped = positions.copy()
    wrapped[:, :2] = np.mod(positions[:, :2] @ np.linalg.inv(edges), 1.0) @ edges
    return wrapped
