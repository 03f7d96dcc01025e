"""Bundles: candidates that go to a worker as one task of Dask, and what the worker does with them.

Each candidate runs in a process of its own engine beside the worker (:class:`gcd.energetics.engines.LocalEngine`), so
that what crashes, hangs or wants too much memory costs itself alone and says so. Nothing here imports torch or Dask.
"""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gcd.energetics.engines import LocalEngine, Outcome

__all__ = ["Bundle", "Limits", "OtherVersionError", "prepare_bundle", "run_bundle"]


class OtherVersionError(RuntimeError):
    """A worker runs another version of gcd than the campaign."""


@dataclass(frozen=True)
class Limits:
    """Of every candidate."""

    timeout: float = 600.0  # seconds
    memory: int | None = None  # bytes
    version: str = ""  # of gcd; workers of another one refuse


@dataclass(frozen=True)
class Bundle:
    """Tasks for one function, which is called as ``function(**task)`` for each.

    With ``prepare`` they are made ready together first, on a worker with a GPU where there is one: it is called as
    ``prepare(tasks=...)`` and gives for each task what is added to it.
    """

    name: str
    function: Callable[..., Any]
    tasks: tuple[Mapping[str, Any], ...]
    prepare: Callable[..., Sequence[Mapping[str, Any]]] | None = None

    def split(self) -> list[Bundle]:
        """Its tasks, each alone."""
        return [
            Bundle(f"{self.name}/{i}", self.function, (task,), self.prepare)
            for i, task in enumerate(self.tasks)
        ]

    def packed(self) -> bytes:
        """As it travels: a worker that cannot unpack it raises an error, where Dask would drop the connection."""
        return pickle.dumps(self)


# What a task's preparation leaves behind: what is added to it, or why there is nothing.
Prepared = Mapping[str, Any] | str


def prepare_bundle(carried: bytes, limits: Limits) -> list[Prepared]:
    """On a worker: what ``bundle.prepare`` adds to each task. Where that fails the tasks are prepared one by one."""
    check_version(limits.version)
    bundle = _unpacked(carried)
    assert bundle.prepare is not None
    found = _prepared(bundle.prepare, bundle.tasks, limits)
    if isinstance(found, str):
        alone = (_prepared(bundle.prepare, (task,), limits) for task in bundle.tasks)
        return [one if isinstance(one, str) else one[0] for one in alone]
    return list(found)


def run_bundle(carried: bytes, prepared: Sequence[Prepared] | None, limits: Limits) -> list[Outcome]:
    """On a worker: an outcome for each task, in order."""
    check_version(limits.version)
    bundle = _unpacked(carried)
    results: dict[int, Outcome] = {}
    ready: list[tuple[int, Mapping[str, Any]]] = []
    for index, task in enumerate(bundle.tasks):
        added = {} if prepared is None else prepared[index]
        if isinstance(added, str):
            results[index] = Outcome(index, error=added)
        else:
            ready.append((index, {**task, **added}))
    if ready:
        with _engine(limits, limits.timeout) as engine:
            for outcome in engine.run(bundle.function, (task for _, task in ready)):
                index = ready[outcome.index][0]
                results[index] = Outcome(index, outcome.value, outcome.error, outcome.seconds)
    return [results[index] for index in range(len(bundle.tasks))]


def check_version(wanted: str) -> None:
    """:class:`OtherVersionError`, in one sentence, unless this process runs the gcd of the campaign."""
    import gcd

    if wanted and gcd.__version__ != wanted:
        raise OtherVersionError(
            f"A worker runs gcd {gcd.__version__} and the campaign gcd {wanted}: install the same on both."
        )


def _unpacked(carried: bytes) -> Bundle:
    bundle = pickle.loads(carried)  # of our own scheduler, which could run anything here
    assert isinstance(bundle, Bundle)
    return bundle


def _prepared(
    prepare: Callable[..., Any], tasks: Sequence[Mapping[str, Any]], limits: Limits
) -> Sequence[Mapping[str, Any]] | str:
    with _engine(limits, limits.timeout * len(tasks)) as engine:
        (outcome,) = engine.run(prepare, [{"tasks": tuple(tasks)}])
    if outcome.error is not None:
        return str(outcome.error)
    if len(outcome.value) != len(tasks):
        return f"{len(outcome.value)} of {len(tasks)} candidates came out of their preparation."
    return list(outcome.value)


# --- The worker's engine ------------------------------------------------------------------------------------

_own = threading.local()  # one engine a thread of the worker: a LocalEngine does one thing at a time


@contextmanager
def _engine(limits: Limits, timeout: float) -> Iterator[LocalEngine]:
    engine: LocalEngine | None = getattr(_own, "engine", None)
    if engine is None or engine.memory != limits.memory:
        if engine is not None:
            engine.close()
        engine = _own.engine = LocalEngine(1, memory=limits.memory)
    engine.timeout = timeout
    with _with_children():
        yield engine


@contextmanager
def _with_children() -> Iterator[None]:
    """Lets this process start others: a nanny makes its workers daemons, which Python forbids to have children.

    The engine's processes end themselves when the worker is gone, which is what the rule is there for.
    """
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined] # noqa: SLF001
    before = config.get("daemon")
    config["daemon"] = False
    try:
        yield
    finally:
        config["daemon"] = before
