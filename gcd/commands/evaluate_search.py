"""What searches found and what it cost; for known boundaries, how long they took to find the known answers.

gcd search --seed 0 --count 300 --out 0.db
gcd evaluate search 0.db
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

HELP = "what searches found, and at what cost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="F.db", help="files that `gcd search` made")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read the searches, write the table."""
    from gcd.evaluation.search import (
        as_json,
        evaluate_searches,
        markdown,
        summarise_searches,
        summary_table,
    )
    from gcd.evaluation.tables import write_csv
    from gcd.files import check_writable, write_text

    check_writable(args.out)
    summaries = summarise_searches(args.files)
    if not summaries:
        raise ValueError("These searches hold no structure.")
    rows = evaluate_searches(args.files)
    write_csv(args.out / "searches.csv", as_json(summaries))
    write_text(args.out / "searches.md", summary_table(summaries) + "\n")
    names = ["searches.csv", "searches.md"]
    if rows:
        write_csv(args.out / "search.csv", as_json(rows))
        write_text(args.out / "search.md", markdown(rows) + "\n")
        names += ["search.csv", "search.md"]
    if not args.json:
        print(summary_table(summaries))
        if rows:
            print(markdown(rows))
    files = [str(args.out / name) for name in names]
    return {"searches": as_json(summaries), "rows": as_json(rows), "files": files}
