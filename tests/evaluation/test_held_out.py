"""Methods on held-out boundaries: equal core-seconds, runs that go on where they were, tables that count right."""

import dataclasses
import json
import time

import numpy as np
import pytest

from gcd.energetics import lammps
from gcd.energetics.engines import LocalEngine
from gcd.evaluation import held_out_tables as tables
from gcd.evaluation.baselines import Search, rigid_shifts
from gcd.evaluation.clock import Clock, nothing, run_timed
from gcd.evaluation.held_out import Attempt, Case, held_out_cases, run_method
from gcd.evaluation.held_out_model import spread_n
from gcd.evaluation.held_out_report import BASELINES, report
from gcd.evaluation.runs import Line, RunFile, read_runs, run_file
from gcd.search.grip import search
from gcd.search.proposals import Recipe
from gcd.search.store import Store

needs_lammps = pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")
SMALL = Recipe(planes=(10, 10), steps=(5, 20), ramp=5, still_share=0.5)
SIGMA5 = Case.parse("W:sigma5")


def busy(seconds):
    """Use a processor for so long. Workers import it by name."""
    begin = time.process_time()
    while time.process_time() < begin + seconds:
        pass
    return "done"


def fails():
    raise ValueError("It cannot be done.")


class Nothing:
    """A method whose candidates are never physical and cost this process a little."""

    def __init__(self, cost=0.02, settings=None):
        self.cost, self.settings, self.asked = cost, settings or {"cost": 0}, []

    def load(self, case):
        self.loaded = case

    def attempts(self, _case, seed, first):
        self.asked.append(first)
        number = first
        while True:
            busy(self.cost)
            yield Attempt(number, seed % 10 / 10, None, failure="nothing there", about={"number": number})
            number += 1


# ---- the clock


def test_a_worker_is_paid_for_by_its_processor_time_and_not_by_the_wall():
    clock = Clock(5.0)
    with LocalEngine(1) as engine:
        list(run_timed(engine, [(nothing, {})], Clock()))
        tasks = [(time.sleep, {}), (busy, {"seconds": 0.2}), (fails, {})]
        found = list(run_timed(engine, tasks, clock))
    assert found[0].error  # sleep() wants an argument: told like any other error
    assert found[1].value == "done"
    assert 0.2 <= found[1].seconds < 0.4
    assert found[2].error == "It cannot be done."
    assert 5.2 <= clock.seconds < 6.0
    sleepless = clock.seconds
    time.sleep(0.3)
    assert clock.seconds < sleepless + 0.1


# ---- cases


def test_every_boundary_of_the_list_is_a_case_and_so_are_the_metals():
    names = [case.name for case in held_out_cases("bcc")]
    assert names[:2] == ["w-sigma25-1x1", "w-sigma29-1x1"]
    assert {"w-s13-320-001-1x3", "ta-sigma17-1x1", "ta-s5-310-001-1x3"} <= set(names)
    assert all(name.startswith(("w-", "ta-")) for name in names)
    assert {case.metal for case in held_out_cases("fcc")} == {"Cu", "Ag"}
    with pytest.raises(ValueError, match="bcc, fcc"):
        held_out_cases("hcp")


def test_a_case_is_a_metal_a_boundary_and_repeats():
    assert Case.parse("W:s5-310-001:2x6").boundary.repeats == (2, 6)
    for bad, words in (
        ("sigma5", "METAL:NAME"),
        ("W:sigma5:2", "whole numbers"),
        ("W:sigma5:axb", "whole numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            Case.parse(bad)


# ---- runs


def test_a_run_ends_with_its_budget_and_goes_on_when_there_is_more(tmp_path):
    method, told = Nothing(), []
    run = run_method(SIGMA5, "none", method, 3, budget=0.1, keep=tmp_path, callback=told.append)
    assert run.spent >= 0.1
    assert [line.number for line in run.lines] == list(range(len(told)))
    assert run.lines[-2].seconds < 0.1
    assert not any(line.physical for line in run.lines)
    more = run_method(SIGMA5, "none", method, 3, budget=0.2, keep=tmp_path)
    assert more.lines[: len(told)] == run.lines
    assert [line.number for line in more.lines] == list(range(len(more.lines)))
    assert len(more.lines) > len(told)
    asked = len(method.asked)
    assert run_method(SIGMA5, "none", method, 3, budget=0.2, keep=tmp_path).lines == more.lines
    assert len(method.asked) == asked  # nothing was left to do


def test_a_line_that_was_cut_short_is_made_again(tmp_path):
    run = run_method(SIGMA5, "none", Nothing(), 3, budget=0.1, keep=tmp_path)
    whole = run.path.read_bytes()
    run.path.write_bytes(whole[:-20])
    again = run_method(SIGMA5, "none", Nothing(), 3, budget=0.1, keep=tmp_path)
    assert again.lines[:-1] == run.lines[: len(again.lines) - 1]
    assert again.spent >= 0.1
    assert all(json.loads(line) for line in run.path.read_bytes().splitlines())


def test_a_run_of_other_settings_is_refused_and_kept(tmp_path):
    run = run_method(SIGMA5, "none", Nothing(), 3, budget=0.05, keep=tmp_path)
    before = run.path.read_bytes()
    with pytest.raises(ValueError, match="another settings"):
        run_method(SIGMA5, "none", Nothing(settings={"cost": 1}), 3, budget=0.05, keep=tmp_path)
    assert run.path.read_bytes() == before


def test_candidates_can_be_counted_instead_and_runs_of_other_weights_stand_beside(tmp_path):
    for weights in ("a" * 64, "b" * 64):
        run_method(SIGMA5, "m", Nothing(settings={"sha256": weights}), 3, count=2, keep=tmp_path)
    run_method(SIGMA5, "none", Nothing(), 3, count=1, keep=tmp_path)
    runs = read_runs(tmp_path, [SIGMA5.name], "b" * 64)[SIGMA5.name]
    assert {name: len(seeds[3].lines) for name, seeds in runs.items()} == {"m": 2, "none": 1}
    assert runs["m"][3].header["settings"]["sha256"] == "b" * 64
    assert set(read_runs(tmp_path, [SIGMA5.name])[SIGMA5.name]) == {"none"}


@needs_lammps
def test_the_search_is_the_search_of_the_same_seed_and_pays_for_its_workers(tmp_path):
    run = run_method(SIGMA5, "search", Search(SMALL), 4, budget=0.3, keep=tmp_path)
    search("sigma5", "W", count=len(run.lines), out=tmp_path / "s.db", seed=4, workers=1, recipe=SMALL)
    with Store(tmp_path / "s.db", read_only=True) as store:
        theirs = {c.number: c for c in store}
    assert len(run.lines) == len(theirs) >= 1
    for line in run.lines:
        assert line.egb == pytest.approx(theirs[line.number].egb, abs=2e-3)
        assert line.n == pytest.approx(theirs[line.number].n)
        assert line.converged
    assert run.spent > 0.5 * sum(c.seconds for c in theirs.values())
    assert all(line.about == {"steps": 0} for line in run_method(
        SIGMA5, "shifts", dataclasses.replace(rigid_shifts(), recipe=dataclasses.replace(SMALL, still_share=1.0)), 4,
        budget=0.05, keep=tmp_path,
    ).lines)  # fmt: skip


# ---- tables


def line(number, seconds, egb, n=0.2, **changes):
    good = {"converged": egb is not None, "restarts": 0, "failure": "" if egb else "nothing", "about": {}}
    return Line(number=number, seconds=seconds, n=n, egb=egb, **(good | changes))


def runs_of(folder, method, *seeds):
    for seed, lines in enumerate(seeds):
        path = run_file(folder, SIGMA5.name, method, seed)
        file = RunFile(path, {"method": method, "seed": seed, "settings": {}})
        for entry in lines:
            file.add(entry)


@pytest.fixture
def some_runs(tmp_path):
    runs_of(
        tmp_path,
        "model",
        [line(0, 1.0, 2.50), line(1, 2.0, None), line(2, 3.0, 2.30, restarts=1), line(3, 11.0, 2.0)],
        [line(0, 1.0, 2.40), line(1, 9.0, 2.3004, n=0.4), line(2, 12.0, 2.9)],
        [line(0, 1.0, 2.32), line(1, 9.0, 2.3, converged=False), line(2, 10.5, 2.9)],
    )
    runs_of(
        tmp_path,
        "search",
        [line(0, 8.0, 2.6), line(1, 16.0, 2.25)],
        [line(0, 9.0, 2.35), line(1, 18.0, 2.31)],
        [line(0, 7.0, 2.7), line(1, 14.0, 2.7)],
    )
    runs_of(tmp_path, "shifts", [line(0, 4.0, 2.29)])  # has not spent the budget
    return read_runs(tmp_path, [SIGMA5.name])[SIGMA5.name]


def test_medians_hits_and_shares_count_what_was_done_within_the_budget(some_runs):
    rows = {row.method: row for row in tables.tabulate(SIGMA5, some_runs, 10.0)}
    assert set(rows) == {"model", "search"}
    model = rows["model"]
    assert (model.seeds, model.lowest, model.best_seed, model.worst_seed) == (3, 2.3004, 2.30, 2.32)
    assert model.early == 2.40  # of 2.50, 2.40 and 2.32 after 2 core-seconds
    assert model.above == pytest.approx(0.3004)  # 2.0 is the lowest known, though found later
    assert (model.hits, model.near) == (0, 0)
    assert model.at_once == pytest.approx(5 / 7)
    assert model.physical == pytest.approx(6 / 7)
    assert model.candidates == pytest.approx(7 / 3)
    assert model.seconds_each == pytest.approx((11 + 12 + 10.5) / 10)
    assert (model.low_states, model.low_n) == (1, 1)  # 2.3004 at 0.4; at 0.2 nothing comes near 2.0
    assert rows["search"].lowest == 2.6
    found = tables.verdict(list(rows.values()), "model", "search", BASELINES)
    assert found["below_search"] == found["at_a_fifth"] == found["below_baselines"] == [SIGMA5.name]


def test_a_worse_model_is_said_to_be_worse(some_runs):
    rows = tables.tabulate(SIGMA5, some_runs, 10.0)
    worse = [dataclasses.replace(r, lowest=2.9, early=2.9) if r.method == "model" else r for r in rows]
    found = tables.verdict(worse, "model", "search", BASELINES)
    assert found["below_search"] == found["at_a_fifth"] == found["not_above_baselines"] == []
    text = report(worse, found, [], budget=10.0, training=None)
    assert f"in 0 of 1 boundaries; not in {SIGMA5.name}" in text


def test_a_search_that_has_nothing_yet_is_no_victory(some_runs):
    rows = tables.tabulate(SIGMA5, some_runs, 6.0)
    found = tables.verdict(rows, "model", "search", BASELINES)
    assert found["search_has_nothing"] == found["below_search"] == [SIGMA5.name]
    assert "means little there" in report(rows, found, [], budget=6.0, training=None)
    later = tables.verdict(tables.tabulate(SIGMA5, some_runs, 10.0), "model", "search", BASELINES)
    assert later["search_has_nothing"] == []


def test_curves_fall_and_begin_with_the_first_candidate(some_runs):
    times = np.array([0.5, 1.0, 2.9, 3.0, 10.0, 11.0])
    first = tables.curve(some_runs["model"], times)[0]
    assert first.tolist() == [np.inf, 2.50, 2.50, 2.30, 2.30, 2.0]


def test_training_is_paid_back_by_what_a_boundary_saves(some_runs):
    (row,) = tables.paid_for({SIGMA5.name: some_runs}, "model", "search", 1000.0, 10.0)
    assert row["lowest_of_the_model"] == 2.3004
    assert row["model_core_seconds"] == 9.0  # 3, 9 and 11 or never
    assert row["search_core_seconds"] == 16.0  # half of the searches never had it
    assert not row["search_reached_it"]
    assert row["paid_after"] == pytest.approx(1000 / 7)
    text = report([], {"boundaries": []}, [row], budget=10.0, training=1000.0)
    assert "> 16.0 | > 7.0" in text
    assert "paid for after 143 such boundaries" in text


def test_a_row_for_each_n_and_a_picture(some_runs, tmp_path):
    rows = {(r["n"], r["method"]): r for r in tables.by_n(SIGMA5, some_runs, 10.0)}
    assert (rows[0.4, "model"]["candidates"], rows[0.4, "search"]["candidates"]) == (1, 0)
    assert rows[0.2, "model"]["best_known"] == 2.0
    tables.plot(
        {SIGMA5.name: (SIGMA5.title, some_runs)}, 10.0, tmp_path / "p.png", {"model": "a", "search": "b"}
    )
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_every_n_is_asked_for_once_a_round_and_neighbours_lie_apart():
    for per_plane in (3, 10, 29):
        order = spread_n(7, per_plane)
        assert sorted(order) == [k / per_plane for k in range(per_plane)]
    first = sorted(spread_n(7, 29)[:6])
    assert max(np.diff([*first, first[0] + 1])) < 0.4
    assert spread_n(7, 29) != spread_n(8, 29)
