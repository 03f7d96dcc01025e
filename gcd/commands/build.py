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
from gcd.limits import MAX_ATOMS, MAX_CELLS_PER_AXIS, MAX_LATTICE_CONSTANT, MIN_LATTICE_CONSTANT

HELP = "an unrelaxed bicrystal of any boundary, as a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    from gcd.structures.bicrystals import MAX_LAYERS

    boundary_words.add_boundary(parser, twist=False)
    parser.add_argument("--metal", default="W", metavar="EL", help="bcc or fcc metal (default W)")
    length = options.number("length in Å", -1e3, 1e3)
    parser.add_argument(
        "--shift",
        nargs=2,
        type=length,
        default=(0.0, 0.0),
        metavar=("X", "Y"),
        help="of the upper grain in Å",
    )
    atoms = options.whole("the number of atoms", 0, MAX_ATOMS)
    parser.add_argument(
        "--remove",
        type=atoms,
        default=0,
        metavar="K",
        help="atoms taken out of the upper grain at the boundary",
    )
    parser.add_argument("--insert", type=atoms, default=0, metavar="K", help="atoms put between the grains")
    parser.add_argument(
        "--gap", type=length, default=0.0, metavar="Å", help="by which the upper grain is lifted (default 0)"
    )
    parser.add_argument("--vacuum", type=length, metavar="Å", help="at either end (default 2.3)")
    parser.add_argument(
        "--planes",
        nargs=2,
        type=options.whole("the planes of a grain", 1, MAX_LAYERS),
        metavar=("A", "B"),
        help="of the lower and the upper grain (default: about 28 Å each; 18 of a (100) twist)",
    )
    parser.add_argument(
        "--repeats",
        nargs=2,
        type=options.whole("every in-plane repeat", 1, MAX_CELLS_PER_AXIS),
        metavar=("X", "Y"),
        help="of the boundary's cell along x and y (default: to 8 Å a side)",
    )
    parser.add_argument(
        "--lattice-constant",
        type=options.number("lattice constant in Å", MIN_LATTICE_CONSTANT, MAX_LATTICE_CONSTANT),
        metavar="Å",
        help="default: the potential's",
    )
    parser.add_argument(
        "--potential", metavar="P", help="whose lattice constant it is, as in `gcd relax` (default zhou2004)"
    )
    options.add_seed(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="F", help=".extxyz, .cif, .vasp, .lmp ...")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build, write, describe."""
    import numpy as np

    from gcd.energetics.potential import find_potential
    from gcd.files import check_writable
    from gcd.structures.bicrystals import DEFAULT_VACUUM, bicrystal, working_cell
    from gcd.structures.crystals import check_element
    from gcd.structures.formats import write_structure

    metal = check_element(args.metal)
    boundary = boundary_words.boundary_asked(args, metal)
    a = args.lattice_constant
    if a is None:
        a = find_potential(args.potential).lattice_constant(metal, boundary.phase)
    atoms = bicrystal(
        working_cell(boundary, a, args.repeats),
        a,
        metal,
        planes=args.planes and tuple(args.planes),
        in_plane_shift=args.shift,
        gap=args.gap,
        remove=args.remove,
        insert=args.insert,
        vacuum=DEFAULT_VACUUM if args.vacuum is None else args.vacuum,
        rng=np.random.default_rng(args.seed),
    )
    check_writable(args.out.parent)
    path = write_structure(atoms, args.out)
    info = atoms.info
    if not args.json:
        x, y, z = atoms.cell.lengths()
        print(f"{path}: {boundary.title}, {len(atoms)} atoms of {metal} in {x:.3f} x {y:.3f} x {z:.3f} Å")
        print(
            f"  boundary at z = {info['plane']:.3f} Å, {info['atoms_per_plane']} atoms a plane, [n] = {info['n']:.4g}, "
            f"shortest distance {info['minimum_distance']:.3f} Å"
        )
    return {
        "file": str(path),
        "atoms": len(atoms),
        "title": boundary.title,
        "cell": atoms.cell.lengths(),
    } | info
