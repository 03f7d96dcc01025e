"""The ends of a slab: what a (100) surface costs, as cut or relaxed, so that it can be taken off a slab's energy."""

from __future__ import annotations

from functools import cache

import numpy as np

from gcd.energetics.metals import METALS
from gcd.energetics.slab import LAYER_GAP, Slab
from gcd.energetics.torch_relax import relax_slabs
from gcd.energetics.zhou2004 import cohesive_energy, lattice_constant

J_PER_M2 = 16.02177  # of 1 eV/Å^2
PLANES = 24  # of the crystal whose surfaces are computed: twice the depth at which nothing is left of them
LIKE = 0.004  # J/m2 by which the first two planes of an end may differ from those of a known surface


@cache
def surfaces(metal: str) -> tuple[np.ndarray, ...]:
    """(100) surfaces of a cubic metal, as cut and relaxed: the energy above the crystal of each plane, from outside.

    In J/m2; the sum is the surface energy. Nothing for hcp metals.
    """
    a, structure = lattice_constant(metal), METALS[metal].structure
    if structure == "hcp":
        return ()
    centre, corner = (0.5, 0.5), (0.0, 0.0)
    even = [corner] if structure == "bcc" else [corner, centre]
    odd = [centre] if structure == "bcc" else [(0.5, 0.0), (0.0, 0.5)]
    sites = [(x, y, 0.5 * k) for k in range(PLANES) for x, y in (odd if k % 2 else even)]
    free = np.zeros(len(sites), dtype=bool)
    cell = np.diag([a, a, 0.5 * a * PLANES])
    slab = Slab(a * np.array(sites), cell, metal, plane=0.25 * a * PLANES, lower=free, upper=free)
    (outcome,) = relax_slabs([slab], device="cpu")
    if outcome.error:
        raise RuntimeError(outcome.error)
    known = []
    for energies in (outcome.value.initial_energies, outcome.value.energies):
        excess = J_PER_M2 * (energies - cohesive_energy(metal)).reshape(PLANES, -1).sum(1) / a**2
        known.append(0.5 * (excess + excess[::-1])[: PLANES // 2])
    return tuple(known)


def surface_energy(slab: Slab, energies: np.ndarray, *, upper: bool) -> float | None:
    """What the surface at an end costs in J/m2; None when it is not a (100) surface, as cut or fully relaxed.

    Told by the energies of the two outermost planes, so that rough, shaken or other surfaces are not taken for it.
    """
    z = slab.positions[:, 2]
    depth = z.max() - z if upper else z - z.min()
    order = np.argsort(depth)
    planes = np.split(order, np.flatnonzero(np.diff(depth[order]) > LAYER_GAP) + 1)[:2]
    found = [J_PER_M2 * (energies[p] - cohesive_energy(slab.metal)).sum() / slab.area for p in planes]
    for known in surfaces(slab.metal):
        if np.abs(known[: len(found)] - found).max() < LIKE:
            return float(known.sum())
    return None
