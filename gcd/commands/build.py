"""Build an unrelaxed bicrystal, and write it: any boundary of `gcd boundaries`, or directions of one's own.

The slab has two grains with free ends along z, the normal of the boundary; x and y are periodic, y is the axis of a
tilt. Edges shorter than 8 Å are repeated, unless --repeats is given.

  gcd build s5-310-001 --metal W --out tilt.extxyz
  gcd build sigma13 --metal Mo --shift 1.2 0 --remove 3 --gap 0.3 --out twist.cif
  gcd build --lower '1 0 0; 0 0 1; 0 -1 0' --upper '4 3 0; 0 0 1; 3 -4 0' --gap 1 --out asymmetric.extxyz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gcd.commands import boundary_words, options
from gcd.requests import BuildRequest

HELP = "an unrelaxed bicrystal of any boundary, as a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    boundary_words.add_boundary(parser, twist=False)
    options.add_request(parser, BuildRequest)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="F", help=".extxyz (for several), .cif, .vasp, .lmp ..."
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build, write, describe."""
    from gcd.files import check_writable
    from gcd.structures.formats import write_structure

    request = BuildRequest.from_arguments(args, boundary=boundary_words.words_of(args))
    made = request.run()
    check_writable(args.out.parent)
    path = write_structure(made if len(made) > 1 else made[0], args.out)
    atoms, title = made[0], request.geometry.title
    info = atoms.info
    if not args.json:
        x, y, z = atoms.cell.lengths()
        several = f"{len(made)} structures of " if len(made) > 1 else ""
        print(
            f"{path}: {several}{title}, {len(atoms)} atoms of {request.metal} in {x:.3f} x {y:.3f} x {z:.3f} Å"
        )
        print(
            f"  boundary at z = {info['plane']:.3f} Å, {info['atoms_per_plane']} atoms a plane, [n] = {info['n']:.4g}, "
            f"opened by {info['gap']:g} Å, shortest distance {info['minimum_distance']:.3f} Å"
        )
    described = {"file": str(path), "structures": len(made), "atoms": len(atoms), "title": title}
    return described | {"cell": atoms.cell.lengths()} | info
