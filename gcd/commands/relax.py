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

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.boundary_energy import RelaxProgress
    from gcd.energetics.potential import Potential

HELP = "relax boundaries in slab files; E_gb and [n]"
DEFAULT_METAL = "W"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="CIF, POSCAR, extxyz, LAMMPS data or dump")
    parser.add_argument(
        "--metal", metavar="EL", help=f"metal of the potential (default: the file's, else {DEFAULT_METAL})"
    )
    parser.add_argument(
        "--plane",
        type=options.number("plane", -1e6, 1e6),
        metavar="Z",
        help="z of the boundary in Å (default: found from the energies of the atoms)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("relaxed"), metavar="DIR", help="folder (default relaxed)"
    )
    parser.add_argument(
        "--engine",
        choices=("auto", "lammps", "torch", "ase"),
        default="auto",
        help="what relaxes (default auto: LAMMPS where it is installed; ase for an ASE calculator)",
    )
    parser.add_argument(
        "--potential",
        metavar="P",
        help="zhou2004 (default), an EAM file, 'pair_style ...; pair_coeff ...', or package.module:Class of an ASE "
        "calculator",
    )
    parser.add_argument(
        "--rescale",
        action="store_true",
        help="take off the strain that the grains have against the potential's crystal",
    )
    parser.add_argument(
        "--workers",
        type=options.whole("the number of workers", 1, 1024),
        metavar="K",
        help="processes for LAMMPS (default: one a core)",
    )
    reading.add_reading(parser)
    options.add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read all, relax all, write each."""
    from gcd.commands.progress import ProgressBar
    from gcd.energetics import lammps
    from gcd.energetics.boundary_energy import choose_engine, relax_boundaries
    from gcd.energetics.boundary_plane import make_slab
    from gcd.energetics.potential import find_potential
    from gcd.files import check_writable
    from gcd.structures.formats import write_structure

    words: list[str] = []
    potential = find_potential(args.potential)
    engine = choose_engine(args.engine, potential)
    jobs: list[tuple[str, Path, Atoms, str]] = []  # file, where to, structure, metal
    for file in args.files:
        frames = reading.read(args, file)
        words += frames.words
        for index, atoms in enumerate(frames):
            try:
                metal = _metal(args.metal, atoms, potential)
                make_slab(atoms, metal, plane=args.plane, potential=potential, rescale=args.rescale)
            except ValueError as error:
                which = f", structure {index + 1}" if len(frames) > 1 else ""
                raise ValueError(f"{file}{which}: {error}") from None
            stem = _stem(file, args.files) + (f"-{index + 1:04d}" if len(frames) > 1 else "")
            jobs.append((file, args.out / f"{stem}-relaxed.extxyz", atoms, metal))
    targets = [target for _, target, _, _ in jobs]
    if double := sorted({str(t) for t in targets if targets.count(t) > 1}):
        raise ValueError(f"Several files would be written as {double[0]}: relax them in several commands.")
    check_writable(args.out)
    reading.tell(words)
    if args.engine == "auto" and engine == "torch":
        print(f"{lammps.missing()} Relaxing in torch.", file=sys.stderr)

    structures: list[dict[str, Any]] = [{} for _ in jobs]
    with ProgressBar("relax") as bar:
        done = 0
        for metal in sorted({metal for *_, metal in jobs}):
            rows = [row for row, job in enumerate(jobs) if job[3] == metal]

            def write(progress: RelaxProgress, rows: list[int] = rows, before: int = done) -> None:
                """At once, so that an interrupt costs only what is not done."""
                file, target, _, _ = jobs[rows[progress.index]]
                if "error" not in progress.atoms.info:
                    write_structure(progress.atoms, target)
                structures[rows[progress.index]] = _describe(file, target, progress.atoms)
                bar.update(before + progress.done, len(jobs))

            relax_boundaries(
                [jobs[row][2] for row in rows],
                metal,
                plane=args.plane,
                workers=args.workers,
                engine=engine,
                device=args.device,
                potential=potential,
                rescale=args.rescale,
                callback=write,
            )
            done += len(rows)
    for structure in structures:
        for word in structure.get("warnings", ()):
            print(f"{structure['source']}: {word}", file=sys.stderr)
        if not args.json:
            _show(structure)
        elif "error" in structure:
            print(f"{structure['source']}: {structure['error']}", file=sys.stderr)
    return {"structures": structures, "engine": engine, "warnings": words}


def _stem(file: str, files: list[str]) -> str:
    """The file's name without its ending, after its folder's where another file has the same name.

    ASE takes whatever has POSCAR in its name for one; in small letters it does not.
    """
    path = Path(file)
    same = [other for other in files if Path(other).stem == path.stem]
    stem = f"{path.resolve().parent.name}-{path.stem}" if len(same) > 1 else path.stem
    return stem.replace("POSCAR", "poscar").replace("CONTCAR", "contcar")


def _metal(chosen: str | None, atoms: Atoms, potential: Potential) -> str:
    """The metal asked for, else the file's, else the potential's only one."""
    from gcd.energetics.boundary_plane import NAMELESS

    named = set(atoms.symbols) - NAMELESS
    only = potential.elements[0] if len(potential.elements) == 1 else DEFAULT_METAL
    return potential.check_element(chosen or (named.pop() if len(named) == 1 else only))


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
