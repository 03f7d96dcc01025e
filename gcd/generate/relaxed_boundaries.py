"""Candidates relaxed while the next ones are sampled, so that no core idles."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gcd.energetics.boundary_energy import RelaxProgress, choose_engine, relax_boundaries
from gcd.generate.boundaries import generate_boundaries
from gcd.generate.voxel_model import Progress
from gcd.structures.boundary import Boundary

if TYPE_CHECKING:
    from ase import Atoms


def generate_relaxed_boundaries(
    twist: str | Sequence[int] | Boundary = "sigma5",
    *,
    metal: str = "W",
    workers: int | None = None,
    engine: str = "auto",
    device: str = "auto",
    potential: Any = None,
    on_sampling: Callable[[Progress], None] | None = None,
    on_candidate: Callable[[Atoms], None] | None = None,
    on_relaxed: Callable[[Atoms, Atoms], None] | None = None,
    **settings: Any,
) -> list[Atoms]:
    """`generate_boundaries` and `relax_boundaries` side by side.

    Args:
        twist, metal, device, settings: as in `generate_boundaries`.
        workers, engine, potential: as in `relax_boundaries`.
        on_sampling: called with a `Progress` over all candidates, from the thread that samples.
        on_candidate: called with each candidate as decoded, from that thread.
        on_relaxed: called with each candidate before and after, in the order in which they are done; an unphysical one
            comes at once, as it is. What any of the three raises, such as `Cancelled`, stops all work.

    Returns:
        The candidates, relaxed, in order. An unphysical one, or one that could not be relaxed, comes back as decoded
        with the reason in ``info["error"]``, egb nan and converged False.
    """
    engine = choose_engine(engine, potential)
    handed: queue.Queue[Atoms | BaseException | None] = queue.Queue()
    stop = threading.Event()

    def report(progress: Progress) -> None:
        if stop.is_set():
            raise _Stopped
        if on_sampling is not None:
            on_sampling(progress)

    def hand_on(atoms: Atoms) -> None:
        if on_candidate is not None:
            on_candidate(atoms)
        handed.put(atoms)

    def sample() -> None:
        end: BaseException | None = None
        try:
            generate_boundaries(
                twist, metal=metal, device=device, callback=report, on_candidate=hand_on, **settings
            )
        except BaseException as error:  # raised again by the thread that waits
            end = error
        handed.put(end)

    results: dict[int, Atoms] = {}
    sent: list[Atoms] = []

    def physical_ones() -> Iterator[Atoms]:
        while (atoms := handed.get()) is not None:
            if isinstance(atoms, BaseException):
                raise atoms
            if atoms.info["physical"]:
                sent.append(atoms)
                yield atoms
            else:
                done(atoms, _unphysical(atoms))

    def done(before: Atoms, after: Atoms) -> None:
        results[before.info["index"]] = after
        if on_relaxed is not None:
            on_relaxed(before, after)

    def relaxed(progress: RelaxProgress) -> None:
        done(sent[progress.index], progress.atoms)

    thread = threading.Thread(target=sample, name="sampling", daemon=True)
    thread.start()
    try:
        relax_boundaries(
            physical_ones(),
            metal,
            workers=workers,
            engine=engine,
            device=device,
            potential=potential,
            callback=relaxed,
        )
    finally:
        stop.set()
        thread.join()
    return [results[index] for index in sorted(results)]


class _Stopped(BaseException):
    """Ends the sampling thread when the relaxing one has stopped."""


def _unphysical(atoms: Atoms) -> Atoms:
    result = atoms.copy()
    result.info |= {
        "egb": float("nan"),
        "converged": False,
        "error": f"Not relaxed: {atoms.info['failure']}.",
    }
    return result
