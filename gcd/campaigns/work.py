"""What a worker does for one candidate, stage by stage. Tasks carry all they need, and no path of another machine.

Each function gives a :class:`Found`, or raises with the reason why there is none, in a sentence. Torch is imported by
those that sample alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gcd.campaigns.carried import CarriedPotential, Here

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.lammps_text import LammpsText
    from gcd.requests import BoundaryRequest, BuildRequest, CrystalRequest, ParticleRequest
    from gcd.search.proposals import Recipe
    from gcd.structures.boundary import Boundary

KEPT = ("physical", "restarts", "perfect", "rms_displacement", "minimum_distance", "engine")


@dataclass(frozen=True)
class Found:
    """A finished candidate."""

    atoms: Atoms  # arrays["energy"] in eV where there are such
    seconds: float  # of one core
    egb: float = math.nan  # J/m2
    n: float = math.nan  # [n]
    converged: bool = True
    plane: float = math.nan  # Å
    more: Mapping[str, Any] = field(default_factory=dict)  # plain numbers that can be asked for
    proposal: Mapping[str, Any] = field(default_factory=dict)  # how it was made


# --- Search -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SearchWork:
    """What all candidates of a search share."""

    cell: Boundary  # with its repeats
    metal: str
    seed: int
    recipe: Recipe  # with its planes
    lattice_constant: float
    lammps: LammpsText
    potential: CarriedPotential


def search_candidate(work: SearchWork, number: int) -> Found:
    """Draw the proposal of that number, anneal and relax it: what `gcd search` does, without windows that steer it."""
    from gcd.energetics.boundary_energy import slab_energy
    from gcd.energetics.boundary_plane import make_slab
    from gcd.search.anneal import anneal_slab
    from gcd.search.proposals import build_proposal, draw_proposal

    begin = time.process_time()
    a, potential = work.lattice_constant, work.potential.unpacked()
    proposal = draw_proposal(work.cell, work.metal, work.seed, number, work.recipe, lattice_constant=a)
    atoms = build_proposal(proposal, work.cell, work.metal, work.recipe, lattice_constant=a)
    slab = make_slab(atoms, work.metal, plane=atoms.info["plane"], potential=potential)
    found = anneal_slab(slab=slab, potential=work.lammps, proposal=proposal, recipe=work.recipe)
    egb = slab_energy(replace(slab, positions=found.positions), found.energies, potential)
    atoms.positions = found.positions
    atoms.set_array("energy", found.energies, float, ())
    return Found(
        atoms, time.process_time() - begin, egb, atoms.info["n"], found.converged, slab.plane,
        proposal=proposal.as_dict(),
    )  # fmt: skip


# --- Boundaries that are painted, built or given, then relaxed --------------------------------------------------


@dataclass(frozen=True)
class RelaxWork:
    """How structures are relaxed; ``engine`` is one that was found to be there, "" for none at all."""

    metal: str
    engine: str
    potential: CarriedPotential | None
    settings: Mapping[str, Any] = field(default_factory=dict)  # plane, rescale, elements
    sampled: BoundaryRequest | None = None
    built: BuildRequest | None = None


def sample_boundaries(tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Paint the candidates of a bundle in one batch, as unrelaxed structures for :func:`relax_candidate`."""
    begin = time.process_time()
    work: RelaxWork = tasks[0]["work"]
    assert work.sampled is not None
    made = _consecutive(work.sampled, [task["number"] for task in tasks])
    seconds = (time.process_time() - begin) / len(tasks)
    return [{"atoms": atoms, "spent": seconds} for atoms in made]


def relax_candidate(work: RelaxWork, number: int, atoms: Atoms | None = None, spent: float = 0.0) -> Found:
    """Relax a structure that was painted, given, or is built here, and tell its E_gb."""
    from gcd.energetics.boundary_energy import relax_boundaries

    begin = time.process_time()
    if atoms is None:
        assert work.built is not None
        atoms = work.built.structure(number)
    proposal = _proposal(atoms)
    if not atoms.info.get("physical", True):
        raise ValueError(f"Not relaxed: {atoms.info.get('failure') or 'not physical'}.")
    if not work.engine:
        seconds = spent + time.process_time() - begin
        info = atoms.info
        return Found(
            atoms, seconds, n=float(info.get("n", math.nan)), plane=float(info.get("plane", math.nan)),
            more=_more(info), proposal=proposal,
        )  # fmt: skip
    assert work.potential is not None
    (after,) = relax_boundaries(
        [atoms], work.metal, engine=work.engine, potential=work.potential.unpacked(), processes=Here(), **work.settings
    )  # fmt: skip
    if error := after.info.get("error"):
        raise ValueError(error)
    seconds = spent + time.process_time() - begin
    info = after.info
    return Found(
        after, seconds, float(info["egb"]), float(info["n"]), bool(info["converged"]), float(info["plane"]),
        _more(info), proposal,
    )  # fmt: skip


# --- Crystals -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CrystalWork:
    """A phase's crystals, by the voxel model or the particle baseline."""

    request: CrystalRequest | ParticleRequest


def sample_crystals(tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The crystals of a bundle, in one batch."""
    begin = time.process_time()
    made = _consecutive(tasks[0]["work"].request, [task["number"] for task in tasks])
    seconds = (time.process_time() - begin) / len(tasks)
    return [{"atoms": atoms, "spent": seconds} for atoms in made]


def judge_crystal(work: CrystalWork, number: int, atoms: Atoms, spent: float) -> Found:
    """Hold a crystal against the ideal one."""
    from gcd.analysis.quality import crystal_quality

    begin = time.process_time()
    quality = crystal_quality(atoms, work.request.phase, work.request.size).as_dict()
    return Found(atoms, spent + time.process_time() - begin, more=_more(quality))


# --- Shared -------------------------------------------------------------------------------------------------


def _consecutive(request: Any, numbers: list[int]) -> list[Atoms]:
    """The request's samples of those numbers: one call for each run of numbers that follow each other."""
    made: list[Atoms] = []
    begin = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            made += replace(request, first=numbers[begin], count=end - begin).run()
            begin = end
    return made


def _more(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: info[key] for key in KEPT if isinstance(info.get(key), bool | int | float | str)}


def _proposal(atoms: Atoms) -> dict[str, Any]:
    """How a structure was made, in the words of a search's proposal where there are such."""
    info = atoms.info
    shift = info.get("in_plane_shift") or (0.0, 0.0)
    known = {
        "shift": [float(v) for v in shift],
        "removed": int(info.get("removed", 0)),
        "inserted": int(info.get("inserted", 0)),
    }
    return known | {"steps": 0, "temperature": 0.0, "ramp": 0}
