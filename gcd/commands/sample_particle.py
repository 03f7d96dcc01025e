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

from gcd.commands import options
from gcd.commands.samples import OnBar, add_files, sample_name, write_samples
from gcd.requests import ParticleRequest

HELP = "particle model (the baseline): displaced or random atoms to structures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_request(parser, ParticleRequest)
    add_files(parser, "particles")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Generate, compare with the ideal crystal, write."""
    from gcd.commands.progress import ProgressBar
    from gcd.files import check_writable

    request = ParticleRequest.from_arguments(args)
    check_writable(args.out)
    begun = time.perf_counter()
    with ProgressBar(f"{request.phase} x {request.count}") as bar:
        made = request.run(OnBar(bar))
    seconds = time.perf_counter() - begun
    structures = write_samples(
        args, made, lambda atoms: f"particle-{sample_name(atoms)}-{request.how}", seconds, "structure"
    )
    return {
        "structures": structures,
        "seconds": round(seconds, 3),
        "device": made[0].info["device"],
        "initial_sigma": made[0].info["initial_sigma"],
        "sampler": made[0].info["sampler"],
        "steps": request.steps,
        "evaluations": made[0].info["evaluations"],
    }
