"""A campaign's run: nothing twice, nothing lost, targets that do not depend on who was quicker, and its small files."""

from __future__ import annotations

import math
import threading
import time

import pytest
from helpers import SMALL, InlineBundles, small

from gcd.campaigns.control import Places, read_state, tell
from gcd.campaigns.likeness import Known, core_print
from gcd.campaigns.plan import costs, summary
from gcd.campaigns.progress import FAILURES_IN_A_ROW, GroupProgress
from gcd.campaigns.run import CampaignRun
from gcd.campaigns.spec import Target
from gcd.campaigns.status import status_of
from gcd.campaigns.store import CampaignStore, StoreFullError


def run(campaign, path, engine=None, **more):
    with CampaignStore(path, write=True) as store:
        return CampaignRun(campaign, store, engine or InlineBundles(), **more).go()


def names(path):
    with CampaignStore(path) as store:
        return [row.name for row in store.rows()]


def test_all_candidates_are_done_once(tmp_path):
    campaign = small()
    state = run(campaign, tmp_path / "a.db")
    assert (state["state"], state["done"], state["failed"], state["left"]) == ("done", 24, 0, 0)
    kept = names(tmp_path / "a.db")
    assert len(kept) == len(set(kept)) == 24
    assert set(kept) == {job.candidate(k) for job in campaign.jobs for k in range(12)}


def test_a_run_that_is_ended_goes_on_where_it_was_with_the_same_structures(tmp_path):
    campaign = small()
    run(campaign, tmp_path / "whole.db")
    with pytest.raises(KeyboardInterrupt):
        run(campaign, tmp_path / "parts.db", InlineBundles(after=3))
    before = names(tmp_path / "parts.db")
    assert 0 < len(before) < 24
    again = InlineBundles()
    run(campaign, tmp_path / "parts.db", again)
    assert names(tmp_path / "parts.db")[: len(before)] == before
    with CampaignStore(tmp_path / "whole.db") as whole, CampaignStore(tmp_path / "parts.db") as parts:
        first, second = ({row.name: row for row in store.rows()} for store in (whole, parts))
        assert set(first) == set(second)
        for name, row in first.items():
            assert (whole.atoms(row).positions == parts.atoms(second[name]).positions).all()
    idle = InlineBundles()
    run(campaign, tmp_path / "parts.db", idle)
    assert idle.names == []


def test_what_the_database_says_of_a_campaign_holds_request_seed_versions_and_hashes(tmp_path):
    campaign = small()
    run(campaign, tmp_path / "a.db")
    with CampaignStore(tmp_path / "a.db") as store:
        about = store.meta["jobs"][campaign.jobs[0].name]
        assert about["request"]["planes"] == [3, 3]
        assert about["seed"] == 0
        assert about["hash"] in campaign.jobs[0].name
        assert {"gcd", "numpy", "ase"} <= set(store.meta["versions"])
        assert store.meta["spec"] == SMALL


def test_structures_are_kept_as_asked(tmp_path):
    run(small(keep="none"), tmp_path / "none.db")
    with CampaignStore(tmp_path / "none.db") as store:
        rows = list(store.rows())
        assert len(rows) == 24
        assert all(len(store.atoms(row)) == 0 for row in rows[:3])


def fails(work, number):
    raise ValueError(f"candidate {number} is unlucky")


def test_failures_are_kept_with_their_reason_and_a_job_that_only_fails_is_given_up(tmp_path):
    text = SMALL.replace("count = 12", "count = 60")
    state = run(small(text), tmp_path / "a.db", InlineBundles(each=fails))
    assert state["state"] == "done"
    assert state["failed"] == state["done"] < 2 * (FAILURES_IN_A_ROW + 10)
    assert "candidates failed one after the other" in state["groups"][0]["stopped"]
    with CampaignStore(tmp_path / "a.db") as store:
        assert next(store.rows()).error == "candidate 0 is unlucky"


def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path, monkeypatch):
    tried = []
    add = CampaignStore.add

    def sometimes(self, entries):
        tried.append(len(entries))
        if len(tried) == 2:
            raise StoreFullError("'a.db' cannot be written just now (database or disk is full).")
        add(self, entries)

    monkeypatch.setattr(CampaignStore, "add", sometimes)
    assert run(small(), tmp_path / "a.db")["done"] == 24
    assert len(names(tmp_path / "a.db")) == 24


def test_a_disk_that_stays_full_ends_the_run_with_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("gcd.campaigns.run.FULL_SECONDS", 0.0)

    def never(self, entries):
        raise StoreFullError("'a.db' cannot be written just now (database or disk is full).")

    monkeypatch.setattr(CampaignStore, "add", never)
    with pytest.raises(StoreFullError, match="disk is full"):
        run(small(), tmp_path / "a.db")


def test_it_is_paused_goes_on_and_is_cancelled(tmp_path):
    places = Places.of(tmp_path / "small.toml")
    campaign = small(SMALL.replace("count = 12", "count = 3000"))
    ended = []

    def work():
        ended.append(run(campaign, places.store, places=places))

    thread = threading.Thread(target=work)
    thread.start()

    def wait_for(condition):
        for _ in range(600):
            if condition(read_state(places)):
                return read_state(places)
            time.sleep(0.05)
        raise AssertionError(read_state(places))

    wait_for(lambda state: state.get("done", 0) > 0)
    tell(places, "pause")
    paused = wait_for(lambda state: state["state"] == "paused")
    time.sleep(1.5)
    assert read_state(places)["done"] == paused["done"]
    tell(places, "run")
    wait_for(lambda state: state["done"] > paused["done"])
    tell(places, "cancel")
    thread.join(30)
    assert ended[0]["state"] == "cancelled"
    assert status_of(places)["state"] == "cancelled"
    assert status_of(places)["done"] == len(names(places.store)) < 6000


# --- Targets ------------------------------------------------------------------------------------------------


def candidates():
    """(number, egb): the lowest comes at number 4, and stands still from there."""
    return [(k, 2.0 if k == 4 else 2.5 + k / 100) for k in range(20)]


@pytest.mark.parametrize("order", ["as planned", "backwards"])
def test_a_target_is_asked_in_the_order_of_the_plan(order):
    (job, *_) = small(SMALL.replace("count = 12", "count = 20")).jobs
    group = GroupProgress("g", [job], Target(still=5))
    planned = candidates()
    for number, egb in planned if order == "as planned" else planned[::-1]:
        group.add(job.name, number, egb, 0.0, 1.0, "")
    assert "5 candidates" in group.stopped
    assert group._next == 10  # candidates 0 to 9 were asked: the tenth is the fifth after number 4


def test_windows_and_budgets_end_a_boundary():
    (job, *_) = small().jobs
    windows = GroupProgress("g", [job], Target(windows=("2.0:3.0:2",)))
    budget = GroupProgress("g", [job], Target(core_seconds=2.5))
    for number, egb in candidates()[:4]:
        windows.add(job.name, number, egb, 0.0, 1.0, "")
        budget.add(job.name, number, egb, 0.0, 1.0, "")
    assert (windows._next, windows.stopped) == (2, "its windows are full")
    assert (budget._next, budget.stopped) == (3, "it has cost 2.5 core-seconds")


def test_a_boundary_that_is_done_is_not_worked_on(tmp_path):
    text = SMALL.replace("count = 12", "count = 400")
    campaign = small(text, target=Target(core_seconds=1e-9))
    state = run(campaign, tmp_path / "a.db")
    assert state["done"] < 100
    assert all(group["stopped"] for group in state["groups"])


# --- Duplicates ---------------------------------------------------------------------------------------------


def test_the_same_structure_moved_is_known_and_another_of_the_same_energy_is_not(rng):
    from gcd.requests import BuildRequest

    one, other = (BuildRequest("sigma5", metal="W", remove=2, push=0.2, seed=s).structure() for s in (0, 1))
    moved = one.copy()
    moved.positions[:, :2] += rng.random(2) * 5
    moved.wrap()
    turned = one.copy()
    turned.positions[:, :2] = turned.positions[:, 1::-1] * [1, -1]  # a quarter turn, in a square cell
    known = Known()
    assert known.add("g", "a", 2.5, 0.2, core_print(one, one.info["plane"])) == ""
    assert known.add("g", "b", 2.5, 0.2, core_print(moved, one.info["plane"])) == "a"
    assert known.add("g", "c", 2.5, 0.2, core_print(turned, one.info["plane"])) == "a"
    assert known.add("g", "d", 2.5, 0.2, core_print(other, other.info["plane"])) == ""
    assert known.add("g", "e", 2.6, 0.2, core_print(one, one.info["plane"])) == ""
    assert known.distinct["g"] == 3


# --- The plan -----------------------------------------------------------------------------------------------


def test_the_plan_counts_what_is_left_and_takes_measured_costs(tmp_path):
    campaign = small()
    before = summary(campaign, costs(campaign), threads=2)
    assert (before["left"], before["candidates"], before["boundaries"]) == (24, 24, 2)
    assert before["bytes"] > 24 * 1000
    with pytest.raises(KeyboardInterrupt):
        run(campaign, tmp_path / "a.db", InlineBundles(after=3))
    with CampaignStore(tmp_path / "a.db") as store:
        rows = list(store.rows())
        after = costs(campaign, rows)
    assert sum(cost.left for cost in after) == 24 - len(rows)
    known = next(cost for cost in after if cost.measured)
    mine = [row.seconds for row in rows if row.job == known.job.name]
    assert math.isclose(known.seconds, sum(mine) / len(mine))
