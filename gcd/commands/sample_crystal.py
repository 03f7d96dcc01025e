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
from gcd.commands.samples import add_files, sample_name, write_samples

HELP = "voxel model: noise to crystals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_phase(parser)
    options.add_size(parser)
    options.add_count(parser, 1, "how many crystals")
    options.add_evaluations(parser)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the fewest evaluations that the checkpoint was measured to be good with",
    )
    options.add_lattice(parser)
    options.add_seed(parser)
    parser.add_argument(
        "--checkpoint", metavar="C", help="name or folder of the model (default crystal-PHASE)"
    )
    add_files(parser, "crystals")
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Generate, compare with the ideal crystal, write."""
    from gcd.commands.progress import ProgressBar
    from gcd.files import check_writable
    from gcd.generate import Progress, generate_crystals

    evaluations, order = _evaluations(args)
    check_writable(args.out)
    begun = time.perf_counter()
    with ProgressBar(f"{args.phase} x {args.count}") as bar:

        def report(progress: Progress) -> None:
            bar.update(progress.done, progress.total, f"t = {progress.t:.3f}")

        crystals = generate_crystals(
            args.phase,
            count=args.count,
            size=args.size,
            seed=args.seed,
            evaluations=evaluations,
            order=order,
            spacing=args.spacing,
            element=args.element,
            lattice_constant=args.lattice_constant,
            device=args.device,
            checkpoint=args.checkpoint,
            callback=report,
        )
    seconds = time.perf_counter() - begun
    assert isinstance(crystals, list)
    structures = write_samples(
        args, crystals, lambda atoms: f"{sample_name(atoms)}-nfe{evaluations}", seconds, "crystal"
    )
    device = crystals[0].info["device"]
    return {
        "structures": structures,
        "seconds": round(seconds, 3),
        "device": device,
        "evaluations": evaluations,
        "order": order,
    }


def _evaluations(args: argparse.Namespace) -> tuple[int, int]:
    from gcd.checkpoints import read_config
    from gcd.diffusion.samplers import check_evaluations
    from gcd.generate import fast_settings
    from gcd.structures.crystals import check_size

    if not args.fast:
        evaluations, order = args.nfe or 60, args.order or 3
    elif args.nfe is not None or args.order is not None:
        raise ValueError("--fast says the evaluations and the order itself: leave --nfe and --order out.")
    else:
        name = args.checkpoint or f"crystal-{args.phase}"
        fast = fast_settings(read_config(name), check_size(args.size, args.phase))
        if not fast:
            raise ValueError(f"The checkpoint {name!r} has no fast setting: give --nfe and --order.")
        evaluations, order = int(fast["evaluations"]), int(fast["order"])
    check_evaluations(evaluations, order, args.spacing)
    return evaluations, order
