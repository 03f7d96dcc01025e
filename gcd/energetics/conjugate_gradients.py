"""Conjugate gradients for a batch of systems, each with its own line search, all evaluated together.

The method that LAMMPS documents for ``min_style cg`` and ``min_modify line quadratic``, with its limits: Polak-Ribiere
directions; a first step that moves no coordinate by more than 0.1 Å, a step to the minimum of the parabola through
energies and slopes where the parabola can be trusted, else half the step until it gains enough. So a system takes the
path that it would take there, and ends in the same minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

LONGEST_STEP = 0.1  # Å along any axis in one line search
SLOPE = 0.4  # a step is taken when it gains this share of what the slope promises
QUADRATIC = 0.1  # relative error of the energy up to which the parabola is trusted
LEAST_GAIN = 1e-8  # eV; smaller differences of energy are noise
FLAT = 1e-28  # slopes too small to draw a parabola

NEW, RUNNING, ENERGY, FORCE, STUCK, LIMIT, BROKEN = range(7)
REASONS = {
    ENERGY: "energy tolerance",
    FORCE: "force tolerance",
    STUCK: "linesearch alpha is zero",
    LIMIT: "max force evaluations",
    BROKEN: "energies that are not finite numbers",
}


@dataclass
class State:
    """B systems of up to M atoms. ``x`` is where energies and forces are wanted next."""

    x: Tensor  # (B, M, 3)
    x0: Tensor  # (B, M, 3) start of the line
    g: Tensor  # (B, M, 3) force there
    h: Tensor  # (B, M, 3) direction
    status: Tensor  # (B,) NEW, RUNNING, or why it stopped
    trial: Tensor  # (B,) bool: at a trial step; else at a parabola's minimum
    evaluations: Tensor  # (B,)
    lines: Tensor  # (B,) line searches done
    e0: Tensor  # (B,) energy at the start of the line
    slope0: Tensor  # (B,) force along h there
    gg: Tensor  # (B,) |g|^2
    a: Tensor  # (B,) trial step, in units of h
    a_max: Tensor  # (B,)
    a_before: Tensor  # (B,) the trial before, with its energy and slope
    e_before: Tensor  # (B,)
    slope_before: Tensor  # (B,)
    slope_trial: Tensor  # (B,)

    @classmethod
    def empty(cls, systems: int, atoms: int, device: torch.device) -> State:
        """Room for that many systems."""
        vector = torch.zeros(systems, atoms, 3, dtype=torch.float64, device=device)
        scalar = torch.zeros(systems, dtype=torch.float64, device=device)
        whole = torch.zeros(systems, dtype=torch.int64, device=device)
        made = {f.name: (vector if f.name in ("x", "x0", "g", "h") else scalar).clone() for f in fields(cls)}
        made |= {name: whole.clone() for name in ("status", "evaluations", "lines")}
        return cls(**made | {"trial": torch.zeros_like(whole, dtype=torch.bool)})

    def select(self, keep: Tensor) -> State:
        """The systems that ``keep`` (B,) names."""
        return State(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    def join(self, other: State) -> State:
        """These systems, then the others."""
        return State(
            **{f.name: torch.cat([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        )


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Scalar product of each system, (B, M, 3) x (B, M, 3) -> (B,)."""
    return (a * b).sum((1, 2))


def advance(
    s: State, e: Tensor, f: Tensor, *, energy_tolerance: float, force_tolerance: float, max_evaluations: int
) -> None:
    """Take energies e (B,) and forces f (B, M, 3) at ``s.x``, and set ``s.x`` to where they are wanted next.

    Systems that have stopped stay at their last good place, their ``status`` saying why.
    """
    new, running = s.status == NEW, s.status == RUNNING
    s.evaluations += (new | running).long()
    broken = (new | running) & ~torch.isfinite(e + dot(f, f))
    s.status = torch.where(broken, BROKEN, s.status)
    new, running = new & ~broken, running & ~broken

    # Where the force along the line would vanish, if it changed linearly from the step before to this one.
    slope = dot(f, s.h)
    change = slope - s.slope_before
    flat = (slope.abs() < FLAT) | (change.abs() < FLAT)
    expected = s.e_before - 0.5 * (s.a - s.a_before) * (slope + s.slope_before)
    error = ((e - expected) / s.e_before).abs()
    a_zero = s.a - (s.a - s.a_before) * slope / change
    inside = (a_zero > 0) & (a_zero < s.a_max)
    to_parabola = running & s.trial & ~flat & (error <= QUADRATIC) & inside

    at_parabola = running & ~s.trial & (e - s.e0 < LEAST_GAIN)
    promised = SLOPE * s.a * s.slope0
    at_trial = running & s.trial & ~flat & ~to_parabola & (e - s.e0 <= -promised)
    accepted = at_parabola | at_trial
    refused = running & ~accepted & ~to_parabola
    stuck = refused & ((s.trial & flat) | (promised <= LEAST_GAIN))
    halved = refused & ~stuck

    s.slope_before = torch.where(halved, torch.where(s.trial, slope, s.slope_trial), s.slope_before)
    s.e_before = torch.where(halved, e, s.e_before)
    s.a_before = torch.where(halved, s.a, s.a_before)
    s.a = torch.where(halved, 0.5 * s.a, s.a)
    s.slope_trial = torch.where(to_parabola, slope, s.slope_trial)
    s.status = torch.where(stuck, STUCK, s.status)

    begun = _begin_lines(s, e, f, new, accepted, energy_tolerance, force_tolerance)
    s.status = torch.where(
        (s.status == RUNNING) & begun & (s.evaluations >= max_evaluations), LIMIT, s.status
    )
    s.trial = torch.where(to_parabola, torch.zeros_like(s.trial), s.trial | halved | begun)
    step = torch.where(to_parabola, a_zero, s.a)
    step = torch.where(s.status == RUNNING, step, 0.0)  # the start of the line is the last good place
    s.x = s.x0 + step[:, None, None] * s.h


def _begin_lines(
    s: State,
    e: Tensor,
    f: Tensor,
    new: Tensor,
    accepted: Tensor,
    energy_tolerance: float,
    force_tolerance: float,
) -> Tensor:
    """Start the next line search of systems whose step was accepted, or that are new; which ones (B,)."""
    begun = new | accepted
    s.lines += accepted.long()
    ff, fg = dot(f, f), dot(f, s.g)
    settled = accepted & ((e - s.e0).abs() < 0.5 * energy_tolerance * (e.abs() + s.e0.abs()))
    degrees = 3 * s.x.shape[1]
    beta = torch.where(new | (s.lines % degrees == 0), 0.0, ((ff - fg) / s.gg.clamp_min(FLAT)).clamp_min(0.0))
    h = f + beta[:, None, None] * s.h
    uphill = dot(f, h) <= 0
    h = torch.where(uphill[:, None, None], f, h)
    longest = h.abs().amax((1, 2))
    a = (LONGEST_STEP / longest.clamp_min(FLAT)).clamp_max(1.0)

    here = begun[:, None, None]
    s.x0, s.g, s.h = (torch.where(here, n, o) for n, o in ((s.x, s.x0), (f, s.g), (h, s.h)))
    zero = torch.zeros_like(e)
    for name, value in (
        ("e0", e),
        ("gg", ff),
        ("slope0", dot(f, h)),
        ("a", a),
        ("a_max", a),
        ("a_before", zero),
        ("e_before", e),
        ("slope_before", dot(f, h)),
    ):
        setattr(s, name, torch.where(begun, value, getattr(s, name)))
    s.status = torch.where(begun, RUNNING, s.status)
    s.status = torch.where(settled, ENERGY, s.status)
    s.status = torch.where(begun & (ff < force_tolerance**2), FORCE, s.status)
    return begun
