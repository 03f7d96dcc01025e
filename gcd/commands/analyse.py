"""Analyse structure files: radial distribution, q4 and q6, coordination, shortest distance; one object a file.

With --phase each structure is also matched to the ideal crystal of that phase and --size. A slab of a metal that has a
potential, periodic in the plane alone (or any, with --metal), also gets the plane of its boundary, [n], and E_gb as it
stands.

  gcd analyse crystal.extxyz --phase bcc --size 4 4 4
  gcd analyse slab.extxyz POSCAR --metal W
  gcd analyse dump.w --elements W --per-atom atoms.extxyz
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options, reading

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from gcd.structures.formats import Reading

IN_JSON = "json"  # --per-atom without a file
HELP = "radial distribution, q4, q6, coordination, shortest distance"


def _neighbours(text: str) -> int | str:
    return "voronoi" if text == "voronoi" else int(options.whole("the number of neighbours", 1, 100)(text))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="CIF, POSCAR, extxyz, LAMMPS data or dump")
    parser.add_argument(
        "--neighbours",
        type=_neighbours,
        metavar="K",
        help="neighbours that q4 and q6 count: a number, or voronoi, weighted by the areas of the faces "
        "(default: that of --phase, else voronoi)",
    )
    parser.add_argument(
        "--r-max",
        type=options.number("largest distance", 0.1, 1000.0),
        metavar="R",
        help="largest distance of g(r) in Å (default: three mean spacings)",
    )
    parser.add_argument(
        "--bins", type=options.whole("the number of bins", 1, 10_000), default=200, help="bins of g(r)"
    )
    parser.add_argument(
        "--cutoff",
        type=options.number("cut-off", 0.01, 1000.0),
        metavar="R",
        help="distance in Å within which atoms are coordinated (default 1.25 median nearest-neighbour distances)",
    )
    parser.add_argument(
        "--per-atom",
        nargs="?",
        const=IN_JSON,
        metavar="F.extxyz",
        help="give q4, q6, coordination and, where there is a potential, the energy in eV of every atom: in the JSON, "
        "and as columns of an extended XYZ file where one is named",
    )
    parser.add_argument(
        "--symmetrised",
        type=Path,
        metavar="F.cif",
        help="write the first structure as a CIF of its space group: conventional cell, operations, distinct sites",
    )
    reading.add_reading(parser)
    parser.add_argument("--metal", metavar="EL", help="take the structures for bicrystal slabs of this metal")
    options.add_phase(parser, required=False)
    options.add_size(parser, default=None)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read and analyse each file; several structures in one are averaged."""
    from gcd.files import check_writable, write_text
    from gcd.structures.formats import symmetrised_cif, write_structure, written_format

    if args.size and not args.phase:
        raise ValueError("--size says how many cells of a phase there are: give --phase too.")
    if args.metal:
        from gcd.energetics.metals import check_metal

        check_metal(args.metal)
    if args.per_atom not in (None, IN_JSON):
        check_writable(Path(args.per_atom).parent)
        if written_format(args.per_atom).name != "extxyz":
            raise ValueError(
                f"Values of atoms are written as extended XYZ, not to {args.per_atom!r}: use .extxyz."
            )
    read = [(file, reading.read(args, file)) for file in args.files]  # all, before the first is analysed
    if args.symmetrised:
        check_writable(args.symmetrised.parent)
        symmetrised = symmetrised_cif(read[0][1][0])
    results = [_analyse(args, file, frames) for file, frames in read]
    if args.symmetrised:
        write_text(args.symmetrised, symmetrised)
    if args.per_atom not in (None, IN_JSON):
        write_structure([atoms for _, frames in read for atoms in frames], args.per_atom)
    reading.tell(word for _, frames in read for word in frames.words)
    if not args.json:
        for result in results:  # after the last could have been refused
            _show(result)
    return {"files": results}


def _analyse(args: argparse.Namespace, file: str, frames: Reading) -> dict[str, Any]:
    import numpy as np

    from gcd.analysis.quality import crystal_quality
    from gcd.analysis.rdf import radial_distribution
    from gcd.analysis.steinhardt import coordination, minimum_distance, steinhardt
    from gcd.structures.crystals import DEFAULT_SIZE, PHASES

    default: Any = PHASES[args.phase].neighbour_count if args.phase else "voronoi"
    neighbours: Any = args.neighbours or default
    orders = [steinhardt(atoms, (4, 6), neighbours) for atoms in frames]
    q = {l: np.concatenate([order[l] for order in orders]) for l in (4, 6)}
    coordinations = [coordination(atoms, args.cutoff) for atoms in frames]
    counts = np.concatenate(coordinations)
    r, g = radial_distribution(frames, args.r_max, args.bins)
    result: dict[str, Any] = {
        "file": file,
        "structures": len(frames),
        "atoms": [len(atoms) for atoms in frames] if len(frames) > 1 else len(frames[0]),
        "formula": frames[0].get_chemical_formula(),
        "neighbours": neighbours,
        "q4": float(np.nanmean(q[4])) if np.isfinite(q[4]).any() else None,
        "q6": float(np.nanmean(q[6])) if np.isfinite(q[6]).any() else None,
        "coordination": {int(n): int((counts == n).sum()) for n in np.unique(counts)},
        "mean_coordination": float(counts.mean()),
        "minimum_distance": min(minimum_distance(atoms) for atoms in frames),
        "rdf": {"r": r.round(6).tolist(), "g": g.round(6).tolist()},
    }
    if args.phase:
        try:
            result["match"] = [
                crystal_quality(atoms, args.phase, args.size or DEFAULT_SIZE).as_dict() for atoms in frames
            ]
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    if args.per_atom is not None:
        result["per_atom"] = [
            _per_atom(atoms, order, count, args.metal)
            for atoms, order, count in zip(frames, orders, coordinations, strict=True)
        ]
    if frames.words:
        result["warnings"] = frames.words
    boundaries = [_boundary(args.metal, atoms, file) for atoms in frames]
    if any(boundaries):
        result["boundary"] = boundaries if len(boundaries) > 1 else boundaries[0]
    return result


def _per_atom(
    atoms: Atoms, order: dict[int, np.ndarray], count: np.ndarray, metal: str | None
) -> dict[str, Any]:
    """Values of every atom, which the atoms then carry as arrays too; an energy where the metal has a potential."""
    values: dict[str, np.ndarray] = {"q4": order[4], "q6": order[6], "coordination": count}
    if (energies := _energies(atoms, metal)) is not None:
        values["energy"] = energies
    for name, column in values.items():
        atoms.set_array(name, column)
    return {
        name: [None if math.isnan(number) else number for number in column.tolist()]  # NaN is no JSON
        for name, column in values.items()
    }


def _energies(atoms: Atoms, metal: str | None) -> np.ndarray | None:
    from gcd.energetics.calculator import ZhouCalculator
    from gcd.energetics.metals import METALS

    symbols = {metal} if metal else set(atoms.symbols)
    if len(symbols) > 1 or not symbols <= set(METALS):
        return None
    copy = atoms.copy()
    copy.symbols[:] = next(iter(symbols))
    copy.calc = ZhouCalculator(next(iter(symbols)))
    try:
        return copy.get_potential_energies()
    except ValueError:  # atoms on one point, or a cell too small for the potential
        return None


def _boundary(metal: str | None, atoms: Any, file: str) -> dict[str, Any] | None:
    """What a slab says about its boundary; None for what does not look like one and was not said to be one."""
    from gcd.energetics.boundary_energy import describe_boundary
    from gcd.energetics.metals import METALS

    symbols = set(atoms.symbols)
    if metal is None and (
        atoms.pbc[2] or not all(atoms.pbc[:2]) or len(symbols) > 1 or not symbols <= set(METALS)
    ):
        return None
    try:
        return describe_boundary(atoms, metal or symbols.pop())
    except ValueError as error:
        if metal is None:
            return None
        raise ValueError(f"{file}: {error}") from None


def _show(result: dict[str, Any]) -> None:
    import numpy as np

    print(f"{result['file']}: {result['structures']} structure(s), {result['formula']}")
    for name in ("q4", "q6"):
        value = "undefined" if result[name] is None else f"{result[name]:.6f}"
        print(f"  mean {name} ({result['neighbours']} neighbours)  {value}")
    shares = ", ".join(f"{count} atoms with {n}" for n, count in result["coordination"].items())
    print(f"  coordination  mean {result['mean_coordination']:.3f}: {shares}")
    print(f"  shortest distance  {result['minimum_distance']:.4f} Å")
    g = np.array(result["rdf"]["g"])
    print(f"  g(r)  highest {g.max():.2f} at {result['rdf']['r'][int(g.argmax())]:.3f} Å")
    boundary = result.get("boundary", [])
    for slab in [boundary] if isinstance(boundary, dict) else boundary:
        if slab:
            print(
                f"  boundary of {slab['metal']} at z = {slab['plane']:.2f} Å: [n] = {slab['n']:.4g}, "
                f"{slab['atoms_per_plane']} atoms a plane, area {slab['area']:.2f} Å^2, "
                f"E_gb {slab['egb']:.4f} J/m2 as it stands"
            )
    for match in result.get("match", []):
        verdict = "perfect" if match["perfect"] else "not perfect"
        print(
            f"  {verdict}: {match['atoms']} of {match['expected_atoms']} atoms, rms {match['rms_displacement']:.4f}"
        )
