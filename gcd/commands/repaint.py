"""Paint the middle of slabs anew with the in-painting model, relax, and keep the lowest: never above the slab itself.

Any bicrystal of a bcc or fcc metal will do, as aimsgb, GB_code, pymatgen, atomsk, LAMMPS or `gcd search` write them:
the boundary across x, y or z, with free surfaces or as a periodic pile, atoms in any order. Its boundary is found, the
grains stay as they are, and several thicknesses of the middle are tried in turn.

  gcd repaint slab.extxyz --out repainted
  gcd repaint pile.vasp relaxed.dump --metal Fe --count 64 --painted 16 24 --json
  gcd repaint tilt.data --elements Cu --move
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options, reading
from gcd.commands.progress import ProgressBar
from gcd.commands.relax import stem_of
from gcd.requests import Listener, RepaintRequest

if TYPE_CHECKING:
    from ase import Atoms

HELP = "paint the middle of slab files anew, relax, keep the lowest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_request(parser, RepaintRequest)
    parser.add_argument(
        "--out", type=Path, default=Path("repainted"), metavar="DIR", help="folder (default repainted)"
    )
    reading.add_reading(parser)


class _Counts(Listener):
    """How many candidates are done in all, and how many of the slab that is worked on could be relaxed."""

    def __init__(self, bar: ProgressBar, total: int) -> None:
        self.bar, self.total = bar, total
        self.done = self.ended_well = 0

    def relaxed(self, before: Atoms, after: Atoms) -> None:
        """One more; the slab itself is none of the candidates."""
        if "index" in before.info:
            self.done += 1
            self.ended_well += "error" not in after.info
            self.bar.update(self.done, self.total)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read and check all, repaint one after the other, write each at once."""
    from gcd.files import check_writable
    from gcd.structures.formats import write_structure

    request = RepaintRequest.from_arguments(args)
    words: list[str] = []
    jobs: list[tuple[str, Path, Atoms]] = []
    for file in request.files:
        frames = request.read(file)
        words += frames.words
        for index, atoms in enumerate(frames):
            try:
                request.check(atoms)
            except ValueError as error:
                which = f", structure {index + 1}" if len(frames) > 1 else ""
                raise ValueError(f"{file}{which}: {error}") from None
            stem = stem_of(file, args.files) + (f"-{index + 1:04d}" if len(frames) > 1 else "")
            jobs.append((file, args.out / f"{stem}-repainted.extxyz", atoms))
    targets = [target for _, target, _ in jobs]
    if double := sorted({str(t) for t in targets if targets.count(t) > 1}):
        raise ValueError(f"Several files would be written as {double[0]}: repaint them in several commands.")
    check_writable(args.out)
    reading.tell(words)
    rows = []
    with ProgressBar("repaint") as bar:
        counts = _Counts(bar, request.count * len(jobs))
        for file, target, atoms in jobs:
            counts.ended_well = 0
            (best,) = request.run(counts, [atoms])
            del best.info["slab"]
            write_structure(best, target)
            rows.append(_describe(file, target, best, request.count, counts.ended_well))
    for row in rows:
        for word in row.get("warnings", ()):
            print(f"{row['source']}: {word}", file=sys.stderr)
        if not args.json:
            _show(row)
    return {"structures": rows, "warnings": words}


def _describe(source: str, target: Path, best: Atoms, count: int, relaxed: int) -> dict[str, Any]:
    keys = (
        "boundary", "metal", "n", "egb", "egb_own", "own", "painted", "index", "converged", "plane", "area",
        "checkpoint", "potential", "warnings",
    )  # fmt: skip
    found = {key: best.info[key] for key in keys if key in best.info}
    return (
        {"file": str(target), "source": source, "atoms": len(best)}
        | found
        | {"candidates": count, "relaxed": relaxed}
    )


def _show(row: dict[str, Any]) -> None:
    what = f"{row['file']}: {row['metal']} {row['boundary']}, "
    tried = f"{row['relaxed']} of {row['candidates']} candidates relaxed"
    if row["own"]:
        print(f"{what}no candidate is lower than the slab itself, E_gb {row['egb']:.4f} J/m2; {tried}")
    else:
        print(
            f"{what}E_gb {row['egb']:.4f} J/m2 ({row['egb_own']:.4f} of the slab itself), [n] = {row['n']:.4g}, "
            f"{row['atoms']} atoms, {row['painted']:.1f} Å painted; {tried}"
        )
