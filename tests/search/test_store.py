"""The store: what is added is on disk, duplicates are told apart, and other files are refused."""

import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from gcd.search.store import Candidate, Store, StoreError

META = {"twist": "sigma5", "metal": "W", "recipe": {"steps": (300, 30_000), "gap": 0.3}}


def candidate(number=0, egb=2.5, n=0.2, seed=0, **changes):
    rng = np.random.default_rng(number)
    values = {
        "seed": seed,
        "number": number,
        "proposal": {"shift": [0.1, 0.2], "steps": 0},
        "seconds": 1.5,
        "egb": egb,
        "n": n,
        "converged": True,
        "plane": 30.0,
        "cell": np.array([10.0, 10.0, 60.0]),
        "positions": rng.random((7, 3)),
        "energies": rng.random(7),
    }
    return Candidate(**(values | changes))


def test_a_candidate_comes_back_as_it_was(tmp_path):
    given = candidate()
    with Store(tmp_path / "s.db", META) as store:
        assert store.add(given)
    with Store(tmp_path / "s.db", read_only=True) as store:
        (found,) = store
    assert np.array_equal(found.positions, given.positions)
    assert np.array_equal(found.energies, given.energies)
    assert np.array_equal(found.cell, given.cell)
    assert (found.egb, found.n, found.plane, found.converged) == (2.5, 0.2, 30.0, True)
    assert found.proposal == given.proposal


@pytest.mark.parametrize("name", ["a#b.db", "a?mode=memory.db", "a%41.db", "ä b.db"])
def test_a_file_has_the_name_it_was_given(tmp_path, name):
    Store(tmp_path / name, META).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failure_keeps_its_reason_and_its_number(tmp_path):
    with Store(tmp_path / "s.db", META) as store:
        store.add(Candidate(seed=0, number=3, proposal={}, seconds=0.2, error="atoms were lost"))
        assert store.numbers(0) == {3}
        assert store.errors() == [(0, 3, "atoms were lost")]
        assert store.unique() == store.energies() == []


def test_the_same_number_is_kept_once(tmp_path):
    with Store(tmp_path / "s.db", META) as store:
        assert store.add(candidate())
        assert not store.add(candidate(egb=9.0))
        assert store.energies() == [(2.5, 0.2, 1.5)]
        assert store.add(candidate(seed=1))
        assert store.numbers(0) == store.numbers(1) == {0}


def test_duplicates_share_three_decimals_and_n(tmp_path):
    energies = [(2.5001, 0.2), (2.5004, 0.2), (2.5006, 0.2), (2.5001, 0.3)]
    with Store(tmp_path / "s.db", META) as store:
        for number, (egb, n) in enumerate(energies):
            store.add(candidate(number, egb, n))
        assert [(round(c.egb, 4), c.n) for c in store.unique()] == [
            (2.5001, 0.2),
            (2.5006, 0.2),
            (2.5001, 0.3),
        ]


def test_a_converged_duplicate_replaces_one_that_is_not(tmp_path):
    with Store(tmp_path / "s.db", META) as store:
        store.add(candidate(0, converged=False))
        store.add(candidate(1))
        assert [c.number for c in store.unique()] == [1]


def test_another_search_is_not_mixed_in(tmp_path):
    Store(tmp_path / "s.db", META).close()
    with pytest.raises(StoreError, match="holds a search with metal W, not Mo"):
        Store(tmp_path / "s.db", META | {"metal": "Mo"})
    with pytest.raises(StoreError, match=r"recipe \{'gap': 0.3\}, not \{'gap': 0.5\}"):
        Store(tmp_path / "s.db", META | {"recipe": {"steps": (300, 30_000), "gap": 0.5}})


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database at all, but long enough to look at " * 30)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    other.execute("INSERT INTO meta VALUES ('format', '99')")
    other.commit()
    other.close()
    for name in ("text.db", "other.db", "none.db"):
        with pytest.raises(StoreError):
            Store(tmp_path / name, read_only=True)
    assert not (tmp_path / "none.db").exists()


WRITER = """
import sys
import numpy as np
from gcd.search.store import Candidate, Store
with Store(sys.argv[1], {"twist": "sigma5", "metal": "W"}) as store:
    for number in range(100_000):
        store.add(Candidate(0, number, {}, 1.0, "", 2.0 + number / 1000, 0.1, True, 30.0,
                            np.ones(3), np.full((360, 3), number), np.zeros(360)))
        print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_finished(tmp_path):
    path = tmp_path / "s.db"
    for lines in (1, 5, 12):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
        told = [int(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        process.wait()
        process.stdout.close()
        with Store(path) as store:
            assert set(told) <= store.numbers(0)
            assert all(np.all(c.positions == c.number) and c.positions.shape == (360, 3) for c in store)
        path.unlink()


def test_a_reader_rolls_back_what_a_killed_writer_had_half_written(tmp_path):
    path, killed = tmp_path / "s.db", tmp_path / "killed" / "s.db"
    killed.parent.mkdir()
    large = {"positions": np.ones((400, 3)), "energies": np.ones(400)}  # several pages each
    with Store(path, META) as store:
        for number in range(3):
            store.add(candidate(number, **large))
        whole = path.read_bytes()
        store._db.execute("PRAGMA cache_size = 1")  # pages that do not fit go to the file before the commit
        store._db.execute("BEGIN")
        store._db.execute("UPDATE candidates SET positions = zeroblob(9600), n = 0.7")
        store._db.execute("DELETE FROM candidates WHERE number = 1")
        for file in (path, tmp_path / "s.db-journal"):  # as a kill at this moment would leave them
            shutil.copy(file, killed.parent)
        store._db.rollback()
    assert killed.read_bytes() != whole
    with Store(killed, read_only=True) as store:
        found = list(store)
    assert [(c.number, c.n) for c in found] == [(0, 0.2), (1, 0.2), (2, 0.2)]
    assert all(np.array_equal(c.positions, large["positions"]) for c in found)
    assert [file.name for file in killed.parent.iterdir()] == ["s.db"]
    assert killed.read_bytes() == whole
