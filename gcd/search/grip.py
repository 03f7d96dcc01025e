"""The search: proposals to workers, finished candidates to the store, until enough are there.

After GRIP (Chen et al., Nat. Commun. 15, 7049, 2024): both the number of atoms in the boundary and the translation of
the grains are sampled, each candidate is annealed for a random time at a random temperature, and duplicates are told by
their energy and [n].
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd import limits
from gcd.energetics.boundary_energy import slab_energy
from gcd.energetics.boundary_plane import make_slab
from gcd.energetics.engines import Engine, LocalEngine, Outcome
from gcd.energetics.lammps import missing
from gcd.energetics.potential import Potential, find_potential
from gcd.energetics.slab import Slab
from gcd.search.anneal import Annealed, anneal_slab
from gcd.search.proposals import Proposal, Recipe, build_proposal, draw_proposal
from gcd.search.store import Candidate, Store
from gcd.search.windows import Tally, Window
from gcd.structures.bicrystal_ends import boundary_of
from gcd.structures.bicrystals import default_planes, working_cell
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import twist_name
from gcd.structures.twists import Twist

if TYPE_CHECKING:
    from ase import Atoms

TIMEOUT = 900.0  # seconds for one candidate, some hundred times what the longest takes
FAILURES_IN_A_ROW = 20  # after so many the search is broken rather than unlucky


class SearchError(ValueError):
    """The search cannot go on; the message is one sentence."""


@dataclass(frozen=True)
class SearchProgress:
    """How far a search has come; ``lowest`` is [n] -> lowest E_gb (J/m2) so far.

    Candidates of other seeds in the same file count for ``unique``, ``lowest`` and ``windows`` too, and for no other.
    """

    done: int  # candidates, failed ones included
    total: int
    failed: int
    unique: int
    lowest: Mapping[float, float]
    windows: Sequence[tuple[Window, int]]  # each with the structures it holds
    seconds: float  # since this call began
    core_seconds: float  # of all these candidates, earlier and failed ones included
    others: int = 0  # candidates of other seeds in the store, failed ones included
    last: Candidate | None = None


@dataclass
class _State:
    tally: Tally
    done: int = 0
    others: int = 0
    failed: int = 0
    core_seconds: float = 0.0
    failures_in_a_row: int = 0
    begun: float = field(default_factory=time.monotonic)

    def add(self, candidate: Candidate) -> None:
        self.done += 1
        self.core_seconds += candidate.seconds
        if candidate.error:
            self.failed += 1
            self.failures_in_a_row += 1
        else:
            self.failures_in_a_row = 0
            self.tally.add(candidate.egb, candidate.n)

    def progress(self, total: int, last: Candidate | None = None) -> SearchProgress:
        return SearchProgress(
            done=self.done,
            total=total,
            failed=self.failed,
            unique=self.tally.unique,
            lowest=dict(sorted(self.tally.lowest.items())),
            windows=list(zip(self.tally.windows, self.tally.filled, strict=True)),
            seconds=time.monotonic() - self.begun,
            core_seconds=self.core_seconds,
            others=self.others,
            last=last,
        )


def search(
    boundary: str | Twist | Boundary = "sigma5",
    metal: str = "W",
    *,
    count: int = 100,
    out: str | Path = "search.db",
    seed: int = 0,
    workers: int | None = None,
    windows: Sequence[Window] = (),
    recipe: Recipe | None = None,
    repeats: tuple[int, int] | None = None,
    timeout: float = TIMEOUT,
    potential: Any = None,
    engine: Engine | None = None,
    cancelled: Callable[[], bool] | None = None,
    callback: Callable[[SearchProgress], None] | None = None,
    stop: Callable[[SearchProgress], bool] | None = None,
    twist: str | Twist | None = None,
) -> SearchProgress:
    """Search for structures of a boundary, and keep every one in ``out`` as soon as it is finished.

    A search that was ended in any way goes on where it was when called again with the same arguments: ``count``
    includes what the file holds for that seed.

    Args:
        boundary: its name in any spelling, or itself; ``twist`` is an older word for it.
        metal: of its phase.
        count: candidates of that seed in all.
        out: the store; see :class:`gcd.search.store.Store`.
        seed: candidate i depends on (seed, i), the recipe, and what the windows still lack.
        workers: processes, by default one a core.
        windows: ranges of E_gb and [n] to fill; only promising [n] are tried, and the search ends when all are full.
        repeats: of the boundary's cell along x and y; by default as many as make both edges 8 Å long, and for the old
            (100) twists one.
        recipe: ranges of shifts, atoms, temperatures and lengths.
        timeout: seconds after which a candidate is given up.
        potential: what :func:`gcd.energetics.potential.find_potential` takes, of those that LAMMPS can do; Zhou 2004
            when None.
        engine: runs the candidates; processes of this machine when None.
        cancelled: asked while candidates run; :class:`gcd.energetics.engines.Stopped` is raised once it is true.
        callback: called after each candidate; raising in it ends the search and its workers.
        stop: asked after each candidate; true ends the search.

    Raises:
        ValueError: an argument out of range.
        SearchError: LAMMPS is missing, or one candidate after the other fails.
        StoreError: ``out`` is something else, or holds another search.
    """
    found = boundary_of(boundary if twist is None else twist, metal)
    limits.check_integer("the number of candidates", count, 1, limits.MAX_CANDIDATES)
    limits.check_seed(seed)
    if workers is not None:
        limits.check_integer("the number of workers", workers, 1, 1024)
    recipe = recipe or Recipe()
    if lack := missing():
        raise SearchError(f"The search needs LAMMPS. {lack}")
    potential = find_potential(potential)
    text = potential.lammps(metal)
    if text is None:
        raise SearchError(f"The search needs a potential that LAMMPS has. {potential.why_not}")
    a = potential.lattice_constant(metal, found.phase)
    entry = working_cell(found, a, repeats)
    recipe = replace(recipe, planes=recipe.planes or default_planes(entry, a))
    per_plane = entry.atoms_per_plane * math.prod(recipe.repeats)
    meta = {
        "twist": twist_name(entry),
        "metal": metal,
        "atoms_per_plane": per_plane,
        "recipe": asdict(recipe),
        "boundary": entry.to_dict(),
    }
    if potential.name != "zhou2004":
        meta["potential"] = potential.name

    def propose(number: int, surplus: Sequence[int] | None = None) -> tuple[Proposal, Atoms]:
        proposal = draw_proposal(entry, metal, seed, number, recipe, surplus, lattice_constant=a)
        return proposal, build_proposal(proposal, entry, metal, recipe, lattice_constant=a)

    propose(0)  # refused before a file is made
    with Store(out, meta) as store:
        state = _State(Tally(windows))
        for candidate in store:
            if candidate.seed == seed:
                state.add(candidate)
                continue
            state.others += 1
            if not candidate.error:
                state.tally.add(candidate.egb, candidate.n)
        state.failures_in_a_row = 0
        under_way: dict[int, tuple[Proposal, Atoms, Slab]] = {}

        def tasks() -> Iterator[Mapping[str, Any]]:
            """Proposals not yet in the store; drawn one by one, so that the windows steer them."""
            finished = store.numbers(seed)
            free = (number for number in itertools.count() if number not in finished)
            for index, number in enumerate(itertools.islice(free, max(0, count - len(finished)))):
                if state.tally.full:
                    return
                proposal, atoms = propose(number, state.tally.surplus(per_plane))
                slab = make_slab(atoms, metal, plane=atoms.info["plane"], potential=potential)
                under_way[index] = proposal, atoms, slab
                yield {"slab": slab, "potential": text, "proposal": proposal, "recipe": recipe}

        with nullcontext(engine) if engine else LocalEngine(workers, timeout=timeout) as runs:
            for outcome in runs.run(anneal_slab, tasks(), cancelled=cancelled):
                candidate = _candidate(*under_way.pop(outcome.index), outcome, potential)
                store.add(candidate)
                state.add(candidate)
                progress = state.progress(count, candidate)
                if callback is not None:
                    callback(progress)
                if state.failures_in_a_row >= FAILURES_IN_A_ROW:
                    raise SearchError(
                        f"{FAILURES_IN_A_ROW} candidates failed one after the other: {candidate.error}"
                    )
                if state.tally.full or (stop is not None and stop(progress)):
                    break
        return state.progress(count)


def _candidate(
    proposal: Proposal, atoms: Atoms, slab: Slab, outcome: Outcome, potential: Potential
) -> Candidate:
    """What goes to the store: the structure, or why there is none."""
    common: dict[str, Any] = {
        "seed": proposal.seed,
        "number": proposal.number,
        "proposal": proposal.as_dict(),
    }
    if outcome.error is not None:
        return Candidate(**common, seconds=outcome.seconds, error=outcome.error)
    found: Annealed = outcome.value
    return Candidate(
        **common,
        seconds=found.seconds,
        egb=slab_energy(replace(slab, positions=found.positions), found.energies, potential),
        n=atoms.info["n"],
        converged=found.converged,
        plane=slab.plane,
        cell=atoms.cell.lengths(),
        positions=found.positions,
        energies=found.energies,
    )
