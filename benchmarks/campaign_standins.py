"""Send many stand-ins through the scheduler and the database: rate, memory over time, size, growth.

    python benchmarks/campaign_standins.py --count 100000 --keep none --out results/campaigns-standins
    python benchmarks/campaign_standins.py --count 10000 --keep all --planes 18 --out results/campaigns-geometries

A stand-in is a real request without a potential: a bicrystal of a Σ5 twist, built and not relaxed. With --keep all its
structure is written, and read again at the end. Writes STEM.csv (a line every few seconds) and STEM.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

SPEC = """boundaries = ["sigma5"]
keep = "{keep}"
[[stage]]
do = "build"
count = {count}
planes = [{planes}, {planes}]
random_shift = true
remove = 1
"""


def memory() -> float:
    """Resident MB of this process, which holds scheduler, client and database."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    """Run, watch, read again, say it."""
    from gcd.campaigns.control import Places
    from gcd.campaigns.reading import parse_campaign
    from gcd.campaigns.run import run_campaign
    from gcd.campaigns.store import CampaignStore

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--planes", type=int, default=3)
    parser.add_argument("--keep", choices=("all", "none"), default="none")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    campaign = parse_campaign(
        SPEC.format(count=args.count, planes=args.planes, keep=args.keep), "stand-ins", name="stand-ins"
    )
    lines: list[tuple[float, int, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder, "s.toml"), str(Path(folder, "s.db")))

        def watch(state: dict[str, Any]) -> None:
            if not lines or state["seconds"] - lines[-1][0] > 2 or state["state"] == "done":
                size = Path(places.store).stat().st_size / 1e6
                lines.append((state["seconds"], state["done"], memory(), size))
                print(
                    f"{lines[-1][0]:8.1f} s {lines[-1][1]:8,} {lines[-1][2]:7.1f} MB, database {size:.1f} MB",
                    flush=True,
                )

        state = run_campaign(campaign, places, workers=args.workers, callback=watch)
        begin = time.perf_counter()
        with CampaignStore(places.store) as store:
            names = {row.name for row in store.rows()}
            rows_seconds = time.perf_counter() - begin
            read, atoms = 0, 0
            begin = time.perf_counter()
            if args.keep == "all":
                for row in store.rows():
                    atoms += len(store.atoms(row))
                    read += 1
            read_seconds = time.perf_counter() - begin
    assert len(names) == args.count, "Candidates are missing or kept twice."
    args.out.parent.mkdir(parents=True, exist_ok=True)
    table = "seconds,done,memory_mb,database_mb\n" + "".join(
        f"{s:.1f},{done},{mb:.1f},{size:.2f}\n" for s, done, mb, size in lines
    )
    args.out.with_suffix(".csv").write_text(table, encoding="utf-8")
    tenth = next((line for line in lines if line[1] >= args.count / 10), lines[0])
    half = next((line for line in lines if line[1] >= args.count / 2), lines[-1])
    last = lines[-1]
    seconds = state["seconds"]
    each = {name: 1000 * state[name] / args.count for name in ("kept_core_seconds", "store_seconds")}
    grown = ", ".join(f"{line[2]:.0f}" for line in (tenth, half, last))
    words = [
        f"# {args.count:,} stand-ins through scheduler and database",
        "",
        f'{args.workers} workers, `keep = "{args.keep}"`, {campaign.jobs[0].atoms} atoms each.',
        "",
        "| | |",
        "|---|---|",
        f"| a stand-in | {each['kept_core_seconds']:.2f} ms of a core |",
        f"| wall time | {seconds:.0f} s, {args.count / seconds:,.0f} candidates a second |",
        f"| of it in the database | {state['store_seconds']:.1f} s, {each['store_seconds']:.2f} ms a candidate |",
        f"| memory of scheduler, client and writer after a tenth, half, all | {grown} MB |",
        f"| database | {last[3]:.1f} MB, {1e6 * last[3] / args.count:,.0f} bytes a candidate |",
        f"| half of the candidates took | {100 * half[0] / seconds:.0f} % of the time |",
        f"| all names and energies read in | {rows_seconds:.2f} s |",
    ]
    if read:
        one = 1000 * read_seconds / read
        words.append(
            f"| {read:,} structures of {atoms:,} atoms read in | {read_seconds:.1f} s, {one:.2f} ms each |"
        )
    args.out.with_suffix(".md").write_text("\n".join(words) + "\n", encoding="utf-8")
    print("\n".join(words))


if __name__ == "__main__":
    main()
