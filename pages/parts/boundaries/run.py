"""The job of the Grain boundaries page that relaxes: boundaries built, taken from the search, or of one's own file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.boundary_energy import RelaxProgress, choose_engine
from gcd.energetics.potential import find_potential
from gcd.energetics.zhou2004 import METALS
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_PAGE_BOUNDARY_ATOMS, check_integer
from gcd.requests import Listener, RelaxationRequest
from gcd.requests.build import BuildRequest
from gcd.requests.chosen import ChosenRequest
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

METAL_CHOICES = tuple(sorted(symbol for symbol, entry in METALS.items() if entry.structure in ("bcc", "fcc")))

Relaxable = BuildRequest | ChosenRequest | RelaxationRequest


@dataclass(frozen=True)
class BoundaryRun(Outcome):
    """Structures as built, taken or uploaded, and as relaxed."""

    noun = "variant"

    def table(self) -> list[dict[str, Any]]:
        """One row a boundary; energies in J/m2."""
        rows = []
        for i, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            info = {} if after is None else after.info
            rows.append(
                {
                    "variant": i,
                    "atoms": len(before),
                    "[n]": self.fraction(i),
                    "E_gb before": info.get("egb_initial"),
                    "E_gb": None if self.reason(i) else info.get("egb"),
                    "converged": bool(info.get("converged", False)),
                    "seconds": info.get("seconds"),
                    "reason": self.reason(i),
                }
            )
        return rows

    def relaxation(self) -> RelaxationRequest:
        """What relaxes the downloaded file of all structures as they were."""
        wanted = self.settings
        if isinstance(wanted, RelaxationRequest):
            return wanted
        return RelaxationRequest(
            (f"{wanted.stem}-before.extxyz",), metal=wanted.metal, potential=wanted.potential
        )

    def command(self) -> str:
        """Lines that make and relax them again; where no verb makes them, that relax the downloaded file."""
        if isinstance(self.settings, BuildRequest):
            file = f"{self.settings.stem}-before.extxyz"
            return f"{self.settings.command(file)}\n{self.relaxation().command()}"
        return self.relaxation().command()

    def python(self, index: int) -> str:
        """Python that makes one of them and relaxes it."""
        wanted = self.settings
        if isinstance(wanted, RelaxationRequest):
            return wanted.python()
        potential = "" if wanted.potential is None else f', potential="{wanted.potential}"'
        return (
            f"import gcd\n{wanted.python_of(index)}\n"
            f'(relaxed,) = gcd.relax_boundaries([atoms], metal="{wanted.metal}"{potential})\n'
            'print(relaxed.info["egb"], relaxed.info["n"])'
        )


def check_for_page(structures: Sequence[Atoms]) -> None:
    """ValueError, in one sentence, for what a web page does not take on although the package would."""
    check_integer("the number of variants", len(structures), 1, MAX_PAGE_BOUNDARIES)
    largest = max(len(atoms) for atoms in structures)
    if largest * len(structures) > MAX_PAGE_BOUNDARY_ATOMS:
        raise ValueError(
            f"{len(structures)} boundaries of {largest:,} atoms are too many for a page: "
            f"the most is {MAX_PAGE_BOUNDARY_ATOMS // largest} of this size; the command line takes more."
        )


def shown(atoms: Atoms, metal: str, potential: Any) -> Atoms:
    """With ``arrays["energy"]`` (eV) where the potential has energies of atoms, for the colours."""
    usual = find_potential(potential)
    if "energy" not in atoms.arrays and usual.name == "zhou2004" and set(atoms.symbols) == {metal}:
        from gcd.energetics.boundary_plane import atomic_energies

        periodic = bool(atoms.pbc[2])
        atoms.set_array(
            "energy", atomic_energies(atoms.positions, atoms.cell.array, metal, periodic), float, ()
        )
    return atoms


def structures_of(wanted: Relaxable, uploaded: Sequence[Atoms] = ()) -> list[Atoms]:
    """What is relaxed, unrelaxed; those of an upload are given."""
    if isinstance(wanted, RelaxationRequest):
        return [atoms.copy() for atoms in uploaded]
    made = wanted.structures()
    return [shown(atoms, wanted.metal, wanted.potential) for atoms in made]


@dataclass
class _Tells(Listener):
    """Puts each relaxed structure into the run, and tells the page."""

    tell: Watched
    run: BoundaryRun
    begun: float = field(default_factory=time.perf_counter)

    def progress(self, progress: RelaxProgress) -> None:
        """One more is done."""
        after = (*self.run.after[: progress.index], progress.atoms, *self.run.after[progress.index + 1 :])
        self.run = replace(self.run, after=after, seconds=time.perf_counter() - self.begun)
        self.tell.keep(self.run)
        energy = progress.atoms.info.get("egb", np.nan)
        found = f"E_gb {energy:.3f} J/m²" if np.isfinite(energy) else "one failed"
        share = 0.02 + 0.98 * progress.done / progress.total
        self.tell(share, f"{progress.done} of {progress.total} relaxed, {found}")


def run_relaxation(
    report: Report, *, wanted: Relaxable, uploaded: Sequence[Atoms] = (), workers: int | None = None
) -> BoundaryRun:
    """Build, or take, and relax. Cancelled, the job's result is what was relaxed until then."""
    report(0.0, "Building")
    before = tuple(structures_of(wanted, uploaded))
    check_for_page(before)
    engine = choose_engine("auto", wanted.potential)
    run = BoundaryRun(wanted, before, (None,) * len(before), engine)

    def work(tell: Watched) -> None:
        nonlocal run
        tells = _Tells(tell, run)
        tell(0.02, "Relaxing")
        relaxation = run.relaxation()
        replace(relaxation, workers=workers).run(tells, before)
        run = tells.run

    watched(report, work)
    return run
