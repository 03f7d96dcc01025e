"""Ten bicrystals as other tools write them, to be repainted: python scripts/foreign_slabs.py FOLDER

aimsgb and pymatgen are asked themselves; what GB_code, atomsk and LAMMPS would write is written here by their
conventions. None is relaxed, but the dumps, which are as a search leaves its mediocre ones.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gcd.energetics.boundary_energy import relax_boundaries
from gcd.structures.bicrystals import bicrystal, opened, potential_lattice_constant, working_cell
from gcd.structures.boundary_names import find_boundary

GRAIN = 18.0  # Å of either grain


def by_aimsgb(metal: str, sigma: int, plane: list[int], cells: int) -> Any:
    """A pile of two grains about [001]; across which edge the boundary lies is up to the plane."""
    from aimsgb import Grain, GrainBoundary  # type: ignore[import-untyped]
    from pymatgen.core.lattice import Lattice

    cubic = Lattice.cubic(potential_lattice_constant(metal))
    crystal = Grain.from_spacegroup("Im-3m", cubic, [metal], [[0, 0, 0]])
    made = GrainBoundary([0, 0, 1], sigma, plane, crystal, uc_a=cells, uc_b=cells)
    return Grain.stack_grains(made.grain_a, made.grain_b, direction=made.direction)


def by_pymatgen(metal: str, plane: tuple[int, int, int] | None, expand: int, vacuum: float) -> Any:
    """Σ5 about [001], a twist without a plane; a pile, or with vacuum where the grains would touch."""
    from pymatgen.core.interface import GrainBoundaryGenerator
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    cubic = Lattice.cubic(potential_lattice_constant(metal))
    crystal = Structure.from_spacegroup("Im-3m", cubic, [metal], [[0, 0, 0]])
    angle = 2 * np.degrees(np.arctan(1 / 3))
    return GrainBoundaryGenerator(crystal).gb_from_parameters(
        (0, 0, 1), angle, expand_times=expand, vacuum_thickness=vacuum, plane=plane, normal=True
    )


def built(name: str, metal: str, *, loose: bool = False, seed: int = 0) -> Any:
    """A slab with free ends: coincidence sites on each other, or shifted and with atoms taken out at random."""
    a = potential_lattice_constant(metal)
    cell = working_cell(find_boundary(name), a)
    rng = np.random.default_rng(seed)
    shift = rng.random(2) @ cell.dsc() * a if loose else np.zeros(2)
    remove = int(rng.integers(cell.atoms_per_plane)) if loose else 0

    def attempt(gap: float) -> Any:
        return bicrystal(
            cell, a, metal, planes=cell.planes_for(GRAIN, a), in_plane_shift=shift.tolist(), gap=gap, remove=remove,
            rng=np.random.default_rng(seed),
        )  # fmt: skip

    return opened(attempt, 0.0)[0]


def as_gb_code(atoms: Any, path: Path) -> None:
    """LAMMPS data: the normal along x, periodic all around, types 1 and 2 for the two grains."""
    lengths = atoms.cell.lengths()
    spacing = float(np.diff(np.unique(np.round(atoms.positions[:, 2], 3))).max())
    height = np.ptp(atoms.positions[:, 2]) + spacing
    types = 1 + (atoms.positions[:, 2] > atoms.info["plane"])
    lines = [
        "# Grain boundary", "", f"{len(atoms)} atoms", "2 atom types", "", f"0.0 {height:.8f} xlo xhi",
        f"0.0 {lengths[0]:.8f} ylo yhi", f"0.0 {lengths[1]:.8f} zlo zhi", "", "Atoms", "",
    ]  # fmt: skip
    low = atoms.positions[:, 2].min()
    lines += [
        f"{i + 1} {kind} {z - low:.8f} {x:.8f} {y:.8f}"
        for i, (kind, (x, y, z)) in enumerate(zip(types, atoms.positions, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n")


def as_dump(atoms: Any, path: Path) -> None:
    """A dump of LAMMPS without elements, shrink-wrapped along z."""
    low, high = atoms.positions[:, 2].min(), atoms.positions[:, 2].max()
    x, y = atoms.cell.lengths()[:2]
    lines = [
        "ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", str(len(atoms)), "ITEM: BOX BOUNDS pp pp ss",
        f"0.0 {x:.8f}", f"0.0 {y:.8f}", f"{low:.8f} {high:.8f}", "ITEM: ATOMS id type x y z",
    ]  # fmt: skip
    lines += [f"{i + 1} 1 {a:.8f} {b:.8f} {c:.8f}" for i, (a, b, c) in enumerate(atoms.positions)]
    path.write_text("\n".join(lines) + "\n")


def as_atomsk(atoms: Any, path: Path) -> None:
    """POSCAR: vacuum in the middle of the cell, so that the boundary lies at its edge; any order of atoms."""
    shuffled = atoms[np.random.default_rng(0).permutation(len(atoms))]
    height = np.ptp(shuffled.positions[:, 2]) + 12.0
    cell = [*shuffled.cell.lengths()[:2], height]
    shuffled.positions[:, 2] = (shuffled.positions[:, 2] - atoms.info["plane"]) % height
    shuffled.set_cell(cell, scale_atoms=False)
    shuffled.pbc = True
    shuffled.write(path, format="vasp", direct=True)


def main(folder: Path) -> None:
    """Write all ten."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        piles = {
            "01-aimsgb-w-twist-sigma13": by_aimsgb("W", 13, [0, 0, 1], 6),
            "02-aimsgb-w-s5-210": by_aimsgb("W", 5, [2, -1, 0], 3),
            "03-aimsgb-ta-s13-510": by_aimsgb("Ta", 13, [5, -1, 0], 2),
            "04-pymatgen-fe-twist-sigma5": by_pymatgen("Fe", None, 7, 0.0),
            "05-pymatgen-mo-s5-310": by_pymatgen("Mo", (3, 1, 0), 3, 0.0),
        }
        for name, structure in piles.items():
            structure.to(filename=str(folder / f"{name}.vasp"), fmt="poscar")
    as_gb_code(built("sigma29", "W"), folder / "06-gb-code-w-twist-sigma29.data")
    as_gb_code(built("s17-530-001", "W"), folder / "07-gb-code-w-s17-530.data")
    for number, name, metal in (("08", "sigma17", "Ta"), ("09", "s9-114-110", "W")):
        (relaxed,) = relax_boundaries(built(name, metal, loose=True, seed=int(number)), metal, workers=1)
        as_dump(relaxed, folder / f"{number}-dump-{metal.lower()}-{name}.dump")
    as_atomsk(built("s17-410-001", "W"), folder / "10-atomsk-w-s17-410.vasp")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/foreign_slabs.py FOLDER")
    main(Path(sys.argv[1]))
