"""Two boundaries, two metals, 50 candidates each way: wall time against core-seconds, and what engine and store cost.

    python benchmarks/campaign_overhead.py --out results/campaigns-two-by-two

The wall time means something on an idle machine alone. The share of engine and store does on any: it is the processor
time of scheduler, client, database and workers over that of the candidates. Writes STEM.md and STEM.html, the report.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

SPEC = """boundaries = ["sigma5", "s5-310-001"]
metals = ["W", "Mo"]
[[stage]]
do = "search"
count = {count}
md_steps = [100, 1000]
[[stage]]
do = "build"
relax = true
count = {count}
random_shift = true
remove = 2
{sampled}
"""
SAMPLED = """[[stage]]
do = "sample boundary"
boundaries = ["sigma5"]
metals = ["W"]
models = ["full"]
relax = true
count = {count}
"""
ANY = """[[stage]]
do = "sample boundary"
models = ["any"]
relax = true
count = {count}
"""


def main() -> None:
    """Run it, and say what it took."""
    from gcd.campaigns.cluster import open_client
    from gcd.campaigns.control import Places
    from gcd.campaigns.dask_engine import DaskEngine
    from gcd.campaigns.reading import parse_campaign
    from gcd.campaigns.report import write_report
    from gcd.campaigns.run import CampaignRun
    from gcd.campaigns.store import CampaignStore

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument(
        "--any", action="store_true", help="sample all four with the model of many boundaries"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    sampled = (ANY if args.any else SAMPLED).format(count=args.count)
    text = SPEC.format(count=args.count, sampled=sampled)
    campaign = parse_campaign(text, "two by two", name="two-by-two")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder, "c.toml"), str(Path(folder, "c.db")))
        begun = time.perf_counter()
        with CampaignStore(places.store, write=True) as store, open_client(workers=2) as client:
            before = sum(client.run(time.process_time).values()) + time.process_time()
            state = CampaignRun(campaign, store, DaskEngine(client, timeout=900)).go()
            own = sum(client.run(time.process_time).values()) + time.process_time() - before
            report = write_report(store, args.out.with_suffix(".html"))
        wall = time.perf_counter() - begun
    core = state["kept_core_seconds"]
    words = [
        "# Two boundaries, two metals, on two workers",
        "",
        f"{state['done']} candidates, {state['failed']} failed. Load of the machine before it began: {load:.1f}.",
        "",
        "| | |",
        "|---|---|",
        f"| core-seconds of the candidates | {core:.1f} |",
        f"| wall time, start of the workers included | {wall:.1f} s |",
        f"| the same without it | {state['seconds']:.1f} s |",
        f"| wall time over half of the core-seconds | {state['seconds'] / (core / 2):.3f} |",
        f"| processor time of scheduler, client, database and workers | {own:.1f} s, {100 * own / core:.1f} % |",
        f"| of the wall time, writing to the database | {state['store_seconds']:.1f} s |",
    ]
    args.out.with_suffix(".md").write_text("\n".join(words) + "\n", encoding="utf-8")
    print("\n".join(words), report)


if __name__ == "__main__":
    main()
