"""E_gb of a boundary (Eq. 7), and `relax_boundaries`, which relaxes slabs and tells their E_gb and [n]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics import lammps
from gcd.energetics.boundary_plane import atomic_energies, find_boundary_plane, locate_plane, make_slab
from gcd.energetics.ends import J_PER_M2, surface_energy
from gcd.energetics.slab import WINDOW, Slab, atoms_per_plane, n_fraction
from gcd.energetics.workers import Outcome, cores
from gcd.energetics.zhou2004 import METALS, cohesive_energy
from gcd.limits import check_integer

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "RelaxProgress",
    "boundary_energy",
    "describe_boundary",
    "find_boundary_plane",
    "relax_boundaries",
    "slab_energy",
]

RELAXED_DEPTH = (
    1.4  # cut-offs below a surface: even if it has relaxed, planes hold less than 0.0003 J/m2 of its energy
)
CORE_WINDOW = 8.0  # Å; a narrower one would leave out energy of the boundary itself
ENGINES = ("auto", "lammps", "torch")
SETTINGS = {"energy_tolerance", "force_tolerance", "max_evaluations"}


def boundary_energy(
    energies: np.ndarray,
    positions: np.ndarray,
    plane: float,
    area: float,
    cohesive: float,
    window: float | tuple[float, float] = WINDOW,
) -> float:
    """E_gb = (E_total - N E_coh) / A of the atoms near the plane, Eq. 7.

    Args:
        energies: (N,) energy of each atom in eV.
        positions: (N, 3) in Å.
        plane: z of the boundary in Å.
        area: A in Å^2.
        cohesive: E_coh in eV, negative.
        window: Å below and above the plane whose atoms count.

    Returns:
        E_gb in J/m2.
    """
    below, above = (window, window) if isinstance(window, int | float) else window
    z = np.asarray(positions)[:, 2] - plane
    counted = (z > -below) & (z < above)
    return float(J_PER_M2 * (np.asarray(energies)[counted] - cohesive).sum() / area)


def slab_energy(slab: Slab, energies: np.ndarray) -> float:
    """E_gb in J/m2 of a slab with those atomic energies (N,) in eV.

    Atoms count as far as the window goes. Where a grain is too thin for that, all its atoms count, less the energy of
    its (100) surface; if the end is nothing so simple, those atoms that do not feel it.
    """
    z, cutoff = slab.positions[:, 2], METALS[slab.metal].cutoff
    window, surfaces = [], 0.0
    for upper, thickness in ((False, slab.plane - z.min()), (True, z.max() - slab.plane)):
        inside = thickness - RELAXED_DEPTH * cutoff
        if inside < WINDOW:
            surface = surface_energy(slab, energies, upper=upper)
            surfaces += surface or 0.0
            inside = np.inf if surface else max(inside, min(CORE_WINDOW, thickness - cutoff))
        window.append(inside if np.isinf(inside) else min(WINDOW, inside))
    cohesive = cohesive_energy(slab.metal)
    counted = boundary_energy(
        energies, slab.positions, slab.plane, slab.area, cohesive, (window[0], window[1])
    )
    return counted - surfaces


def describe_boundary(atoms: Atoms, metal: str = "W", *, plane: float | None = None) -> dict[str, Any]:
    """The boundary of a slab as it stands, unrelaxed.

    Returns metal, plane (z in Å), area (Å^2), atoms_per_plane, n ([n], Eq. 8) and egb (J/m2). ValueError, in one
    sentence, when the atoms are no slab of the metal.
    """
    slab = make_slab(atoms, metal, plane=plane)
    return {
        "metal": slab.metal,
        "plane": slab.plane,
        "area": slab.area,
        "atoms_per_plane": atoms_per_plane(slab),
        "n": n_fraction(slab),
        "egb": slab_energy(slab, atomic_energies(slab.positions, slab.cell, slab.metal)),
    }


@dataclass(frozen=True)
class RelaxProgress:
    """Given to the callback of :func:`relax_boundaries` whenever a structure is done."""

    done: int
    total: int  # structures in all, or so far where they come from an iterator
    index: int  # which structure
    atoms: Atoms  # as it will be returned


def relax_boundaries(
    structures: Iterable[Atoms] | Atoms,
    metal: str = "W",
    *,
    plane: float | None = None,
    workers: int | None = None,
    engine: str = "auto",
    device: Any = "auto",
    timeout: float | None = None,
    callback: Callable[[RelaxProgress], None] | None = None,
    **settings: Any,
) -> list[Atoms]:
    """Relax bicrystal slabs and give their boundary energies, in the order they came.

    The lower end is clamped, the upper end rigid and free to float, 20 Å on either side of the boundary move freely.

    Args:
        structures: one ``ase.Atoms`` or several; z across the boundary, free surfaces or not, any order of atoms. With
            LAMMPS they are taken from an iterator as workers become free.
        metal: symbol; the atoms must be of that metal.
        plane: z of the boundary in Å; found when None.
        workers: processes for LAMMPS; all cores when None.
        engine: "lammps", "torch", or "auto": LAMMPS where it can be used.
        device: for torch.
        timeout: seconds for one relaxation in LAMMPS; by default four minutes for every 1,000 atoms of the first.
        callback: called with :class:`RelaxProgress`; whatever it raises stops the work.
        settings: energy_tolerance, force_tolerance (eV/Å), max_evaluations.

    Returns:
        Copies, with ``info``: egb and egb_initial (J/m2), n ([n], Eq. 8), converged, stopped_by, plane (Å), area (Å^2),
        atoms_per_plane, metal, engine, force_evaluations, seconds; ``arrays["energy"]`` in eV. A structure that could
        not be relaxed comes back as it was, with the reason in ``info["error"]``, egb nan and converged False.

    Raises:
        ValueError: unknown metal, engine or setting, no workers, or LAMMPS asked for where it cannot be used.
    """
    engine = choose_engine(engine)
    cohesive_energy(metal)
    if workers is not None:
        check_integer("the number of workers", workers, 1, 1024)
    if unknown := sorted(set(settings) - SETTINGS):
        raise ValueError(f"Unknown setting {unknown[0]!r}: the settings are {', '.join(sorted(SETTINGS))}.")
    if hasattr(structures, "positions"):
        structures = [structures]  # type: ignore[list-item]
    total = len(structures) if isinstance(structures, Sized) else 0
    results: dict[int, Atoms] = {}
    slabs: list[tuple[int, Atoms, Slab]] = []

    def finish(index: int, atoms: Atoms) -> None:
        results[index] = atoms
        if callback:
            callback(RelaxProgress(len(results), max(total, len(results)), index, atoms))

    def as_they_come() -> Iterator[Slab]:
        for index, atoms in enumerate(structures):
            try:
                slab = make_slab(atoms, metal, plane=plane)
            except ValueError as error:
                finish(index, _failed(atoms, str(error)))
                continue
            slabs.append((index, atoms, slab))
            yield slab

    if total:
        workers = min(workers or cores(), total)
    for outcome in _relax(as_they_come(), engine, workers, device, timeout, settings):
        index, atoms, slab = slabs[outcome.index]
        if outcome.error is not None:
            finish(index, _failed(atoms, outcome.error))
        else:
            finish(index, _relaxed(atoms, slab, outcome, engine, find_plane=plane is None))
    return [results[index] for index in sorted(results)]


def choose_engine(engine: str) -> str:
    """The engine that "auto" means here; ValueError when LAMMPS is asked for and cannot be used."""
    if engine not in ENGINES:
        raise ValueError(f"Unknown engine {engine!r}: the engines are {', '.join(ENGINES)}.")
    if engine == "auto":
        return "lammps" if lammps.available() else "torch"
    if engine == "lammps" and (reason := lammps.missing()):
        raise ValueError(f"{reason} The torch engine needs nothing more.")
    return engine


def _relax(
    slabs: Iterator[Slab],
    engine: str,
    workers: int | None,
    device: Any,
    timeout: float | None,
    settings: dict[str, Any],
) -> Iterator[Outcome]:
    if engine == "lammps":
        if timeout is None:
            first = next(slabs, None)  # the others of a call are about as large
            if first is None:
                return iter(())
            slabs, size = chain([first], slabs), len(first.positions)
            timeout = lammps.TIMEOUT * max(1.0, 2 * size / 1000)
        return lammps.relax_slabs(slabs, workers=workers, timeout=timeout, **settings)
    from gcd.energetics import torch_relax

    return torch_relax.relax_slabs(list(slabs), device=device, **settings)


def _relaxed(atoms: Atoms, slab: Slab, outcome: Outcome, engine: str, *, find_plane: bool) -> Atoms:
    relaxed = outcome.value
    after = replace(slab, positions=relaxed.positions)
    if find_plane:
        after = replace(after, plane=locate_plane(relaxed.positions[:, 2], relaxed.energies, slab.metal))
    result = atoms.copy()
    result.positions = relaxed.positions
    result.symbols[:] = slab.metal  # files of LAMMPS may name none
    result.cell[2] = slab.cell[2]
    result.pbc = (True, True, False)
    result.set_array("energy", relaxed.energies, float, ())
    result.info.pop("error", None)
    result.info |= {
        "egb": slab_energy(after, relaxed.energies),
        "egb_initial": slab_energy(slab, relaxed.initial_energies),
        "n": n_fraction(after),
        "converged": relaxed.converged,
        "stopped_by": relaxed.stopped_by,
        "plane": after.plane,
        "area": slab.area,
        "atoms_per_plane": atoms_per_plane(after),
        "metal": slab.metal,
        "engine": engine,
        "force_evaluations": relaxed.evaluations,
        "seconds": outcome.seconds,
    }
    return result


def _failed(atoms: Atoms, reason: str) -> Atoms:
    result = atoms.copy()
    result.info |= {"egb": float("nan"), "converged": False, "error": reason}
    return result
