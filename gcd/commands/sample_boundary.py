"""Paint candidates for a grain boundary with its voxel diffusion model, and relax them if asked to.

Each candidate is painted between two perfect grains, the upper one at a random in-plane shift and spacing unless they
are given. With --relax each is relaxed while the next ones are sampled, and its file holds the relaxed structure.

  gcd sample boundary --model window --count 16 --relax --out candidates
  gcd sample boundary sigma5 --model full --repeats 2 1 --count 4 --json
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import boundary_words, options
from gcd.commands.progress import ProgressBar
from gcd.commands.samples import OnBar
from gcd.requests import BoundaryRequest

if TYPE_CHECKING:
    from ase import Atoms

HELP = "in-painting model: bicrystal to boundaries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    boundary_words.add_boundary(parser)
    options.add_request(parser, BoundaryRequest)
    parser.add_argument(
        "--out", type=Path, default=Path("boundaries"), metavar="DIR", help="folder (default boundaries)"
    )


class _Writes(OnBar):
    """Writes each candidate at once, so that an interrupt costs only what is not done."""

    def __init__(self, bar: ProgressBar, request: BoundaryRequest, out: Path) -> None:
        super().__init__(bar)
        self.request, self.out = request, out
        self.structures: dict[int, dict[str, Any]] = {}

    def progress(self, progress: Any) -> None:
        """Sampling counts where nothing is relaxed."""
        if not self.request.relax:
            super().progress(progress)

    def made(self, atoms: Atoms) -> None:
        """Written as decoded, until it is relaxed."""
        if not self.request.relax:
            self.structures[atoms.info["index"]] = _write(self.out, atoms)

    def relaxed(self, before: Atoms, after: Atoms) -> None:
        """Written as relaxed."""
        self.structures[before.info["index"]] = _write(self.out, after)
        self.bar.update(len(self.structures), self.request.count)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample, relax if asked to, write each at once."""
    from gcd.files import check_writable

    request = BoundaryRequest.from_arguments(args, boundary=boundary_words.words_of(args))
    check_writable(args.out)
    begun = time.perf_counter()
    with ProgressBar("relaxed" if request.relax else "sampled") as bar:
        writes = _Writes(bar, request, args.out)
        made = request.run(writes)
    structures = writes.structures
    seconds = time.perf_counter() - begun
    rows = [structures[index] for index in sorted(structures)]
    if not args.json:
        for row in rows:
            _show(row)
    info = made[0].info
    return {
        "structures": rows,
        "seconds": round(seconds, 3),
        "device": info["device"],
        "model": info["checkpoint"],
        "evaluations": info["evaluations"],
        "order": info["order"],
    }


def _write(folder: Path, atoms: Atoms) -> dict[str, Any]:
    from gcd.structures.formats import write_structure

    info = atoms.info
    relaxed = "egb" in info and math.isfinite(info["egb"])
    stem = f"{info['checkpoint']}-seed{info['seed']}-{info['index']:04d}-nfe{info['evaluations']}"
    name = Path(stem).name + ("-relaxed" if relaxed else "")
    path = write_structure(atoms, folder / f"{name}.extxyz")
    row = {
        "file": str(path),
        "atoms": len(atoms),
        "n": info["n"],
        "egb": info["egb"] if relaxed else None,
        "relaxed": relaxed,
        "physical": info["physical"],
        "in_plane_shift": info["in_plane_shift"],
        "spacing": info["spacing"],
    }
    if relaxed:
        row |= {"egb_initial": info["egb_initial"], "converged": info["converged"]}
    reason = info.get("error") or info["failure"]
    return row | ({"failure": reason} if reason else {})


def _show(row: dict[str, Any]) -> None:
    energy = f"E_gb {row['egb']:.4f} J/m2, " if row["relaxed"] else ""
    reason = f"; {row['failure']}" if "failure" in row else ""
    print(f"{row['file']}: {energy}[n] = {row['n']:.4g}, {row['atoms']} atoms{reason}")
