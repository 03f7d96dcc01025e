"""Relax bicrystal slabs, and give their boundary energy E_gb (J/m2) and [n].

z points across the boundary; the slab may have free surfaces or none, any thickness, and its atoms any order. The
lower end is clamped, the upper end rigid and free to float, and 20 Å on either side of the boundary move. LAMMPS does
the work in one process a core; without it, torch does.

  gcd relax slab.extxyz --out relaxed
  gcd relax candidates/*.extxyz --metal W --engine torch --device cuda --json
  gcd relax tilt.data --potential Fe_mm.eam.fs --elements Fe --rescale

The boundary may lie across x, y or z of the file, and the cell may be turned in space: atoms come back as they lay.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options, reading
from gcd.commands.progress import ProgressBar
from gcd.requests import Listener, RelaxationRequest

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.boundary_energy import RelaxProgress

HELP = "relax boundaries in slab files; E_gb and [n]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    options.add_request(parser, RelaxationRequest)
    parser.add_argument(
        "--out", type=Path, default=Path("relaxed"), metavar="DIR", help="folder (default relaxed)"
    )
    reading.add_reading(parser)


class _Writes(Listener):
    """Writes each at once, so that an interrupt costs only what is not done."""

    def __init__(self, bar: ProgressBar, jobs: list[tuple[str, Path]]) -> None:
        self.bar, self.jobs = bar, jobs
        self.structures: list[dict[str, Any]] = [{} for _ in jobs]

    def progress(self, progress: RelaxProgress) -> None:
        """One more is done."""
        from gcd.structures.formats import write_structure

        file, target = self.jobs[progress.index]
        if "error" not in progress.atoms.info:
            write_structure(progress.atoms, target)
        self.structures[progress.index] = _describe(file, target, progress.atoms)
        self.bar.update(progress.done, progress.total)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read all, relax all, write each."""
    from gcd.energetics import lammps
    from gcd.energetics.boundary_energy import choose_engine
    from gcd.files import check_writable

    request = RelaxationRequest.from_arguments(args)
    words: list[str] = []
    engine = choose_engine(request.engine, request.potential)
    structures: list[Atoms] = []
    jobs: list[tuple[str, Path]] = []  # file, where to
    for file in request.files:
        frames = request.read(file)
        words += frames.words
        for index, atoms in enumerate(frames):
            try:
                request.check(atoms)
            except ValueError as error:
                which = f", structure {index + 1}" if len(frames) > 1 else ""
                raise ValueError(f"{file}{which}: {error}") from None
            stem = stem_of(file, args.files) + (f"-{index + 1:04d}" if len(frames) > 1 else "")
            jobs.append((file, args.out / f"{stem}-relaxed.extxyz"))
            structures.append(atoms)
    targets = [target for _, target in jobs]
    if double := sorted({str(t) for t in targets if targets.count(t) > 1}):
        raise ValueError(f"Several files would be written as {double[0]}: relax them in several commands.")
    check_writable(args.out)
    reading.tell(words)
    if request.engine == "auto" and engine == "torch":
        print(f"{lammps.missing()} Relaxing in torch.", file=sys.stderr)
    with ProgressBar("relax") as bar:
        writes = _Writes(bar, jobs)
        request.run(writes, structures)
    for structure in writes.structures:
        for word in structure.get("warnings", ()):
            print(f"{structure['source']}: {word}", file=sys.stderr)
        if not args.json:
            _show(structure)
        elif "error" in structure:
            print(f"{structure['source']}: {structure['error']}", file=sys.stderr)
    return {"structures": writes.structures, "engine": engine, "warnings": words}


def stem_of(file: str, files: list[str]) -> str:
    """The file's name without its ending, after its folder's where another file has the same name.

    ASE takes whatever has POSCAR in its name for one; in small letters it does not.
    """
    path = Path(file)
    same = [other for other in files if Path(other).stem == path.stem]
    stem = f"{path.resolve().parent.name}-{path.stem}" if len(same) > 1 else path.stem
    return stem.replace("POSCAR", "poscar").replace("CONTCAR", "contcar")


def _describe(source: str, target: Path, atoms: Atoms) -> dict[str, Any]:
    info = atoms.info
    if "error" in info:
        unknown = {"n": None, "egb_initial": None, "egb": None, "converged": False}
        return {"file": None, "source": source, "atoms": len(atoms)} | unknown | {"error": info["error"]}
    keys = ("n", "egb_initial", "egb", "converged", "metal", "plane", "area", "force_evaluations")
    described = {"file": str(target), "source": source, "atoms": len(atoms)} | {
        key: info[key] for key in keys
    }
    more = ("potential", "warnings", "egb_other", "plane_other")
    return described | {key: info[key] for key in more if key in info}


def _show(structure: dict[str, Any]) -> None:
    if "error" in structure:
        print(f"{structure['source']}: not relaxed. {structure['error']}")
        return
    print(
        f"{structure['file']}: E_gb {structure['egb']:.4f} J/m2 (before {structure['egb_initial']:.4f}), "
        f"[n] = {structure['n']:.4g}, {structure['atoms']} atoms"
        + ("" if structure["converged"] else ", not converged")
    )
