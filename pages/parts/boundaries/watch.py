"""Work that speaks up only when a structure is done, in a thread of its own, so that Cancel is heard all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gcd.jobs import Cancelled, Report

LOOK_SECONDS = 0.15
FAREWELL_SECONDS = 3.0  # that a cancelled thread gets to notice; it ends at its next report in any case


class Watched:
    """What such work reports to: as a job's report, and it remembers how far the work is."""

    def __init__(self, report: Report) -> None:
        self._report, self._fraction = report, 0.0

    def __call__(self, fraction: float, message: str = "", preview: Any = None) -> None:
        """As the job's own report; raises Cancelled once the job was cancelled."""
        self._fraction = max(fraction, self._fraction)
        self._report(self._fraction, message, preview)

    def keep(self, result: Any) -> None:
        """Hand over what is finished so far."""
        self._report.keep(result)

    def look(self) -> None:
        """Raise Cancelled if the job was cancelled."""
        self._report(self._fraction)


def watched(report: Report, work: Callable[[Watched], None]) -> None:
    """Run ``work(watched)`` and return when it is done, or raise Cancelled as soon as the job was cancelled."""
    shared = Watched(report)
    ended: list[BaseException] = []

    def run() -> None:
        try:
            work(shared)
        except BaseException as error:  # raised again by the job's thread
            ended.append(error)

    thread = threading.Thread(target=run, name="gcd-boundaries", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            shared.look()
            thread.join(LOOK_SECONDS)
    except Cancelled:
        thread.join(FAREWELL_SECONDS)
        raise
    if ended:
        raise ended[0]
