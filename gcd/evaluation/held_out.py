"""Boundaries that no model has learnt from: each method gets the same core-seconds, and keeps what it finds.

A run is one method on one boundary with one seed. Its candidates stand in a file of JSON lines, each with the
core-seconds that the run had spent when it was done, so that a run that was killed goes on where it was and one with a
larger budget begins where the smaller ended. Start-up (imports, weights, the first worker) is paid before the clock
starts, by every method alike.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from gcd.energetics.boundary_energy import slab_energy
from gcd.energetics.boundary_plane import locate_plane
from gcd.energetics.engines import LocalEngine
from gcd.energetics.potential import find_potential
from gcd.energetics.slab import Slab
from gcd.evaluation.clock import Clock, nothing, run_timed
from gcd.evaluation.runs import Line, RunFile, run_file
from gcd.places import dataset_folder
from gcd.structures.bicrystals import find_boundary, metal_phase, potential_lattice_constant, working_cell
from gcd.structures.boundary import Boundary

TIMEOUT = 900.0  # seconds for one candidate
# Of the metals that are held out altogether: one boundary that was learnt in other metals from each of two families.
OF_HELD_OUT_METALS = {"bcc": ("sigma17", "s5-310-001"), "fcc": ("s5-210-001", "s9-221-110")}
METAL_OF_PHASE = {"bcc": "W", "fcc": "Cu"}


@dataclass(frozen=True)
class Case:
    """A boundary in a metal, in the cell that every method is given."""

    boundary: Boundary
    metal: str

    @property
    def lattice_constant(self) -> float:
        """Å, of the Zhou potential."""
        return potential_lattice_constant(self.metal)

    @property
    def name(self) -> str:
        """For files and tables: w-sigma25-1x1."""
        across, up = self.boundary.repeats
        return f"{self.metal.lower()}-{self.boundary.slug}-{across}x{up}"

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.metal} {self.boundary.title}"

    @classmethod
    def parse(cls, text: str) -> Case:
        """From METAL:BOUNDARY or METAL:BOUNDARY:AxB, with A x B repeats of its smallest cell.

        ValueError, in one sentence, for anything else. Without repeats the cell is that of a search, 8 Å or more.
        """
        metal, _, rest = text.partition(":")
        name, _, repeats = rest.partition(":")
        if not metal or not name:
            raise ValueError(f"A boundary is METAL:NAME or METAL:NAME:AxB, such as W:sigma25, not {text!r}.")
        boundary = find_boundary(name, metal_phase(metal).name)
        if not repeats:
            return cls(working_cell(boundary, potential_lattice_constant(metal)), metal)
        numbers = repeats.lower().split("x")
        if len(numbers) != 2 or not all(n.isdecimal() for n in numbers):
            raise ValueError(f"Repeats are two whole numbers such as 1x3, not {repeats!r}.")
        return cls(replace(boundary, repeats=(int(numbers[0]), int(numbers[1]))), metal)


def held_out_cases(phase: str = "bcc") -> list[Case]:
    """Those of data/held-out.toml: its boundaries in one metal, and its metals in boundaries learnt in other ones."""
    with (dataset_folder() / "held-out.toml").open("rb") as file:
        table = tomllib.load(file)
    if phase not in table:
        raise ValueError(f"Boundaries are held out of {', '.join(table)}, not of {phase!r}.")
    held = table[phase]
    names = [f"{METAL_OF_PHASE[phase]}:{name}" for name in held["boundaries"]]
    names += [f"{metal}:{name}" for metal in held["metals"] for name in OF_HELD_OUT_METALS[phase]]
    return [Case.parse(name) for name in names]


@dataclass(frozen=True)
class Attempt:
    """One thing that a method tries: a slab, and the function that a worker relaxes it with."""

    number: int
    n: float  # [n] of the slab
    slab: Slab | None  # None: there is nothing to relax, and `failure` says why
    work: Callable[..., Any] | None = None  # gives positions (N, 3) Å, energies (N,) eV and converged
    task: Mapping[str, Any] = field(default_factory=dict)
    restarts: int = 0
    failure: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)  # what else is worth keeping, JSON


class Method(Protocol):
    """A way to find structures of a boundary: attempts without end, number i depending on (seed, i) alone."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """JSON of what its attempts depend on; runs of other settings are refused."""
        ...

    def attempts(self, case: Case, seed: int, first: int) -> Iterator[Attempt]:
        """Those of a seed from number ``first`` on."""
        ...

    def load(self, case: Case) -> None:
        """Import and read what attempts need, before the clock starts."""
        ...


def run_method(
    case: Case,
    name: str,
    method: Method,
    seed: int,
    *,
    budget: float = math.inf,
    count: float = math.inf,
    keep: str | os.PathLike[str],
    callback: Callable[[Line], None] | None = None,
) -> RunFile:
    """Let a method search a boundary until its core-seconds or candidates are used up; what the file holds counts.

    Args:
        case: the boundary.
        name: of the method, for the file.
        method: what is tried.
        seed: of the run.
        budget: core-seconds; the candidate under way when they are over is finished and kept, with its true time.
        count: candidates.
        keep: folder of the runs.
        callback: called with each finished candidate.
    """
    header = {
        "boundary": case.boundary.to_dict(),
        "metal": case.metal,
        "method": name,
        "seed": seed,
        "settings": dict(method.settings),
    }
    weights = str(method.settings.get("sha256", ""))
    file = RunFile(run_file(keep, case.name, name, seed, weights), header)

    def over() -> bool:
        return file.spent >= budget or len(file.lines) >= count

    if over():
        return file
    first = file.lines[-1].number + 1 if file.lines else 0
    method.load(case)
    with LocalEngine(1, timeout=TIMEOUT) as engine:
        list(run_timed(engine, [(nothing, {})], Clock()))  # starts the worker
        clock = Clock(file.spent)

        def done(line: Line) -> None:
            file.add(line)
            if callback is not None:
                callback(line)

        under_way: list[Attempt] = []

        def tasks() -> Iterator[tuple[Callable[..., Any], Mapping[str, Any]]]:
            for attempt in method.attempts(case, seed, first):
                if over():
                    return
                if attempt.slab is None or attempt.work is None:
                    done(_line(attempt, clock, failure=attempt.failure))
                    continue
                under_way.append(attempt)
                yield attempt.work, attempt.task

        for outcome in run_timed(engine, tasks(), clock):
            attempt = under_way.pop()
            done(_finished(attempt, outcome.value, outcome.error, clock))
    return file


def _finished(attempt: Attempt, found: Any, error: str, clock: Clock) -> Line:
    if error:
        return _line(attempt, clock, failure=f"relaxing: {error}")
    assert attempt.slab is not None
    egb = relaxed_energy(attempt.slab, found.positions, found.energies)
    return _line(attempt, clock, egb=egb, converged=found.converged)


def _line(
    attempt: Attempt, clock: Clock, *, egb: float | None = None, converged: bool = False, failure: str = ""
) -> Line:
    return Line(
        number=attempt.number,
        seconds=round(clock.seconds, 4),
        n=round(attempt.n, 6),
        egb=egb,
        converged=converged,
        restarts=attempt.restarts,
        failure=failure,
        about=dict(attempt.about),
    )


def relaxed_energy(slab: Slab, positions: np.ndarray, energies: np.ndarray) -> float:
    """E_gb in J/m2 with the plane where the boundary now is: the same for all methods."""
    potential = find_potential(None)
    crystal = potential.crystal(slab.metal)
    after = replace(slab, positions=positions)
    plane = locate_plane(positions[:, 2], energies - crystal.cohesive_energy, crystal.cutoff)
    return slab_energy(replace(after, plane=plane), energies, potential)
