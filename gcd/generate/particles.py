"""Particles, the baseline: displaced or random atoms, score network, `ase.Atoms` that say how they were made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gcd.checkpoints import load_score_network
from gcd.devices import resolve_device
from gcd.particles.samplers import Restart, Step, evaluations_of, sample_particles
from gcd.requests import Listener, ParticleRequest
from gcd.structures.crystals import check_phase, ideal_positions

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.particles.network import ScoreNetwork

# Atoms in one forward pass. On a CPU structures go one by one: larger batches gain nothing there, and no sum depends
# on what else is in the batch.
ATOMS_AT_ONCE = {"cpu": 1, "cuda": 16_384}


@dataclass(frozen=True)
class ParticleProgress:
    """How far a sampling job has come.

    Attributes:
        done: network evaluations so far, over all samples.
        total: evaluations in all.
        sample: index of the sample that the positions belong to.
        t: its diffusion time, from where it began to 0.
        preview: (N, 3) Å, the model's present estimate of the final positions, in the cell.
        positions: (N, 3) Å, the positions at time t, in the cell.
    """

    done: int
    total: int
    sample: int
    t: float
    preview: np.ndarray
    positions: np.ndarray


def particle_model(phase: str) -> str | None:
    """The name of a phase's particle checkpoint, None when there is none."""
    from gcd.checkpoints import available

    name = f"particle-{check_phase(phase).name}"
    return name if name in available() else None


def generate_particles(
    phase: str,
    *,
    count: int = 1,
    size: int | Sequence[int] = (4, 4, 4),
    initial_sigma: float | None = None,
    sampler: str = "ode",
    steps: int = 128,
    restarts: int = Restart.times,
    restart_time: float = Restart.t,
    seed: int = 0,
    element: str | None = None,
    lattice_constant: float | None = None,
    device: str = "auto",
    checkpoint: str | None = None,
    first: int = 0,
    callback: Callable[[ParticleProgress], None] | None = None,
    return_initial: bool = False,
) -> list[Atoms] | tuple[list[Atoms], list[Atoms]]:
    """Structures from the particle model of a phase, the baseline: as many atoms as the ideal crystal has, denoised.

    Args:
        phase: "sc", "bcc" or "fcc".
        count: how many.
        size: conventional cells along x, y, z.
        initial_sigma: start from the ideal crystal under Gaussian displacements of this standard deviation a
            coordinate, in lattice constants, and from the time at which the noise is as large (1 if it never is);
            None: start at time 1 from random positions.
        sampler: "ode", "sde" or "restart".
        steps: of the sampler, each one evaluation of the network; restarts come on top, with 25 steps each.
        restarts: of the restart sampler, how often it goes back into noise.
        restart_time: the time that it goes back to, above 0 and at most 1.
        seed: sample i has chance of its own, drawn from (seed, first + i), whatever the batch it is in.
        element, lattice_constant: what the atoms are called and the cell's edge in Å; the model knows neither.
        checkpoint: name or folder of the model, by default particle-PHASE.
        first: index of the first sample, so that a long series can be made in parts.
        callback: called with a `ParticleProgress` after each step; raising `Cancelled` in it stops the work.
        return_initial: also give the structures that were started from.

    Returns:
        The structures, atoms in the cell. `info` holds phase, size, seed, index, initial_sigma ("random" for random
        positions), sampler, steps, evaluations, model, expected_atoms, lattice_constant (Å), device, seconds and
        gcd_version.

    Raises:
        ValueError: an argument outside the legal ones, named in one sentence.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    request = ParticleRequest(
        phase=phase,
        count=count,
        size=size,  # type: ignore[arg-type] # settled by the request
        initial_sigma=initial_sigma,
        sampler=sampler,
        steps=steps,
        restarts=restarts,
        restart_time=restart_time,
        seed=seed,
        element=element,
        lattice_constant=lattice_constant,
        device=device,
        checkpoint=checkpoint,
        first=first,
    )
    told = Started(callback)
    structures = make_particles(request, told)
    return (structures, told.starts) if return_initial else structures


class Started(Listener):
    """A listener that hands progress to a callback, and keeps what each structure started from."""

    def __init__(self, callback: Callable[[ParticleProgress], None] | None) -> None:
        self.callback = callback
        self.starts: list[Atoms] = []

    def progress(self, progress: ParticleProgress) -> None:
        """Hand it on."""
        if self.callback is not None:
            self.callback(progress)

    def made(self, atoms: Atoms) -> None:
        """Keep it."""
        self.starts.append(atoms)


def make_particles(request: ParticleRequest, listener: Listener | None = None) -> list[Atoms]:
    """Run a request; the listener is told of `ParticleProgress`, and of each structure's start as made."""
    import gcd

    where = resolve_device(request.device)
    network, model = load_score_network(request.model, where)
    if model.phase != request.phase:
        raise ValueError(f"The checkpoint {request.model!r} makes {model.phase}, not {request.phase}.")
    sigma, restart, edge = request.initial_sigma, request.restart, request.lattice_constant
    assert edge is not None
    schedule = model.schedule
    t_start = 1.0 if sigma is None else min(1.0, max(schedule.t_of_sigma(sigma), model.t_end))
    lengths = tuple(map(float, request.size))
    structures: list[Atoms] = []
    batch = max(1, ATOMS_AT_ONCE[where.type] // request.atoms)
    for start in range(0, request.count, batch):
        indices = range(start, min(start + batch, request.count))
        begun = time.perf_counter()
        chances = [_generator(request.seed, request.first + i) for i in indices]
        x = torch.stack([_initial_positions(request.phase, request.size, sigma, c) for c in chances])
        with torch.inference_mode():
            final = sample_particles(
                _score(network, lengths),
                x.to(where),
                schedule,
                sampler=request.sampler,
                steps=request.steps,
                t_start=t_start,
                noise=_noise(chances, request.atoms, where),
                restart=restart,
                callback=_reporter(listener, indices, request.count, lengths, edge),
            )
        seconds = (time.perf_counter() - begun) / len(indices)
        for i, before, after in zip(indices, x, final, strict=True):
            info = {
                "phase": request.phase,
                "size": list(request.size),
                "seed": request.seed,
                "index": request.first + i,
                "initial_sigma": "random" if sigma is None else sigma,
                "sampler": restart.label(request.sampler),
                "steps": request.steps,
                "evaluations": evaluations_of(request.sampler, request.steps, restart),
                "model": request.model,
                "expected_atoms": request.atoms,
                "lattice_constant": edge,
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            symbol = str(request.element)
            structures.append(_atoms(symbol, after, lengths, edge, info))
            if listener is not None:
                listener.made(_atoms(symbol, before, lengths, edge, info))
    return structures


def _generator(seed: int, index: int) -> torch.Generator:
    """The chance of one sample, the same on every device and in every batch."""
    state = np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) & (2**63 - 1))


def _initial_positions(
    phase: str, cells: tuple[int, int, int], sigma: float | None, chance: torch.Generator
) -> Tensor:
    """(N, 3) in lattice constants: uniform in the cell, or the ideal sites under displacements sigma."""
    sites = torch.tensor(ideal_positions(phase, cells), dtype=torch.float32)
    if sigma is None:
        return torch.rand(sites.shape, generator=chance) * torch.tensor(cells)
    return sites + sigma * torch.randn(sites.shape, generator=chance)


def _score(network: ScoreNetwork, lengths: tuple[float, ...]) -> Callable[[Tensor, float], Tensor]:
    """The network as samplers want it."""
    return lambda x, t: network(x, torch.full((len(x),), t, device=x.device), lengths)


def _noise(chances: Sequence[torch.Generator], atoms: int, device: torch.device) -> Callable[[], Tensor]:
    return lambda: torch.stack([torch.randn(atoms, 3, generator=chance) for chance in chances]).to(device)


def _reporter(
    listener: Listener | None,
    indices: range,
    count: int,
    lengths: tuple[float, ...],
    edge: float,
) -> Callable[[Step], None] | None:
    """Turn a sampler's steps over one batch into progress over the whole job."""
    if listener is None:
        return None

    def report(step: Step) -> None:
        done = indices.start * step.total + step.evaluations * len(indices)
        preview, positions = (_in_cell(state[0], lengths) * edge for state in (step.x0, step.x))
        listener.progress(
            ParticleProgress(done, count * step.total, indices.start, step.t, preview, positions)
        )

    return report


def _in_cell(positions: Tensor, lengths: tuple[float, ...]) -> np.ndarray:
    """(N, 3) in lattice constants, each coordinate in [0, length)."""
    cell = np.array(lengths)
    wrapped = np.mod(positions.double().cpu().numpy(), cell)
    return np.where(wrapped >= cell, 0.0, wrapped)


def _atoms(
    symbol: str, positions: Tensor, lengths: tuple[float, ...], edge: float, info: dict[str, Any]
) -> Atoms:
    from ase import Atoms

    cell = [edge * length for length in lengths]
    return Atoms(
        [symbol] * len(positions), _in_cell(positions, lengths) * edge, cell=cell, pbc=True, info=dict(info)
    )
