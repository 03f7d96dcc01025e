"""Jobs: what a stage does to one boundary of one metal in one potential with one seed. Candidates are its numbers.

A job's name holds a hash of all that its candidates depend on, so that a candidate's name, job/number, stands for the
same structure wherever and whenever it is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from gcd.campaigns.carried import CarriedPotential

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.potential import Potential
    from gcd.requests import (
        BoundaryRequest,
        BuildRequest,
        CrystalRequest,
        ParticleRequest,
        RelaxationRequest,
        Request,
        SearchRequest,
    )

# Of a request: what says how much is done and where, and nothing about a candidate.
NOT_ITS_OWN = ("count", "first", "workers", "device", "windows", "relax", "engine", "potential", "files")


@dataclass(frozen=True)
class Job:
    """Candidates 0, 1, ... of one request."""

    name: str
    verb: str
    group: str  # boundary, metal and potential: what a target stops, and where duplicates are looked for
    count: int
    about: Mapping[str, Any]  # what all its candidates share, for the store
    function: Callable[..., Any]
    work: Any
    prepare: Callable[..., Any] | None = None
    structures: tuple[Atoms, ...] = field(default=(), repr=False)  # those given, one a candidate
    atoms: int = 0  # in one candidate, about
    size: Mapping[str, float] = field(default_factory=dict)  # what its cost depends on

    def candidate(self, number: int) -> str:
        """Its name."""
        return f"{self.name}/{number}"

    def task(self, number: int) -> dict[str, Any]:
        """What the worker's function is given."""
        given = {"atoms": self.structures[number]} if self.structures else {}
        return {"work": self.work, "number": number, **given}


def search_job(request: SearchRequest, potential: Potential) -> Job:
    """A GRIP-style search; ValueError when the potential is none of LAMMPS's."""
    from gcd.campaigns.work import SearchWork, search_candidate
    from gcd.structures.bicrystals import default_planes, working_cell

    text = potential.lammps(request.metal)
    if text is None:
        raise ValueError(f"The search needs a potential that LAMMPS has. {potential.why_not}")
    a = potential.lattice_constant(request.metal, request.geometry.phase)
    cell = working_cell(request.geometry, a, request.repeats)
    recipe = replace(request.recipe, planes=request.planes or default_planes(cell, a))
    carried = CarriedPotential.of(potential, request.metal)
    work = SearchWork(cell, request.metal, request.seed, recipe, a, text, carried)
    assert recipe.planes is not None
    atoms = sum(recipe.planes) * cell.atoms_per_plane
    md = (1 - request.without_md) * (_mean_steps(request.md_steps) + recipe.ramp)
    return _of_boundary(
        request, potential, "search", request.count, search_candidate, work,
        repeats=cell.repeats, atoms=atoms, size={"atoms": atoms, "md_steps": md, "relaxations": 1},
    )  # fmt: skip


def sample_job(request: BoundaryRequest, potential: Potential) -> Job:
    """Candidates painted by a model, and relaxed if asked to; ValueError when there is no such model."""
    from gcd.campaigns.work import RelaxWork, relax_candidate, sample_boundaries
    from gcd.generate.boundary_models import candidate_ends, check_likeness, model_of
    from gcd.structures.bicrystals import working_cell

    boundary, metal = request.geometry, request.metal
    model = model_of(boundary, metal, str(request.model), request.checkpoint)
    if not request.anyway:
        check_likeness(model, boundary)
    engine = _engine(request.engine, potential) if request.relax else ""
    carried = CarriedPotential.of(potential, metal) if request.relax else None
    work = RelaxWork(metal, engine, carried, sampled=replace(request, count=1, relax=False, potential=None))
    ends = candidate_ends(
        model, boundary, metal, repeats=request.repeats, planes=request.planes, painted=request.painted,
        seed=request.seed,
    )  # fmt: skip
    repeats = working_cell(
        boundary, potential.lattice_constant(metal, boundary.phase), request.repeats
    ).repeats
    # The ends come without what is painted between them, which is about as dense.
    low, high = ends.painted_z
    share = (high - low) / float(ends.atoms.cell.lengths()[2])
    atoms = round(len(ends.atoms) / max(0.1, 1 - share))
    evaluations = request.evaluations or model.sampling.evaluations
    return _of_boundary(
        request, potential, "sample boundary", request.count, relax_candidate, work, sample_boundaries,
        model=request.model, weights=_weights(model), repeats=repeats, atoms=atoms,
        size={"atoms": atoms, "voxels": ends.grid.count * evaluations, "relaxations": int(request.relax)},
    )  # fmt: skip


def build_job(request: BuildRequest, potential: Potential, *, relax: bool = False) -> Job:
    """Bicrystals built as asked, and relaxed if asked to."""
    from gcd.campaigns.work import RelaxWork, relax_candidate

    engine = _engine("auto", potential) if relax else ""
    carried = CarriedPotential.of(potential, request.metal) if relax else None
    built = replace(request, count=1, potential=None, lattice_constant=request.lattice)
    atoms = len(built.structure(0))
    work = RelaxWork(request.metal, engine, carried, built=built)
    return _of_boundary(
        request, potential, "build", request.count, relax_candidate, work,
        repeats=request.cell.repeats, atoms=atoms, relaxed=relax, size={"atoms": atoms, "relaxations": int(relax)},
    )  # fmt: skip


def relax_job(request: RelaxationRequest, potential: Potential) -> Job:
    """The structures of files, of one metal, relaxed; they are read here and travel with their tasks."""
    from gcd.campaigns.work import RelaxWork, relax_candidate

    structures = tuple(atoms for file in request.files for atoms in request.read(file))
    metals = sorted({request.metal_of(atoms) for atoms in structures})
    if len(metals) != 1:
        raise ValueError(
            f"The files hold slabs of {', '.join(metals) or 'nothing'}: give each metal a stage."
        )
    settings = {"plane": request.plane, "rescale": request.rescale, "elements": request.elements or ()}
    work = RelaxWork(
        metals[0], _engine(request.engine, potential), CarriedPotential.of(potential, metals[0]), settings
    )
    content = hashlib.sha256()
    for atoms in structures:
        content.update(atoms.positions.tobytes() + atoms.cell.array.tobytes() + atoms.numbers.tobytes())
    about = {"metal": metals[0], "potential": potential.name, "seed": 0, "files": list(request.files)}
    largest = max(len(atoms) for atoms in structures)
    return _job(
        request, "relax", request.stem, f"{request.stem} {metals[0]} {potential.name}", len(structures), about,
        relax_candidate, work, structures=structures, atoms=largest,
        size={"atoms": largest, "relaxations": 1}, also=[content.hexdigest(), potential.key],
    )  # fmt: skip


def crystal_job(request: CrystalRequest | ParticleRequest) -> Job:
    """Crystals of a phase, held against the ideal one."""
    from gcd.campaigns.work import CrystalWork, judge_crystal, sample_crystals
    from gcd.checkpoints import read_checkpoint

    weights = _weights(read_checkpoint(request.model))
    about = {
        "boundary": "", "phase": request.phase, "metal": request.element, "potential": "", "seed": request.seed,
        "model": request.model, "weights": weights,
    }  # fmt: skip
    nx, ny, nz = request.size
    atoms = nx * ny * nz * {"sc": 1, "bcc": 2, "fcc": 4}[request.phase]
    return _job(
        request, request.verb, request.stem, f"{request.verb} {request.stem}", request.count, about,
        judge_crystal, CrystalWork(replace(request, count=1)), sample_crystals,
        atoms=atoms, size={"atoms": atoms, "crystal_atoms": atoms}, also=[weights],
    )  # fmt: skip


def _of_boundary(
    request: Any, potential: Potential, verb: str, count: int, function: Callable[..., Any], work: Any,
    prepare: Callable[..., Any] | None = None, *, atoms: int, size: Mapping[str, float], **more: Any,
) -> Job:  # fmt: skip
    boundary = request.geometry
    group = f"{boundary.slug} {request.metal} {potential.name}"
    about = {
        "boundary": boundary.slug, "title": boundary.title, "sigma": boundary.sigma, "angle": boundary.angle,
        "kind": boundary.kind, "axis": list(boundary.axis), "phase": boundary.phase, "metal": request.metal,
        "potential": potential.name, "seed": request.seed, "directions": boundary.to_dict(),
        "atoms_per_plane": boundary.atoms_per_plane, **more,
    }  # fmt: skip
    stem = f"{request.slug}-{more['model']}" if "model" in more else request.slug
    also = [boundary.to_dict(), potential.key, more.get("weights"), more.get("relaxed")]
    return _job(
        request, verb, f"{stem}-seed{request.seed}", group, count, about, function, work, prepare,
        atoms=atoms, size=size, also=also,
    )  # fmt: skip


def _job(
    request: Request, verb: str, stem: str, group: str, count: int, about: Mapping[str, Any],
    function: Callable[..., Any], work: Any, prepare: Callable[..., Any] | None = None, *,
    structures: tuple[Atoms, ...] = (), atoms: int, size: Mapping[str, float], also: Sequence[Any],
) -> Job:  # fmt: skip
    asked = {f.name: getattr(request, f.name) for f in fields(request) if f.name not in NOT_ITS_OWN}
    relaxed = getattr(request, "relax", None)
    content = json.dumps([verb, asked, relaxed, list(also)], sort_keys=True, default=str)
    digits = hashlib.sha256(content.encode()).hexdigest()[:10]
    about = {
        **about,
        "request": {k: v for k, v in asked.items() if v is not None},
        "hash": digits,
        "group": group,
    }
    name = f"{verb.replace(' ', '-')}-{stem}-{digits}"
    return Job(
        name, verb, group, count, {"verb": verb, **about}, function, work, prepare, structures, atoms, size
    )


def _engine(engine: str, potential: Potential) -> str:
    from gcd.energetics.boundary_energy import choose_engine

    return choose_engine(engine, potential)


def _weights(checkpoint: Any) -> str:
    """The sha256 of a checkpoint's weights, for the provenance."""
    return str(getattr(checkpoint, "sha256", "") or "")


def _mean_steps(steps: tuple[int, int]) -> float:
    """Mean of numbers drawn log-uniformly."""
    import math

    low, high = steps
    return float(low) if low == high else (high - low) / math.log(high / low)
