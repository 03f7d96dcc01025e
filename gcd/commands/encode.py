"""Encode a structure file to voxels (paper, Eqs. 1 and 2), without any learnt part.

The npz file holds voxels (1, X, Y, Z), lengths (3,) in Å, periodic (3,) and symbols (N,).

  gcd encode structure.cif --grid 24 24 24 --out voxels.npz
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

from gcd import limits
from gcd.commands import options, reading

HELP = "atoms to voxels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("file", metavar="FILE", help="structure: CIF, POSCAR, extxyz, LAMMPS data or dump")
    parser.add_argument(
        "--grid",
        type=options.whole("every axis of the grid", 1, 1000),
        nargs=3,
        required=True,
        metavar=("X", "Y", "Z"),
        help=f"number of voxels along each axis (at most {limits.MAX_VOXELS:,} in all)",
    )
    parser.add_argument(
        "--frame",
        type=options.whole("the frame", 0, limits.MAX_FRAMES - 1),
        default=0,
        help="which structure of a file that holds several, from 0 (default 0)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="F.npz", help="file to write (default: FILE's stem + .npz, here)"
    )
    reading.add_reading(parser)
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read, encode, write."""
    from gcd.devices import resolve_device
    from gcd.files import check_writable
    from gcd.structures.formats import write_voxels
    from gcd.voxels.encoder import encode_atoms, grid_for

    out = _out(args)
    check_writable(out.parent)
    device = resolve_device(args.device)
    x, y, z = args.grid
    if x * y * z > limits.MAX_VOXELS:
        raise ValueError(
            f"A grid of {x} x {y} x {z} has {x * y * z:,} voxels: the most is {limits.MAX_VOXELS:,}."
        )
    frames = reading.read(args, args.file)
    if args.frame >= len(frames):
        raise ValueError(
            f"{args.file!r} holds {len(frames)} structures: the frame must be from 0 to {len(frames) - 1}."
        )
    atoms = frames[args.frame]
    grid = grid_for(atoms, (x, y, z))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        voxels = encode_atoms(atoms, grid, device=device).cpu()
    notes = [str(warning.message) for warning in caught]
    write_voxels(out, voxels.numpy(), grid, list(atoms.symbols))
    result = {
        "sum": float(voxels.sum()),
        "max": float(voxels.max()),
        "atoms": len(atoms),
        "grid": list(grid.shape),
        "voxel_size": list(grid.voxel_size),
        "periodic": list(grid.periodic),
        "file": str(out),
        "warnings": [*frames.words, *notes],
    }
    reading.tell(frames.words)
    if not args.json:
        for note in notes:
            print(f"Warning: {note}")
        size = " x ".join(f"{length:.4f}" for length in grid.voxel_size)
        print(
            f"{out}: {len(atoms)} atoms, sum {result['sum']:.6f}, largest voxel {result['max']:.4f}, L {size} Å"
        )
    return result


def _out(args: argparse.Namespace) -> Path:
    out = args.out or Path(Path(args.file).stem + ".npz")
    if out.suffix.lower() != ".npz":
        raise ValueError(f"Voxels are written to a file whose name ends in .npz, not to {str(out)!r}.")
    return out
