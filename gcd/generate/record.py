"""Film a crystal, a particle model's structure or a boundary on its way from noise: the same as without a film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gcd import limits
from gcd.analysis.matching import match_crystal
from gcd.checkpoints import load_decoder, read_checkpoint
from gcd.diffusion.samplers import Step, check_evaluations
from gcd.generate.boundaries import candidate_ends, model_of
from gcd.generate.crystals import make_crystals
from gcd.generate.painted_slab import assemble, decode_middle, known_voxels
from gcd.generate.painting import Painter
from gcd.generate.particles import ParticleProgress, generate_particles
from gcd.generate.recording import Recording, make_recording
from gcd.generate.voxel_model import initial_noise
from gcd.particles.samplers import check_sampler, evaluations_of
from gcd.requests import CrystalRequest
from gcd.structures.bicrystal_ends import boundary_of
from gcd.structures.crystals import PHASES, check_phase, check_size, crystal_grid
from gcd.voxels.decoder import decode
from gcd.voxels.encoder import encode

MOST_MOMENTS = 60  # of a particle model's way, which has more steps than a film needs

Tell = Callable[[int, int], None]  # (evaluations done, in all)


def record_crystal(
    phase: str,
    *,
    size: int | Sequence[int] = (4, 4, 4),
    seed: int = 0,
    evaluations: int = 60,
    order: int = 3,
    spacing: str = "lambda",
    device: str = "cpu",
    callback: Tell | None = None,
) -> Recording:
    """Generate one crystal, as :func:`gcd.generate_crystals` does, and keep every step.

    Args:
        phase, size, seed, evaluations, order, spacing: as there; the crystal is the same, in lattice constants.
        device: "cpu" or "cuda".
        callback: called with (evaluations done, in all); raising `Cancelled` in it stops the work.

    Raises:
        ValueError: an argument outside the legal ones.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    request = CrystalRequest(
        phase=phase, size=size, seed=seed, evaluations=evaluations, order=order, time_spacing=spacing,  # type: ignore[arg-type]
        lattice_constant=1.0, device=device,
    )  # fmt: skip
    scale = read_checkpoint(request.model).scale  # type: ignore[attr-defined]
    film = _Steps(initial_noise(request.grid, request.seed, 0), scale, 1.0, callback)
    make_crystals(request, on_step=film.keep)
    with torch.inference_mode():
        atoms = decode(load_decoder(torch.device(device)), film.estimate, request.grid)
    return make_recording(
        grid=request.grid,
        times=film.times,
        state=film.state.cpu().numpy(),
        estimate=film.estimate.cpu().numpy(),
        reach=4.0 * scale,
        atoms=atoms,
        nearest_neighbour=PHASES[request.phase].nearest_neighbour,
        about=_about("voxels", request.model, request.seed)
        | {"phase": request.phase, "size": list(request.size), "evaluations": request.evaluations}
        | {"order": request.order, "spacing": request.time_spacing},
    )


def record_particles(
    phase: str,
    *,
    size: int | Sequence[int] = (4, 4, 4),
    initial_sigma: float | None = None,
    sampler: str = "sde",
    steps: int = 128,
    seed: int = 0,
    device: str = "cpu",
    callback: Tell | None = None,
) -> Recording:
    """Denoise atoms with a particle model, as :func:`gcd.generate_particles` does, and keep up to 60 moments.

    Args:
        phase, size, initial_sigma, sampler, steps, seed: as there; positions are in lattice constants.
        device, callback: as for `record_crystal`.

    Raises:
        ValueError: an argument outside the legal ones.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    check_sampler(sampler, steps)
    total = evaluations_of(sampler, steps)
    every = -(-total // MOST_MOMENTS)
    times, states, estimates = [], [], []

    def keep(progress: ParticleProgress) -> None:
        if progress.done % every == 0 or progress.done == total:
            times.append(progress.t)
            states.append(progress.positions)
            estimates.append(progress.preview)
        if callback is not None:
            callback(progress.done, total)

    made: Any = generate_particles(
        entry.name, size=cells, initial_sigma=initial_sigma, sampler=sampler, steps=steps, seed=seed,
        lattice_constant=1.0, device=device, callback=keep, return_initial=True,
    )  # fmt: skip
    (final,), (initial,) = made
    grid = crystal_grid(entry.name, cells, 1.0)
    # A moment's estimate is the one that was made there, which led on to the next moment.
    atoms, guesses = [initial.positions, *states], [*estimates, final.positions]
    state, estimate = (
        torch.stack([encode(torch.from_numpy(r), grid)[0] for r in way]).numpy() for way in (atoms, guesses)
    )
    name = str(final.info["model"])
    began = times[0] * 2 - times[1] if len(times) > 1 else 1.0
    return make_recording(
        grid=grid,
        times=[min(1.0, began), *times],
        state=state,
        estimate=estimate,
        reach=0.0,
        atoms=atoms,
        nearest_neighbour=entry.nearest_neighbour,
        about=_about("particles", name, seed)
        | {"phase": entry.name, "size": list(cells), "initial_sigma": initial_sigma, "sampler": sampler}
        | {"steps": int(steps), "perfect": match_crystal(final, entry.name, cells).perfect},
    )


def record_boundary(
    twist: str = "sigma5",
    *,
    model: str = "full",
    metal: str = "W",
    repeats: Sequence[int] | None = None,
    painted: float | None = None,
    in_plane_shift: Sequence[float] | None = None,
    spacing: float | None = None,
    seed: int = 0,
    index: int = 0,
    evaluations: int = 60,
    order: int = 3,
    time_spacing: str = "lambda",
    device: str = "cpu",
    callback: Tell | None = None,
) -> Recording:
    """Paint one candidate, as :func:`gcd.generate_boundaries` does before it restarts any, and keep every step.

    Args:
        twist, model, metal, repeats, painted, in_plane_shift, spacing, seed, evaluations, order, time_spacing: as
            there; positions are in Å.
        index: which of the candidates.
        device, callback: as for `record_crystal`.

    Raises:
        ValueError: an argument outside the legal ones.
        CheckpointError: a checkpoint that is missing or damaged.
    """
    limits.check_seed(seed)
    limits.check_integer("the candidate", index, 0, limits.MAX_COUNT - 1)
    check_evaluations(evaluations, order, time_spacing)
    checkpoint = model_of(twist, metal, model)
    ends = candidate_ends(
        checkpoint, boundary_of(twist, metal), metal, repeats=repeats, painted=painted, in_plane_shift=in_plane_shift,
        spacing=spacing, seed=seed, index=index,
    )  # fmt: skip
    given = ends.atoms.info
    where = torch.device(device)
    painter = Painter.load(
        checkpoint, device=where.type, seed=seed, evaluations=evaluations, order=order, time_spacing=time_spacing,
        restarts=0,
    )  # fmt: skip
    network, decoder = painter.model, painter.decoder
    known, mask = (part.to(where) for part in known_voxels(ends))
    # What is known is never noisy: the network is shown it clean at every step.
    noise = initial_noise(ends.grid, seed, index).to(where)
    film = _Steps(noise, network.scale, 1.0, callback, known, mask, painter.seen(ends))
    painter.paint([ends], [index], report=lambda _: film.keep)
    with torch.inference_mode():
        decoded = decode_middle(decoder, film.estimate, ends)
    slabs = [assemble(ends, positions) for positions in decoded]
    final = slabs[-1].info
    return make_recording(
        grid=ends.grid,
        times=film.times,
        state=film.state.cpu().numpy(),
        estimate=film.estimate.cpu().numpy(),
        reach=4.0 * network.scale,
        atoms=[slab.positions[slab.arrays["painted"]] for slab in slabs],
        nearest_neighbour=ends.atoms.info["nearest_neighbour"],
        about=_about("boundary", checkpoint.name, seed)
        | {
            "twist": twist,
            "metal": metal,
            "model": model,
            "index": int(index),
            "repeats": list(given["repeats"]),
        }
        | {
            "painted": given["painted"],
            "in_plane_shift": list(given["in_plane_shift"]),
            "spacing": given["spacing"],
        }
        | {"evaluations": int(evaluations), "order": int(order), "time_spacing": time_spacing}
        | {"n": float(final["n"]), "physical": bool(final["physical"]), "layers": list(ends.layers)},
        known=ends.atoms.positions,
        layers=ends.layers,
    )


class _Steps:
    """What a solver went through: its states and, at each, the estimate that was made there."""

    def __init__(
        self,
        noise: torch.Tensor,
        scale: float,
        t: float,
        callback: Tell | None,
        known: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        seen: tuple[int, int] | None = None,
    ) -> None:
        self.seen = seen  # voxel layers that the solver works on
        self.scale, self.callback, self.known, self.mask = scale, callback, known, mask
        self.times = [t]
        self.states = [self._atoms(noise)]
        self.estimates: list[torch.Tensor] = []

    def _atoms(self, x: torch.Tensor) -> torch.Tensor:
        voxels = x * self.scale
        if self.known is None or self.mask is None:
            return voxels
        if self.seen is not None and voxels.shape != self.known.shape:
            whole = self.known.clone()
            whole[..., slice(*self.seen)] = voxels
            voxels = whole
        return torch.where(self.mask > 0, voxels, self.known)

    def keep(self, step: Step) -> None:
        """The solver's callback."""
        self.times.append(step.t)
        self.states.append(self._atoms(step.x[0, 0]))
        self.estimates.append(self._atoms(step.x0[0, 0]))
        if self.callback is not None:
            self.callback(step.evaluations, step.total)

    @property
    def state(self) -> torch.Tensor:
        """(S + 1, X, Y, Z) atoms a voxel."""
        return torch.stack(self.states)

    @property
    def estimate(self) -> torch.Tensor:
        """(S + 1, X, Y, Z) atoms a voxel; at the end there is nothing left to estimate."""
        return torch.stack([*self.estimates, self.states[-1]])


def _about(kind: str, name: str, seed: int) -> dict[str, Any]:
    import gcd

    return {
        "kind": kind,
        "seed": int(seed),
        "checkpoint": name,
        "sha256": read_checkpoint(name).sha256,
        "gcd_version": gcd.__version__,
    }
