"""`python -m benchmarks [NAME ...] [--quick]`: all tables, or those named."""

from __future__ import annotations

import argparse
from importlib import import_module

import torch

from benchmarks.measure import machine

NAMES = ("encoder", "unet", "decoder", "crystals", "particles", "relaxation", "cold_start", "threads")


def main() -> None:
    """Run the benchmarks one after another."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)}; all when none is named"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer cases and repeats: a look, not a measurement"
    )
    parser.add_argument("--threads", type=int, help="threads for torch (default: as torch chooses)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; legal are {', '.join(NAMES)}")
    if arguments.threads is not None and arguments.threads < 1:
        parser.error(f"--threads is a whole number from 1 up, not {arguments.threads}")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    print(machine())
    for name in arguments.names or NAMES:
        import_module(f"benchmarks.{name}").run(quick=arguments.quick)


if __name__ == "__main__":
    main()
