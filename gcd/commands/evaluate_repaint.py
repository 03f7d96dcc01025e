"""Repaint slabs of other tools, and tabulate what became of each against its own relaxed energy.

python scripts/foreign_slabs.py slabs
gcd evaluate repaint slabs/* --count 32
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gcd.commands import options, reading
from gcd.commands.progress import ProgressBar
from gcd.requests import RepaintRequest

HELP = "slabs of other tools repainted: E_gb before and after"
ASKED = ("files", "metal", "count", "painted", "move", "anyway", "checkpoint", "seed", "workers", "repeats")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_request(parser, RepaintRequest, only=ASKED)
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )
    reading.add_reading(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """One slab after the other; the tables are written after each, so that an interrupt costs one slab."""
    from gcd.evaluation.repaint import evaluate_repaint, markdown, write
    from gcd.files import check_writable

    request = RepaintRequest.from_arguments(args)
    for file in request.files:
        for atoms in request.read(file):
            try:
                request.check(atoms)
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from None
    check_writable(args.out)
    rows, files = [], []
    with ProgressBar("slabs") as bar:
        for row in evaluate_repaint(request):
            rows.append(row)
            files = write(args.out, rows)
            bar.update(len(rows), max(len(request.files), len(rows)), row.file)
    if not args.json:
        print(markdown(rows))
    return {"rows": [asdict(row) for row in rows], "files": files}
