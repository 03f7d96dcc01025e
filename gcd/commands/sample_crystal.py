"""Generate crystals of one phase with its voxel diffusion model, and write each to a file.

The files' names say phase, size, seed, index and evaluations. Every structure is compared with the ideal crystal.

  gcd sample crystal --phase bcc --count 4 --out crystals
  gcd sample crystal --phase fcc --size 6 6 4 --element Ni --fast --json
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gcd.commands import options
from gcd.commands.samples import OnBar, add_files, sample_name, write_samples
from gcd.requests import CrystalRequest

HELP = "voxel model: noise to crystals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_request(parser, CrystalRequest)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the fewest evaluations that the checkpoint was measured to be good with",
    )
    add_files(parser, "crystals")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Generate, compare with the ideal crystal, write."""
    from gcd.commands.progress import ProgressBar
    from gcd.files import check_writable

    request = asked_of(args)
    check_writable(args.out)
    begun = time.perf_counter()
    with ProgressBar(f"{request.phase} x {request.count}") as bar:
        crystals = request.run(OnBar(bar))
    seconds = time.perf_counter() - begun
    structures = write_samples(
        args, crystals, lambda atoms: f"{sample_name(atoms)}-nfe{request.evaluations}", seconds, "crystal"
    )
    return {
        "structures": structures,
        "seconds": round(seconds, 3),
        "device": crystals[0].info["device"],
        "evaluations": request.evaluations,
        "order": request.order,
    }


def asked_of(args: argparse.Namespace) -> CrystalRequest:
    """The request of a command line; --fast takes its evaluations from the checkpoint."""
    if not args.fast:
        return CrystalRequest.from_arguments(args)
    if args.nfe is not None or args.order is not None:
        raise ValueError("--fast says the evaluations and the order itself: leave --nfe and --order out.")
    return CrystalRequest.from_arguments(args).fast()
