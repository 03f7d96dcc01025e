"""A model as a method: candidates painted in small batches, each relaxed as soon as its batch is decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from gcd.energetics.boundary_plane import make_slab
from gcd.energetics.lammps_session import relax_slab
from gcd.energetics.potential import find_potential
from gcd.evaluation.held_out import Attempt, Case

BATCH = 4  # more save little, and keep the first candidate waiting
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Wishes:
    """What a model of many boundaries is asked for; with neither it paints what comes."""

    spread: bool = True  # every [n] of the cell in turn
    low_energy: bool = True
    guidance: float | None = None  # None: what the checkpoint says
    attempts: int = 1  # until the [n] asked for comes; a search for low energies takes any

    def arguments(self, seed: int, atoms_per_plane: int) -> dict[str, Any]:
        """Of `generate_boundaries`."""
        asked: dict[str, Any] = {"attempts": self.attempts}
        if self.spread:
            asked["n"] = spread_n(seed, atoms_per_plane)
        if self.low_energy:
            asked["low_energy"] = True
        return asked | ({} if self.guidance is None else {"guidance": self.guidance})


def spread_n(seed: int, atoms_per_plane: int) -> list[float]:
    """Every [n] once, in an order in which no part of the plane waits for long: steps of the golden ratio."""
    places = [((seed + 0.5) * GOLDEN * GOLDEN + i * GOLDEN) % 1.0 for i in range(8 * atoms_per_plane)]
    order = dict.fromkeys(int(p * atoms_per_plane) for p in places)
    return [k / atoms_per_plane for k in [*order, *(set(range(atoms_per_plane)) - set(order))]]


@dataclass(frozen=True)
class Painted:
    """A checkpoint's candidates; candidate i has the noise and ends of (seed, i), whatever its batch."""

    checkpoint: str
    wishes: Wishes | None = None  # None: a model of one boundary, which takes none
    batch: int = BATCH
    device: str = "cpu"

    @property
    def settings(self) -> Mapping[str, Any]:
        """The weights by their sha256, how they are sampled, and what is asked of them."""
        from gcd.checkpoints import read_checkpoint

        found = read_checkpoint(self.checkpoint)
        return {
            "checkpoint": found.name,
            "sha256": found.sha256,
            "wishes": None if self.wishes is None else asdict(self.wishes),
            "batch": self.batch,
        }

    def load(self, case: Case) -> None:
        """One candidate by one evaluation of the network, thrown away."""
        _load(self.checkpoint, case, self.device)

    def attempts(self, case: Case, seed: int, first: int) -> Iterator[Attempt]:
        """Painted slabs; those that are not physical after all repaints have nothing to relax."""
        from gcd.generate.boundaries import generate_boundaries

        potential = find_potential(None)
        text = potential.lammps(case.metal)
        asked = {} if self.wishes is None else self.wishes.arguments(seed, case.boundary.atoms_per_plane)
        number = first
        while True:
            made = generate_boundaries(
                case.boundary,
                metal=case.metal,
                checkpoint=self.checkpoint,
                repeats=(1, 1),  # beyond those that the case's cell has
                count=self.batch - number % self.batch,
                first=number,
                seed=seed,
                device=self.device,
                **asked,
            )
            assert isinstance(made, list)
            for atoms in made:
                info = atoms.info
                about = (
                    {"asked": info["asked_n"], "attempts": info.get("attempts", 1)}
                    if "asked_n" in info
                    else {}
                )
                common: dict[str, Any] = {"restarts": int(info["restarts"]), "about": about}
                if info["physical"]:
                    slab = make_slab(atoms, case.metal, potential=potential)
                    task = {"slab": slab, "potential": text}
                    yield Attempt(number, info["n"], slab, relax_slab, task, **common)
                else:
                    yield Attempt(number, info["n"], None, failure=info["failure"], **common)
                number += 1


@cache
def _load(checkpoint: str, case: Case, device: str) -> None:
    from gcd.generate.boundaries import generate_boundaries

    settings: dict[str, Any] = {
        "evaluations": 1,
        "order": 1,
        "restarts": 0,
        "repeats": (1, 1),
        "device": device,
    }
    made = generate_boundaries(case.boundary, metal=case.metal, checkpoint=checkpoint, **settings)
    assert isinstance(made, list)
    if made[0].info["physical"]:
        make_slab(made[0], case.metal)
