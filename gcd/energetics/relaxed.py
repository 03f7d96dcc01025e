"""What every engine hands back of a slab that it has relaxed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Relaxed:
    """A relaxed slab."""

    positions: np.ndarray  # (N, 3) Å
    energies: np.ndarray | None  # (N,) eV; None where the potential knows only their sum
    initial_energies: np.ndarray | None  # (N,) eV
    converged: bool
    stopped_by: str  # the criterion, in LAMMPS's words
    evaluations: int
    seconds: float
    energy: float | None = None  # eV, of all atoms, where there are no energies of each
    initial_energy: float | None = None
