"""Decode voxels to atoms with the trained decoder (paper, Eqs. 3 to 6), or with the centre-of-mass yardstick.

gcd decode voxels.npz --out structure.cif
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from gcd.commands import options

HELP = "voxels to atoms"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("file", metavar="F.npz", help="voxels as `gcd encode` writes them")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="file to write; its ending says the format (default: F's stem + .extxyz)",
    )
    parser.add_argument(
        "--element", metavar="EL", help="chemical symbol (default: the encoded atoms' commonest, or H)"
    )
    parser.add_argument("--checkpoint", default="decoder", metavar="C", help="name or folder of the decoder")
    parser.add_argument(
        "--method",
        choices=("learned", "centre-of-mass"),
        default="learned",
        help="the trained decoder (default), or the centre of mass of each blob",
    )
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read, decode, write."""
    from ase import Atoms

    from gcd.files import check_writable
    from gcd.structures.crystals import check_element
    from gcd.structures.formats import read_voxels, write_structure, written_format

    out = args.out or Path(Path(args.file).stem + ".extxyz")
    form = written_format(out.name)
    check_writable(out.parent)
    voxels, grid, symbols = read_voxels(args.file)
    if len(voxels) > 1 and form.name != "extxyz":
        raise ValueError(f"{args.file!r} holds {len(voxels)} voxel arrays: write them to one .extxyz file.")
    common = Counter(symbol for symbol in symbols if symbol != "X").most_common(1)  # X: of an unknown element
    element = check_element(args.element or (common[0][0] if common else "H"))
    positions = _decode(args, voxels, grid)
    frames = [Atoms([element] * len(r), r, cell=grid.lengths, pbc=grid.periodic) for r in positions]
    write_structure(frames, out, form.name)
    counts = [len(atoms) for atoms in frames]
    if not args.json:
        print(f"{out}: {', '.join(map(str, counts))} atoms")
    return {
        "atoms": counts[0] if len(counts) == 1 else counts,
        "file": str(out),
        "element": element,
        "method": args.method,
    }


def _decode(args: argparse.Namespace, voxels: Any, grid: Any) -> list[Any]:
    import torch

    from gcd.checkpoints import load_decoder
    from gcd.devices import resolve_device
    from gcd.voxels.decoder import centre_of_mass_decode, decode

    device = resolve_device(args.device)
    tensor = torch.from_numpy(voxels).to(device)
    with torch.inference_mode():
        if args.method == "centre-of-mass":
            return centre_of_mass_decode(tensor, grid)
        return decode(load_decoder(device, args.checkpoint), tensor, grid)
