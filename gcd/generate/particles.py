"""Particles, the baseline: displaced or random atoms, score network, `ase.Atoms` that say how they were made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gcd import limits
from gcd.checkpoints import load_score_network
from gcd.devices import resolve_device
from gcd.particles.noise import VESchedule
from gcd.particles.samplers import Restart, Step, check_sampler, evaluations_of, sample_particles
from gcd.structures.crystals import (
    check_element,
    check_lattice_constant,
    check_phase,
    check_size,
    ideal_positions,
    lattice_constant_of,
)

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


def check_initial_sigma(sigma: float | None) -> float | None:
    """The displacements that a sample starts from, in lattice constants; None stands for random positions.

    Raises:
        ValueError: not a number from 0 to the most that is allowed.
    """
    if sigma is None:
        return None
    try:
        value = float(sigma)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(sigma, bool) or not 0 <= value <= limits.MAX_INITIAL_SIGMA:  # also false for nan
        raise ValueError(
            f"The initial sigma must be a number from 0 to {limits.MAX_INITIAL_SIGMA:g} lattice constants, "
            f"not {sigma!r}."
        )
    return value


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
    import gcd

    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    limits.check_count(count)
    limits.check_seed(seed)
    limits.check_first(first)
    sigma = check_initial_sigma(initial_sigma)
    check_sampler(sampler, steps)
    restart = Restart(restarts, restart_time)
    atoms = math.prod(cells) * entry.atoms_per_cell
    _check_atoms(count, atoms)
    symbol = check_element(element or entry.default_element)
    edge = lattice_constant_of(entry.name, symbol) if lattice_constant is None else lattice_constant
    edge = check_lattice_constant(edge)
    where = resolve_device(device)
    name = checkpoint or f"particle-{entry.name}"
    network, config = load_score_network(name, where)
    if config.get("phase") != entry.name:
        raise ValueError(f"The checkpoint {name!r} makes {config.get('phase')}, not {entry.name}.")
    schedule = VESchedule(**config["schedule"])
    t_start = 1.0 if sigma is None else min(1.0, max(schedule.t_of_sigma(sigma), config["t_end"]))
    evaluations = evaluations_of(sampler, steps, restart)
    lengths = tuple(map(float, cells))

    structures: list[Atoms] = []
    initial: list[Atoms] = []
    batch = max(1, ATOMS_AT_ONCE[where.type] // atoms)
    for start in range(0, count, batch):
        indices = range(start, min(start + batch, count))
        begun = time.perf_counter()
        chances = [_generator(seed, first + i) for i in indices]
        x = torch.stack([_initial_positions(entry.name, cells, sigma, chance) for chance in chances])
        with torch.inference_mode():
            final = sample_particles(
                _score(network, lengths),
                x.to(where),
                schedule,
                sampler=sampler,
                steps=steps,
                t_start=t_start,
                noise=_noise(chances, atoms, where),
                restart=restart,
                callback=_reporter(callback, indices, count, lengths, edge),
            )
        seconds = (time.perf_counter() - begun) / len(indices)
        for i, before, after in zip(indices, x, final, strict=True):
            info = {
                "phase": entry.name,
                "size": list(cells),
                "seed": int(seed),
                "index": first + i,
                "initial_sigma": "random" if sigma is None else sigma,
                "sampler": restart.label(sampler),
                "steps": int(steps),
                "evaluations": evaluations,
                "model": str(name),
                "expected_atoms": atoms,
                "lattice_constant": edge,
                "device": where.type,
                "seconds": seconds,
                "gcd_version": gcd.__version__,
            }
            structures.append(_atoms(symbol, after, lengths, edge, info))
            initial.append(_atoms(symbol, before, lengths, edge, info))
    return (structures, initial) if return_initial else structures


def _check_atoms(count: int, atoms: int) -> None:
    if atoms > limits.MAX_PARTICLES:
        raise ValueError(
            f"A supercell of {atoms:,} atoms is too large for the particle model: the most is "
            f"{limits.MAX_PARTICLES:,} atoms."
        )
    if count * atoms > limits.MAX_TOTAL_PARTICLES:
        raise ValueError(
            f"{count} samples of {atoms:,} atoms are too many for one job: "
            f"the most is {limits.MAX_TOTAL_PARTICLES // atoms} of this size."
        )


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
    callback: Callable[[ParticleProgress], None] | None,
    indices: range,
    count: int,
    lengths: tuple[float, ...],
    edge: float,
) -> Callable[[Step], None] | None:
    """Turn a sampler's steps over one batch into progress over the whole job."""
    if callback is None:
        return None

    def report(step: Step) -> None:
        done = indices.start * step.total + step.evaluations * len(indices)
        preview, positions = (_in_cell(state[0], lengths) * edge for state in (step.x0, step.x))
        callback(ParticleProgress(done, count * step.total, indices.start, step.t, preview, positions))

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
