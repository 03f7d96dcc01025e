"""The perfect crystal of a potential: lattice constant, energy and cut-off, computed once and kept in a cache.

The cache is a folder of small JSON files, one a potential and crystal, named by the hash of the potential's content;
what cannot be read there is computed anew.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gcd.energetics.potential import Potential

VERSION = 1  # of what is kept
NEAREST = {"bcc": math.sqrt(3) / 2, "fcc": math.sqrt(0.5)}  # nearest neighbours in lattice constants
COARSE = np.linspace(0.80, 1.25, 19)  # of the metal's nearest distance
FEELS = 1e-3  # eV/Å on an atom that is pushed by another's move of 0.05 Å: less is out of reach


@dataclass(frozen=True)
class Crystal:
    """A perfect crystal at rest."""

    phase: str
    lattice_constant: float  # Å
    cohesive_energy: float  # eV an atom, with the sign of the energy
    cutoff: float  # Å beyond which atoms do not see each other


def cache_folder() -> Path:
    """Where computed crystals are kept: the user's cache folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "gcd" / "crystals"


def cached_crystal(potential: Potential, symbol: str, phase: str) -> Crystal:
    """From the cache, or computed by :func:`compute_crystal` and kept there."""
    if not potential.key:
        return compute_crystal(potential, symbol, phase)
    key = hashlib.sha256(f"{VERSION} {symbol} {phase} {potential.key}".encode()).hexdigest()[:32]
    path = cache_folder() / f"{key}.json"
    if (known := _read(path, phase)) is not None:
        return known
    crystal = compute_crystal(potential, symbol, phase)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(crystal)))
        os.replace(temporary, path)
    except OSError:
        pass  # a cache that cannot be written is none
    return crystal


def _read(path: Path, phase: str) -> Crystal | None:
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
        crystal = Crystal(
            str(kept["phase"]),
            float(kept["lattice_constant"]),
            float(kept["cohesive_energy"]),
            float(kept["cutoff"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    numbers = (crystal.lattice_constant, crystal.cohesive_energy, crystal.cutoff)
    if crystal.phase != phase or not all(map(math.isfinite, numbers)) or crystal.lattice_constant <= 0:
        return None
    return crystal


def compute_crystal(potential: Potential, symbol: str, phase: str) -> Crystal:
    """Minimise the energy of the crystal over its lattice constant, in steps that a polynomial is fitted to.

    ValueError when there is no minimum near the element's interatomic distance.
    """
    from ase.build import bulk

    def energies(constants: np.ndarray) -> np.ndarray:
        crystals = [bulk(symbol, phase, a=float(a), cubic=True) for a in constants]
        return np.array(
            [s.energy / len(c) for s, c in zip(potential.statics(crystals), crystals, strict=True)]
        )

    constants = nearest_distance(symbol) / NEAREST[phase] * COARSE
    values = energies(constants)
    best = int(np.argmin(values))
    if not np.isfinite(values[best]) or best in (0, len(constants) - 1):
        raise ValueError(f"The potential {potential.name} has no {phase} crystal of {symbol}.")
    a = float(constants[best])
    for width in (0.02, 0.006, 0.004):  # narrow enough for a polynomial, wide enough for single precision
        steps = np.linspace(-width, width, 7)
        fit = np.polynomial.Polynomial.fit(steps, energies(a * (1 + steps)), 4)
        roots = fit.deriv().roots()
        real = roots[np.abs(roots.imag) < 1e-9].real
        real = real[(np.abs(real) < 2 * width) & (fit.deriv(2)(real) > 0)]
        if not len(real):
            raise ValueError(f"The potential {potential.name} has no {phase} crystal of {symbol}.")
        a *= 1 + float(real[np.argmin(fit(real))])
    return Crystal(phase, a, float(energies(np.array([a]))[0]), _cutoff(potential, symbol, phase, a))


def nearest_distance(symbol: str) -> float:
    """Å between nearest neighbours of the element, about: where the search for its crystal begins."""
    from ase.data import atomic_numbers, covalent_radii, reference_states

    state: dict[str, Any] = dict(reference_states[atomic_numbers[symbol]] or {})
    if state.get("symmetry") in NEAREST:
        return NEAREST[state["symmetry"]] * float(state["a"])
    return 2 * float(covalent_radii[atomic_numbers[symbol]])


def _cutoff(potential: Potential, symbol: str, phase: str, a: float) -> float:
    """Å: what the potential says, else how far the move of one plane of atoms is felt."""
    if (told := getattr(potential, "told_cutoff", None)) is not None:
        return float(told)
    from ase.build import bulk

    cells = max(6, math.ceil(30.0 / a))
    crystal = bulk(symbol, phase, a=a, cubic=True) * (1, 1, cells)
    moved = crystal.copy()
    moved.positions[0] += (0.0, 0.0, 0.05)
    before, after = potential.statics([crystal, moved])
    change = np.linalg.norm(after.forces - before.forces, axis=1)
    height = a * cells
    distance = np.abs((crystal.positions[:, 2] + 0.5 * height) % height - 0.5 * height)
    return max(4.0, float(distance[change > FEELS].max(initial=0.0)))
