"""Slabs of one's own, understood: opened, stood up, their boundary found, and the model that can paint it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.checkpoints import BoundaryCheckpoint, ManyBoundariesCheckpoint, available, read_checkpoint
from gcd.energetics.boundary_plane import NO_BOUNDARY, make_slab, metal_of, name_elements
from gcd.energetics.potential import Potential, find_potential
from gcd.energetics.slab import Slab
from gcd.generate.boundary_models import PaintingCheckpoint
from gcd.structures.boundary import MIN_EDGE, Boundary
from gcd.structures.cells import right_angled
from gcd.structures.crystals import PHASES
from gcd.structures.recognise import Recognised, recognise
from gcd.structures.slab_ends import slab_ends, usual_thicknesses
from gcd.structures.twists import metal_phase

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Recast:
    """A slab of one's own, understood: opened, stood up, its boundary found; what `repaint` works on.

    Attributes:
        slab: as relaxations see it.
        standing: its atoms, z across the boundary and free along it.
        found: the boundary.
        words: what a person should know.
    """

    slab: Slab
    standing: Atoms
    found: Recognised
    words: tuple[str, ...]

    @property
    def boundary(self) -> Boundary:
        """As lists have it."""
        return self.found.listed

    def as_it_lay(self, atoms: Atoms) -> Atoms:
        """Atoms in the frame of `standing`, turned back to lie as in the slab's file."""
        result = atoms.copy()
        slab = self.slab
        result.positions = atoms.positions @ slab.turn
        cell = np.zeros((3, 3))
        for place, row in zip(((slab.axis + 1) % 3, (slab.axis + 2) % 3, slab.axis), slab.cell, strict=True):
            cell[place] = row @ slab.turn
        result.set_cell(cell, scale_atoms=False)
        result.pbc = [axis != slab.axis for axis in range(3)]
        return result


def understand(
    atoms: Atoms,
    metal: str | None = None,
    *,
    plane: float | None = None,
    potential: Any = None,
    rescale: bool = False,
    elements: Sequence[str] = (),
    repeats: Sequence[int] | None = None,
) -> Recast:
    """What boundary a slab holds, and how it lies.

    Args:
        atoms: a slab or pile of two grains, its boundary across any edge of the cell.
        metal: symbol, by default the one that the atoms name, else W.
        plane, potential, rescale, elements: as in `relax_boundaries`.
        repeats: of the slab's cell along its two edges in the plane; by default what makes each 8 Å long.

    Raises:
        ValueError: no slab of that metal, no boundary, grains that are no crystals of the metal's phase; one sentence.
    """
    from ase.build import make_supercell

    potential = find_potential(potential)
    named = name_elements(atoms, elements)
    symbol = metal_of(named, metal, potential)
    phase = phase_of(symbol, potential)
    slab = make_slab(named, symbol, plane=plane, potential=potential, rescale=rescale)
    if NO_BOUNDARY in slab.words:
        raise ValueError("The slab has no boundary to paint: between its ends it is a perfect crystal.")
    _check_whole(slab, PHASES[phase].nearest_neighbour * potential.lattice_constant(slab.metal, phase))
    words, other = list(slab.words), slab.other
    standing = _standing(slab)
    cell = _cell(slab.cell, repeats)
    if not np.array_equal(cell, np.eye(2)):  # the slab stays what it is, in a larger cell
        standing = make_supercell(standing, [[*cell[0], 0], [*cell[1], 0], [0, 0, 1]])
        larger = make_slab(standing, symbol, plane=slab.plane, potential=potential)
        slab = replace(larger, turn=slab.turn, axis=slab.axis)  # it lies as it lay
        long, wide = np.linalg.norm(slab.cell[:2], axis=1)
        words.append(
            f"The slab was put into a cell of {long:.1f} x {wide:.1f} Å, with {len(standing):,} atoms: models paint "
            f"cells with a right angle and edges of {MIN_EDGE:g} Å or more."
        )
    a = potential.lattice_constant(slab.metal, phase)
    found = recognise(slab.positions, slab.cell, slab.plane, phase, a)
    if other is not None:
        words.append(
            f"The pile holds two different boundaries: the one at {slab.plane:.1f} Å is painted, and the pile is "
            f"opened at the other, at {other:.1f} Å."
        )
    return Recast(slab, standing, found, tuple(words))


def _check_whole(slab: Slab, nearest: float) -> None:
    """ValueError where the two crystals do not touch: there is vacuum between them, and no boundary."""
    z = np.sort(slab.positions[:, 2])
    gaps = np.diff(z)
    widest = int(gaps.argmax())
    if gaps[widest] > 1.5 * nearest:
        raise ValueError(
            f"The slab has no boundary to paint: at z = {z[widest]:.1f} Å there are {gaps[widest]:.1f} Å of vacuum "
            "between its crystals."
        )


def _cell(cell: np.ndarray, repeats: Sequence[int] | None) -> np.ndarray:
    """(2, 2) whole numbers of the cell's edges in the plane: a cell with a right angle, long enough to be painted."""
    rows = right_angled(cell)
    if rows is None:
        rows = np.eye(2, dtype=int)  # refused when the boundary is looked for
    edges = np.linalg.norm(rows @ cell[:2], axis=1)
    times = np.ceil(MIN_EDGE / edges - 1e-6).astype(int).clip(1) if repeats is None else np.array(repeats)
    return rows * times[:, None]


def _standing(slab: Slab) -> Atoms:
    """The atoms as relaxations see them."""
    from ase import Atoms

    return Atoms([slab.metal] * len(slab.positions), slab.positions, cell=slab.cell, pbc=(True, True, False))


def phase_of(metal: str, potential: Potential) -> str:
    """Bcc or fcc: the metal's own, else the potential's; ValueError for metals that are neither."""
    try:
        return metal_phase(metal).name
    except ValueError:
        if potential.name == "zhou2004":
            raise
    return potential.crystal(metal).phase


def painting_model(
    boundary: Boundary, checkpoint: str | None = None, *, anyway: bool = False
) -> PaintingCheckpoint:
    """The model that repaints a boundary: one of many boundaries of its phase.

    Args:
        boundary: as lists have it.
        checkpoint: name or folder of another model.
        anyway: also where the model has never been trained on anything like it.

    Raises:
        ValueError: no model, or one that was never trained on anything like the boundary; one sentence.
    """
    if checkpoint is not None:
        found = read_checkpoint(checkpoint)
        if not isinstance(found, BoundaryCheckpoint | ManyBoundariesCheckpoint):
            raise ValueError(f"The checkpoint {found.name!r} is a {found.kind}, not a model of boundaries.")
    else:
        there = [c for c in available().values() if isinstance(c, ManyBoundariesCheckpoint)]
        there = sorted(there, key=lambda c: (c.phase != boundary.phase, boundary.family not in c.families))
        if not there:
            raise ValueError("There is no model of many boundaries here; name another with a checkpoint.")
        found = there[0]
    if not anyway and (found_phase(found) != boundary.phase or boundary.family not in families(found)):
        raise ValueError(
            f"The model {found.name!r} was never trained on anything like {boundary.title} of {boundary.phase} "
            f"({boundary.family}): it has learnt {', '.join(sorted(families(found)))} of {found_phase(found)}; to "
            "paint it all the same, say so (--anyway, anyway=True)."
        )
    return found


def found_phase(checkpoint: PaintingCheckpoint) -> str:
    """The phase whose boundaries a model has learnt."""
    if isinstance(checkpoint, ManyBoundariesCheckpoint):
        return checkpoint.phase
    return checkpoint.boundary.phase


def families(checkpoint: PaintingCheckpoint) -> frozenset[str]:
    """Axis and kind of all that a model has learnt."""
    if isinstance(checkpoint, ManyBoundariesCheckpoint):
        return checkpoint.families
    return frozenset([checkpoint.boundary.family])


def check_thicknesses(recast: Recast, painted: Sequence[float] | None) -> list[float]:
    """Å that are painted in turn: those asked for, or those that fit; ValueError for what the slab has no room for."""
    if painted is None:
        return usual_thicknesses(recast.found, recast.slab.plane)
    if not painted:
        raise ValueError("Name at least one thickness to be painted, in Å.")
    for thickness in painted:
        slab_ends(recast.standing, recast.slab.plane, recast.found, thickness)
    return [float(t) for t in painted]
