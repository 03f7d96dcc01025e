"""One candidate from proposal to relaxed boundary: minimise, anneal the boundary, cool, relax. For worker processes.

The boundary region is annealed by Langevin molecular dynamics while the grain below stays where it is and the grain
above floats as one rigid block; the relaxation is that of :mod:`gcd.energetics.lammps_session`. Nothing here imports
torch, so that workers start quickly.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from gcd.energetics.lammps_session import SlabSession, slab_session
from gcd.energetics.lammps_text import LammpsText
from gcd.energetics.slab import Slab
from gcd.search.proposals import Proposal, Recipe

TIMESTEP = 0.002  # ps
DAMPING = 0.1  # ps, of the Langevin thermostat
COLD = 50.0  # K, where the ramp ends
ROUGH_FORCE = 0.01  # eV/Å: the first minimisation only takes overlaps away


@dataclass(frozen=True)
class Annealed:
    """What a worker hands back."""

    positions: np.ndarray  # (N, 3) Å, in the slab's order
    energies: np.ndarray  # (N,) eV
    converged: bool
    seconds: float  # of processor time


def anneal_slab(*, slab: Slab, potential: LammpsText, proposal: Proposal, recipe: Recipe) -> Annealed:
    """Anneal and relax a proposal's slab in this process.

    Raises RuntimeError when LAMMPS fails or loses atoms.
    """
    begin = time.process_time()
    with slab_session(slab, potential) as session:
        session.minimise(force_tolerance=ROUGH_FORCE)
        if proposal.steps:
            _molecular_dynamics(session, proposal, recipe)
        stopped_by, _ = session.minimise()
        energies = session.energies()
        positions = session.positions()
    return Annealed(
        positions=positions,
        energies=energies,
        converged=stopped_by not in ("max iterations", "max force evaluations"),
        seconds=time.process_time() - begin,
    )


def _molecular_dynamics(session: SlabSession, proposal: Proposal, recipe: Recipe) -> None:
    """Langevin dynamics of the region around the plane, then the ramp down; the grains beyond stay rigid."""
    plane, reach = session.slab.plane, recipe.md_reach
    seed = 1 + (proposal.seed * 1_000_003 + proposal.number * 7919) % 900_000_000
    hot = f"{proposal.temperature:.3f}"
    session.commands(
        f"""
        timestep {TIMESTEP}
        region below block INF INF INF INF INF {plane - reach:.6f}
        region above block INF INF INF INF {plane + reach:.6f} INF
        group below region below
        group above region above
        group hot subtract all below above
        group moving subtract all below
        fix below below setforce 0 0 0
        fix above above aveforce 0 0 0
        velocity all set 0 0 0
        velocity hot create {hot} {seed} mom yes rot no dist gaussian
        fix move moving nve
        fix heat hot langevin {hot} {hot} {DAMPING} {seed}
        run {proposal.steps} post no
        unfix heat
        fix heat hot langevin {hot} {COLD} {DAMPING} {seed + 1}
        run {proposal.ramp} post no
        unfix heat
        unfix move
        unfix above
        unfix below
        velocity all set 0 0 0
        """
    )
