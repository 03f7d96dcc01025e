"""An engine on Dask: the same tasks on the workers of a cluster, whatever and wherever that is.

A bundle of candidates is one task of Dask, whose key is its name, and a bounded number of bundles is under way.
A worker that dies has its bundle done by another; a bundle that takes workers with it is split until the guilty
candidate stands alone, and that one fails with a sentence.
"""

from __future__ import annotations

import hashlib
import pickle
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gcd.campaigns.bundles import Bundle, Limits, OtherVersionError, prepare_bundle, run_bundle
from gcd.energetics.engines import EngineError, Outcome, Stopped

if TYPE_CHECKING:
    from distributed import Client, Future

SMALLEST, LARGEST = 10, 50  # candidates a bundle: Dask takes up to 1 ms a task and strains from 10^5 tasks on
POLL_SECONDS = 0.1  # between two looks whether the work was cancelled
LOOK_SECONDS = 2.0  # between two looks at the cluster's workers
MOST_ATTEMPTS = 10  # to get a bundle's result, whose workers keep dying with it
GPU = "GPU"  # what a worker's resource is called that prepares bundles


class SchedulerGoneError(EngineError):
    """The scheduler went away while it had bundles."""


@dataclass
class _UnderWay:
    bundle: Bundle
    future: Future[Any]
    before: Future[Any] | None  # its preparation
    attempt: int = 0


class DaskEngine:
    """Runs tasks on the workers of a Dask client; an :class:`gcd.energetics.engines.Engine`.

    Args:
        client: of `distributed`.
        bundle: tasks that go to a worker together.
        in_flight: bundles a worker's thread that are under way, the waiting ones included.
        retries: how often a bundle is done again whose worker died.
        timeout: seconds after which a task is stopped.
        memory: bytes of data that a task's process may hold.
        patience: seconds without any worker after which it gives up; None waits for ever, as a queue may take hours.
    """

    def __init__(
        self,
        client: Client,
        *,
        bundle: int = SMALLEST,
        in_flight: int = 4,
        retries: int = 2,
        timeout: float = 600.0,
        memory: int | None = None,
        patience: float | None = 120.0,
    ) -> None:
        import gcd

        if bundle < 1 or in_flight < 1 or retries < 0:
            raise ValueError(
                "A bundle holds one task or more, one or more are under way, and retries are 0 or more."
            )
        self.client = client
        self.bundle = bundle
        self.in_flight = in_flight
        self.retries = retries
        self.limits = Limits(timeout, memory, gcd.__version__)
        self.patience = patience
        self.threads = 0  # of all workers, when last looked at
        self.workers: dict[str, dict[str, Any]] = {}
        self.busy = 0  # threads that run a bundle
        self._looked = self._seen = 0.0

    def run(
        self,
        function: Callable[..., Any],
        tasks: Iterable[Mapping[str, Any]],
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Outcome]:
        """Yield an :class:`Outcome` for each task as its bundle ends; the rest as any engine.

        Tasks are drawn a bundle at a time. Raises :class:`EngineError` when the workers or the scheduler are gone.
        """
        first = 0
        starts: dict[str, int] = {}

        def bundled() -> Iterator[Bundle]:
            nonlocal first
            chunk: list[Mapping[str, Any]] = []
            for task in tasks:
                chunk.append(task)
                if len(chunk) == self.bundle:
                    yield self._named(function, chunk, first, starts)
                    first, chunk = first + len(chunk), []
            if chunk:
                yield self._named(function, chunk, first, starts)

        for bundle, outcomes in self.run_bundles(bundled(), cancelled=cancelled):
            begin = starts.pop(bundle.name)
            for outcome in outcomes:
                yield replace(outcome, index=begin + outcome.index)

    def _named(
        self,
        function: Callable[..., Any],
        chunk: Sequence[Mapping[str, Any]],
        first: int,
        starts: dict[str, int],
    ) -> Bundle:
        """A bundle with a name made of what it does, so that the same work has the same key."""
        digits = hashlib.sha256(pickle.dumps([dict(task) for task in chunk])).hexdigest()[:12]
        name = f"{function.__qualname__}-{first}-{digits}"
        starts[name] = first
        return Bundle(name, function, tuple(chunk))

    def run_bundles(
        self, bundles: Iterable[Bundle | None], *, cancelled: Callable[[], bool] | None = None
    ) -> Iterator[tuple[Bundle, list[Outcome]]]:
        """Yield each bundle with its tasks' outcomes as it ends. Bundles are drawn when there is room.

        Where None comes instead of a bundle there is nothing to do just now, and it is asked again in a moment.
        """
        waiting = iter(bundles)
        ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        under_way: dict[str, _UnderWay] = {}
        parts: dict[str, _Parts] = {}
        exhausted = False
        try:
            while True:
                self._look()
                while not exhausted and len(under_way) < max(1, self.in_flight * self.threads):
                    try:
                        bundle = next(waiting)
                    except StopIteration:
                        exhausted = True
                    else:
                        if bundle is None:
                            break
                        under_way[bundle.name] = self._submit(bundle, ended)
                if not under_way and exhausted:
                    return
                try:
                    name = ended.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    name = ""
                if cancelled is not None and cancelled():
                    raise Stopped
                if name not in under_way:
                    continue
                entry = under_way.pop(name)
                for bundle, outcomes in self._finish(entry, ended, under_way, parts):
                    yield bundle, outcomes
        finally:
            self._let_go(under_way.values())

    # --- One bundle -------------------------------------------------------------------------------------------

    def _submit(self, bundle: Bundle, ended: queue.SimpleQueue[str], attempt: int = 0) -> _UnderWay:
        # The first word is all that the scheduler remembers of a task once it is let go.
        key = bundle.name if not attempt else f"{bundle.name}~{attempt}"
        how = {"retries": self.retries, "pure": False}
        on_gpu = [
            address for address, worker in self.workers.items() if GPU in (worker.get("resources") or {})
        ]
        before, carried = None, bundle.packed()
        try:
            if bundle.prepare is not None:
                where = {"resources": {GPU: 1}} if on_gpu else {}
                before = self.client.submit(
                    prepare_bundle, carried, self.limits, key=("gcd-prepare", key), **how, **where
                )
            others = [address for address in self.workers if address not in on_gpu]
            keep_off = {"workers": others, "allow_other_workers": True} if on_gpu and others else {}
            future = self.client.submit(
                run_bundle, carried, before, self.limits, key=("gcd-bundle", key), **how, **keep_off
            )
        except Exception as error:
            raise SchedulerGoneError(self._gone()) from error
        future.add_done_callback(lambda _: ended.put(bundle.name))
        return _UnderWay(bundle, future, before, attempt)

    def _finish(
        self,
        entry: _UnderWay,
        ended: queue.SimpleQueue[str],
        under_way: dict[str, _UnderWay],
        parts: dict[str, _Parts],
    ) -> Iterator[tuple[Bundle, list[Outcome]]]:
        from distributed import KilledWorker

        bundle, future = entry.bundle, entry.future
        try:
            outcomes = _result(future)
        except OtherVersionError as error:
            raise EngineError(str(error)) from None
        except TimeoutError:  # its worker died with the result: it is being done again
            under_way[bundle.name] = entry
            time.sleep(POLL_SECONDS)
            if future.done():
                ended.put(bundle.name)
            else:
                future.add_done_callback(lambda _: ended.put(bundle.name))
            return
        except (_Lost, CancelledError):  # its worker died with the result, or all of the scheduler did
            time.sleep(0.5)
            if self.client.status != "running":
                raise SchedulerGoneError(self._gone()) from None
            if entry.attempt >= MOST_ATTEMPTS:
                raise EngineError(f"Workers keep dying with the results of {bundle.name}.") from None
            self._let_go([entry])
            under_way[bundle.name] = self._submit(bundle, ended, entry.attempt + 1)
            return
        except KilledWorker:
            self._let_go([entry])
            if len(bundle.tasks) > 1:
                parts[bundle.name] = _Parts(bundle)
                for part in bundle.split():
                    under_way[part.name] = self._submit(part, ended, entry.attempt + 1)
                return
            outcomes = [
                Outcome(0, error="Every worker that tried it died, the worker's process and not its own.")
            ]
        except EngineError:
            raise
        except Exception as error:
            if self.client.status != "running":
                raise SchedulerGoneError(self._gone()) from error
            words = " ".join(str(error).split()) or type(error).__name__
            raise EngineError(f"A worker cannot run the campaign's tasks: {words}") from error
        self._let_go([entry])
        whole = parts.get(bundle.name.rpartition("/")[0])
        if whole is None:
            yield bundle, outcomes
        elif whole.add(int(bundle.name.rpartition("/")[2]), outcomes[0]):
            yield whole.bundle, whole.outcomes()

    def _let_go(self, entries: Iterable[_UnderWay]) -> None:
        futures = [f for entry in entries for f in (entry.future, entry.before) if f is not None]
        unfinished = [f for f in futures if not f.done()]
        try:
            if unfinished and self.client.status == "running":
                self.client.cancel(unfinished, force=True)
            for future in futures:
                future.release()
        except Exception:  # noqa: S110 - of a scheduler that is gone there is nothing to let go
            pass

    # --- The cluster ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Count the workers now and then; :class:`EngineError` when they or the scheduler are gone."""
        now = time.monotonic()
        if self.client.status != "running":
            raise SchedulerGoneError(self._gone())
        if now - self._looked < LOOK_SECONDS and self.threads:
            return
        try:
            self.workers = dict(self.client.scheduler_info(n_workers=-1)["workers"])
        except Exception as error:
            raise SchedulerGoneError(self._gone()) from error
        self._looked = now
        counts = [(worker.get("metrics") or {}).get("task_counts") or {} for worker in self.workers.values()]
        self.busy = sum(int(count.get("executing", 0)) for count in counts)
        self.threads = sum(int(worker["nthreads"]) for worker in self.workers.values())
        if self.threads or not self._seen:
            self._seen = now
        if self.patience is not None and now - self._seen > self.patience:
            raise EngineError(f"The scheduler has had no worker for {self.patience:g} s.")

    @property
    def dashboard(self) -> str:
        """Address of Dask's own pages; empty where there are none."""
        try:
            return str(self.client.dashboard_link or "")
        except Exception:
            return ""

    def _gone(self) -> str:
        address = getattr(getattr(self.client, "scheduler", None), "address", None) or "its address"
        return f"The scheduler at {address} is gone."


class _Lost(Exception):
    """Dask has lost a result."""


def _result(future: Future[Any]) -> Any:
    if future.status in ("cancelled", "lost"):
        raise _Lost
    return future.result(timeout=10)


class _Parts:
    """Outcomes of a bundle's tasks that were sent one by one."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.found: dict[int, Outcome] = {}

    def add(self, index: int, outcome: Outcome) -> bool:
        """Whether it was the last."""
        self.found[index] = replace(outcome, index=index)
        return len(self.found) == len(self.bundle.tasks)

    def outcomes(self) -> list[Outcome]:
        return [self.found[index] for index in range(len(self.bundle.tasks))]
