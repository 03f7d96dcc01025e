"""Kill a campaign's workers, its scheduler and all of it at random, and count what is lost or done twice.

    python benchmarks/campaign_kills.py --workers 10 --schedulers 3 --everything 3 --out results/campaigns-kills.md

The campaign builds unrelaxed bicrystals: a few milliseconds each, so that kills meet bundles at every stage of their
life. After each round the database is compared, candidate by candidate, with that of an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

SPEC = """boundaries = ["sigma5", "s5-310-001"]
metals = ["W"]
[[stage]]
do = "build"
count = {count}
planes = [3, 3]
random_shift = true
remove = 1
[run]
bundle = 10
"""
GCD = [sys.executable, "-m", "gcd", "campaign"]
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def names(path: Path) -> dict[str, str]:
    """Name -> hash of the positions of each candidate; a name that is there twice is an error."""
    import hashlib

    from gcd.campaigns.store import CampaignStore

    found: dict[str, str] = {}
    with CampaignStore(path) as store:
        for row in store.rows():
            if row.name in found:
                raise SystemExit(f"{row.name} was kept twice.")
            found[row.name] = row.error or hashlib.sha256(store.atoms(row).positions.tobytes()).hexdigest()
    return found


def kept(path: Path) -> int:
    """Candidates that are in the database."""
    from gcd.campaigns.store import CampaignStore, StoreError

    try:
        with CampaignStore(path) as store:
            return len(store)
    except StoreError:
        return 0


def wait_for_more(path: Path, before: int, process: subprocess.Popen[Any]) -> int:
    """Until the database holds more than before, or the process has ended."""
    while process.poll() is None and (now := kept(path)) <= before:
        time.sleep(0.05)
    return kept(path) if process.poll() is not None else now


def start(spec: Path, *more: str) -> subprocess.Popen[Any]:
    """A run of the campaign, in a process group of its own."""
    return subprocess.Popen([*GCD, str(spec), *more], start_new_session=True, **QUIET)


def end(process: subprocess.Popen[Any]) -> None:
    """SIGKILL to a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def worker_processes(driver: int) -> list[int]:
    """The workers' processes that a run of a local cluster has started."""
    children = Path(f"/proc/{driver}/task/{driver}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"spawn_main" in command]


def kill_workers(spec: Path, times: int) -> int:
    """Kill one of two workers at random moments of one run; how often."""
    process, killed, seen = start(spec, "--workers", "2"), 0, 0
    store = spec.with_suffix(".db")
    while killed < times and process.poll() is None:
        seen = wait_for_more(store, seen, process)
        time.sleep(random.random())
        workers = worker_processes(process.pid) if process.poll() is None else []
        if len(workers) == 2:
            with suppress(ProcessLookupError):
                os.kill(random.choice(workers), signal.SIGKILL)
                killed += 1
    process.wait()
    return killed


def kill_everything(spec: Path, times: int) -> int:
    """Kill the run with its scheduler and workers, and start it again."""
    store, killed = spec.with_suffix(".db"), 0
    for _ in range(times):
        before = kept(store)
        process = start(spec, "--workers", "2")
        wait_for_more(store, before, process)
        time.sleep(random.random() / 2)
        killed += process.poll() is None
        end(process)
        if kept(store) < before:
            raise SystemExit("Finished candidates were lost.")
    return killed


def kill_schedulers(spec: Path, times: int, port: int) -> tuple[int, list[str]]:
    """Kill a scheduler that was started by hand, with two workers, and start all of them again."""
    store, killed, words = spec.with_suffix(".db"), 0, []
    address = f"tcp://127.0.0.1:{port}"
    dask = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-dashboard",
    ]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-dashboard",
        "--death-timeout",
        "20",
    ]
    for attempt in range(times + 1):
        before = kept(store)
        scheduler = subprocess.Popen(dask, start_new_session=True, **QUIET)
        time.sleep(3)
        workers = [subprocess.Popen(worker, start_new_session=True, **QUIET) for _ in range(2)]
        run = subprocess.Popen(
            [*GCD, str(spec), "--scheduler", address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        if attempt < times:
            wait_for_more(store, before, run)
            time.sleep(random.random() / 2)
            killed += run.poll() is None
            end(scheduler)
        _, told = run.communicate(timeout=600)
        if attempt < times:
            words.append((told.strip().splitlines() or [""])[-1].replace(f"{spec.parent}/", ""))
        for process in (*workers, scheduler):
            end(process)
        if kept(store) < before:
            raise SystemExit("Finished candidates were lost.")
    return killed, words


def main() -> None:
    """All three, and a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual in (
        ("workers", 10),
        ("schedulers", 3),
        ("everything", 3),
        ("count", 1500),
        ("port", 18786),
        ("seed", 0),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    random.seed(args.seed)
    text = SPEC.format(count=args.count)
    lines = [
        "| killed with SIGKILL | times | candidates | lost | twice | same as undisturbed |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        specs = {name: Path(folder, name, "c.toml") for name in ("none", "worker", "scheduler", "everything")}
        for spec in specs.values():
            spec.parent.mkdir()
            spec.write_text(text)
        subprocess.run([*GCD, str(specs["none"]), "--workers", "2"], check=True, **QUIET)
        wanted = names(specs["none"].with_suffix(".db"))
        words: list[str] = []
        for name, spec in specs.items():
            times = 0
            if name == "worker":
                times = kill_workers(spec, args.workers)
            elif name == "scheduler":
                times, words = kill_schedulers(spec, args.schedulers, args.port)
            elif name == "everything":
                times = kill_everything(spec, args.everything)
            if name not in ("none", "scheduler"):
                subprocess.run([*GCD, "resume", str(spec), "--workers", "2"], check=True, **QUIET)
            found = names(spec.with_suffix(".db"))
            count = Counter(found.keys())
            lost, same = len(set(wanted) - set(found)), found == wanted
            twice = sum(v - 1 for v in count.values())
            lines.append(
                f"| {name} | {times} | {len(found):,} | {lost} | {twice} | {'yes' if same else 'no'} |"
            )
            print(lines[-1], flush=True)
    lines += [
        "",
        "What a run said when its scheduler was killed:",
        "",
        *(f"> {w}" for w in dict.fromkeys(words) if w),
    ]
    if args.out:
        args.out.write_text("# Campaigns: killed at random\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
