"""What a method spends, in core-seconds: processor time of this process and of the one worker that it has.

Other work on the machine hardly counts. For worker processes as well: nothing here imports torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gcd.energetics.engines import Engine


@dataclass(frozen=True)
class Timed:
    """How one task ended: ``error`` is empty and ``value`` what the function gave, or ``error`` a sentence."""

    value: Any
    error: str
    seconds: float  # of processor time in the worker


def timed(function: Callable[..., Any], task: Mapping[str, Any]) -> Timed:
    """Call ``function(**task)``. For worker processes; what it raises is told, as it has cost time too."""
    begin = time.process_time()
    try:
        value, error = function(**task), ""
    except Exception as problem:
        value, error = None, " ".join(str(problem).split()) or type(problem).__name__
    return Timed(value, error, time.process_time() - begin)


class Clock:
    """Core-seconds since it was made, of this process and of the workers whose time is told to it."""

    def __init__(self, spent: float = 0.0) -> None:
        """``spent``: core-seconds of an earlier part of the same run."""
        self._others = spent
        self._begin = time.process_time()

    def add(self, seconds: float) -> None:
        """Time of a worker."""
        self._others += seconds

    @property
    def seconds(self) -> float:
        """So far."""
        return self._others + time.process_time() - self._begin


def run_timed(
    engine: Engine, tasks: Iterable[tuple[Callable[..., Any], Mapping[str, Any]]], clock: Clock
) -> Iterator[Timed]:
    """One task after the other, in their order; each is drawn when the one before has been dealt with."""
    calls = ({"function": function, "task": task} for function, task in tasks)
    for outcome in engine.run(timed, calls):
        # Of a process that was stopped or has died only the time on the wall is known.
        found = outcome.value or Timed(None, outcome.error or "It ended.", outcome.seconds)
        clock.add(found.seconds)
        yield found


def nothing() -> None:
    """The task by which a worker is started before the clock is."""
