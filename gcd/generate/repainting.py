"""Repaint a slab of one's own: keep its grains, paint its middle anew, relax, keep the lowest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd import limits
from gcd.checkpoints import ManyBoundariesCheckpoint
from gcd.energetics.boundary_energy import SAME_ENERGY, RelaxProgress, choose_engine, relax_boundaries
from gcd.energetics.potential import find_potential
from gcd.generate.boundaries import wish_of
from gcd.generate.own_slabs import Recast, check_thicknesses, painting_model, understand
from gcd.generate.painting import RESTARTS, Painter, batch_report
from gcd.generate.voxel_model import Progress, batches
from gcd.structures.slab_ends import SlabEnds, slab_ends

if TYPE_CHECKING:
    from ase import Atoms

COUNT = 32


def repaint(
    atoms: Atoms,
    metal: str | None = None,
    *,
    count: int = COUNT,
    painted: Sequence[float] | None = None,
    move: bool = False,
    anyway: bool = False,
    checkpoint: str | None = None,
    seed: int = 0,
    n: float | Sequence[float] | str | None = None,
    low_energy: bool | float = True,
    guidance: float | None = None,
    evaluations: int | None = None,
    order: int | None = None,
    restarts: int = RESTARTS,
    plane: float | None = None,
    potential: Any = None,
    elements: Sequence[str] = (),
    rescale: bool = False,
    repeats: Sequence[int] | None = None,
    engine: str = "auto",
    workers: int | None = None,
    device: str = "auto",
    on_sampling: Callable[[Progress], None] | None = None,
    on_candidate: Callable[[Atoms], None] | None = None,
    on_relaxed: Callable[[Atoms, Atoms], None] | None = None,
) -> list[Atoms]:
    """The middle of a bicrystal slab painted anew, many times, and relaxed; the lowest first.

    The grains stay as they are: outside the painted layers every atom of a candidate lies, before it is relaxed, where
    it lay in the slab. The slab itself is relaxed as well and takes part, so the first of what comes back is never
    higher than it.

    Args:
        atoms: a slab or pile of two grains of a bcc or fcc metal.
        metal: symbol, by default the one that the atoms name, else W. The model need not know it: lengths follow the
            lattice constant.
        count: candidates.
        painted: Å that are painted, one thickness or several that candidates take in turn; by default up to three that
            the slab has room for.
        move: also move the upper grain as a block, by a shift in the plane and an opening drawn for each candidate but
            every third.
        anyway: go on where the model has never been trained on anything like the boundary.
        checkpoint: name or folder of another model.
        seed: candidate i has its noise and its move from (seed, i).
        n, low_energy, guidance: wishes, as in `generate_boundaries`; a model of one boundary can be asked for none.
        evaluations, order: of the solver; by default what the model was measured with.
        restarts: how often a candidate that is not physical is painted again.
        plane, potential, elements, rescale, engine, workers, device: as in `relax_boundaries`.
        repeats: of the slab's cell along its two edges in the plane; by default what makes each 8 Å long.
        on_sampling: called with a `Progress`.
        on_candidate: called with each candidate as painted.
        on_relaxed: called with each before and after; the slab itself too. What any of the three raises stops all work.

    Returns:
        The slab itself and all candidates, lowest E_gb first, those that could not be relaxed last with the reason in
        ``info["error"]``. Beside what `relax_boundaries` says, ``info`` holds own (whether it is the slab itself),
        egb_own (J/m2, of the slab itself), boundary, painted (Å, 0 for the slab itself), index, seed, checkpoint,
        restarts. Atoms lie as in their file; ``arrays["painted"]`` tells painted ones.

    Raises:
        ValueError: what `understand`, `painting_model` or `relax_boundaries` refuse, a slab that cannot be relaxed, or
            a thickness that it has no room for.
    """
    limits.check_count(count)
    potential = find_potential(potential)
    engine = choose_engine(engine, potential)
    recast = understand(
        atoms, metal, plane=plane, potential=potential, rescale=rescale, elements=elements, repeats=repeats
    )
    model = painting_model(recast.boundary, checkpoint, anyway=anyway)
    many = isinstance(model, ManyBoundariesCheckpoint)
    wish = wish_of(model, n, low_energy if many else None, guidance)
    job = _Job(recast, check_thicknesses(recast, painted), move, limits.check_seed(seed))
    painter = Painter.load(
        model,
        device=device,
        seed=seed,
        evaluations=evaluations,
        order=order,
        restarts=restarts,
        wish=wish,
    )
    before: list[Atoms] = [recast.standing]
    failed: list[Atoms] = []
    relaxed: dict[int, Atoms] = {}

    def all_of_them() -> Iterator[Atoms]:
        yield recast.standing
        for candidate in job.paint(painter, count, on_sampling):
            if on_candidate is not None:
                on_candidate(recast.as_it_lay(candidate))
            if candidate.info["physical"]:
                before.append(candidate)
                yield candidate
            else:
                failed.append(_unphysical(candidate))
                if on_relaxed is not None:
                    on_relaxed(recast.as_it_lay(candidate), recast.as_it_lay(failed[-1]))

    def tell(progress: RelaxProgress) -> None:
        relaxed[progress.index] = progress.atoms
        if progress.index == 0 and "error" in progress.atoms.info:
            raise ValueError(f"The slab itself could not be relaxed: {progress.atoms.info['error']}")
        if on_relaxed is not None:
            on_relaxed(recast.as_it_lay(before[progress.index]), recast.as_it_lay(progress.atoms))

    relax_boundaries(
        all_of_them(),
        recast.slab.metal,
        workers=workers,
        engine=engine,
        device=device,
        potential=potential,
        callback=tell,
    )
    return _ranked(recast, relaxed, failed)


@dataclass(frozen=True)
class _Job:
    """What every candidate of a call shares."""

    recast: Recast
    thicknesses: list[float]
    move: bool
    seed: int

    def ends(self, index: int, thickness: float) -> SlabEnds:
        """What a candidate is painted between."""
        slab = self.recast.slab
        return slab_ends(
            self.recast.standing, slab.plane, self.recast.found, thickness, move=self._moved(index)
        )

    def _moved(self, index: int) -> np.ndarray:
        """(3,) Å by which the upper grain is moved: anywhere in the plane, and up by as much as a plane's spacing."""
        if not self.move or index % 3 == 0:
            return np.zeros(3)
        found = self.recast.found
        a, rng = found.lattice_constant, np.random.default_rng([self.seed, index, 2])
        shift = rng.random(2) @ found.boundary.dsc() * a
        lift = rng.random() * min(found.boundary.spacing, 0.5) * a
        moved: np.ndarray = np.array([*shift, lift]) @ found.turn
        return moved

    def paint(
        self, painter: Painter, count: int, callback: Callable[[Progress], None] | None
    ) -> Iterator[Atoms]:
        """Candidates in the slab's frame; a batch holds one thickness, as its ends leave the same layers free."""
        done = 0
        several = len(self.thicknesses)
        for place, thickness in enumerate(self.thicknesses):
            numbers = list(range(place, count, several))
            if not numbers:
                continue
            groups: dict[tuple[Any, ...], list[tuple[int, SlabEnds]]] = {}
            for number in numbers:
                made = self.ends(number, thickness)
                groups.setdefault((made.ends.grid.shape, made.ends.layers), []).append((number, made))
            for group in groups.values():
                grid = group[0][1].ends.grid
                for rows in batches(len(group), grid, painter.device):
                    chosen = [group[row] for row in rows]
                    span = range(done, done + len(chosen))
                    painted, _ = painter.paint(
                        [made.ends for _, made in chosen],
                        [number for number, _ in chosen],
                        report=batch_report(callback, span, painter, count),
                    )
                    done += len(chosen)
                    for (_, made), atoms in zip(chosen, painted, strict=True):
                        yield made.filled(self.recast.standing, atoms)


def _unphysical(atoms: Atoms) -> Atoms:
    result = atoms.copy()
    error = f"Not relaxed: {atoms.info['failure']}."
    result.info |= {"egb": float("nan"), "converged": False, "error": error}
    return result


def _ranked(recast: Recast, relaxed: dict[int, Atoms], failed: list[Atoms]) -> list[Atoms]:
    """The slab itself and its candidates, the lowest first; the slab itself before any that is no lower than it."""
    own = relaxed[0]
    egb = float(own.info["egb"])
    own.info |= {"painted": 0.0, "index": -1} | recast.boundary.info()
    own.set_array("painted", np.zeros(len(own), dtype=bool))

    def rank(atoms: Atoms) -> tuple[int, float]:
        if "error" in atoms.info:
            return 2, 0.0
        if not atoms.info["converged"] and atoms is not own:
            return 1, float(atoms.info["egb"])
        lower = float(atoms.info["egb"])
        return 0, lower + (0.0 if atoms is own else 1e-9)

    result = []
    for atoms in sorted([*relaxed.values(), *failed], key=rank):
        atoms.info |= {"own": atoms is own, "egb_own": egb}
        if recast.words and atoms is own:
            atoms.info["warnings"] = list(recast.words)
        result.append(recast.as_it_lay(atoms))
    return result


def better(best: Atoms) -> bool:
    """Whether what `repaint` gave first is lower than the slab itself, by more than relaxations differ."""
    return bool(best.info["egb"] < best.info["egb_own"] - SAME_ENERGY)
