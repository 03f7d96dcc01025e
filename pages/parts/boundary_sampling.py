"""The job behind "Sample": paint candidates for a boundary, relax each while the next ones are painted."""

from __future__ import annotations

import shlex
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.diffusion.samplers import check_evaluations
from gcd.energetics.boundary_energy import choose_engine
from gcd.energetics.boundary_plane import atomic_energies
from gcd.energetics.engines import cores
from gcd.energetics.zhou2004 import lattice_constant
from gcd.generate import Progress, boundary_ends, generate_relaxed_boundaries
from gcd.generate.boundaries import model_of
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARY_ATOMS, MAX_PAGE_CANDIDATES, check_integer, check_seed
from gcd.structures.bicrystal_ends import PAINTED
from gcd.structures.bicrystals import DEFAULT_PLANES, check_twist, metal_phase
from gcd.views.boundaries import strip_frame
from pages.parts.boundary_outcome import Outcome
from pages.parts.boundary_watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

PAINTING_SHARE = 0.4  # of the progress bar; the rest is relaxation
REPEATS = {"1×1": (1, 1), "2×1": (2, 1), "1×2": (1, 2), "2×2": (2, 2)}
DUPLICATE = 1e-3  # J/m2: candidates that agree to this, and in [n], count as one structure


@dataclass(frozen=True)
class SampleSettings:
    """Everything that decides what is sampled; also what a link and the reproduce box have to say."""

    twist: str = "sigma5"
    metal: str = "W"
    model: str = "full"
    count: int = 4
    seed: int = 0
    evaluations: int | None = None  # None: what the checkpoint was measured with
    order: int = 3
    painted: float = PAINTED  # Å
    shift: tuple[float, float] | None = None  # of the upper grain, in edges of the cell; None: at random
    spacing: float | None = None  # Å; None: at random
    repeats: tuple[int, int] = (1, 1)

    @property
    def stem(self) -> str:
        """The part of file names that says what is in the file."""
        cells = "" if self.repeats == (1, 1) else f"-{self.repeats[0]}x{self.repeats[1]}"
        steps = "" if self.evaluations is None else f"-nfe{self.evaluations}"
        return f"{self.metal.lower()}-{self.twist}-{self.model}{cells}-seed{self.seed}{steps}"

    def checked(self) -> SampleSettings:
        """These settings, if they can be run; ValueError in one sentence otherwise. Widgets are no guard."""
        check_seed(self.seed)
        check_integer("the number of candidates", self.count, 1, MAX_PAGE_CANDIDATES)
        if self.evaluations is not None:
            check_evaluations(self.evaluations, self.order)
        self.ends()
        per_plane = check_twist(self.twist).atoms_per_plane(metal_phase(self.metal).name)
        atoms = sum(DEFAULT_PLANES) * per_plane * self.repeats[0] * self.repeats[1]
        if atoms * self.count > MAX_PAGE_BOUNDARY_ATOMS:
            raise ValueError(
                f"{self.count} candidates of {atoms:,} atoms are too many for a page: "
                f"the most is {MAX_PAGE_BOUNDARY_ATOMS // atoms} of this cell."
            )
        return self

    def arguments(self) -> dict[str, Any]:
        """What `generate_boundaries` is called with, the count left out."""
        shift = None
        if self.shift is not None:
            edge = check_twist(self.twist).edge * lattice_constant(self.metal)
            shift = (round(self.shift[0] * edge, 4), round(self.shift[1] * edge, 4))
        named = {"twist": self.twist, "metal": self.metal, "model": self.model, "seed": self.seed}
        return named | {
            name: value
            for name, value in {
                "evaluations": self.evaluations, "order": None if self.evaluations is None else self.order,
                "painted": self.painted, "in_plane_shift": shift, "spacing": self.spacing, "repeats": self.repeats,
            }.items()
            if value is not None
        }  # fmt: skip

    def ends(self, index: int = 0) -> Atoms:
        """The two grains that a candidate is painted between."""
        known = {k: v for k, v in self.arguments().items() if k not in ("evaluations", "order")}
        return boundary_ends(**known, index=index)

    def command(self) -> str:
        """The line that makes the same candidates and relaxes them."""
        words = [
            "gcd",
            "sample",
            "boundary",
            "--twist",
            self.twist,
            "--metal",
            self.metal,
            "--model",
            self.model,
        ]
        words += ["--count", str(self.count), "--seed", str(self.seed)]
        given = self.arguments()
        if self.evaluations is not None:
            words += ["--nfe", str(self.evaluations), "--order", str(self.order)]
        words += ["--painted", f"{self.painted:.10g}"]
        if "in_plane_shift" in given:
            words += ["--shift", *(f"{value:.10g}" for value in given["in_plane_shift"])]
        if "spacing" in given:
            words += ["--spacing", f"{self.spacing:.10g}"]
        if self.repeats != (1, 1):
            words += ["--repeats", *map(str, self.repeats)]
        return shlex.join([*words, "--relax", "--out", self.stem])

    def python(self, index: int) -> str:
        """Python that makes them all, in one go as the page does, and relaxes the one that is looked at."""
        given = self.arguments() | {"count": self.count}
        if self.repeats == (1, 1):
            del given["repeats"]
        lines = [
            f"    {name}={value!r},"
            for name, value in given.items()
            if isinstance(value, int | float | tuple)
        ]
        return "\n".join(
            [
                "import gcd",
                "",
                "candidates = gcd.generate_boundaries(",
                f'    "{self.twist}",',
                f'    metal="{self.metal}",',
                f'    model="{self.model}",',
                *lines,
                ")",
                f"atoms = candidates[{index}]",
                'if atoms.info["physical"]:',
                f'    (atoms,) = gcd.relax_boundaries([atoms], metal="{self.metal}")',
                '    print(atoms.info["n"], atoms.info["egb"])',
            ]
        )


@dataclass(frozen=True)
class SampleRun(Outcome):
    """Candidates as decoded and as relaxed."""

    noun = "candidate"

    def same_as(self, index: int) -> int | None:
        """The first candidate that relaxed into the same structure, by E_gb and [n]; None if this is the first."""
        n, egb = self.energies()
        same = (np.abs(egb[:index] - egb[index]) < DUPLICATE) & (np.abs(n[:index] - n[index]) < 1e-3)
        return int(np.flatnonzero(same)[0]) if same.any() else None

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
                    "closest pair": found["minimum_distance"],
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


def run_sampling(report: Report, *, settings: dict[str, Any], workers: int | None = None) -> SampleRun:
    """Paint, decode and relax; ``settings`` are those of :class:`SampleSettings`, as a plain dict.

    Cancelled, the job's result is what was finished until then. One core is left to painting.
    """
    wanted = SampleSettings(**settings).checked()
    run = SampleRun(wanted, engine=choose_engine("auto"))
    begun = time.perf_counter()
    painted = 0.0
    ends = wanted.ends()
    low, high = (float(z / ends.cell[2, 2]) for z in ends.info["painted_z"])
    writing = threading.Lock()  # painting and relaxing both tell what they have finished

    def work(tell: Watched) -> None:
        def words() -> tuple[float, str]:
            finished, egb = run.finished, run.energies()[1]
            parts = [f"{len(run.before)} of {wanted.count} painted"]
            if run.before:
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
            energies = atomic_energies(atoms.positions, atoms.cell.array, wanted.metal)
            atoms.set_array("energy", energies, float, ())
            with writing:
                run = replace(run, before=(*run.before, atoms), after=(*run.after, None))
                tell.keep(run)

        def on_relaxed(before: Atoms, after: Atoms) -> None:
            nonlocal run
            index = before.info["index"]
            with writing:
                every = (*run.after[:index], after, *run.after[index + 1 :])
                run = replace(run, after=every, seconds=time.perf_counter() - begun)
                tell.keep(run)
            tell(*words())

        tell(0.0, "Loading the model")
        generate_relaxed_boundaries(
            **wanted.arguments(),
            count=wanted.count,
            workers=workers or max(1, cores() - 1),
            on_sampling=on_sampling,
            on_candidate=on_candidate,
            on_relaxed=on_relaxed,
        )

    watched(report, work)
    return run


def _picture(progress: Progress, region: tuple[float, float]) -> dict[str, Any]:
    """The voxels of the candidate under way, lying on their side."""
    return strip_frame(progress.preview, region) | {
        "id": f"{progress.sample}-{progress.done}",
        "label": f"candidate {progress.sample} · t = {progress.t:.2f} · "
        f"{progress.done:,} of {progress.total:,} evaluations",
    }
