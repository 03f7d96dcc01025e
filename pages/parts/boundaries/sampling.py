"""The job behind "Sample": paint candidates for a boundary, relax each while the next ones are painted."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.analysis.same_boundary import same_boundary
from gcd.energetics.boundary_energy import choose_engine
from gcd.energetics.engines import cores
from gcd.generate import Progress
from gcd.generate.boundaries import model_of
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARY_ATOMS, MAX_PAGE_CANDIDATES, check_integer
from gcd.requests import BoundaryRequest, Listener
from gcd.views.boundaries import strip_frame
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.run import shown
from pages.parts.boundaries.watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

PAINTING_SHARE = 0.4  # of the progress bar; the rest is relaxation
MAX_PAINTED = 40.0  # Å; the slab leaves a little more
REPEATS = {"1×1": (1, 1), "2×1": (2, 1), "1×2": (1, 2), "2×2": (2, 2)}
SHOW = 'print(atoms.info["index"], atoms.info["n"], atoms.info["egb"])'
DUPLICATE = 1e-3  # J/m2: candidates that agree to this, and in [n], may be one structure


def check_for_page(wanted: BoundaryRequest) -> BoundaryRequest:
    """ValueError, in one sentence, for what a web page does not take on although the package would."""
    check_integer("the number of candidates", wanted.count, 1, MAX_PAGE_CANDIDATES)
    ends = wanted.ends()
    atoms = sum(ends.info["planes"]) * int(ends.info["atoms_per_plane"])
    if atoms * wanted.count > MAX_PAGE_BOUNDARY_ATOMS:
        raise ValueError(
            f"{wanted.count} candidates of {atoms:,} atoms are too many for a page: "
            f"the most is {MAX_PAGE_BOUNDARY_ATOMS // atoms} of this cell."
        )
    return wanted


@dataclass(frozen=True)
class SampleRun(Outcome):
    """Candidates as decoded and as relaxed."""

    noun = "candidate"

    def command(self) -> str:
        """The line that makes the same candidates and relaxes them."""
        return str(self.settings.command())

    def python(self, index: int) -> str:
        """Python that makes them all, relaxes them, and picks one."""
        return f"{self.settings.python()}\n\natoms = {self.settings.result}[{index}]\n{SHOW}"

    def same_as(self, index: int) -> int | None:
        """The first candidate that relaxed into the same structure; None if this is the first.

        Of those that agree in E_gb and [n] the boundaries are compared atom by atom: whole planes more or less in the
        grains make no other boundary, and two boundaries may cost the same by chance.
        """
        n, egb = self.energies()
        alike = (np.abs(egb[:index] - egb[index]) < DUPLICATE) & (np.abs(n[:index] - n[index]) < 1e-3)
        for other in np.flatnonzero(alike):
            one, two = self.after[other], self.after[index]
            if one is not None and two is not None and same_boundary(one, two):
                return int(other)
        return None

    def table(self) -> list[dict[str, Any]]:
        """One row a candidate; energies in J/m2, lengths in Å."""
        rows = []
        for i, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            found, info = before.info, {} if after is None else after.info
            reason = self.reason(i)
            rows.append(
                {
                    "candidate": i,
                    "state": _state(after),
                    "atoms": len(before),
                    "[n]": round(float(info["n"] if "n" in info else found["n"]), 6),
                    "E_gb": None if reason else info.get("egb"),
                    "E_gb before": info.get("egb_initial"),
                    "same as": self.same_as(i),
                    "reason": "" if after is None else reason,
                    "closest pair": found["minimum_distance"]
                    if math.isfinite(found["minimum_distance"])
                    else None,
                    "restarts": found.get("restarts", 0),
                    "shift x": found["in_plane_shift"][0],
                    "shift y": found["in_plane_shift"][1],
                    "spacing": found["spacing"],
                    "seconds": None if reason else info.get("seconds"),
                }
            )
        return rows


def _state(after: Atoms | None) -> str:
    if after is None:
        return "waiting"
    if "error" in after.info:
        return "failed"
    return "relaxed" if after.info["converged"] else "not converged"


def recommended(model: str, twist: str, metal: str) -> dict[str, int]:
    """The evaluations and order that a model was measured with."""
    return asdict(model_of(twist, metal, model).sampling)


def run_sampling(report: Report, *, wanted: BoundaryRequest, workers: int | None = None) -> SampleRun:
    """Paint, decode and relax. Cancelled, the job's result is what was finished until then.

    One core is left to painting.
    """
    wanted = replace(check_for_page(wanted), relax=True)
    run = SampleRun(wanted, engine=choose_engine("auto", wanted.potential))
    begun = time.perf_counter()
    painted = 0.0
    ends = wanted.ends()
    low, high = (float(z / ends.cell[2, 2]) for z in ends.info["painted_z"])
    writing = threading.Lock()  # painting and relaxing both tell what they have finished

    def work(tell: Watched) -> None:
        def words() -> tuple[float, str]:
            finished, egb = run.finished, run.energies()[1]
            if not run.before:  # they are painted together, and come together
                parts = [f"Painting {wanted.count}" if wanted.count > 1 else "Painting one"]
            else:
                parts = [f"{len(run.before)} of {wanted.count} painted"]
                parts.append(f"{finished} relaxed" if finished else "relaxing")
            if np.isfinite(egb).any():
                parts.append(f"lowest {np.nanmin(egb):.3f} J/m²")
            share = PAINTING_SHARE * painted + (1 - PAINTING_SHARE) * finished / wanted.count
            return share, ", ".join(parts)

        def on_sampling(progress: Progress) -> None:
            nonlocal painted
            painted = progress.done / progress.total
            tell(*words(), _picture(progress, (low, high)))

        def on_candidate(atoms: Atoms) -> None:
            nonlocal run
            shown(atoms, wanted.metal, wanted.potential)
            with writing:
                run = replace(run, before=(*run.before, atoms), after=(*run.after, None))
                tell.keep(run)
            tell(*words())

        def on_relaxed(before: Atoms, after: Atoms) -> None:
            nonlocal run
            index = before.info["index"]
            with writing:
                every = (*run.after[:index], after, *run.after[index + 1 :])
                run = replace(run, after=every, seconds=time.perf_counter() - begun)
                tell.keep(run)
            tell(*words())

        tell(0.0, "Loading the model")
        told = _Tells(on_sampling, on_candidate, on_relaxed)
        replace(wanted, workers=workers or max(1, cores() - 1)).run(told)

    watched(report, work)
    return run


@dataclass
class _Tells(Listener):
    progress: Callable[[Progress], None]  # type: ignore[assignment]
    made: Callable[[Atoms], None]  # type: ignore[assignment]
    relaxed: Callable[[Atoms, Atoms], None]  # type: ignore[assignment]


def _picture(progress: Progress, region: tuple[float, float]) -> dict[str, Any]:
    """The voxels of the candidate under way, lying on their side."""
    return strip_frame(progress.preview, region) | {
        "id": f"{progress.sample}-{progress.done}",
        "label": f"candidate {progress.sample} · t = {progress.t:.2f} · "
        f"{progress.done:,} of {progress.total:,} evaluations",
    }
