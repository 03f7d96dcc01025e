"""The job behind "Repaint it": the middle of a slab of one's own painted anew, many times, and relaxed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.boundary_energy import choose_engine
from gcd.energetics.engines import cores
from gcd.generate import Progress
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARY_ATOMS, MAX_PAGE_CANDIDATES, check_integer
from gcd.requests import Listener, RepaintRequest
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.run import shown
from pages.parts.boundaries.watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.generate.own_slabs import Recast

PAINTING_SHARE = 0.4  # of the progress bar; the rest is relaxation


@dataclass(frozen=True)
class RepaintRun(Outcome):
    """The slab itself, which comes first, and its candidates, as painted and as relaxed."""

    title: str = ""  # of the boundary that was found

    noun = "candidate"

    def table(self) -> list[dict[str, Any]]:
        """One row a structure, 0 is the slab itself; energies in J/m2, lengths in Å."""
        rows = []
        for i, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            info = {} if after is None else after.info
            reason = self.reason(i)
            rows.append(
                {
                    "candidate": i,
                    "what": "painted" if i else "the slab itself",
                    "atoms": len(before),
                    "[n]": self.fraction(i),
                    "E_gb": None if reason else info.get("egb"),
                    "E_gb before": info.get("egb_initial"),
                    "painted Å": round(before.info["painted"], 1) if i else None,
                    "restarts": before.info.get("restarts"),
                    "seconds": None if reason else info.get("seconds"),
                    "reason": "" if after is None else reason,
                }
            )
        return rows

    def command(self) -> str:
        """The line that repaints the downloaded or the original file."""
        return str(self.settings.command())

    def python(self, index: int) -> str:  # noqa: ARG002 - all are made in one go
        """Python that does the same."""
        return str(self.settings.python())


def check_repaint(wanted: RepaintRequest, uploaded: Sequence[Atoms]) -> Recast:
    """The slab understood; ValueError, in one sentence, for what cannot be repainted or is too much for a page."""
    check_integer("the number of candidates", wanted.count, 1, MAX_PAGE_CANDIDATES)
    recast = wanted.understand(uploaded[0])
    atoms = len(recast.standing)
    if atoms * (wanted.count + 1) > MAX_PAGE_BOUNDARY_ATOMS:
        raise ValueError(
            f"{wanted.count} candidates of {atoms:,} atoms are too many for a page: the most is "
            f"{max(0, MAX_PAGE_BOUNDARY_ATOMS // atoms - 1)} of this slab; the command line takes more."
        )
    return recast


@dataclass
class _Tells(Listener):
    """Puts each candidate into the run, and tells the page."""

    tell: Watched
    run: RepaintRun
    painted: float = 0.0
    begun: float = field(default_factory=time.perf_counter)

    def progress(self, progress: Progress) -> None:
        """The network was asked once more."""
        self.painted = progress.done / progress.total
        self.say()

    def made(self, atoms: Atoms) -> None:
        """One more is painted."""
        settings = self.run.settings
        shown(atoms, settings.metal, settings.potential)
        self.run = replace(self.run, before=(*self.run.before, atoms), after=(*self.run.after, None))
        self.tell.keep(self.run)
        self.say()

    def relaxed(self, before: Atoms, after: Atoms) -> None:
        """One more is relaxed; the slab itself has no index among the candidates."""
        numbers = [atoms.info.get("index", -1) for atoms in self.run.before]
        row = numbers.index(before.info.get("index", -1))
        every = (*self.run.after[:row], after, *self.run.after[row + 1 :])
        self.run = replace(self.run, after=every, seconds=time.perf_counter() - self.begun)
        self.tell.keep(self.run)
        self.say()

    def say(self) -> None:
        """How far it is."""
        run = self.run
        total = run.settings.count + 1
        parts = [f"{len(run.before) - 1} of {run.settings.count} painted", f"{run.finished} relaxed"]
        egb = run.energies()[1]
        if np.isfinite(egb).any():
            parts.append(f"lowest {np.nanmin(egb):.3f} J/m²")
        share = PAINTING_SHARE * self.painted + (1 - PAINTING_SHARE) * run.finished / total
        self.tell(share, ", ".join(parts))


def run_repaint(
    report: Report, *, wanted: RepaintRequest, uploaded: Sequence[Atoms], workers: int | None = None
) -> RepaintRun:
    """Paint and relax the first structure. Cancelled, the job's result is what was finished until then."""
    report(0.0, "Finding the boundary")
    recast = check_repaint(wanted, uploaded)
    own = recast.as_it_lay(recast.standing)
    own.info |= recast.boundary.info()
    shown(own, recast.slab.metal, wanted.potential)
    title = f"{recast.slab.metal} {recast.boundary.title}"
    run = RepaintRun(wanted, (own,), (None,), choose_engine("auto", wanted.potential), title=title)

    def work(tell: Watched) -> None:
        nonlocal run
        tells = _Tells(tell, run)
        tell(0.0, f"Loading the model for {title}")
        replace(wanted, workers=workers or max(1, cores() - 1)).run(tells, uploaded[:1])
        run = tells.run

    watched(report, work)
    return run
