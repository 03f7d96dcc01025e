"""The job behind "Search": a small GRIP-style search on a page, its candidates as they come."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.engines import cores
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARY_ATOMS, MAX_PAGE_SEARCH, check_integer
from gcd.requests import Listener, SearchRequest
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.run import shown
from pages.parts.boundaries.watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.search.grip import SearchProgress


@dataclass(frozen=True)
class SearchRun(Outcome):
    """Candidates as proposed, and as annealed and relaxed."""

    noun = "proposal"

    def table(self) -> list[dict[str, Any]]:
        """One row a candidate; energies in J/m2."""
        rows = []
        for i, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            assert after is not None
            info, tried = after.info, before.info["proposal"]
            rows.append(
                {
                    "proposal": info["number"],
                    "atoms": len(before),
                    "[n]": self.fraction(i),
                    "E_gb": info.get("egb"),
                    "removed": tried["removed"],
                    "inserted": tried["inserted"],
                    "MD steps": tried["steps"],
                    "temperature": tried["temperature"] if tried["steps"] else None,
                    "converged": bool(info.get("converged", False)),
                    "seconds": info.get("seconds"),
                    "reason": info.get("error", ""),
                }
            )
        return rows

    def command(self) -> str:
        """The line that searches for the same."""
        return str(self.settings.command())

    def python(self, index: int) -> str:  # noqa: ARG002 - all are made in one go
        """Python that searches for the same."""
        return str(self.settings.python())


def check_for_page(wanted: SearchRequest) -> SearchRequest:
    """ValueError, in one sentence, for what a web page does not take on although the package would."""
    from gcd.energetics import lammps

    if (reason := lammps.missing()) is not None:
        raise ValueError(f"A search needs LAMMPS. {reason}")
    check_integer("the number of candidates", wanted.count, 1, MAX_PAGE_SEARCH)
    atoms = len(wanted.proposal(0)[1]) * wanted.count
    if atoms > MAX_PAGE_BOUNDARY_ATOMS:
        raise ValueError(
            f"{wanted.count} candidates of {atoms // wanted.count:,} atoms are too many for a page: the most is "
            f"{MAX_PAGE_BOUNDARY_ATOMS * wanted.count // atoms} of this cell; the command line takes more."
        )
    return wanted


@dataclass
class _Tells(Listener):
    tell: Watched
    run: SearchRun
    begun: float = field(default_factory=time.perf_counter)

    def progress(self, progress: SearchProgress) -> None:
        """A candidate has come to its end."""
        candidate = progress.last
        if candidate is None:
            return
        wanted: SearchRequest = self.run.settings
        proposal, before = wanted.proposal(candidate.number)
        before.info |= {"proposal": proposal.as_dict(), "number": candidate.number}
        after = _structure(before, candidate)
        before = shown(before, wanted.metal, wanted.potential)
        self.run = replace(
            self.run,
            before=(*self.run.before, before),
            after=(*self.run.after, after),
            seconds=time.perf_counter() - self.begun,
        )
        self.tell.keep(self.run)
        lowest = min(progress.lowest.values(), default=np.nan)
        words = f", lowest {lowest:.3f} J/m²" if np.isfinite(lowest) else ""
        self.tell(progress.done / progress.total, f"{progress.done} of {progress.total} tried{words}")


def _structure(before: Atoms, candidate: Any) -> Atoms:
    """The candidate as `ase.Atoms`; a failed one is what was proposed, with the reason."""
    after = before.copy()
    common = {
        "number": candidate.number,
        "seconds": candidate.seconds,
        "converged": bool(candidate.converged),
    }
    if candidate.error:
        after.info |= common | {"egb": float("nan"), "error": candidate.error}
        return after
    after.positions = candidate.positions
    if candidate.energies is not None and len(candidate.energies) == len(after):
        after.set_array("energy", np.asarray(candidate.energies, float), float, ())
    after.info |= common | {
        "egb": float(candidate.egb),
        "n": float(candidate.n),
        "plane": float(candidate.plane),
    }
    return after


def run_search(report: Report, *, wanted: SearchRequest, workers: int | None = None) -> SearchRun:
    """Search in a store of its own. Cancelled, the job's result is what was found until then."""
    check_for_page(wanted)
    run = SearchRun(wanted, engine="lammps")

    def work(tell: Watched) -> None:
        nonlocal run
        tells = _Tells(tell, run)
        tell(0.0, "Starting LAMMPS")
        with tempfile.TemporaryDirectory(prefix="gcd-search-") as folder:
            search = replace(wanted, workers=workers or max(1, cores() - 1))
            search.run(tells, Path(folder, "search.db"))
        run = tells.run

    watched(report, work)
    return run
