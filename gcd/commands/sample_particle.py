"""Denoise displaced or random atoms with the particle model of a phase, the baseline, and write each structure.

The files' names say phase, size, seed, index, start, sampler and steps. Every structure is compared with the ideal
crystal.

  gcd sample particle --phase sc --count 4 --initial-sigma 0.2 --out particles
  gcd sample particle --phase sc --sampler sde --steps 1000 --json      from random positions
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gcd import limits
from gcd.commands import options
from gcd.commands.samples import add_files, sample_name, write_samples

HELP = "particle model (the baseline): displaced or random atoms to structures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_phase(parser)
    options.add_size(parser)
    options.add_count(parser, 1, "how many structures")
    parser.add_argument(
        "--initial-sigma",
        type=options.number("initial sigma", 0.0, limits.MAX_INITIAL_SIGMA),
        metavar="S",
        help="start from the ideal crystal under Gaussian displacements, in lattice constants "
        "(default: from random positions)",
    )
    add_sampler(parser)
    options.add_lattice(parser)
    options.add_seed(parser)
    parser.add_argument(
        "--checkpoint", metavar="C", help="name or folder of the model (default particle-PHASE)"
    )
    add_files(parser, "particles")
    options.add_device(parser)


def add_sampler(parser: argparse.ArgumentParser) -> None:
    """--sampler, --steps"""
    parser.add_argument(
        "--sampler",
        choices=("ode", "sde", "restart"),  # as in gcd.particles.samplers, which needs torch
        default="ode",
        help="probability-flow ODE, reverse SDE, or the ODE with restarts (default ode)",
    )
    parser.add_argument(
        "--steps",
        type=options.whole("the number of steps", 1, limits.MAX_EVALUATIONS),
        default=128,
        metavar="K",
        help="evaluations of the network a structure; restarts come on top (default 128)",
    )
    add_restarts(parser)


def add_restarts(parser: argparse.ArgumentParser) -> None:
    """--restarts, --restart-time"""
    parser.add_argument(
        "--restarts",
        type=options.whole("the number of restarts", 1, limits.MAX_RESTARTS),
        default=4,
        metavar="N",
        help="how often the restart sampler goes back into noise (default 4)",
    )
    parser.add_argument(
        "--restart-time",
        type=options.number("restart time", 1e-3, 1.0),
        default=0.4,
        metavar="T",
        help="the time, from 0 to 1, that it goes back to (default 0.4)",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Generate, compare with the ideal crystal, write."""
    from gcd.commands.progress import ProgressBar
    from gcd.files import check_writable
    from gcd.generate import ParticleProgress, generate_particles
    from gcd.particles.samplers import Restart

    check_writable(args.out)
    begun = time.perf_counter()
    with ProgressBar(f"{args.phase} x {args.count}") as bar:

        def report(progress: ParticleProgress) -> None:
            bar.update(progress.done, progress.total, f"t = {progress.t:.3f}")

        made = generate_particles(
            args.phase,
            count=args.count,
            size=args.size,
            initial_sigma=args.initial_sigma,
            sampler=args.sampler,
            steps=args.steps,
            restarts=args.restarts,
            restart_time=args.restart_time,
            seed=args.seed,
            element=args.element,
            lattice_constant=args.lattice_constant,
            device=args.device,
            checkpoint=args.checkpoint,
            callback=report,
        )
    seconds = time.perf_counter() - begun
    assert isinstance(made, list)
    start = "random" if args.initial_sigma is None else f"sigma{args.initial_sigma:g}"
    how = f"{start}-{Restart(args.restarts, args.restart_time).label(args.sampler, args.steps)}"
    structures = write_samples(
        args, made, lambda atoms: f"particle-{sample_name(atoms)}-{how}", seconds, "structure"
    )
    return {
        "structures": structures,
        "seconds": round(seconds, 3),
        "device": made[0].info["device"],
        "initial_sigma": made[0].info["initial_sigma"],
        "sampler": made[0].info["sampler"],
        "steps": args.steps,
        "evaluations": made[0].info["evaluations"],
    }
