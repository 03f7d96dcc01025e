"""The ends of a slab: what its free surfaces cost, so that they can be taken off the energy of a thin slab.

An end is joined to its own image, inverted through an atom of the grain: crystals with one atom a lattice point look
the same from both sides. What comes out is a crystal with the end's surface on both sides, whatever its plane, its
termination and its relaxation.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from gcd.energetics.slab import Slab

if TYPE_CHECKING:
    from gcd.energetics.potential import Potential

J_PER_M2 = 16.02177  # of 1 eV/Å^2
DEPTH = 1.4  # cut-offs below a surface where the crystal begins, even if the surface has relaxed
SAME = 0.5  # Å; an atom and an image closer than that are one
WHOLE = 0.02  # eV by which the atom in the middle may differ from one of the crystal
REMEMBERED = 256  # ends; those of samples of one boundary are the same
_known: OrderedDict[tuple[str, str, bytes], float | None] = OrderedDict()


def surface_energy(slab: Slab, potential: Potential, *, upper: bool) -> float | None:
    """What the surface at an end costs in J/m2, as it stands; None when there is no crystal below it."""
    from ase import Atoms

    crystal = potential.crystal(slab.metal)
    if crystal.phase not in ("bcc", "fcc"):
        return None
    positions = _joined(slab, DEPTH * crystal.cutoff, upper=upper)
    if positions is None:
        return None
    key = (potential.key, slab.metal, np.round(np.vstack([slab.cell[:2], positions]), 5).tobytes())
    if potential.key and key in _known:
        _known.move_to_end(key)
        return _known[key]
    cell = slab.cell.copy()
    cell[2] = (0.0, 0.0, np.ptp(positions[:, 2]) + 1.0)
    atoms = Atoms([slab.metal] * len(positions), positions, cell=cell, pbc=(True, True, False))
    (static,) = potential.statics([atoms])
    energy: float | None = J_PER_M2 * (static.energy - len(atoms) * crystal.cohesive_energy) / (2 * slab.area)
    middle = None if static.energies is None else static.energies[0] - crystal.cohesive_energy
    if middle is not None and abs(middle) > WHOLE:
        energy = None
    _known[key] = energy
    while len(_known) > REMEMBERED:
        _known.popitem(last=False)
    return energy


def _joined(slab: Slab, wanted: float, *, upper: bool) -> np.ndarray | None:
    """Positions (M, 3) of the end and its inverted image, from the atom in the middle; None when they do not fit."""
    from gcd.energetics.neighbours import neighbour_arrays

    z = slab.positions[:, 2]
    depth = z.max() - z if upper else z - z.min()
    thickness = (z.max() - slab.plane) if upper else (slab.plane - z.min())
    clamped = depth[slab.upper if upper else slab.lower]  # where the boundary has moved nothing
    wanted = min(wanted, 0.6 * thickness, clamped.max(initial=0.0) or np.inf)
    centre = int(np.argmin(np.abs(depth - wanted)))
    end = np.flatnonzero(depth < depth[centre] + 0.2)
    end = end[np.argsort(end != centre, kind="stable")]  # the middle first
    relative = slab.positions[end] - slab.positions[centre]
    both = np.concatenate([relative, -relative])
    i, j, _ = neighbour_arrays(both, slab.cell, (True, True, False), SAME)
    keep = np.ones(len(both), dtype=bool)
    keep[np.maximum(i, j)] = False
    # Each atom within 0.2 Å of the middle's plane must have met an image, or the seam is no crystal.
    seam = np.flatnonzero(np.abs(relative[:, 2]) < 0.2)
    met = np.zeros(len(both), dtype=bool)
    met[i] = met[j] = True
    return both[keep] if met[seam].all() and keep[: len(end)].all() else None
