"""Relax slabs with any ASE calculator: lower end fixed, upper end one rigid block, LBFGS, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.engines import Outcome, Stopped
from gcd.energetics.relaxed import Relaxed
from gcd.energetics.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.ase_potential import AseCalculator

FORCE_TOLERANCE = 5e-3  # eV/Å on any atom: what single precision reaches; it leaves less than 0.001 J/m2
MAX_EVALUATIONS = 2_000


class RigidBlock:
    """A constraint of ASE's kind: these atoms move together, by the mean of their forces."""

    def __init__(self, mask: np.ndarray) -> None:
        self.index = np.flatnonzero(mask)

    def adjust_positions(self, atoms: Atoms, new: np.ndarray) -> None:
        """All move as far as they do on average."""
        old = atoms.positions[self.index]
        new[self.index] = old + (new[self.index] - old).mean(0)

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:  # noqa: ARG002 - as ASE calls it
        """All feel the mean."""
        forces[self.index] = forces[self.index].mean(0)

    def get_removed_dof(self, atoms: Atoms) -> int:  # noqa: ARG002 - as ASE calls it
        """Degrees of freedom that are gone."""
        return 3 * max(0, len(self.index) - 1)

    def copy(self) -> RigidBlock:
        """Another one."""
        return RigidBlock(self.index_mask())

    def index_mask(self) -> np.ndarray:
        """(N,) bool up to the last atom of the block."""
        mask = np.zeros(int(self.index.max(initial=-1)) + 1, dtype=bool)
        mask[self.index] = True
        return mask


def relax_slabs(
    slabs: Iterable[Slab],
    potential: AseCalculator,
    *,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Iterator[Outcome]:
    """An :class:`Outcome` each, one after the other; ``force_tolerance`` (eV/Å) and ``max_evaluations`` as settings."""
    for index, slab in enumerate(slabs):
        begin = time.perf_counter()
        try:
            value = _relax(slab, potential, cancelled, begin, **settings)
        except ValueError as error:
            yield Outcome(index, error=str(error), seconds=time.perf_counter() - begin)
        else:
            yield Outcome(index, value=value, seconds=time.perf_counter() - begin)


def _relax(
    slab: Slab,
    potential: AseCalculator,
    cancelled: Callable[[], bool] | None,
    begin: float,
    *,
    energy_tolerance: float = 0.0,
    force_tolerance: float = FORCE_TOLERANCE,
    max_evaluations: int = MAX_EVALUATIONS,
) -> Relaxed:
    from ase import Atoms
    from ase.constraints import FixAtoms
    from ase.optimize import LBFGS

    atoms = Atoms([slab.metal] * len(slab.positions), slab.positions, cell=slab.cell, pbc=(True, True, False))
    (initial,) = potential.statics([atoms])
    atoms.calc = potential.calculator
    constraints: list[Any] = [FixAtoms(mask=slab.lower)] if slab.lower.any() else []
    if slab.upper.any():
        constraints.append(RigidBlock(slab.upper))
    atoms.set_constraint(constraints)
    optimiser = LBFGS(atoms, logfile=None, maxstep=0.1)  # type: ignore[arg-type]
    evaluations = 1
    converged = False
    steps = optimiser.irun(fmax=force_tolerance, steps=max_evaluations)
    while True:
        try:
            converged = bool(next(steps))
        except StopIteration:
            break
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ValueError(f"The calculator {potential.name} failed: {reason}") from error
        evaluations += 1
        if cancelled is not None and cancelled():
            raise Stopped
    positions = atoms.positions.copy()
    if not np.isfinite(positions).all():
        raise ValueError("The relaxation met positions that are not finite numbers.")
    free = Atoms(atoms.symbols, positions, cell=slab.cell, pbc=(True, True, False))
    (final,) = potential.statics([free])
    return Relaxed(
        positions=positions,
        energies=final.energies,
        initial_energies=initial.energies,
        converged=bool(converged),
        stopped_by="force tolerance" if converged else "max force evaluations",
        evaluations=evaluations,
        seconds=time.perf_counter() - begin,
        energy=final.energy,
        initial_energy=initial.energy,
    )
