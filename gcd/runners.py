"""The job runners of this process: one a device, for as long as the process lives.

They are kept here and in no cache of a web page's: what empties such a cache must not end the jobs of all.
"""

from __future__ import annotations

import threading
from typing import Any

from gcd.jobs import JobRunner

_lock = threading.Lock()
_runners: dict[str, JobRunner] = {}


def runner_of(device: str, **settings: Any) -> JobRunner:
    """The one runner of a device.

    Args:
        device: what it drives; the worker thread bears its name.
        settings: of :class:`gcd.jobs.JobRunner`, where it has to be made, which it is when first asked for and when
            the last one was closed.
    """
    with _lock:
        runner = _runners.get(device)
        if runner is None or runner.closed:
            runner = _runners[device] = JobRunner(name=f"gcd-{device}", **settings)
        return runner
