"""The job of the Grain boundaries page: build boundaries or take one of the dataset, relax them, keep both states."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.boundary_energy import RelaxProgress, choose_engine, relax_boundaries
from gcd.energetics.zhou2004 import METALS
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_PAGE_BOUNDARY_ATOMS, check_integer, check_seed
from gcd.search.dataset import BoundaryDataset, DatasetError, load_dataset
from gcd.structures.bicrystals import check_twist, metal_phase, push_atoms, twist_bicrystal
from pages.parts.boundary_outcome import Outcome
from pages.parts.boundary_watch import Watched, watched

if TYPE_CHECKING:
    from ase import Atoms

SAMPLED, BUILT, CHOSEN = "sample", "build", "search"  # where a boundary comes from; the words of links
METAL_CHOICES = tuple(sorted(symbol for symbol, entry in METALS.items() if entry.structure in ("bcc", "fcc")))
DATASET = "w-sigma5"


@dataclass(frozen=True)
class BoundarySettings:
    """Everything that decides what is relaxed; also what a link and the reproduce box have to say."""

    source: str  # BUILT or CHOSEN
    twist: str = "sigma5"
    metal: str = "W"
    shift: tuple[float, float] = (0.0, 0.0)  # of the upper grain, in edges of the cell
    random_shift: bool = False  # each variant its own shift, instead of that one
    change: int = 0  # atoms put into the boundary, or taken out if negative
    gap: float = 0.0  # Å
    push: float = 0.0  # Å
    variants: int = 1
    seed: int = 0
    structure: int = 0  # of the dataset, when the source is CHOSEN

    @property
    def stem(self) -> str:
        """The part of file names that says what is in the file."""
        what = f"{self.metal.lower()}-{self.twist}"
        what += f"-structure{self.structure}" if self.source == CHOSEN else f"-atoms{self.change:+d}"
        return f"{what}-seed{self.seed}"

    def command(self) -> str:
        """The line that relaxes the downloaded boundaries again."""
        return f"gcd relax {self.stem}-before.extxyz --metal {self.metal}"

    def python(self, index: int) -> str:
        """Python that makes one of them and relaxes it."""
        return python_of(self, index)

    def checked(self) -> BoundarySettings:
        """These settings, if they can be run; ValueError in one sentence otherwise. Widgets are no guard."""
        check_seed(self.seed)
        check_integer("the number of variants", self.variants, 1, MAX_PAGE_BOUNDARIES)
        if self.metal not in METAL_CHOICES:
            raise ValueError(f"The metals are {', '.join(METAL_CHOICES)}, not {self.metal!r}.")
        if not 0.0 <= self.push <= 1.0:
            raise ValueError(f"Atoms can be pushed by up to 1 Å, not {self.push:g}.")
        twist = check_twist(self.twist)
        if self.source == CHOSEN:
            dataset = dataset_of(self.twist, self.metal)
            if dataset is None:
                raise ValueError(f"There is no dataset of {self.metal} {self.twist} here.")
            check_integer("the structure", self.structure, 0, len(dataset) - 1)
        atoms = 36 * twist.atoms_per_plane(metal_phase(self.metal).name) * self.variants
        if atoms > MAX_PAGE_BOUNDARY_ATOMS:
            raise ValueError(
                f"{self.variants} boundaries of {atoms // self.variants:,} atoms are too many for a page: "
                f"the most is {MAX_PAGE_BOUNDARY_ATOMS * self.variants // atoms} of this twist."
            )
        return self


@dataclass(frozen=True)
class BoundaryRun(Outcome):
    """Variants as built, or as taken from the search, and as relaxed."""

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
                    "[n]": round(float(info["n"] if "n" in info else before.info["n"]), 6),
                    "E_gb before": info.get("egb_initial"),
                    "E_gb": None if self.reason(i) else info.get("egb"),
                    "converged": bool(info.get("converged", False)),
                    "seconds": info.get("seconds"),
                    "reason": self.reason(i),
                }
            )
        return rows


@cache
def dataset_of(twist: str, metal: str) -> BoundaryDataset | None:
    """The dataset that this installation has of that boundary, read once; None when there is none."""
    try:
        dataset = load_dataset(DATASET)
    except DatasetError:
        return None
    return dataset if (dataset.about["twist"], dataset.about["metal"]) == (twist, metal) else None


def build_boundary(settings: BoundarySettings, variant: int) -> Atoms:
    """One boundary before relaxation, with ``arrays["energy"]`` (eV) and ``info["plane"]``.

    Variant i draws its atoms, its push and, if asked for, its shift from (seed, i).
    """
    from gcd.energetics.boundary_plane import atomic_energies

    rng = np.random.default_rng([settings.seed, variant])
    if settings.source == CHOSEN:
        dataset = dataset_of(settings.twist, settings.metal)
        assert dataset is not None
        atoms = dataset.atoms(settings.structure)
    else:
        twist = check_twist(settings.twist)
        edge = twist_edge(settings.twist, settings.metal)
        shift = rng.random(2) if settings.random_shift else np.array(settings.shift)
        atoms = twist_bicrystal(
            twist,
            settings.metal,
            in_plane_shift=(float(shift[0]) * edge, float(shift[1]) * edge),
            gap=settings.gap,
            remove=max(0, -settings.change),
            insert=max(0, settings.change),
            rng=rng,
        )
    if settings.push:
        push_atoms(atoms, atoms.info["plane"], settings.push, rng)
    atoms.set_array("energy", atomic_energies(atoms.positions, atoms.cell.array, settings.metal), float, ())
    return atoms


def twist_edge(twist: str, metal: str) -> float:
    """Edge of the twist's cell in Å."""
    from gcd.energetics.zhou2004 import lattice_constant

    return check_twist(twist).edge * lattice_constant(metal)


def run_relaxation(report: Report, *, settings: dict[str, Any], workers: int | None = None) -> BoundaryRun:
    """Build and relax; ``settings`` are those of :class:`BoundarySettings`, as a plain dict.

    Cancelled, the job's result is what was relaxed until then.
    """
    wanted = BoundarySettings(**settings).checked()
    begun = time.perf_counter()
    report(0.0, "Building")
    before = tuple(build_boundary(wanted, variant) for variant in range(wanted.variants))
    run = BoundaryRun(wanted, before, (None,) * len(before), choose_engine("auto"))

    def work(tell: Watched) -> None:
        def on_progress(progress: RelaxProgress) -> None:
            nonlocal run
            after = (*run.after[: progress.index], progress.atoms, *run.after[progress.index + 1 :])
            run = replace(run, after=after, seconds=time.perf_counter() - begun)
            tell.keep(run)
            energy = progress.atoms.info.get("egb", np.nan)
            found = f"E_gb {energy:.3f} J/m²" if np.isfinite(energy) else "one failed"
            tell(
                0.02 + 0.98 * progress.done / progress.total,
                f"{progress.done} of {progress.total} relaxed, {found}",
            )

        tell(0.02, "Relaxing")
        relax_boundaries(before, wanted.metal, workers=workers, callback=on_progress)

    watched(report, work)
    return run


def python_of(settings: BoundarySettings, variant: int) -> str:
    """Python that makes one boundary of the page and relaxes it."""
    s = settings
    names = ["push_atoms"] if s.push else []
    if s.source == CHOSEN:
        made = [f'atoms = load_dataset("{DATASET}").atoms({s.structure})']
        imports = ["from gcd.search.dataset import load_dataset"]
    else:
        edge = twist_edge(s.twist, s.metal)
        x, y = s.shift[0] * edge, s.shift[1] * edge
        shift = f"rng.random(2) * {edge:.10g}" if s.random_shift else f"({x:.10g}, {y:.10g})"
        change = f"insert={s.change}" if s.change > 0 else f"remove={-s.change}"
        arguments = f"in_plane_shift=shift, gap={s.gap:g}, {change}, rng=rng"
        made = [f"shift = {shift}", f'atoms = twist_bicrystal("{s.twist}", "{s.metal}", {arguments})']
        imports, names = [], [*names, "twist_bicrystal"]
    imports += [f"from gcd.structures.bicrystals import {', '.join(names)}"] if names else []
    pushed = [f'push_atoms(atoms, atoms.info["plane"], {s.push:g}, rng)'] if s.push else []
    return "\n".join(
        [
            "import numpy as np",
            "",
            "import gcd",
            *imports,
            "",
            f"rng = np.random.default_rng([{s.seed}, {variant}])",
            *made,
            *pushed,
            f'(relaxed,) = gcd.relax_boundaries([atoms], metal="{s.metal}")',
            'print(relaxed.info["egb"], relaxed.info["n"])',
        ]
    )
