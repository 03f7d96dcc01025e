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
from gcd.limits import MAX_CELLS_PER_AXIS
from gcd.structures.bicrystals import MAX_PLANES

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.generate import Progress

HELP = "in-painting model: bicrystal to boundaries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    boundary_words.add_boundary(parser)
    parser.add_argument("--metal", default="W", metavar="EL", help="metal (default W)")
    parser.add_argument(
        "--model",
        default="full",
        metavar="M",
        help="full: trained on the whole dataset; window: on mediocre structures alone (default full)",
    )
    parser.add_argument("--checkpoint", metavar="C", help="name or folder of another model")
    options.add_count(parser, 1, "how many candidates")
    ends = parser.add_argument_group("the ends; what is left out is drawn at random for each candidate")
    ends.add_argument(
        "--shift",
        nargs=2,
        type=options.number("in-plane shift in Å", -1e3, 1e3),
        metavar=("X", "Y"),
        help="of the upper grain in Å",
    )
    ends.add_argument(
        "--spacing",
        type=options.number("spacing in Å", -1e3, 1e3),
        metavar="Z",
        help="Å by which the upper grain is lifted beyond perfect stacking",
    )
    ends.add_argument(
        "--painted",
        type=options.number("painted thickness in Å", 0.0, 1e4),
        metavar="Å",
        help="thickness of the painted middle (default 30)",
    )
    for name, text, most in (
        ("repeats", "cells along x and y", MAX_CELLS_PER_AXIS),
        ("planes", "planes of the lower and the upper grain", MAX_PLANES),
    ):
        ends.add_argument(
            f"--{name}",
            nargs=2,
            type=options.whole(f"each of the {name}", 1, most),
            metavar=("A", "B"),
            help=text + (" (default 1 1)" if name == "repeats" else " (default 18 18)"),
        )
    options.add_evaluations(parser, "--time-spacing", "what the model was measured with")
    parser.add_argument(
        "--restarts",
        type=options.whole("the number of restarts", 0, 20),
        metavar="N",
        help="how often a candidate with atoms too close to each other is painted again (default 3)",
    )
    parser.add_argument("--relax", action="store_true", help="relax each candidate; gives E_gb")
    parser.add_argument(
        "--workers",
        type=options.whole("the number of workers", 1, 1024),
        metavar="K",
        help="processes that relax (default: one a core)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("boundaries"), metavar="DIR", help="folder (default boundaries)"
    )
    options.add_seed(parser)
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample, relax if asked to, write each at once."""
    from gcd.commands.progress import ProgressBar
    from gcd.files import check_writable
    from gcd.generate import generate_boundaries, generate_relaxed_boundaries

    boundary = boundary_words.boundary_asked(args, args.metal)
    check_writable(args.out)
    settings: dict[str, Any] = {
        "model": args.model,
        "metal": args.metal,
        "checkpoint": args.checkpoint,
        "count": args.count,
        "in_plane_shift": args.shift,
        "spacing": args.spacing,
        "seed": args.seed,
        "evaluations": args.nfe,
        "order": args.order,
        "time_spacing": args.time_spacing,
        "device": args.device,
    }
    settings |= {
        name: value
        for name in ("painted", "repeats", "planes", "restarts")
        if (value := getattr(args, name)) is not None
    }
    structures: dict[int, dict[str, Any]] = {}
    begun = time.perf_counter()
    with ProgressBar("relaxed" if args.relax else "sampled") as bar:

        def report(progress: Progress) -> None:
            if not args.relax:
                bar.update(progress.done, progress.total, f"t = {progress.t:.3f}")

        def keep(before: Atoms, after: Atoms | None = None) -> None:
            structures[before.info["index"]] = _write(args.out, before if after is None else after)
            if args.relax:
                bar.update(len(structures), args.count)

        if args.relax:
            made = generate_relaxed_boundaries(boundary, workers=args.workers, on_relaxed=keep, **settings)
        else:
            made = generate_boundaries(boundary, callback=report, on_candidate=keep, **settings)  # type: ignore[assignment]
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
