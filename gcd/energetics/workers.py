"""Worker processes that may crash or hang: each task that takes its worker down costs that task alone, and says so.

A worker is a fresh Python that imports the task's function by name, so it works from scripts, threads and notebooks
alike. It ends itself when its parent is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import IO, Any, Self

START_SECONDS = 120.0  # a worker that has not reported by then will not


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerError(RuntimeError):
    """Workers cannot be started at all."""


@dataclass(frozen=True)
class Outcome:
    """How one task ended: ``error`` is None and ``value`` what the function returned, or ``error`` a sentence."""

    index: int  # place of the task in the sequence
    value: Any = None
    error: str | None = None
    seconds: float = 0.0


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    stderr: IO[bytes]
    ready: bool = False
    index: int = -1  # task under way; -1 when idle
    since: float = field(default_factory=time.monotonic)


class WorkerPool:
    """Runs one function over many tasks in ``workers`` processes; a context manager that ends them all."""

    def __init__(self, workers: int | None = None, *, timeout: float = 600.0) -> None:
        """``workers``: all cores when None. A task longer than ``timeout`` seconds is stopped with its process."""
        self.size = cores() if workers is None else workers
        if self.size < 1:
            raise ValueError(f"The number of workers must be 1 or more, not {workers}.")
        self.timeout = timeout
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker, at once."""
        while self._workers:
            self._end(self._workers[-1])

    def process_ids(self) -> list[int]:
        """Of the workers alive."""
        return [worker.process.pid for worker in self._workers]

    def run(self, function: Callable[..., Any], tasks: Iterable[Mapping[str, Any]]) -> Iterator[Outcome]:
        """Yield an :class:`Outcome` for each task as it ends, whatever the order.

        ``function`` is a module-level function and is called as ``function(**task)``; tasks are drawn when a worker is
        free, so they may come without end. Closing the iterator stops the tasks under way.
        Raises :class:`WorkerError` when no worker can be started.
        """
        name = (function.__module__, function.__qualname__)
        if name[0] == "__main__" or "<" in name[1]:
            raise ValueError("Workers import the function by name: it must stand in a module of its own.")
        waiting = enumerate(tasks)
        exhausted = False
        try:
            while True:
                while not exhausted and (worker := self._idle()) is not None:
                    task = next(waiting, None)
                    if task is None:
                        exhausted = True
                        break
                    worker.index, worker.since = task[0], time.monotonic()
                    with contextlib.suppress(OSError):  # a dead worker is seen when its pipe is read
                        worker.pipe.send((*name, dict(task[1])))
                if not any(w.index >= 0 for w in self._workers):
                    return
                yield from self._ended()
        finally:
            for worker in [w for w in self._workers if w.index >= 0]:
                self._end(worker)

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if worker.index < 0:
                return worker
        if len(self._workers) < self.size:
            self._workers.append(_start())
            return self._workers[-1]
        return None

    def _ended(self) -> list[Outcome]:
        """Wait for the next report or deadline; the tasks that ended."""
        busy = {w.pipe: w for w in self._workers if w.index >= 0}
        deadline = min(w.since + (self.timeout if w.ready else START_SECONDS) for w in busy.values())
        ready = wait(list(busy), timeout=max(0.0, deadline - time.monotonic()))
        outcomes = []
        for pipe in ready:
            worker = busy[pipe]  # type: ignore[index]
            seconds = time.monotonic() - worker.since
            try:
                state, value = worker.pipe.recv()
            except (EOFError, OSError):
                reason = self._end(worker)
                if not worker.ready:
                    raise WorkerError(f"A worker process could not start: it {reason}.") from None
                outcomes.append(Outcome(worker.index, error=f"The process {reason}.", seconds=seconds))
                continue
            if state == "ready":
                worker.ready, worker.since = True, time.monotonic()
                continue
            done = {"value": value} if state == "done" else {"error": value}
            outcomes.append(Outcome(worker.index, seconds=seconds, **done))
            worker.index = -1
        now = time.monotonic()
        for worker in [w for w in busy.values() if w in self._workers and w.index >= 0]:
            if worker.ready and now - worker.since > self.timeout:
                self._end(worker)
                text = f"It took longer than {self.timeout:g} s and was stopped."
                outcomes.append(Outcome(worker.index, error=text, seconds=now - worker.since))
            elif not worker.ready and now - worker.since > START_SECONDS:
                self._end(worker)
                raise WorkerError(f"A worker process did not start within {START_SECONDS:g} s.")
        return outcomes

    def _end(self, worker: _Worker) -> str:
        """Kill the worker and forget it; says how it had ended by itself, if it had."""
        self._workers.remove(worker)
        worker.pipe.close()
        try:
            status = worker.process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            status = worker.process.wait()
        worker.stderr.seek(0)
        lines = worker.stderr.read()[-2000:].decode(errors="replace").strip().splitlines()
        worker.stderr.close()
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        return how + (f" ({lines[-1].strip()[:200]})" if lines else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _start() -> _Worker:
    if os.name != "posix":
        raise WorkerError("Worker processes need Linux or macOS.")
    ours, theirs = Pipe()
    paths = os.pathsep.join(p or str(Path.cwd()) for p in sys.path)
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GCD_WORKER": "1"}
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "gcd.energetics.workers", str(theirs.fileno()), str(os.getpid())],
        pass_fds=[theirs.fileno()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    theirs.close()
    return _Worker(process, ours, stderr)


# --- In the worker ------------------------------------------------------------------------------------------


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _serve(pipe: Connection) -> None:
    pipe.send(("ready", None))
    while True:
        try:
            module, name, task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            function: Any = import_module(module)
            for part in name.split("."):
                function = getattr(function, part)
            answer = ("done", function(**task))
        except Exception as error:
            answer = ("error", " ".join(str(error).split()) or type(error).__name__)
        try:
            pipe.send(answer)
        except OSError:
            return


if __name__ == "__main__":
    threading.Thread(target=_watch, args=(int(sys.argv[2]),), daemon=True).start()
    _serve(Connection(int(sys.argv[1])))
