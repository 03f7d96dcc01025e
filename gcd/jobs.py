"""Background jobs: a fair queue in front of one worker thread, with progress, previews and cancel.

A web page or a notebook hands a slow function to a :class:`JobRunner` and looks at the :class:`Job` it gets back as
often as it likes; one runner drives one device, so two people never sample on the same GPU at once. Owners (one
browser session each) take turns whatever the length of their queues. Nothing here knows what a crystal is.
"""

# ruff: noqa: SLF001 - the runner writes the private fields of its own jobs

from __future__ import annotations

import itertools
import logging
import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gcd.diffusion.samplers import Cancelled
from gcd.limits import KEPT_JOBS, KEPT_RESULT_BYTES, MAX_JOBS_PER_OWNER, MAX_QUEUED_JOBS

__all__ = ["Cancelled", "Job", "JobRunner", "QueueFullError", "Report"]

_log = logging.getLogger(__name__)

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"

HIDDEN_ERROR = "Something went wrong on the server; its log has the details."


class QueueFullError(ValueError):
    """The queue, or its owner's share of it, is full; the message is one sentence for a person."""


@dataclass(eq=False)
class Job:
    """What a page sees of one submitted function: only the runner writes it, anyone may read it at any time."""

    id: int
    label: str
    owner: str
    state: str = QUEUED  # queued, running, done, failed or cancelled
    position: int = 0  # 1 is next; 0 once it no longer waits
    fraction: float = 0.0  # 0 to 1, as the function reports it
    message: str = ""
    preview: Any = None  # the latest one; dropped when the job ends
    kept: Any = None  # what the function has finished so far, if it says so
    result: Any = None  # of a cancelled or failed job: what it had kept
    error: str = ""  # one sentence for a person
    details: str = ""  # the traceback; empty on a public server
    _function: Callable[..., Any] | None = field(default=None, repr=False)
    _kwargs: dict[str, Any] = field(default_factory=dict, repr=False)
    _cancel: threading.Event = field(default_factory=threading.Event, repr=False)
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)
    _clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _started: float | None = field(default=None, repr=False)
    _stopped: float | None = field(default=None, repr=False)
    _first: tuple[float, float] | None = field(
        default=None, repr=False
    )  # seconds and fraction of the first progress
    _bytes: int = field(default=0, repr=False)
    _forgotten: bool = field(default=False, repr=False)  # its owner is gone: drop it as soon as it ends

    @property
    def ended(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self._ended.is_set()

    @property
    def cancelling(self) -> bool:
        """Whether a cancel was asked for that the function has not yet noticed."""
        return self._cancel.is_set() and not self.ended

    @property
    def seconds(self) -> float:
        """Seconds the function has run so far, or ran; 0 while it waits."""
        if self._started is None:
            return 0.0
        return (self._clock() if self._stopped is None else self._stopped) - self._started

    @property
    def eta(self) -> float | None:
        """Seconds left if the rest goes as fast as what is done; None before there is anything to go by."""
        if self.state != RUNNING or self.fraction <= 0.0:
            return None
        seconds, done = self.seconds, self.fraction
        if self._first is not None and done - self._first[1] > 0.01:
            # Loading comes before the first report, and says nothing of how fast the rest goes.
            seconds, done = seconds - self._first[0], done - self._first[1]
        return seconds * (1.0 - self.fraction) / done

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the job has ended; False if ``timeout`` seconds passed first."""
        return self._ended.wait(timeout)


class Report:
    """Given to the function as ``report``: tells progress, and raises Cancelled once the job was cancelled.

    An owner that is gone cancels it, too.
    """

    def __init__(self, job: Job, present: Callable[[str], bool] = lambda _: True) -> None:
        self._job, self._present = job, present

    def __call__(self, fraction: float, message: str = "", preview: Any = None) -> None:
        """Say that ``fraction`` (0 to 1) is done; ``message`` and ``preview`` replace the last ones if given."""
        if not self._present(self._job.owner):
            self._job._forgotten = True
            self._job._cancel.set()
        if self._job._cancel.is_set():
            raise Cancelled
        self._job.fraction = min(max(float(fraction), 0.0), 1.0)
        if self._job._first is None and self._job.fraction > 0.0:
            self._job._first = (self._job.seconds, self._job.fraction)
        if message:
            self._job.message = message
        if preview is not None:
            self._job.preview = preview

    def keep(self, result: Any) -> None:
        """Hand over what is finished so far: it becomes the job's result if the job is cancelled or fails."""
        self._job.kept = result


class JobRunner:
    """One worker thread and the queue in front of it.

    Args:
        max_queue: jobs that may wait, all owners together.
        max_per_owner: jobs of one owner that may wait or run.
        keep: ended jobs that are remembered; the oldest go first.
        keep_bytes: bytes of arrays in remembered results; the oldest go first, the newest always stays.
        public: hide the text of unexpected errors (a traceback can tell a stranger about the machine).
        name: of the worker thread.
        present: whether an owner is still there; the jobs of one who is gone are dropped.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        *,
        max_queue: int = MAX_QUEUED_JOBS,
        max_per_owner: int = MAX_JOBS_PER_OWNER,
        keep: int = KEPT_JOBS,
        keep_bytes: int = KEPT_RESULT_BYTES,
        public: bool = False,
        name: str = "gcd-jobs",
        present: Callable[[str], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_queue, self.max_per_owner = max_queue, max_per_owner
        self.keep, self.keep_bytes, self.public = keep, keep_bytes, public
        self._name, self._present, self._clock = name, present, clock
        self._ids = itertools.count(1)
        self._jobs: dict[int, Job] = {}  # everything remembered, oldest first
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # owners in the order of their turns
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether it takes no more jobs."""
        return self._closed

    def submit(self, function: Callable[..., Any], *, label: str, owner: str, **kwargs: Any) -> Job:
        """Queue ``function(report=..., **kwargs)`` and return its job at once.

        Raises QueueFullError, in one sentence, when the owner or the whole queue has enough jobs already.
        """
        with self._changed:
            if self._closed:
                raise QueueFullError("This server is shutting down and takes no more jobs.")
            self.drop_absent()
            active = sum(1 for job in self._jobs.values() if job.owner == owner and not job.ended)
            if active >= self.max_per_owner:
                noun = "job is" if active == 1 else "jobs are"
                raise QueueFullError(
                    f"{active} of your {noun} waiting or running: let one finish, or cancel it."
                )
            if sum(map(len, self._waiting.values())) >= self.max_queue:
                raise QueueFullError(
                    f"The queue is full ({self.max_queue} jobs wait): try again in a moment."
                )
            job = Job(next(self._ids), label, owner, _function=function, _kwargs=kwargs, _clock=self._clock)
            self._jobs[job.id] = job
            self._waiting.setdefault(owner, deque()).append(job)
            self._number()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return job

    def get(self, job_id: int) -> Job | None:
        """The job of that id, or None when there is none or it was dropped."""
        return self._jobs.get(job_id)

    def jobs(self, owner: str | None = None) -> list[Job]:
        """Remembered jobs, oldest first: of one owner, or all."""
        with self._changed:
            return [job for job in self._jobs.values() if owner is None or job.owner == owner]

    def cancel(self, job_id: int) -> bool:
        """Cancel a job: at once if it waits, at its next report if it runs; False if there is nothing to cancel."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or job.ended:
                return False
            job._cancel.set()
            if job.state == QUEUED:
                self._remove_waiting(job)
                self._end(job, CANCELLED)
            return True

    def drop_owner(self, owner: str) -> None:
        """Cancel and forget every job of an owner that is gone."""
        with self._changed:
            for job in self.jobs(owner):
                job._forgotten = True
                if not self.cancel(job.id):
                    self._jobs.pop(job.id, None)

    def drop_absent(self) -> None:
        """Cancel and forget the jobs of all owners that are gone."""
        with self._changed:
            for owner in {job.owner for job in self._jobs.values()}:
                if not self._present(owner):
                    self.drop_owner(owner)

    def close(self, timeout: float | None = None) -> None:
        """Cancel everything and end the worker thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for job in self.jobs():
            self.cancel(job.id)
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self.drop_absent()
                if self._waiting:
                    job = self._next()
                elif self._closed:
                    return
                else:
                    continue
            self._run(job)

    def _next(self) -> Job:
        """The first job of the owner whose turn it is; that owner then goes to the back of the line."""
        owner, queue = self._waiting.popitem(last=False)
        job = queue.popleft()
        if queue:
            self._waiting[owner] = queue
        job.state, job.position, job._started = RUNNING, 0, self._clock()
        self._number()
        return job

    def _run(self, job: Job) -> None:
        assert job._function is not None
        state, result, error, details = DONE, None, "", ""
        try:
            result = job._function(report=Report(job, self._present), **job._kwargs)
        except Cancelled:
            state = CANCELLED
        except BaseException as exception:  # even a SystemExit must not end the worker
            if not job._cancel.is_set():
                _log.exception("Job %d (%s) failed", job.id, job.label)
            state, error, details = FAILED, *self._words(exception)
        if job._cancel.is_set():  # also when the function ended by itself before it noticed
            state, error, details = CANCELLED, "", ""
        if state != DONE:
            result = job.kept
        size = size_of(result)
        with self._changed:
            job.result, job.error, job.details, job._bytes = result, error, details, size
            if state == DONE:
                job.fraction = 1.0
            self._end(job, state)

    def _words(self, exception: BaseException) -> tuple[str, str]:
        """(sentence, traceback) for a person; what was not written for a person stays in a public server's log."""
        expected = isinstance(exception, ValueError | OSError | MemoryError)
        sentence = str(exception) or type(exception).__name__
        if self.public:
            return (sentence if isinstance(exception, ValueError) else HIDDEN_ERROR), ""
        if not expected:
            sentence = f"{type(exception).__name__}: {sentence}"
        return sentence, "".join(traceback.format_exception(exception))

    def _end(self, job: Job, state: str) -> None:
        """Close a job's books and drop the oldest ended ones beyond what is kept. The lock is held."""
        job.state, job.position, job._stopped = state, 0, self._clock()
        job.preview, job.kept, job._function, job._kwargs = None, None, None, {}
        job._ended.set()
        if job._forgotten:
            del self._jobs[job.id]
        ended = [other for other in self._jobs.values() if other.ended]
        total = sum(other._bytes for other in ended)
        for other in ended[:-1]:
            if len(ended) <= self.keep and total <= self.keep_bytes:
                break
            ended.remove(other)
            total -= other._bytes
            del self._jobs[other.id]

    def _remove_waiting(self, job: Job) -> None:
        queue = self._waiting[job.owner]
        queue.remove(job)
        if not queue:
            del self._waiting[job.owner]
        self._number()

    def _number(self) -> None:
        """Tell every waiting job its position, in the order in which the owners' turns will take them."""
        rounds = itertools.zip_longest(*self._waiting.values())
        in_turn = (job for turn in rounds for job in turn if job is not None)
        for position, job in enumerate(in_turn, start=1):
            job.position = position


def size_of(result: Any) -> int:
    """Bytes of the arrays (numpy, torch) in nested lists, tuples, dicts, dataclasses and ``ase.Atoms``."""
    if isinstance(result, bytes | str):
        return len(result)
    nbytes = getattr(result, "nbytes", None)
    if isinstance(nbytes, int):
        return nbytes
    if isinstance(result, dict):
        return sum(map(size_of, result.values()))
    if isinstance(result, list | tuple):
        return sum(map(size_of, result))
    arrays = getattr(result, "arrays", None)  # ase.Atoms
    if isinstance(arrays, dict):
        return size_of(arrays)
    return size_of(vars(result)) if hasattr(result, "__dataclass_fields__") else 0
