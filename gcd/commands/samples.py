"""What the verbs that sample phases share: the options of their files, and the way from structures to files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands.progress import ProgressBar
from gcd.requests import Listener

if TYPE_CHECKING:
    from ase import Atoms


class OnBar(Listener):
    """Shows a sampler's progress on a progress bar."""

    def __init__(self, bar: ProgressBar) -> None:
        self.bar = bar

    def progress(self, progress: Any) -> None:
        """Evaluations done, and the time that the sample has come to."""
        self.bar.update(progress.done, progress.total, f"t = {progress.t:.3f}")


NAMES = ("extxyz", "cif", "vasp", "lammps-data")


def add_files(parser: argparse.ArgumentParser, folder: str) -> None:
    """--out, --format"""
    parser.add_argument(
        "--out", type=Path, default=Path(folder), metavar="DIR", help=f"folder (default {folder})"
    )
    parser.add_argument("--format", choices=NAMES, default="extxyz", help="file format (default extxyz)")


def write_samples(
    args: argparse.Namespace, made: Sequence[Atoms], stem: Callable[[Atoms], str], seconds: float, what: str
) -> list[dict[str, Any]]:
    """Compare every structure with the ideal crystal of args.phase and write it to args.out.

    Args:
        stem: gives a file's name, without its ending.
        seconds: that all of them took.
        what: one of them is called.

    Returns:
        The path and the figures of each.
    """
    from gcd.analysis.quality import crystal_quality
    from gcd.structures.formats import FORMATS, write_structure

    structures = []
    for atoms in made:
        quality = crystal_quality(atoms, args.phase, atoms.info["size"])
        # the others cannot hold a structure without atoms
        form = FORMATS[args.format if len(atoms) else "extxyz"]
        path = write_structure(atoms, args.out / (stem(atoms) + form.endings[0]), form.name)
        structures.append({"file": str(path), **quality.as_dict()})
        if not args.json:
            print(f"{path}: {quality}")
    if not args.json:
        perfect = sum(structure["perfect"] for structure in structures)
        print(f"{perfect} of {len(structures)} perfect, {seconds / len(structures):.2f} s a {what}")
    return structures


def sample_name(atoms: Atoms) -> str:
    """Phase, supercell, seed and index of a structure, for the names of files."""
    info = atoms.info
    return f"{info['phase']}-{'x'.join(map(str, info['size']))}-seed{info['seed']}-{info['index']:04d}"
