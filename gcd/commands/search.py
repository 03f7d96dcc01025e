"""Search for structures of a grain boundary with LAMMPS, after GRIP, on all cores.

Every finished candidate is in the file at once. The same command goes on where a search was ended or killed; --count
includes what is there of the same --seed. --window asks for so many different structures with E_gb from LOW to HIGH
(J/m2), at those [n] if they are given; the search then ends when all windows are full. For these structures, and for
the lowest energies, candidates of other seeds in the file count too.

  gcd search s5-310-001 --metal Fe --count 60 --out tilt.db
  gcd search --twist sigma5 --metal W --count 400 --out sigma5.db
  gcd search --twist sigma5 --count 2000 --window 2.6:2.8:40:1/10,1/5,3/10 --md-steps 100 5000
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import boundary_words, options
from gcd.commands.progress import ProgressBar
from gcd.requests import Listener, SearchRequest

if TYPE_CHECKING:
    from gcd.search.grip import SearchProgress

HELP = "GRIP-style search for boundary structures, resumable"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    boundary_words.add_boundary(parser)
    options.add_request(parser, SearchRequest)
    parser.add_argument(
        "--out", type=Path, metavar="F", help="file of the candidates (default METAL-BOUNDARY.db)"
    )
    parser.add_argument(
        "--window",
        type=options.checked(_window),
        action="append",
        metavar="LOW:HIGH:COUNT[:N,...]",
        help="energies to fill; may be given several times",
    )


def _window(text: str) -> str:
    from gcd.search.windows import Window

    Window.parse(text)
    return text


class _OnBar(Listener):
    """Shows a search on a progress bar."""

    def __init__(self, bar: ProgressBar) -> None:
        self.bar = bar

    def progress(self, progress: SearchProgress) -> None:
        """By candidates, or by the emptiest window."""
        self.bar.update(*_share(progress), _note(progress))


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Search, and say what was found."""
    from gcd.files import check_writable

    request = SearchRequest.from_arguments(args, boundary=boundary_words.words_of(args))
    boundary = request.geometry
    out = args.out or Path(request.stem)
    check_writable(out.parent)
    with ProgressBar(f"{request.metal} {boundary.slug}") as bar:
        progress = request.run(_OnBar(bar), out)
    if not args.json:
        _show(progress, out)
    return {
        "boundary": boundary.slug,
        "title": boundary.title,
        "candidates": progress.done,
        "other_seeds": progress.others,
        "unique": progress.unique,
        "failed": progress.failed,
        "lowest": [{"n": n, "egb": egb} for n, egb in progress.lowest.items()],
        "windows": [
            {"low": w.low, "high": w.high, "n": w.n, "wanted": w.count, "found": found}
            for w, found in progress.windows
        ],
        "core_seconds": round(progress.core_seconds, 2),
        "file": str(out),
    }


def _share(progress: SearchProgress) -> tuple[float, float]:
    """How much is done: by candidates, or by the emptiest window if that is further."""
    shares = [min(1.0, found / w.count) if w.count else 1.0 for w, found in progress.windows]
    return max(progress.done / progress.total, min(shares, default=0.0)), 1.0


def _note(progress: SearchProgress) -> str:
    from gcd.structures.bicrystals import as_fraction

    best = " ".join(f"{as_fraction(n)}:{egb:.3f}" for n, egb in progress.lowest.items())
    filled = " ".join(f"{found}/{window.count}" for window, found in progress.windows)
    failed = f", {progress.failed} failed" if progress.failed else ""
    windows = f", windows {filled}" if filled else ""
    return f"{progress.done} tried{failed}, {_different(progress)}{windows}; lowest {best}"


def _different(progress: SearchProgress) -> str:
    """How many structures differ, and among which."""
    others = f" with {progress.others} of other seeds" if progress.others else ""
    return f"{progress.unique} different{others}"


def _show(progress: SearchProgress, out: Path) -> None:
    print(f"{out}: {progress.done} candidates, {progress.failed} failed, {_different(progress)}")
    for n, egb in progress.lowest.items():
        print(f"  [n] = {n:<6g} lowest E_gb {egb:.4f} J/m2")
    for window, found in progress.windows:
        where = "" if window.n is None else f" at [n] = {', '.join(f'{n:g}' for n in window.n)}"
        print(f"  {window.low:g} to {window.high:g} J/m2{where}: {found} of {window.count}")
    print(f"  {progress.core_seconds:.0f} core-seconds")
