"""The job of the Particle or voxel page: one structure from each model, and how each came about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.analysis.matching import match_crystal
from gcd.analysis.rdf import radial_distribution
from gcd.analysis.sites import site_distances
from gcd.analysis.steinhardt import minimum_distance, steinhardt
from gcd.generate import ParticleProgress, Progress
from gcd.generate.crystals import Told
from gcd.generate.particles import Started
from gcd.jobs import Report
from gcd.particles.samplers import evaluations_of
from gcd.requests import CrystalRequest, ParticleRequest
from gcd.structures.crystals import PHASES, crystal_grid, lattice_constant_of
from gcd.views.trajectory import Moment, trajectories
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

SIZE = (4, 4, 4)  # what both models were trained on
EVALUATIONS, ORDER = 60, 3  # of the voxel model, as in the paper
MOMENTS = 24  # of a trajectory that are kept
VOXEL, PARTICLE = "Voxel model", "Particle model"
LABEL = "distance to the nearest lattice site (nearest-neighbour distances)"
MEASURING = 0.02  # share of the progress bar


def voxel_request(wanted: ParticleRequest) -> CrystalRequest:
    """What the voxel model is asked beside the particle model: the same phase and seed."""
    return CrystalRequest(
        wanted.phase, size=SIZE, seed=wanted.seed, evaluations=EVALUATIONS, order=ORDER, device=wanted.device
    )


def check_for_page(wanted: ParticleRequest, phases: list[str]) -> ParticleRequest:
    """ValueError, in one sentence, unless ``phases``, those with a checkpoint of both models, hold its phase."""
    if wanted.phase not in phases:
        raise ValueError(f"There are not both models of {wanted.phase.upper()} here.")
    return wanted


def commands(wanted: ParticleRequest, device: str) -> list[str]:
    """The lines that make the same two structures."""
    both = (voxel_request(wanted), wanted)
    return [replace(request, device=device).command() for request in both]


@dataclass(frozen=True)
class Part:
    """What one model made, and what was measured on it."""

    atoms: Atoms
    perfect: bool
    rms_displacement: float  # nearest-neighbour distances
    off_site: int  # atoms farther than a tenth of that distance from any site
    closest: float  # Å, the shortest distance of two atoms
    q4: np.ndarray  # (N,)
    q6: np.ndarray  # (N,)
    rdf: tuple[np.ndarray, np.ndarray] = field(repr=False)  # r (Å), g, from half that distance on
    seconds: float = 0.0


@dataclass(frozen=True)
class DuetRun:
    """What a job leaves behind."""

    settings: ParticleRequest
    parts: dict[str, Part]  # title -> what that model made
    film: dict[str, Any] = field(repr=False)
    device: str = ""


class _Recorder:
    """Keeps at most MOMENTS of a trajectory, evenly spread, and tells the page how far it is."""

    def __init__(self, report: Report, title: str, steps: int, begin: float, end: float) -> None:
        self.report, self.title = report, title
        self.every = max(1, -(-steps // (MOMENTS - 1)))
        self.steps, self.begin, self.end = steps, begin, end
        self.seen = 0
        self.kept: list[tuple[float | None, np.ndarray]] = []  # time (None: the start), positions in Å

    def due(self) -> bool:
        """Whether the step that has just ended is one to keep."""
        self.seen += 1
        return self.seen % self.every == 0 or self.seen == self.steps

    def tell(self, preview: Any) -> None:
        """Report the share that is done."""
        share = self.begin + (self.end - self.begin) * min(1.0, self.seen / self.steps)
        self.report(share, f"{self.title}: step {self.seen} of {self.steps}", preview)


def run_duet(report: Report, *, wanted: ParticleRequest) -> DuetRun:
    """Sample both models."""
    report(0.0, "Loading the models")
    grid = crystal_grid(wanted.phase, SIZE, lattice_constant_of(wanted.phase))
    voxel_steps = EVALUATIONS // ORDER
    particle_steps = evaluations_of(wanted.sampler, wanted.steps, wanted.restart)
    # An evaluation costs about as much in either model.
    share = (1 - MEASURING) * EVALUATIONS / (EVALUATIONS + particle_steps)

    voxel = _Recorder(report, VOXEL, voxel_steps, 0.0, share)
    (made,) = voxel_request(wanted).run(Told(_voxel_callback(voxel, grid, wanted)))
    particle = _Recorder(report, PARTICLE, particle_steps, share, 1 - MEASURING)
    told = Started(_particle_callback(particle, voxel, grid, wanted))
    finished = {VOXEL: made, PARTICLE: wanted.run(told)[0]}
    report(1 - MEASURING, "Measuring")
    parts = {title: measure(atoms, wanted.phase) for title, atoms in finished.items()}
    kept = {VOXEL: voxel.kept, PARTICLE: [(None, told.starts[0].positions), *particle.kept]}
    film = _film(kept, grid, wanted, {title: _translation(part, wanted) for title, part in parts.items()})
    return DuetRun(wanted, parts, film, made.info["device"])


def _voxel_callback(recorder: _Recorder, grid: Grid, wanted: ParticleRequest) -> Any:
    import torch

    from gcd.checkpoints import load_decoder
    from gcd.voxels.decoder import decode

    decoder = load_decoder("cpu")

    def on_progress(progress: Progress) -> None:
        if recorder.due():
            with torch.inference_mode():
                (positions,) = decode(decoder, torch.as_tensor(progress.preview)[None], grid)
            recorder.kept.append((progress.t, positions))
        recorder.tell(_film({VOXEL: recorder.kept[-1:], PARTICLE: []}, grid, wanted))

    return on_progress


def _particle_callback(recorder: _Recorder, other: _Recorder, grid: Grid, wanted: ParticleRequest) -> Any:
    def on_progress(progress: ParticleProgress) -> None:
        if recorder.due():
            recorder.kept.append((progress.t, progress.positions))
        recorder.tell(_film({VOXEL: other.kept[-1:], PARTICLE: recorder.kept[-1:]}, grid, wanted))

    return on_progress


def _film(
    kept: dict[str, list[tuple[float | None, np.ndarray]]],
    grid: Grid,
    wanted: ParticleRequest,
    translations: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """The player's film; atoms are coloured by their distance to the lattice that the end of the film fits best."""
    entry = PHASES[wanted.phase]
    edge = grid.lengths[0] / SIZE[0]

    def moment(title: str, t: float | None, positions: np.ndarray) -> Moment:
        if translations is None:
            values = np.full(len(positions), np.nan)
        else:
            values = site_distances(positions, grid.lengths, wanted.phase, SIZE, translations[title])
        return Moment(positions, values, "start" if t is None else f"t = {t:.2f}")

    return trajectories(
        {title: [moment(title, t, positions) for t, positions in film] for title, film in kept.items()},
        lengths=grid.lengths,
        spacing=entry.nearest_neighbour * edge,
        value_label=LABEL,
    )


def measure(atoms: Atoms, phase: str) -> Part:
    """What the comparison says of one structure."""
    match = match_crystal(atoms, phase, SIZE)
    order = steinhardt(atoms, neighbours=PHASES[phase].neighbour_count)
    rdf = radial_distribution(atoms) if len(atoms) else (np.zeros(0), np.zeros(0))
    away = site_distances(atoms.positions, atoms.cell.lengths(), phase, SIZE, match.translation)
    return Part(
        atoms, match.perfect, match.rms_displacement, int((away > 0.1).sum()), minimum_distance(atoms), order[4],
        order[6], _beyond_touching(rdf, phase), float(atoms.info["seconds"]),
    )  # fmt: skip


def _beyond_touching(rdf: tuple[np.ndarray, np.ndarray], phase: str) -> tuple[np.ndarray, np.ndarray]:
    """g(r) from half the nearest-neighbour distance on: two atoms on one site would be a peak that dwarfs the rest."""
    r, g = rdf
    kept = r >= 0.5 * PHASES[phase].nearest_neighbour * lattice_constant_of(phase)
    return r[kept], g[kept]


def _translation(part: Part, wanted: ParticleRequest) -> np.ndarray:
    return match_crystal(part.atoms, wanted.phase, SIZE).translation
