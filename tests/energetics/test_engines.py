"""Worker processes: what crashes or hangs costs itself alone, and says so."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing import spawn
from pathlib import Path

import pytest
import worker_tasks

from gcd.energetics.engines import EngineError, LocalEngine, Outcome, Stopped


@pytest.fixture
def pool():
    with LocalEngine(2, timeout=60) as pool:
        yield pool


def _seconds_asleep(pid):
    """Whether the process has little to do but sleep in a task: its main thread is in a timed sleep."""
    return (
        "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()
        or "hrtimer" in Path(f"/proc/{pid}/wchan").read_text()
    )


def by_index(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.index)


def test_every_task_is_done(pool):
    outcomes = by_index(pool.run(worker_tasks.square, ({"x": x} for x in range(7))))
    assert [o.value for o in outcomes] == [x * x for x in range(7)]
    assert all(o.error is None for o in outcomes)


def test_processes_are_used_again(pool):
    first = {o.value for o in pool.run(worker_tasks.name_of_process, [{}] * 6)}
    assert len(first) <= 2
    assert {o.value for o in pool.run(worker_tasks.name_of_process, [{}] * 6)} <= first


def test_an_exception_is_told(pool):
    outcomes = by_index(pool.run(worker_tasks.fail, [{}, {"text": ""}]))
    assert [o.error for o in outcomes] == ["no such luck", "ValueError"]


@pytest.mark.parametrize(
    ("how", "told"), [("kill", "SIGKILL"), ("segfault", "SIGSEGV"), ("exit", r"status 3 \(the last words\)")]
)
def test_a_death_is_told(pool, how, told):
    (outcome,) = pool.run(worker_tasks.die, [{"how": how}])
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(outcome.error)


def test_deaths_cost_their_own_tasks_alone(pool):
    outcomes = by_index(pool.run(worker_tasks.perhaps_die, ({"x": x} for x in range(8))))
    assert [o.value for o in outcomes] == [0, 1, None, 3, 4, None, 6, 7]
    assert [o.index for o in outcomes if o.error] == [2, 5]


def test_a_worker_killed_from_outside_costs_one_task(pool):
    outcomes = []
    for outcome in pool.run(worker_tasks.sleep, [{"seconds": s} for s in (0.0, 0.2, 30.0, 0.1, 0.1)]):
        outcomes.append(outcome)
        if len(outcomes) == 4:  # only the long one is left
            busy = [pid for pid in pool.process_ids() if _seconds_asleep(pid)]
            os.kill(busy[0], signal.SIGKILL)
    assert [o.index for o in outcomes if o.error] == [2]
    assert "SIGKILL" in next(o.error for o in outcomes if o.error)


def test_a_task_that_hangs_is_stopped():
    with LocalEngine(1, timeout=1.0) as pool:
        outcomes = by_index(pool.run(worker_tasks.sleep, [{"seconds": s} for s in (0.0, 600.0, 0.0)]))
    assert outcomes[1].error == "It took longer than 1 s and was stopped."
    assert [o.value for o in outcomes] == [0.0, None, 0.0]


def test_what_workers_print_does_not_disturb(pool):
    assert [o.value for o in pool.run(worker_tasks.chatter, [{}] * 3)] == ["clear"] * 3


def test_tasks_without_end_are_drawn_as_needed(pool):
    drawn = []

    def tasks():
        for x in itertools.count():
            drawn.append(x)
            yield {"x": x}

    run = pool.run(worker_tasks.square, tasks())
    assert len([next(run) for _ in range(5)]) == 5
    run.close()
    assert len(drawn) <= 8


def test_closing_ends_the_tasks_under_way(pool):
    run = pool.run(worker_tasks.sleep, [{"seconds": s} for s in (0.0, 600.0)])
    assert next(run) == Outcome(0, value=0.0, seconds=pytest.approx(0, abs=60))
    begin = time.monotonic()
    run.close()
    assert time.monotonic() - begin < 30
    assert pool.process_ids() == []


def test_cancelling_ends_the_tasks_within_a_moment(pool):
    since = []

    def cancelled():
        since.append(time.monotonic())
        return len(since) > 5

    with pytest.raises(Stopped):
        list(pool.run(worker_tasks.sleep, [{"seconds": 600.0}], cancelled=cancelled))
    assert time.monotonic() - since[-1] < 10
    assert pool.process_ids() == []


def test_workers_end_with_the_parent(tmp_path):
    """Also when it is killed, and the worker is busy."""
    script = f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
        import worker_tasks
        from gcd.energetics.engines import LocalEngine
        with LocalEngine(1) as pool:
            for outcome in pool.run(worker_tasks.sleep, [{{"seconds": 0}}, {{"seconds": 600}}]):
                print(*pool.process_ids(), flush=True)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    )
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(600):
        if not Path(f"/proc/{worker}").exists() or "(zombie)" in Path(f"/proc/{worker}/status").read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the worker outlived its parent")


def test_workers_that_cannot_start_are_an_error(pool, monkeypatch):
    monkeypatch.setattr(spawn, "get_executable", lambda: b"/bin/false")
    with pytest.raises(EngineError, match="could not start"):
        list(pool.run(worker_tasks.square, [{"x": 1}]))


def test_functions_without_a_module_are_refused(pool):
    with pytest.raises(ValueError, match="module of its own"):
        next(pool.run(lambda: None, [{}]))


def test_a_pool_of_none_is_refused():
    with pytest.raises(ValueError, match="1 or more"):
        LocalEngine(0)


def test_the_pool_leaves_nothing_behind():
    with LocalEngine(2) as pool:
        list(pool.run(worker_tasks.square, [{"x": 1}, {"x": 2}]))
        processes, folder = pool.process_ids(), Path(pool._folder.name)
        assert folder.is_dir()
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)
    assert not folder.exists()
