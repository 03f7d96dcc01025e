"""The job runner: turns, limits, progress, cancel, and what it remembers. Events order everything; nothing sleeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from gcd.jobs import HIDDEN_ERROR, Cancelled, JobRunner, QueueFullError, size_of

SOON = 10.0  # seconds any wait may take before the test fails; none of them is meant to be spent


class Gate:
    """A job function that says when it started, waits to be let through, then reports and returns."""

    def __init__(self, result: object = None) -> None:
        self.started, self.go, self.result = threading.Event(), threading.Event(), result

    def __call__(self, report, fraction: float = 0.5, preview: object = None) -> object:
        report(0.0, "starting")
        self.started.set()
        assert self.go.wait(SOON)
        report(fraction, "half way", preview)
        return self.result


def quick(report, value: object = None) -> object:
    report(1.0)
    return value


@pytest.fixture
def runner() -> Iterator[JobRunner]:
    runner = JobRunner(max_queue=100, max_per_owner=100)
    yield runner
    runner.close(SOON)


def hold(runner: JobRunner, owner: str = "holder") -> tuple[Gate, object]:
    """Occupy the worker, so that what is submitted next waits."""
    gate = Gate()
    job = runner.submit(gate, label="hold", owner=owner)
    assert gate.started.wait(SOON)
    return gate, job


def test_a_job_returns_its_result(runner):
    job = runner.submit(quick, label="one", owner="me", value=41)
    assert job.wait(SOON)
    assert (job.state, job.result, job.fraction, job.error) == ("done", 41, 1.0, "")


def test_arguments_reach_the_function(runner):
    job = runner.submit(minus, label="minus", owner="me", a=5, b=3)
    assert job.wait(SOON)
    assert job.result == 2


def test_progress_message_and_preview_show_while_it_runs(runner):
    seen, go = threading.Event(), threading.Event()

    def function(report):
        report(0.25, "a quarter", np.ones(3))
        seen.set()
        assert go.wait(SOON)

    job = runner.submit(function, label="slow", owner="me")
    assert seen.wait(SOON)
    assert (job.state, job.fraction, job.message, job.preview.sum()) == ("running", 0.25, "a quarter", 3)
    go.set()
    assert job.wait(SOON)
    assert job.preview is None  # a preview is of no use afterwards


def test_seconds_and_time_left_follow_the_clock():
    now = [100.0]
    runner = JobRunner(clock=lambda: now[0])
    gate, job = hold(runner)
    assert (job.seconds, job.eta) == (0.0, None)
    now[0] += 3.0
    job.fraction = 0.25
    assert job.seconds == 3.0
    assert job.eta == pytest.approx(9.0)
    gate.go.set()
    assert job.wait(SOON)
    now[0] += 50.0
    assert (job.seconds, job.eta) == (3.0, None)
    runner.close(SOON)


def test_loading_before_the_first_report_does_not_count_as_pace():
    now = [0.0]
    runner = JobRunner(clock=lambda: now[0])
    first, second, looked, go = (threading.Event() for _ in range(4))

    def function(report):
        now[0] += 60.0  # loading
        report(0.1)
        first.set()
        assert second.wait(SOON)
        now[0] += 10.0
        report(0.6)
        looked.set()
        assert go.wait(SOON)

    job = runner.submit(function, label="slow to load", owner="me")
    assert first.wait(SOON)
    second.set()
    assert looked.wait(SOON)
    assert job.eta == pytest.approx(8.0)  # 0.5 took 10 s, and 0.4 is left
    go.set()
    assert job.wait(SOON)
    runner.close(SOON)


def test_fraction_stays_within_bounds(runner):
    gate = Gate()
    job = runner.submit(gate, label="too far", owner="me", fraction=7.0)
    gate.go.set()
    assert job.wait(SOON)
    assert job.fraction == 1.0


def test_owners_take_turns(runner):
    gate, _ = hold(runner)
    order: list[str] = []

    def note(report, name):
        order.append(name)

    jobs = [runner.submit(note, label=n, owner=n[0], name=n) for n in ("a1", "a2", "a3", "b1", "c1", "b2")]
    assert [job.position for job in jobs] == [1, 4, 6, 2, 3, 5]
    gate.go.set()
    assert all(job.wait(SOON) for job in jobs)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert all(job.position == 0 for job in jobs)


def test_positions_move_up_when_a_waiting_job_is_cancelled(runner):
    gate, _ = hold(runner)
    first, second = (runner.submit(quick, label=str(i), owner="me") for i in range(2))
    assert (first.position, second.position) == (1, 2)
    assert runner.cancel(first.id)
    assert (first.state, first.position, second.position) == ("cancelled", 0, 1)
    gate.go.set()
    assert second.wait(SOON)


def test_cancel_stops_a_running_job_at_its_next_report_and_the_next_one_runs(runner):
    gate, job = hold(runner)
    following = runner.submit(quick, label="next", owner="me", value="ran")
    assert runner.cancel(job.id)
    assert job.cancelling
    gate.go.set()
    assert job.wait(SOON)
    assert (job.state, job.result, job.error, job.cancelling) == ("cancelled", None, "", False)
    assert following.wait(SOON)
    assert following.result == "ran"


def test_a_cancelled_job_that_ends_without_noticing_is_cancelled_all_the_same(runner):
    started, go = threading.Event(), threading.Event()

    def deaf(report):
        started.set()
        assert go.wait(SOON)
        return "too late"

    job = runner.submit(deaf, label="deaf", owner="me")
    assert started.wait(SOON)
    runner.cancel(job.id)
    go.set()
    assert job.wait(SOON)
    assert (job.state, job.result) == ("cancelled", None)


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_function_keeps_outlives_its_cancellation_or_failure(runner, fails):
    started, go = threading.Event(), threading.Event()

    def function(report):
        report.keep("first half")
        started.set()
        assert go.wait(SOON)
        if fails:
            raise ValueError("It broke.")
        report(0.5)

    job = runner.submit(function, label="long", owner="me")
    assert started.wait(SOON)
    assert (job.kept, job.result) == ("first half", None)
    if not fails:
        runner.cancel(job.id)
    go.set()
    assert job.wait(SOON)
    assert (job.state, job.result, job.kept) == ("failed" if fails else "cancelled", "first half", None)


def test_there_is_nothing_to_cancel_in_an_ended_or_unknown_job(runner):
    job = runner.submit(quick, label="quick", owner="me")
    assert job.wait(SOON)
    assert not runner.cancel(job.id)
    assert not runner.cancel(12345)


def test_the_samplers_cancelled_is_what_a_report_raises(runner):
    raised: list[type] = []
    started, go = threading.Event(), threading.Event()

    def function(report):
        started.set()
        assert go.wait(SOON)
        try:
            report(0.1)
        except Cancelled as error:
            raised.append(type(error))
            raise

    job = runner.submit(function, label="x", owner="me")
    assert started.wait(SOON)
    runner.cancel(job.id)
    go.set()
    assert job.wait(SOON)
    from gcd.diffusion import samplers

    assert raised == [samplers.Cancelled]


def minus(report, a: int, b: int) -> int:
    return a - b


def fail(report, error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("public", "error", "sentence"),
    [
        (False, ValueError("Size 0 is too small."), "Size 0 is too small."),
        (True, ValueError("Size 0 is too small."), "Size 0 is too small."),
        (False, RuntimeError("/srv/secret broke"), "RuntimeError: /srv/secret broke"),
        (True, RuntimeError("/srv/secret broke"), HIDDEN_ERROR),
        (True, OSError("/srv/secret is full"), HIDDEN_ERROR),
        (True, SystemExit(3), HIDDEN_ERROR),
    ],
)
def test_errors_become_a_sentence_and_the_worker_lives_on(public, error, sentence):
    runner = JobRunner(public=public)
    job = runner.submit(fail, label="fails", owner="me", error=error)
    following = runner.submit(quick, label="next", owner="me", value=1)
    assert job.wait(SOON)
    assert (job.state, job.error) == ("failed", sentence)
    assert bool(job.details) is not public
    assert following.wait(SOON)
    assert following.state == "done"
    runner.close(SOON)


def test_an_owner_may_not_fill_the_queue():
    runner = JobRunner(max_queue=10, max_per_owner=2)
    gate, _ = hold(runner, owner="greedy")
    runner.submit(quick, label="second", owner="greedy")
    with pytest.raises(QueueFullError, match="2 of your jobs"):
        runner.submit(quick, label="third", owner="greedy")
    other = runner.submit(quick, label="other", owner="modest")
    gate.go.set()
    assert other.wait(SOON)
    runner.close(SOON)


def test_the_queue_has_an_end():
    runner = JobRunner(max_queue=2, max_per_owner=5)
    gate, _ = hold(runner)
    for owner in "ab":
        runner.submit(quick, label=owner, owner=owner)
    with pytest.raises(QueueFullError, match="queue is full"):
        runner.submit(quick, label="c", owner="c")
    gate.go.set()
    runner.close(SOON)


def run_through(runner: JobRunner, values: list[object]) -> list[int]:
    jobs = [runner.submit(quick, label="x", owner="me", value=value) for value in values]
    assert all(job.wait(SOON) for job in jobs)
    return [job.id for job in jobs]


def test_the_oldest_ended_jobs_are_dropped_first():
    runner = JobRunner(keep=2, max_per_owner=10)
    ids = run_through(runner, [1, 2, 3, 4])
    assert [job.id for job in runner.jobs("me")] == ids[2:]
    assert runner.get(ids[0]) is None
    runner.close(SOON)


def test_results_stay_within_their_bytes_but_the_newest_is_kept():
    runner = JobRunner(keep=10, keep_bytes=1000, max_per_owner=10)
    ids = run_through(runner, [np.zeros(400, np.uint8)] * 3)
    assert [job.id for job in runner.jobs()] == ids[1:]
    ids = run_through(runner, [np.zeros(5000, np.uint8)])
    assert [job.id for job in runner.jobs()] == ids
    runner.close(SOON)


def test_an_owner_that_is_gone_leaves_nothing(runner):
    ended = runner.submit(quick, label="ended", owner="gone")
    assert ended.wait(SOON)
    gate, running = hold(runner, owner="gone")
    waiting = runner.submit(quick, label="waiting", owner="gone")
    mine = runner.submit(quick, label="mine", owner="me")
    runner.drop_owner("gone")
    gate.go.set()
    assert running.wait(SOON)
    assert mine.wait(SOON)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert runner.jobs("gone") == []
    assert runner.jobs() == [mine]


def test_a_closed_runner_takes_nothing_more(runner):
    runner.close(SOON)
    with pytest.raises(QueueFullError, match="shutting down"):
        runner.submit(quick, label="late", owner="me")


def test_size_of_counts_arrays_wherever_they_are():
    from ase import Atoms

    atoms = Atoms("W2", positions=np.zeros((2, 3)))
    assert size_of({"a": [np.zeros(10), np.zeros(2, np.uint8)], "b": 3}) == 82
    assert size_of(atoms) == 2 * 8 + 6 * 8


def test_the_jobs_of_owners_who_have_left_are_dropped_by_and_by():
    here = {"stays", "leaves", "queues"}
    runner = JobRunner(max_per_owner=10, present=lambda owner: owner in here)
    gate, running = hold(runner, owner="leaves")
    ended = [runner.submit(quick, label="waiting", owner=owner) for owner in ("queues", "leaves", "stays")]
    here -= {"leaves", "queues"}
    gate.go.set()  # its next report notices
    assert all(job.wait(SOON) for job in (running, *ended))
    assert [job.state for job in (running, *ended)] == ["cancelled", "cancelled", "cancelled", "done"]
    assert runner.jobs() == ended[2:]
    here.clear()
    runner.drop_absent()
    assert runner.jobs() == []
    runner.close(SOON)
