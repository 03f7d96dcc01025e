"""E_gb of a boundary (Eq. 7), and `relax_boundaries`, which relaxes slabs and tells their E_gb and [n]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics import lammps
from gcd.energetics.boundary_plane import (
    find_boundary_plane,
    locate_plane,
    make_slab,
    name_elements,
    turned_about,
)
from gcd.energetics.ends import J_PER_M2, surface_energy
from gcd.energetics.engines import Engine, Outcome, cores
from gcd.energetics.potential import Potential, find_potential
from gcd.energetics.relaxed import Relaxed
from gcd.energetics.slab import WINDOW, Slab, atoms_per_plane, n_fraction
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
SAME_ENERGY = 1e-3  # J/m2; boundaries that differ by less are one
CORE_WINDOW = 8.0  # Å; a narrower one would leave out energy of the boundary itself
ENGINES = ("auto", "lammps", "torch", "ase")
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


def slab_energy(
    slab: Slab, energies: np.ndarray | None, potential: Any = None, *, total: float | None = None
) -> float:
    """E_gb in J/m2 of a slab with those atomic energies (N,) in eV, or with that ``total`` energy alone.

    Atoms count as far as the window goes. Where a grain is too thin for that, all its atoms count, less the energy of
    its surface, whatever its plane; if the end is no surface of a crystal, those atoms that do not feel it. Without
    energies of atoms all count; ValueError when the ends are no surfaces.
    """
    potential = find_potential(potential)
    crystal = potential.crystal(slab.metal)
    z, cutoff = slab.positions[:, 2], crystal.cutoff
    window, surfaces = [], 0.0
    for upper, thickness in ((False, slab.plane - z.min()), (True, z.max() - slab.plane)):
        inside = thickness - RELAXED_DEPTH * cutoff
        if energies is None or inside < WINDOW:
            surface = surface_energy(slab, potential, upper=upper)
            if surface is None and energies is None:
                end = "upper" if upper else "lower"
                raise ValueError(
                    f"{potential.name} has no energies of atoms, and the slab's {end} end is no surface of a crystal: "
                    "what it costs cannot be taken off."
                )
            surfaces += surface or 0.0
            inside = np.inf if surface is not None else max(inside, min(CORE_WINDOW, thickness - cutoff))
        window.append(inside if np.isinf(inside) else min(WINDOW, inside))
    if energies is None:
        assert total is not None
        return J_PER_M2 * (total - len(z) * crystal.cohesive_energy) / slab.area - surfaces
    counted = boundary_energy(
        energies, slab.positions, slab.plane, slab.area, crystal.cohesive_energy, (window[0], window[1])
    )
    return counted - surfaces


def describe_boundary(
    atoms: Atoms, metal: str = "W", *, plane: float | None = None, potential: Any = None
) -> dict[str, Any]:
    """The boundary of a slab as it stands, unrelaxed.

    Returns metal, plane (z in Å), area (Å^2), atoms_per_plane, n ([n], Eq. 8), egb (J/m2), potential, and warnings
    where there are any. ValueError, in one sentence, when the atoms are no slab of the metal.
    """
    from ase import Atoms

    potential = find_potential(potential)
    slab = make_slab(atoms, metal, plane=plane, potential=potential)
    standing = Atoms([slab.metal] * len(atoms), slab.positions, cell=slab.cell, pbc=(True, True, False))
    (static,) = potential.statics([standing])
    described: dict[str, Any] = {
        "metal": slab.metal,
        "plane": slab.plane,
        "area": slab.area,
        "atoms_per_plane": atoms_per_plane(slab),
        "n": n_fraction(slab),
        "egb": slab_energy(slab, static.energies, potential, total=static.energy),
        "potential": potential.name,
    }
    return described | ({"warnings": list(slab.words)} if slab.words else {})


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
    potential: Any = None,
    elements: Sequence[str] = (),
    rescale: bool = False,
    processes: Engine | None = None,
    cancelled: Callable[[], bool] | None = None,
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
        engine: "lammps", "torch", "ase", or "auto": the best that can do it with the potential and is there.
        device: for torch.
        timeout: seconds for one relaxation in LAMMPS; by default four minutes for every 1,000 atoms of the first.
        potential: what :func:`gcd.energetics.potential.find_potential` takes; Zhou 2004 when None.
        elements: what LAMMPS's types 1, 2, 3 ... are in files that name no elements.
        rescale: take off the strain that the grains have against the potential's crystal.
        processes: run LAMMPS's relaxations where they are not to have workers of their own; ``engine`` is then not
            "auto", and taken to be there.
        cancelled: asked while tasks run; once it is true :class:`gcd.energetics.engines.Stopped` is raised.
        callback: called with :class:`RelaxProgress`; whatever it raises stops the work.
        settings: energy_tolerance, force_tolerance (eV/Å), max_evaluations.

    Returns:
        Copies, with ``info``: egb and egb_initial (J/m2), n ([n], Eq. 8), converged, stopped_by, plane (Å), area (Å^2),
        atoms_per_plane, metal, potential, engine, force_evaluations, seconds; ``arrays["energy"]`` in eV where the
        potential has it; warnings where there is something to say, and egb_other where a pile holds another boundary
        as well. Atoms lie as in their file, the plane counted along the boundary's normal. A structure that could
        not be relaxed comes back as it was, with the reason in ``info["error"]``, egb nan and converged False.

    Raises:
        ValueError: unknown metal, engine or setting, no workers, or LAMMPS asked for where it cannot be used.
    """
    potential = find_potential(potential)
    engine = choose_engine(engine, potential) if processes is None else engine
    potential.crystal(metal)
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
                named = name_elements(atoms, elements)
                slab = make_slab(named, metal, plane=plane, potential=potential, rescale=rescale)
            except ValueError as error:
                finish(index, _failed(atoms, str(error)))
                continue
            slabs.append((index, atoms, slab))
            yield slab
            if slab.other is not None:  # a pile with another boundary: that one too
                slabs.append((index, atoms, turned_about(slab, named, potential)))
                yield slabs[-1][2]

    if total:
        workers = min(workers or cores(), total)
    job = _Job(potential, engine, workers, device, timeout, cancelled, settings, processes)
    halves: dict[int, dict[bool, tuple[Slab, Outcome]]] = {}  # of piles with two boundaries
    for outcome in _relax(as_they_come(), job):
        index, atoms, slab = slabs[outcome.index]
        first = next(s for i, _, s in slabs if i == index)
        halves.setdefault(index, {})[slab is first] = (slab, outcome)
        if len(halves[index]) <= (first.other is not None):
            continue
        slab, outcome = halves[index][True]
        if outcome.error is not None:
            finish(index, _failed(atoms, outcome.error))
            continue
        try:
            result = _relaxed(atoms, slab, outcome, job, find_plane=plane is None)
            if False in halves[index]:
                _add_other(result, *halves[index][False], potential)
        except ValueError as error:
            result = _failed(atoms, str(error))
        finish(index, result)
    return [results[index] for index in sorted(results)]


def choose_engine(engine: str, potential: Any = None) -> str:
    """The engine that "auto" means here; ValueError when one is asked for that cannot be used with that potential."""
    if engine not in ENGINES:
        raise ValueError(f"Unknown engine {engine!r}: the engines are {', '.join(ENGINES)}.")
    potential = find_potential(potential)
    if engine == "auto":
        able = potential.engines
        return "torch" if "torch" in able and not lammps.available() else able[0]
    if engine not in potential.engines:
        why = (
            potential.why_not
            or f"The potential {potential.name} is relaxed by {' or '.join(potential.engines)}."
        )
        raise ValueError(f"The engine {engine} cannot relax with {potential.name}. {why}")
    if engine == "lammps" and (reason := lammps.missing()):
        raise ValueError(
            reason + (" The torch engine needs nothing more." if "torch" in potential.engines else "")
        )
    return engine


@dataclass(frozen=True)
class _Job:
    potential: Potential
    engine: str
    workers: int | None
    device: Any
    timeout: float | None
    cancelled: Callable[[], bool] | None
    settings: dict[str, Any]
    processes: Engine | None = None


def _relax(slabs: Iterator[Slab], job: _Job) -> Iterator[Outcome]:
    if job.engine == "lammps":
        timeout = job.timeout
        if timeout is None:
            first = next(slabs, None)  # the others of a call are about as large
            if first is None:
                return iter(())
            slabs, size = chain([first], slabs), len(first.positions)
            timeout = lammps.TIMEOUT * max(1.0, 2 * size / 1000)
        return lammps.relax_slabs(
            slabs,
            job.potential,
            workers=job.workers,
            timeout=timeout,
            engine=job.processes,
            cancelled=job.cancelled,
            **job.settings,
        )
    if job.engine == "ase":
        from gcd.energetics import ase_relax
        from gcd.energetics.ase_potential import AseCalculator

        assert isinstance(job.potential, AseCalculator)
        return ase_relax.relax_slabs(slabs, job.potential, cancelled=job.cancelled, **job.settings)
    from gcd.energetics import torch_relax

    return torch_relax.relax_slabs(list(slabs), device=job.device, **job.settings)


def _energy_after(
    slab: Slab, relaxed: Relaxed, potential: Potential, *, find_plane: bool
) -> tuple[Slab, float]:
    """The slab relaxed, its plane found anew, and E_gb."""
    after = replace(slab, positions=relaxed.positions)
    if find_plane and relaxed.energies is not None:
        crystal = potential.crystal(slab.metal)
        excess = relaxed.energies - crystal.cohesive_energy
        after = replace(after, plane=locate_plane(relaxed.positions[:, 2], excess, crystal.cutoff))
    return after, slab_energy(after, relaxed.energies, potential, total=relaxed.energy)


def _relaxed(atoms: Atoms, slab: Slab, outcome: Outcome, job: _Job, *, find_plane: bool) -> Atoms:
    relaxed: Relaxed = outcome.value
    after, egb = _energy_after(slab, relaxed, job.potential, find_plane=find_plane)
    before = slab_energy(slab, relaxed.initial_energies, job.potential, total=relaxed.initial_energy)
    result = atoms.copy()
    result.set_constraint()  # the clamps were the relaxation's own
    result.positions = relaxed.positions @ slab.turn
    result.symbols[:] = slab.metal  # files of LAMMPS may name none
    cell = result.cell.array.copy()
    for place, row in zip(((slab.axis + 1) % 3, (slab.axis + 2) % 3, slab.axis), slab.cell, strict=True):
        cell[place] = row @ slab.turn
    result.set_cell(cell, scale_atoms=False)
    result.pbc = [axis != slab.axis for axis in range(3)]
    if relaxed.energies is not None:
        result.set_array("energy", relaxed.energies, float, ())
    for old in ("error", "warnings", "egb_other", "plane_other"):
        result.info.pop(old, None)
    result.info |= {
        "egb": egb,
        "egb_initial": before,
        "n": n_fraction(after),
        "converged": relaxed.converged,
        "stopped_by": relaxed.stopped_by,
        "plane": after.plane,
        "area": slab.area,
        "atoms_per_plane": atoms_per_plane(after),
        "metal": slab.metal,
        "potential": job.potential.name,
        "engine": job.engine,
        "force_evaluations": relaxed.evaluations,
        "seconds": outcome.seconds,
    }
    if slab.words:
        result.info["warnings"] = list(slab.words)
    return result


def _add_other(result: Atoms, slab: Slab, outcome: Outcome, potential: Potential) -> None:
    """Tell the energy of a pile's other boundary, where it is another one."""
    if outcome.error is not None:
        raise ValueError(f"The pile's other boundary could not be relaxed. {outcome.error}")
    after, egb = _energy_after(slab, outcome.value, potential, find_plane=True)
    if abs(egb - result.info["egb"]) < SAME_ENERGY:
        return
    word = (
        f"The pile holds two different boundaries: {result.info['egb']:.4f} J/m2 at {result.info['plane']:.1f} Å, "
        f"which is the one given here, and {egb:.4f} J/m2 at {after.plane:.1f} Å."
    )
    result.info |= {"egb_other": egb, "plane_other": after.plane}
    result.info["warnings"] = [*result.info.get("warnings", []), word]


def _failed(atoms: Atoms, reason: str) -> Atoms:
    result = atoms.copy()
    result.info |= {"egb": float("nan"), "converged": False, "error": reason}
    return result
