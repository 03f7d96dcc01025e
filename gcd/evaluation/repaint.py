"""What repainting does for slabs of other tools: the lowest E_gb of so many candidates against the slab's own."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.energetics.boundary_energy import SAME_ENERGY
from gcd.evaluation import tables

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.requests import RepaintRequest

TITLES = {
    "file": "file", "metal": "metal", "boundary": "boundary", "atoms": "atoms", "moved": "upper grain",
    "egb_own": "the slab's own E_gb (J/m2)", "egb": "lowest (J/m2)", "n_own": "its own [n]", "n": "[n]",
    "painted": "Å painted", "relaxed": "relaxed", "candidates": "candidates", "core_seconds": "core-s",
}  # fmt: skip


@dataclass(frozen=True)
class Repainted:
    """One slab repainted. Energies in J/m2."""

    file: str
    moved: str  # "stays", or "moves" with --move
    metal: str
    boundary: str
    atoms: int
    egb_own: float
    egb: float
    n_own: float
    n: float
    painted: float  # Å of the lowest; 0 where it is the slab itself
    relaxed: int  # candidates that were physical and came to rest
    candidates: int
    seed: int
    core_seconds: float
    checkpoint: str

    @property
    def lower(self) -> bool:
        """Whether a candidate is lower than the slab itself by more than relaxations differ."""
        return self.egb < self.egb_own - SAME_ENERGY


def core_seconds() -> float:
    """CPU time of this process and of its ended workers so far."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def evaluate_repaint(
    request: RepaintRequest, told: Callable[[Repainted], None] | None = None
) -> Iterator[Repainted]:
    """Each structure of the request's files repainted, one after the other."""
    from gcd.generate.repainting import repaint

    for file in request.files:
        frames = request.read(file)
        for index, atoms in enumerate(frames):
            name = Path(file).name + (f", {index + 1}" if len(frames) > 1 else "")
            begun = core_seconds()
            ranked = repaint(atoms, request.metal, **request.settings())
            row = describe(name, ranked, replace(request, files=(file,)), core_seconds() - begun)
            if told is not None:
                told(row)
            yield row


def describe(name: str, ranked: list[Atoms], request: RepaintRequest, seconds: float) -> Repainted:
    """The row of one slab, from what `gcd.repaint` gave."""
    best, own = ranked[0], next(a for a in ranked if a.info["own"])
    models = {_model(a.info["checkpoint"]) for a in ranked if "checkpoint" in a.info}
    return Repainted(
        file=name,
        moved="moves" if request.move else "stays",
        metal=own.info["metal"],
        boundary=own.info["boundary"],
        atoms=len(own),
        egb_own=float(own.info["egb"]),
        egb=float(best.info["egb"]),
        n_own=float(own.info["n"]),
        n=float(best.info["n"]),
        painted=float(best.info["painted"]),
        relaxed=sum("error" not in a.info for a in ranked) - 1,
        candidates=request.count,
        seed=request.seed,
        core_seconds=seconds,
        checkpoint=", ".join(sorted(models)),
    )


def _model(checkpoint: str) -> str:
    """Its folder's name and the first digits of its weights' sha256."""
    from gcd.checkpoints import read_checkpoint

    return f"{Path(checkpoint).name} {read_checkpoint(checkpoint).sha256[:8]}"


def write(folder: Path, rows: list[Repainted]) -> list[str]:
    """repaint.csv and repaint.md; rows of before stay where the same slab was not repainted again in the same way."""
    path = folder / "repaint.csv"
    merged = tables.merged(path, [asdict(row) for row in rows], ("file", "moved", "seed"), Repainted)
    everything = [Repainted(**row) for row in merged]
    tables.write_csv(path, merged)
    from gcd.files import write_text

    write_text(folder / "repaint.md", markdown(everything))
    return [str(path), str(folder / "repaint.md")]


def markdown(rows: list[Repainted]) -> str:
    """The table, and how many of the slabs came out lower, each way of the upper grain by itself."""
    words = []
    for moved in dict.fromkeys(row.moved for row in rows):
        there = [row for row in rows if row.moved == moved]
        lower, above = sum(row.lower for row in there), sum(row.egb > row.egb_own for row in there)
        words.append(
            f"The upper grain {moved}: lower than the slab itself in {lower} of {len(there)} slabs, above "
            f"it in {above}."
        )
    shown: list[dict[str, Any]] = [
        asdict(row)
        | {key: f"{getattr(row, key):.4f}" for key in ("egb_own", "egb")}
        | {key: f"{getattr(row, key):.3f}" for key in ("n_own", "n")}
        | {"painted": f"{row.painted:.1f}" if row.painted else "-", "core_seconds": f"{row.core_seconds:.0f}"}
        for row in rows
    ]
    models = ", ".join(dict.fromkeys(row.checkpoint for row in rows))
    words.append(f"Model and sha256 of its weights: {models}.")
    return tables.markdown(shown, TITLES) + "\n" + "\n".join(words) + "\n"
