"""How far a campaign has come, boundary by boundary, and when a boundary is done before all its candidates are.

A target is asked of a boundary's candidates in the order of their plan, however they finish, so that
where it stops does not depend on how many workers there are or which of them died.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gcd.campaigns.jobs import Job
from gcd.campaigns.spec import Target
from gcd.search.windows import Tally, Window

FAILURES_IN_A_ROW = 20  # after so many without a success a job is broken rather than unlucky


@dataclass
class JobProgress:
    """Of one job."""

    job: Job
    first: int  # place of its candidate 0 among those of its group
    done: int = 0
    failed: int = 0
    failed_last: int = 0  # one after the other, up to now
    seconds: float = 0.0
    broken: str = ""  # why no more of it are tried


class GroupProgress:
    """Of one boundary of one metal in one potential."""

    def __init__(self, name: str, jobs: Sequence[Job], target: Target) -> None:
        self.name, self.target = name, target
        self.jobs: dict[str, JobProgress] = {}
        place = 0
        for job in jobs:
            self.jobs[job.name] = JobProgress(job, place)
            place += job.count
        self.total = place
        self.windows = [Window.parse(text) for text in target.windows]
        self.tally = Tally(self.windows)  # of the candidates in order, which the target is asked of
        self.lowest: dict[float, float] = {}  # of all
        self.lowest_name = ""
        self.lowest_egb = math.inf
        self.distinct = 0
        self.stopped = ""  # why no more are tried
        self._early: dict[int, tuple[float, float, float]] = {}
        self._next = 0
        self._best, self._still, self._spent = math.inf, 0, 0.0

    @property
    def done(self) -> int:
        """Candidates that are finished, failed ones included."""
        return sum(job.done for job in self.jobs.values())

    @property
    def failed(self) -> int:
        """Of those."""
        return sum(job.failed for job in self.jobs.values())

    @property
    def seconds(self) -> float:
        """Core-seconds."""
        return sum(job.seconds for job in self.jobs.values())

    @property
    def ended(self) -> bool:
        """Whether nothing of it is left to do."""
        return bool(self.stopped) or all(j.done >= j.job.count or j.broken for j in self.jobs.values())

    def add(self, name: str, number: int, egb: float, n: float, seconds: float, error: str) -> None:
        """Count a finished candidate of a job."""
        job = self.jobs[name]
        job.done += 1
        job.seconds += seconds
        job.failed += bool(error)
        job.failed_last = job.failed_last + 1 if error else 0
        if job.failed_last >= FAILURES_IN_A_ROW:
            job.broken = f"{FAILURES_IN_A_ROW} candidates failed one after the other: {error}"
        if math.isfinite(egb):
            key = round(n, 4)
            self.lowest[key] = min(egb, self.lowest.get(key, math.inf))
            if egb < self.lowest_egb:
                self.lowest_egb, self.lowest_name = egb, f"{name}/{number}"
        if self.target.any and not self.stopped:
            self._early[job.first + number] = (egb, n, seconds)
            while self._next in self._early and not self.stopped:
                self._in_order(*self._early.pop(self._next))
                self._next += 1

    def _in_order(self, egb: float, n: float, seconds: float) -> None:
        target = self.target
        self._spent += seconds
        self._still += 1
        if math.isfinite(egb):
            self.tally.add(egb, n)
            if egb < self._best - 1e-6:
                self._best, self._still = egb, 0
        if target.still is not None and self._still >= target.still and math.isfinite(self._best):
            self.stopped = f"its lowest E_gb has stood still for {target.still} candidates"
        elif self.windows and self.tally.full:
            self.stopped = "its windows are full"
        elif target.core_seconds is not None and self._spent >= target.core_seconds:
            self.stopped = f"it has cost {target.core_seconds:g} core-seconds"

    def as_dict(self) -> dict[str, Any]:
        """For the state file and the page."""
        about = next(iter(self.jobs.values())).job.about
        broken = [job.broken for job in self.jobs.values() if job.broken]
        return {
            "group": self.name,
            "title": about.get("title", self.name),
            "boundary": about.get("boundary", ""),
            "metal": about.get("metal", ""),
            "potential": about.get("potential", ""),
            "angle": about.get("angle"),
            "sigma": about.get("sigma"),
            "done": self.done,
            "total": self.total,
            "failed": self.failed,
            "distinct": self.distinct,
            "core_seconds": round(self.seconds, 2),
            "lowest": None if math.isinf(self.lowest_egb) else self.lowest_egb,
            "lowest_name": self.lowest_name,
            "lowest_by_n": sorted(self.lowest.items()),
            "stopped": self.stopped or (broken[0] if broken else ""),
        }


def groups_of(jobs: Sequence[Job], target: Target) -> dict[str, GroupProgress]:
    """The groups of a campaign's jobs, in order."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.group, []).append(job)
    return {name: GroupProgress(name, members, target) for name, members in found.items()}
