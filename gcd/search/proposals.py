"""What a search tries: a bicrystal drawn at random, and how long and how hot it is annealed.

A proposal is a few numbers drawn from (seed, number) alone, so the same search tries the same things whatever the
number of workers, and any candidate can be made again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.structures.bicrystal_ends import boundary_of
from gcd.structures.bicrystals import PUSH_REACH, bicrystal, default_planes, opened, push_atoms
from gcd.structures.boundary import Boundary
from gcd.structures.twists import Twist

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Recipe:
    """The ranges from which proposals are drawn; lengths in Å."""

    planes: tuple[int, int] | None = None  # of the grains; None: `default_planes` of the boundary
    repeats: tuple[int, int] = (1, 1)
    gap: float = 0.3  # opened between the grains
    push: float = 0.3  # longest displacement of an atom near the boundary
    push_reach: float = PUSH_REACH  # of the plane: which atoms are pushed
    insert_share: float = 0.2  # of proposals that add atoms between the grains instead of removing some
    still_share: float = 0.15  # of proposals without molecular dynamics: mediocre structures, wanted as well
    steps: tuple[int, int] = (300, 30_000)  # of 2 fs; log-uniform between them
    temperature: tuple[float, float] = (1000.0, 2500.0)  # K; uniform
    ramp: int = 1000  # steps from there to 50 K
    md_reach: float = 10.0  # of the plane: atoms that move in molecular dynamics

    def __post_init__(self) -> None:
        """Refuse ranges that mean nothing."""
        if not 1 <= self.steps[0] <= self.steps[1] <= 10_000_000:
            raise ValueError(f"The MD steps must be a range from 1 to 10,000,000, not {self.steps}.")
        if not 0 < self.temperature[0] <= self.temperature[1] <= 10_000:
            raise ValueError(f"The temperatures must be a range up to 10,000 K, not {self.temperature}.")
        if not (0 <= self.still_share <= 1 and 0 <= self.insert_share <= 1):
            raise ValueError("Shares of proposals must be from 0 to 1.")


@dataclass(frozen=True)
class Proposal:
    """One thing to try. ``steps`` is 0 for no molecular dynamics at all."""

    seed: int
    number: int
    shift: tuple[float, float]  # of the upper grain, Å
    removed: int
    inserted: int
    steps: int  # of 2 fs at the temperature
    temperature: float  # K
    ramp: int  # steps down to 50 K

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers for the store."""
        return asdict(self)


def draw_proposal(
    boundary: str | Twist | Boundary,
    metal: str,
    seed: int,
    number: int,
    recipe: Recipe,
    surplus: Sequence[int] | None = None,
    *,
    lattice_constant: float | None = None,
) -> Proposal:
    """The proposal of that number.

    Args:
        boundary, metal: the boundary, with the repeats that it shall have.
        seed, number: what the draw depends on, beside the recipe.
        recipe: the ranges.
        surplus: which numbers of atoms beyond whole planes ([n] times the atoms of a plane) to choose from; by
            default all.
        lattice_constant: Å; by default that of the metal's Zhou potential.
    """
    boundary = boundary_of(boundary, metal)
    a = _lattice_constant(metal, lattice_constant)
    rng = np.random.default_rng([seed, number])
    per_plane = boundary.atoms_per_plane * math.prod(recipe.repeats)
    shift = rng.uniform(0.0, 1.0, 2) * (boundary.edges * a)
    low, high = (math.log(s) for s in recipe.steps)
    steps = round(math.exp(rng.uniform(low, high)))
    temperature = rng.uniform(*recipe.temperature)
    still, add = rng.random() < recipe.still_share, rng.random() < recipe.insert_share
    choices = range(per_plane) if surplus is None else sorted({s % per_plane for s in surplus})
    extra = int(rng.choice(np.asarray(choices)))
    return Proposal(
        seed=seed,
        number=number,
        shift=(float(shift[0]), float(shift[1])),
        removed=0 if add else -extra % per_plane,
        inserted=extra if add else 0,
        steps=0 if still else steps,
        temperature=float(temperature),
        ramp=0 if still else recipe.ramp,
    )


def build_proposal(
    proposal: Proposal,
    boundary: str | Twist | Boundary,
    metal: str,
    recipe: Recipe,
    lattice_constant: float | None = None,
) -> Atoms:
    """The proposal's bicrystal: shifted, with atoms removed or added at random, and pushed about near the plane.

    Where atoms are added the upper grain has one plane less, so that all candidates are about equally thick. Grains
    that would lie on each other are opened further than the recipe says, by as little as it takes.
    """
    boundary = boundary_of(boundary, metal)
    a = _lattice_constant(metal, lattice_constant)
    below, above = recipe.planes or default_planes(boundary, a)

    def attempt(gap: float) -> Atoms:
        rng = np.random.default_rng([proposal.seed, proposal.number, 1])
        atoms = bicrystal(
            boundary,
            a,
            metal,
            planes=(below, above - 1 if proposal.inserted else above),
            repeats=recipe.repeats,
            in_plane_shift=proposal.shift,
            gap=gap,
            remove=proposal.removed,
            insert=proposal.inserted,
            rng=rng,
        )
        push_atoms(atoms, atoms.info["plane"], recipe.push, rng, reach=recipe.push_reach)
        return atoms

    return opened(attempt, recipe.gap)[0]


def _lattice_constant(metal: str, given: float | None) -> float:
    from gcd.energetics.zhou2004 import lattice_constant

    return float(lattice_constant(metal)) if given is None else given
