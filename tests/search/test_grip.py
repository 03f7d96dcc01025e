"""The search from end to end: candidates on disk, resumed after any end, failures kept, windows filled."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from gcd.energetics import lammps
from gcd.search import grip
from gcd.search.grip import SearchError, search
from gcd.search.proposals import Recipe
from gcd.search.store import Store
from gcd.search.windows import Window

needs_lammps = pytest.mark.skipif(not lammps.available(), reason="LAMMPS is not installed")
QUICK = Recipe(planes=(10, 10), steps=(5, 30), ramp=10, still_share=0.3)


def quick(path, count, **arguments):
    return search("sigma5", "W", count=count, out=path, recipe=QUICK, **{"workers": 1} | arguments)


def found(path):
    with Store(path, read_only=True) as store:
        return {(c.seed, c.number): c for c in store}


@needs_lammps
def test_every_candidate_is_on_disk_when_it_is_told(tmp_path):
    told = []

    def callback(progress):
        told.append(progress.last.number)
        assert (0, progress.last.number) in found(tmp_path / "s.db")

    progress = quick(tmp_path / "s.db", 3, callback=callback)
    assert sorted(told) == [0, 1, 2]
    assert (progress.done, progress.failed, progress.total) == (3, 0, 3)
    assert progress.unique == len({c.key for c in found(tmp_path / "s.db").values()})
    assert progress.lowest[told and found(tmp_path / "s.db")[0, 0].n] > 0


@needs_lammps
def test_a_candidate_is_a_relaxed_boundary_of_its_n(tmp_path):
    quick(tmp_path / "s.db", 2)
    for candidate in found(tmp_path / "s.db").values():
        assert candidate.converged
        assert 1.5 < candidate.egb < 6.0
        assert candidate.n == pytest.approx(len(candidate.positions) % 10 / 10)
        assert candidate.positions.shape == (len(candidate.energies), 3)
        assert candidate.energies.min() > -9.0


@needs_lammps
def test_a_search_goes_on_where_it_was_and_repeats_itself(tmp_path):
    quick(tmp_path / "one.db", 2)
    quick(tmp_path / "one.db", 4)
    quick(tmp_path / "other.db", 4, workers=2)
    one, other = found(tmp_path / "one.db"), found(tmp_path / "other.db")
    assert set(one) == set(other) == {(0, number) for number in range(4)}
    for key in one:
        assert one[key].proposal == other[key].proposal
        assert np.array_equal(one[key].positions, other[key].positions)


@needs_lammps
def test_a_window_ends_the_search_and_chooses_n(tmp_path):
    progress = quick(tmp_path / "s.db", 50, windows=[Window(2, n=(0.1,))])
    assert progress.windows == [(Window(2, n=(0.1,)), 2)]
    assert progress.done < 50
    assert {c.n for c in found(tmp_path / "s.db").values()} == {0.1}


@needs_lammps
def test_what_takes_too_long_is_recorded_and_skipped(tmp_path):
    progress = quick(tmp_path / "s.db", 2, timeout=0.02)
    assert (progress.done, progress.failed, progress.unique) == (2, 2, 0)
    assert all("longer than" in c.error for c in found(tmp_path / "s.db").values())


@needs_lammps
def test_a_search_in_which_everything_fails_gives_up(tmp_path, monkeypatch):
    monkeypatch.setattr(grip, "FAILURES_IN_A_ROW", 2)
    with pytest.raises(SearchError, match="2 candidates failed"):
        quick(tmp_path / "s.db", 9, timeout=0.02)


@needs_lammps
def test_a_callback_may_end_it(tmp_path):
    def callback(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(tmp_path / "s.db", 9, callback=callback)
    assert len(found(tmp_path / "s.db")) == 1


def test_without_lammps_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(grip, "missing", lambda: "LAMMPS is not installed.")
    with pytest.raises(SearchError, match="needs LAMMPS"):
        quick(tmp_path / "s.db", 1)
    assert not (tmp_path / "s.db").exists()


SCRIPT = """
import sys
from gcd.search.grip import search
from gcd.search.proposals import Recipe
search("sigma5", "W", count=1000, out=sys.argv[1], workers=2,
       recipe=Recipe(planes=(10, 10), steps=(5, 30), ramp=10, still_share=0.3),
       callback=lambda p: print(p.last.number, p.last.egb, flush=True))
"""


@needs_lammps
@pytest.mark.slow
def test_killing_it_at_any_moment_loses_nothing_that_was_finished(tmp_path):
    path, rng = tmp_path / "s.db", np.random.default_rng(5)
    told = {}
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, path], stdout=subprocess.PIPE, text=True)
        number, egb = process.stdout.readline().split()  # it is at work
        told[int(number)] = float(egb)
        time.sleep(rng.uniform(0.0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        told |= {
            int(line.split()[0]): float(line.split()[1]) for line in rest.splitlines() if line.count(" ")
        }
        kept = found(path)
        assert {(0, n): e for n, e in told.items()} == {key: kept[key].egb for key in kept if key[1] in told}
    done = len(found(path))
    assert quick(path, done + 2, workers=2).done == done + 2
