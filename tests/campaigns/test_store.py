"""The database: what is in it is safe, ASE reads it, and there is one writer."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.db import connect

from gcd.campaigns.store import CampaignStore, Entry, StoreError, StoreFullError
from gcd.campaigns.work import Found

ABOUT = {"verb": "search", "boundary": "sigma5", "metal": "W", "potential": "zhou2004", "seed": 3}


def found(egb=2.5):
    atoms = Atoms("W3", np.arange(9.0).reshape(3, 3), cell=[5, 5, 20], pbc=(True, True, False))
    atoms.set_array("energy", np.array([-8.0, -8.5, -8.7]))
    return Found(atoms, 1.5, egb, 0.2, True, 10.0, {"engine": "lammps"}, {"removed": 2, "shift": [0.1, 0.2]})


def entries(count, start=0):
    return [Entry(f"job-1/{k}", ABOUT, found(2.0 + k / 10), seconds=1.5) for k in range(start, start + count)]


def test_candidates_and_failures_come_back(tmp_path):
    path = tmp_path / "a.db"
    with CampaignStore(path, write=True) as store:
        store.describe(campaign="a", jobs={"job-1": {"group": "sigma5 W"}})
        store.add([*entries(2), Entry("job-1/2", ABOUT, error="It took longer than 1 s.", seconds=1.0)])
    with CampaignStore(path) as store:
        assert store.meta["jobs"]["job-1"]["group"] == "sigma5 W"
        rows = list(store.rows())
        assert [(r.job, r.number, r.error) for r in rows] == [
            ("job-1", 0, ""), ("job-1", 1, ""), ("job-1", 2, "It took longer than 1 s."),
        ]  # fmt: skip
        atoms = store.atoms(rows[1])
        np.testing.assert_allclose(atoms.positions, found().atoms.positions)
        np.testing.assert_allclose(atoms.arrays["energy"], [-8.0, -8.5, -8.7], atol=1e-6)
        assert atoms.info["proposal"]["removed"] == 2
        assert atoms.info["egb"] == 2.1
        assert len(store.atoms(rows[2])) == 0


def test_ase_reads_it(tmp_path):
    with CampaignStore(tmp_path / "a.db", write=True) as store:
        store.describe(campaign="a", jobs={})
        store.add(entries(3))
    rows = list(connect(tmp_path / "a.db").select("boundary=sigma5,egb<2.15"))
    assert [row.name for row in rows] == ["job-1/0", "job-1/1"]


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path):
    with CampaignStore(tmp_path / "a.db", write=True) as store:
        store.describe(campaign="a", jobs={})
        store.add(entries(1))
        assert len(CampaignStore(tmp_path / "a.db")) == 1
        with pytest.raises(StoreError, match="Another process runs"):
            CampaignStore(tmp_path / "a.db", write=True)
    with CampaignStore(tmp_path / "a.db", write=True):
        pass


def test_what_is_no_campaign_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no campaign's database"):
        CampaignStore(tmp_path / "none.db")
    (tmp_path / "text.db").write_text(
        "no database at all, but long enough to be taken for one by mistake" * 9
    )
    with pytest.raises(StoreError, match="not a database"):
        CampaignStore(tmp_path / "text.db")
    connect(tmp_path / "other.db").write(Atoms("W"))
    with pytest.raises(StoreError, match="something else"):
        CampaignStore(tmp_path / "other.db")


def test_a_locked_database_is_one_sentence_and_takes_the_rows_later(tmp_path, monkeypatch):
    with CampaignStore(tmp_path / "a.db", write=True) as store:
        store.add(entries(1))
        monkeypatch.setattr(
            type(store._db), "_connect", lambda self: sqlite3.connect(self.filename, timeout=0.1)
        )
        other = sqlite3.connect(tmp_path / "a.db")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreFullError, match=r"locked.*nothing that it holds is lost"):
            store.add(entries(2, start=1))
        other.rollback()
        store.add(entries(2, start=1))
        assert [row.number for row in store.rows()] == [0, 1, 2]


def test_a_full_disk_is_one_sentence_and_nothing_of_the_bundle_is_kept(tmp_path):
    path = tmp_path / "a.db"
    with CampaignStore(path, write=True) as store:
        store.add(entries(3))
        connect_ = store._db._connect

        def nearly_full():
            connection = connect_()
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 1}")
            return connection

        store._db._connect = nearly_full
        with pytest.raises(StoreFullError, match="full"):
            store.add(entries(200, start=3))
        store._db._connect = connect_
        assert [row.number for row in store.rows()] == [0, 1, 2]
        store.add(entries(1, start=3))
        assert len(store) == 4


def test_a_writer_that_is_killed_leaves_whole_candidates_and_no_lock(tmp_path):
    script = f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_store import CampaignStore, entries
        with CampaignStore({str(tmp_path / "a.db")!r}, write=True) as store:
            store.describe(campaign="a", jobs={{}})
            for k in range(10_000):
                store.add(entries(4, start=4 * k))
                print(k, flush=True)
    """
    known = 0
    for after in (1, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        for _ in range(after):
            writer.stdout.readline()
        writer.kill()
        writer.wait()
        with CampaignStore(tmp_path / "a.db", write=True) as store:
            count = len(list(store.rows()))
            assert count % 4 == 0
            assert count >= known + 4 * after
            assert sqlite3.connect(tmp_path / "a.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
            known = count


def test_postgresql_without_its_backend_says_what_to_install():
    pytest.importorskip("ase.db")
    try:
        import ase_db_backends  # noqa: F401
    except ImportError:
        with pytest.raises(StoreError, match="pip install ase-db-backends"):
            CampaignStore("postgresql://nobody@127.0.0.1:1/none", write=True)
    else:
        pytest.skip("the backend is installed")


def test_on_a_server_it_is_the_same():
    """Where $GCD_TEST_POSTGRESQL is the URL of an empty database, and ase-db-backends is there."""
    url = os.environ.get("GCD_TEST_POSTGRESQL")
    if not url:
        pytest.skip("no PostgreSQL server")
    with CampaignStore(url, write=True) as store:
        store.describe(campaign="a", jobs={"job-1": {"group": "sigma5 W"}})
        store.add([*entries(2), Entry("job-1/2", ABOUT, error="It failed.", seconds=1.0)])
        with pytest.raises(StoreError, match="Another process runs"):
            CampaignStore(url, write=True)
    with CampaignStore(url, write=True) as store:
        rows = list(store.rows())
        assert [row.error for row in rows] == ["", "", "It failed."]
        np.testing.assert_allclose(store.atoms(rows[1]).arrays["energy"], [-8.0, -8.5, -8.7], atol=1e-6)
        store.remove([row.id for row in rows])
        assert len(store) == 0
