"""Candidates and core-seconds that searches took until they found the known answers.

gcd search --seed 0 --count 300 --out 0.db
gcd evaluate search 0.db
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

HELP = "how long searches took to find the known boundaries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="F.db", help="files that `gcd search` made")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read the searches, write the table."""
    from gcd.evaluation.search import as_json, evaluate_searches, markdown
    from gcd.evaluation.tables import write_csv
    from gcd.files import check_writable, write_text

    check_writable(args.out)
    rows = evaluate_searches(args.files)
    if not rows:
        raise ValueError("These searches are of boundaries without known answers, or empty.")
    write_csv(args.out / "search.csv", as_json(rows))
    write_text(args.out / "search.md", markdown(rows) + "\n")
    if not args.json:
        print(markdown(rows))
    return {"rows": as_json(rows), "files": [str(args.out / name) for name in ("search.csv", "search.md")]}
