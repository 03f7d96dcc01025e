"""What a sceptic would try instead of a model: a search, rigid shifts, and structures of another boundary, strained."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.boundary_plane import make_slab
from gcd.energetics.lammps_session import relax_slab
from gcd.energetics.potential import find_potential
from gcd.evaluation.held_out import Attempt, Case
from gcd.places import dataset_folder
from gcd.search.anneal import anneal_slab
from gcd.search.collection import BoundaryCollection
from gcd.search.proposals import Recipe, build_proposal, draw_proposal
from gcd.search.store import Store
from gcd.structures.bicrystal_ends import bicrystal_ends, draw_state, grain_translations
from gcd.structures.bicrystals import DEFAULT_VACUUM, default_planes, potential_lattice_constant
from gcd.structures.boundary import Boundary

if TYPE_CHECKING:
    from ase import Atoms

HALF = (2.5, 6.5)  # Å on either side of the plane that are taken from another boundary's structure
SAME_HALF = 12.0  # Å, when the other one is the same boundary in another metal
PREFERENCE = 0.1  # J/m2: structures are drawn with the weight exp(-E_gb above their lowest / this)
MOST_STRAIN = 1.15  # times longer or shorter; what is left of the cell is filled by going on with the pattern
EDGE = 1e-3  # Å
OVERLAP = 0.73  # of the nearest-neighbour distance: two atoms nearer than this at a seam are one too many


@dataclass(frozen=True)
class Search:
    """The GRIP-like search of :mod:`gcd.search.grip`: attempt i is candidate i of `gcd search` with that seed."""

    recipe: Recipe = field(default_factory=Recipe)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The recipe."""
        return asdict(self.recipe)

    def load(self, case: Case) -> None:
        """One proposal, thrown away."""
        next(self.attempts(case, 0, 0))

    def attempts(self, case: Case, seed: int, first: int) -> Iterator[Attempt]:
        """Proposals, annealed where the recipe says so, and relaxed."""
        potential, a = find_potential(None), case.lattice_constant
        text = potential.lammps(case.metal)
        planes = self.recipe.planes or default_planes(case.boundary, a)
        recipe = replace(self.recipe, planes=planes)
        for number in itertools.count(first):
            proposal = draw_proposal(case.boundary, case.metal, seed, number, recipe, lattice_constant=a)
            atoms = build_proposal(proposal, case.boundary, case.metal, recipe, lattice_constant=a)
            slab = make_slab(atoms, case.metal, plane=atoms.info["plane"], potential=potential)
            task = {"slab": slab, "potential": text, "proposal": proposal, "recipe": recipe}
            about = {"steps": proposal.steps}
            yield Attempt(number, atoms.info["n"], slab, anneal_slab, task, about=about)


def rigid_shifts() -> Search:
    """The same search without molecular dynamics: random shifts, atoms taken out or put in, and relaxed."""
    return Search(Recipe(still_share=1.0))


def short_search() -> Search:
    """The same search with 0.6 to 6 ps of dynamics in two of five proposals: more of them for its money."""
    return Search(Recipe(steps=(300, 3000), still_share=0.6))


@dataclass(frozen=True)
class Structure:
    """A relaxed structure of a boundary that was learnt from."""

    boundary: Boundary
    metal: str
    lattice_constant: float  # Å
    egb: float  # J/m2
    positions: np.ndarray  # (N, 3) Å, z from the boundary plane

    @property
    def key(self) -> tuple[str, str, tuple[int, int]]:
        """What it is one of."""
        return self.boundary.slug, self.metal, self.boundary.repeats


def learnt_structures(files: Sequence[Path] | None = None, phase: str = "bcc") -> list[Structure]:
    """Structures of files: collections of many boundaries (.npz) or searches (.db); by default what models learn from.

    ValueError, in one sentence, for a file of something else.
    """
    found: list[Structure] = []
    for path in files or [dataset_folder() / f"boundaries-{phase}.npz"]:
        found += _of_store(path) if path.suffix == ".db" else _of_collection(path)
    return found


def _of_store(path: Path) -> list[Structure]:
    with Store(path, read_only=True) as store:
        if "boundary" not in store.meta:
            raise ValueError(f"{str(path)!r} is a search of before boundaries were described in full.")
        boundary, metal = Boundary.from_dict(store.meta["boundary"]), store.meta["metal"]
        kept = [c for c in store.unique() if c.converged]
    a = potential_lattice_constant(metal)
    return [Structure(boundary, metal, a, c.egb, c.positions - np.array([0.0, 0.0, c.plane])) for c in kept]


def _of_collection(path: Path) -> list[Structure]:
    collection = BoundaryCollection.load(path)
    return [
        Structure(m.boundary, m.metal, m.lattice_constant, float(collection.egb[i]), collection.positions(i))
        for number, m in enumerate(collection.members)
        for i in map(int, collection.of(number))
    ]


def nearest_structures(structures: Sequence[Structure], case: Case) -> list[Structure]:
    """Those of the boundary most like the case's: kind and axis the same, then angle, cell and metal the nearest.

    ValueError, in one sentence, when there is none of its kind and axis.
    """
    target = case.boundary

    def family(b: Boundary) -> tuple[str, tuple[int, ...], str]:
        return b.kind, tuple(sorted(map(abs, b.axis))), b.phase

    keys = {s.key: s for s in structures if family(s.boundary) == family(target)}
    if not keys:
        raise ValueError(f"No structure of a {target.kind} about {target.axis} is among those learnt from.")

    def distance(s: Structure) -> tuple[Any, ...]:
        b = s.boundary
        # Two tilts of one angle have different planes; that of the same name is the same boundary.
        return (
            b.slug != target.slug,
            round(abs(b.angle - target.angle), 3),
            _misfit(b, target),
            s.metal != case.metal,
            s.key,
        )

    chosen = min(keys.values(), key=distance).key
    return sorted((s for s in structures if s.key == chosen), key=lambda s: s.egb)


def _misfit(own: Boundary, target: Boundary) -> float:
    """How far the edges of one cell are from whole multiples of the other's; 0 where none has to be strained."""
    ratios = target.edges / own.edges
    return round(float(np.abs(np.log(ratios / np.maximum(1, np.rint(ratios)))).sum()), 6)


@dataclass(frozen=True)
class Strained:
    """Structures of the nearest boundary learnt from, strained into the new cell between its own grains, and relaxed.

    The core of the structure, of random thickness, is stretched to the new cell in the plane and across it so that its
    density stays, and put at a random place between grains at a random shift. When the nearest boundary is the same
    one, in another metal, nothing is random: the structure is scaled, and the grains are where they were.
    """

    structures: Sequence[Structure]

    @property
    def settings(self) -> Mapping[str, Any]:
        """How structures are drawn and cut, and how many there are."""
        return {
            "half": HALF,
            "same_half": SAME_HALF,
            "preference": PREFERENCE,
            "structures": len(self.structures),
        }

    @cached_property
    def _nearest(self) -> dict[str, list[Structure]]:
        return {}

    def load(self, case: Case) -> None:
        """One structure, thrown away."""
        next(self.attempts(case, 0, 0))

    def attempts(self, case: Case, seed: int, first: int) -> Iterator[Attempt]:
        """Structures drawn by their energy; of the same boundary in their order instead."""
        nearest = self._nearest.setdefault(case.name, []) or nearest_structures(self.structures, case)
        self._nearest[case.name] = nearest
        same = (
            nearest[0].boundary.slug == case.boundary.slug
            and _misfit(nearest[0].boundary, case.boundary) == 0
        )
        egb = np.array([s.egb for s in nearest])
        weights = np.exp(-(egb - egb.min()) / PREFERENCE)
        potential = find_potential(None)
        text = potential.lammps(case.metal)
        for number in itertools.count(first):
            rng = np.random.default_rng([seed, number, 7])
            as_it_is = same and number < len(nearest)
            chosen = nearest[number if as_it_is else int(rng.choice(len(nearest), p=weights / weights.sum()))]
            atoms = scaled(chosen, case) if as_it_is else strained(chosen, case, rng)
            about = {"from": f"{chosen.metal}-{chosen.boundary.slug}", "egb": round(chosen.egb, 4)}
            if not atoms.info["physical"]:
                yield Attempt(number, atoms.info["n"], None, failure=atoms.info["failure"], about=about)
                continue
            slab = make_slab(atoms, case.metal, plane=atoms.info["plane"], potential=potential)
            task = {"slab": slab, "potential": text}
            yield Attempt(number, atoms.info["n"], slab, relax_slab, task, about=about)


def strained(structure: Structure, case: Case, rng: np.random.Generator) -> Atoms:
    """A structure's core in the cell of another boundary; `info` as of a painted slab."""
    a, target = case.lattice_constant, case.boundary
    ratios = target.edges / structure.boundary.edges
    stretch = np.clip(ratios / np.maximum(1, np.rint(ratios)), 1 / MOST_STRAIN, MOST_STRAIN)
    size = a / structure.lattice_constant
    core = _filled(structure, stretch, ratios) * size * np.array([1.0, 1.0, 1 / stretch.prod()])
    core[:, :2] += rng.uniform(0.0, 1.0, 2) * target.edges * a
    shift, spacing = draw_state(rng, target, a)
    return _between(core, case, (float(shift[0]), float(shift[1])), spacing, float(rng.uniform(*HALF)))


def _filled(structure: Structure, stretch: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """(N, 3) Å: the pattern, stretched in the plane and gone on with until the cell is full, then cut off."""
    edges = structure.boundary.edges * structure.lattice_constant
    across, up = (np.arange(math.ceil(r / s - 1e-6)) for r, s in zip(ratios, stretch, strict=True))
    cells = np.stack(np.meshgrid(across, up), axis=-1)
    shifts = np.column_stack([cells.reshape(-1, 2) * edges, np.zeros(cells.size // 2)])
    inside = structure.positions.copy()
    # Atoms on the cell's edge, by rounding on either side of it, are taken for those at its beginning.
    inside[:, :2] = (inside[:, :2] + EDGE) % edges - EDGE
    all_of_them = (inside + shifts[:, None]).reshape(-1, 3) * np.array([*stretch, 1.0])
    return all_of_them[(all_of_them[:, :2] < edges * ratios - EDGE).all(axis=1)]


def scaled(structure: Structure, case: Case) -> Atoms:
    """A structure of the same boundary in another metal, at the other's lattice constant."""
    a = case.lattice_constant
    whole = _filled(structure, np.ones(2), case.boundary.edges / structure.boundary.edges)
    whole *= a / structure.lattice_constant
    core = whole
    boundary, edges, spacing = case.boundary, case.boundary.edges * a, case.boundary.spacing * a

    def vector(side: int, planes: int) -> np.ndarray:
        """Of a grain's lattice, so many planes up."""
        first, last = (boundary.sites(side, k)[0] for k in (0, planes))
        return np.array([*((last - first) * edges), planes * spacing])

    # The lower grain onto that of a bicrystal, and by whole planes to about where its boundary is.
    bottom = np.array([0.0, 0.0, DEFAULT_VACUUM])
    core = core + bottom - grain_translations(core, 0.0, boundary, a, away=SAME_HALF)[0]
    plane = DEFAULT_VACUUM + (default_planes(boundary, a)[0] - 0.5) * spacing
    up = vector(0, round((plane - float(core[0, 2] - whole[0, 2])) / spacing))
    core = core + up
    # Then the upper grain of the bicrystal onto the core's.
    state = grain_translations(core, float(core[0, 2] - whole[0, 2]), boundary, a, away=SAME_HALF)[1] - bottom
    state -= vector(1, round(float(state[2] / spacing)))
    shift = state[:2] % edges
    return _assembled(_ends(case, (float(shift[0]), float(shift[1])), float(state[2]), SAME_HALF), core)


def _ends(case: Case, shift: tuple[float, float], spacing: float, half: float) -> Any:
    return bicrystal_ends(case.boundary, case.metal, painted=2 * half, in_plane_shift=shift, spacing=spacing)


def _between(core: np.ndarray, case: Case, shift: tuple[float, float], spacing: float, half: float) -> Atoms:
    ends = _ends(case, shift, spacing, half)
    return _assembled(ends, core + np.array([0.0, 0.0, ends.atoms.info["plane"]]))


def _assembled(ends: Any, core: np.ndarray) -> Atoms:
    """The core between the ends; of two atoms too near at a seam the core's goes."""
    from scipy.spatial import cKDTree

    from gcd.generate.painted_slab import assemble

    low, high = ends.painted_z
    core = core[(core[:, 2] > low) & (core[:, 2] < high)]
    box = np.array([*ends.grid.lengths[:2], 4 * ends.grid.lengths[2]])
    known = ends.atoms.positions % box
    known[known >= box] = 0.0
    core[:, :2] %= box[:2]
    core[:, :2][core[:, :2] >= box[:2]] = 0.0
    least = OVERLAP * ends.atoms.info["nearest_neighbour"]
    if len(core):
        core = core[cKDTree(known, boxsize=box).query(core)[0] > least]
    gone: set[int] = set()
    if len(core):
        for i, j in sorted(cKDTree(core, boxsize=box).query_pairs(least)):
            if i not in gone and j not in gone:
                gone.add(j)
    return assemble(ends, np.delete(core, sorted(gone), axis=0))
