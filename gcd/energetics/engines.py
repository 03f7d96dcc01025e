"""Engines run many small tasks: each that crashes or hangs costs itself alone, and says so.

:class:`LocalEngine` runs them in processes of this machine (pebble's). A worker is a fresh Python that imports nothing
but the task's function, so engines work from scripts, threads and notebooks alike. It ends itself when its parent is
gone, and takes the folder of the engine's temporary files along.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import context, popen_spawn_posix, spawn
from pathlib import Path
from typing import Any, Protocol, Self

__all__ = ["Engine", "EngineError", "LocalEngine", "Outcome", "Stopped", "cores"]

START_SECONDS = 120.0  # workers that have not begun by then will not
POLL_SECONDS = 0.1  # between two looks whether the work was cancelled


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class EngineError(RuntimeError):
    """Tasks cannot be run at all."""


class Stopped(RuntimeError):
    """The work was cancelled."""


@dataclass(frozen=True)
class Outcome:
    """How one task ended: ``error`` is None and ``value`` what the function returned, or ``error`` a sentence."""

    index: int  # place of the task in the sequence
    value: Any = None
    error: str | None = None
    seconds: float = 0.0


class Engine(Protocol):
    """Runs one function over many tasks."""

    def run(
        self,
        function: Callable[..., Any],
        tasks: Iterable[Mapping[str, Any]],
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Outcome]:
        """An :class:`Outcome` for each task as it ends; :class:`Stopped` when ``cancelled`` says so."""
        ...


class LocalEngine:
    """Runs tasks in ``workers`` processes of this machine; a context manager that ends them all."""

    def __init__(
        self, workers: int | None = None, *, timeout: float = 600.0, memory: int | None = None
    ) -> None:
        """``workers``: all cores when None. A task longer than ``timeout`` seconds is stopped with its process.

        ``memory``: bytes of data that a process may hold; who asks for more ends with an error of its own.
        """
        self.size = cores() if workers is None else workers
        if self.size < 1:
            raise ValueError(f"The number of workers must be 1 or more, not {workers}.")
        self.timeout = timeout
        self.memory = memory
        self._pool: Any = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker, at once."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()
            pool.join()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def process_ids(self) -> list[int]:
        """Of the workers alive."""
        return [] if self._pool is None else list(self._pool._pool_manager.worker_manager.workers)  # noqa: SLF001

    def run(
        self,
        function: Callable[..., Any],
        tasks: Iterable[Mapping[str, Any]],
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Outcome]:
        """Yield an :class:`Outcome` for each task as it ends, whatever the order.

        ``function`` is a module-level function and is called as ``function(**task)``; tasks are drawn when a worker is
        free, so they may come without end. Closing the iterator stops the tasks under way. One run at a time.
        Raises :class:`EngineError` when no worker can be started, :class:`Stopped` when ``cancelled()`` is true.
        """
        if function.__module__ == "__main__" or "<" in function.__qualname__:
            raise ValueError("Workers import the function by name: it must stand in a module of its own.")
        waiting = enumerate(tasks)
        under_way: dict[Future[Any], tuple[int, Mapping[str, Any]]] = {}
        exhausted, broken, begun = False, 0, time.monotonic()
        try:
            while True:
                while not exhausted and len(under_way) < self.size:
                    task = next(waiting, None)
                    if task is None:
                        exhausted = True
                    else:
                        under_way[self._schedule(function, task[1])] = task
                if not under_way:
                    return
                done, _ = wait(under_way, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                if cancelled is not None and cancelled():
                    raise Stopped
                for future in done:
                    if not isinstance(future.exception(), BrokenProcessPool):
                        task = under_way.pop(future)
                        broken, begun = 0, time.monotonic()
                        yield self._outcome(task[0], future)
                if under_way and not self._pool.active:
                    # Workers died between tasks: those that wait are given to new ones, once.
                    broken += 1
                    again = list(under_way.values())
                    under_way.clear()
                    self.close()
                    if broken > 1:
                        raise EngineError("Worker processes could not start: they ended at once.")
                    under_way = {self._schedule(function, t[1]): t for t in again}
                if time.monotonic() - begun > START_SECONDS and not any(f.running() for f in under_way):
                    raise EngineError(f"A worker process did not start within {START_SECONDS:g} s.")
        finally:
            if under_way:
                self.close()

    def _schedule(self, function: Callable[..., Any], task: Mapping[str, Any]) -> Future[Any]:
        if self._pool is None:
            self._start()
        future: Future[Any] = self._pool.schedule(_work, (function, dict(task)), timeout=self.timeout)
        return future

    def _start(self) -> None:
        try:
            from pebble import ProcessPool
        except ImportError:
            raise EngineError("Worker processes need pebble (pip install pebble).") from None
        if os.name != "posix":
            raise EngineError("Worker processes need Linux or macOS.")
        self._folder = tempfile.TemporaryDirectory(prefix="gcd-engine-", ignore_cleanup_errors=True)
        self._pool = ProcessPool(
            self.size,
            initializer=_prepare,
            initargs=(self._folder.name, os.getpid(), self.memory),
            context=_BareContext(),
        )

    def _outcome(self, index: int, future: Future[Any]) -> Outcome:
        from pebble import ProcessExpired

        try:
            value, error, seconds = future.result()
        except ProcessExpired as expired:
            code = expired.exitcode or 0
            how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with status {code}"
            return Outcome(index, error=f"The process {how}{self._last_words(expired.pid)}.")
        except TimeoutError:
            error = f"It took longer than {self.timeout:g} s and was stopped."
            return Outcome(index, error=error, seconds=self.timeout)
        except (Exception, CancelledError) as problem:
            return Outcome(index, error=" ".join(str(problem).split()) or type(problem).__name__)
        return Outcome(index, value=value, error=error, seconds=seconds)

    def _last_words(self, process_id: int | None = None) -> str:
        """What a worker last wrote to its standard error, in brackets."""
        if self._folder is None or process_id is None:
            return ""
        try:
            text = Path(self._folder.name, f"{process_id}.err").read_text(errors="replace")
        except OSError:
            return ""
        lines = text[-2000:].strip().splitlines()
        return f" ({lines[-1].strip()[:200]})" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- How workers start --------------------------------------------------------------------------------------

_starting = threading.Lock()


class _BarePopen(popen_spawn_posix.Popen):
    """Starts a process without the program's main module, which may be a web app, or a script without guard."""

    def _launch(self, process_obj: Any) -> None:
        full, here = spawn.get_preparation_data, threading.get_ident()

        def bare(name: str) -> dict[str, Any]:
            data = full(name)
            if threading.get_ident() == here:
                data = {key: value for key, value in data.items() if not key.startswith("init_main")}
            return data

        with _starting:
            spawn.get_preparation_data = bare
            try:
                super()._launch(process_obj)  # type: ignore[misc]
            finally:
                spawn.get_preparation_data = full


class _BareProcess(context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        return _BarePopen(process_obj)


class _BareContext(context.SpawnContext):
    Process = _BareProcess


# --- In the worker ------------------------------------------------------------------------------------------


def _prepare(folder: str, parent: int, memory: int | None) -> None:
    """Before the first task: quiet, single-threaded, temporary files in the engine's folder, ended by any signal."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if memory is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    tempfile.tempdir = folder
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # also inside a library's loop
    nothing = os.open(os.devnull, os.O_RDWR)
    words = os.open(Path(folder, f"{os.getpid()}.err"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(words, 2)
    threading.Thread(target=_watch, args=(folder, parent), daemon=True).start()


def _watch(folder: str, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _work(function: Callable[..., Any], task: dict[str, Any]) -> tuple[Any, str | None, float]:
    begin = time.monotonic()
    try:
        value, error = function(**task), None
    except Exception as problem:
        value, error = None, " ".join(str(problem).split()) or type(problem).__name__
    return value, error, time.monotonic() - begin
