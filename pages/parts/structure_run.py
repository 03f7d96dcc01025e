"""The jobs of Your structure: encode, decode, compare and analyse any structure, and relax it when it is a slab."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gcd.analysis.matching import StructureMatch, match_structures
from gcd.analysis.rdf import radial_distribution
from gcd.analysis.steinhardt import coordination, minimum_distance, steinhardt
from gcd.checkpoints import load_decoder
from gcd.energetics.boundary_energy import describe_boundary, relax_boundaries
from gcd.energetics.zhou2004 import METALS
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_STRUCTURE_ATOMS, MAX_PAGE_STRUCTURE_VOXELS
from gcd.structures.bicrystals import twist_bicrystal
from gcd.structures.crystals import ideal_crystal
from gcd.structures.orthorhombic import with_room
from gcd.voxels import CoarseGridWarning, Grid, encode_atoms, grid_for
from gcd.voxels.decoder import decode

if TYPE_CHECKING:
    from ase import Atoms


def _vacancy() -> Atoms:
    atoms = ideal_crystal("fcc", (4, 4, 4))
    del atoms[40]
    return atoms


def _warm() -> Atoms:
    atoms = ideal_crystal("bcc", (5, 5, 5))
    atoms.positions += np.random.default_rng(1).normal(0.0, 0.12, atoms.positions.shape)
    return atoms


def _hexagonal() -> Atoms:
    from ase.build import bulk

    return bulk("Mg", "hcp") * (3, 3, 3)


EXAMPLES: dict[str, Callable[[], Atoms]] = {
    "Tungsten, warm": _warm,
    "Copper with a vacancy": _vacancy,
    "Simple cubic polonium": lambda: ideal_crystal("sc", (4, 4, 4)),
    "Tungsten twist boundary": lambda: twist_bicrystal("sigma5", "W", remove=8, gap=0.3),
    "Hexagonal magnesium": _hexagonal,
}


@dataclass(frozen=True)
class StructureRun:
    """What a job leaves behind."""

    atoms: Atoms  # as encoded
    grid: Grid
    voxels: np.ndarray  # (X, Y, Z)
    decoded: Atoms
    match: StructureMatch = field(repr=False)
    coarse: str  # the encoder's warning, or nothing
    rdf: tuple[np.ndarray, np.ndarray] = field(repr=False)
    q4: np.ndarray = field(repr=False)
    q6: np.ndarray = field(repr=False)
    neighbours: np.ndarray = field(repr=False)  # (N,) coordination numbers
    shortest: float  # Å
    boundary: dict[str, Any] | None  # what a slab of a metal says about its boundary


def suggested_voxel_size(atoms: Atoms) -> float:
    """A third of the shortest distance in Å, where the decoder is at home; 0.8 Å for a lone atom."""
    shortest = minimum_distance(atoms)
    return float(np.clip(round(shortest / 3.3, 2), 0.2, 2.0)) if np.isfinite(shortest) else 0.8


def grid_of(atoms: Atoms, voxel_size: float) -> tuple[Atoms, Grid]:
    """The structure with room on its open axes, and its grid; ValueError, in one sentence, when there is none."""
    if not 0.1 <= voxel_size <= 5.0:
        raise ValueError(f"The voxel size is 0.1 to 5 Å, not {voxel_size:g}.")
    if len(atoms) > MAX_PAGE_STRUCTURE_ATOMS:
        raise ValueError(
            f"A page takes structures of up to {MAX_PAGE_STRUCTURE_ATOMS:,} atoms, not {len(atoms):,}; "
            "the command line takes more."
        )
    roomy = with_room(atoms, voxel_size)
    grid = grid_for(roomy, voxel_size=voxel_size)
    if grid.count > MAX_PAGE_STRUCTURE_VOXELS:
        raise ValueError(
            f"That is {grid.count:,} voxels; a page takes up to {MAX_PAGE_STRUCTURE_VOXELS:,}: "
            "choose larger voxels, or use the command line."
        )
    return roomy, grid


def run_structure(report: Report, *, atoms: Atoms, voxel_size: float) -> StructureRun:
    """Encode, decode, compare, analyse."""
    from ase import Atoms

    roomy, grid = grid_of(atoms, voxel_size)
    report(0.0, "Encoding")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", CoarseGridWarning)
        voxels = encode_atoms(roomy, grid).float()
    coarse = next((str(one.message) for one in said if one.category is CoarseGridWarning), "")
    report(0.1, "Decoding")
    with torch.inference_mode():
        (positions,) = decode(load_decoder(torch.device("cpu")), voxels, grid)
    report(0.6, "Comparing")
    match = match_structures(roomy.positions, positions, grid)
    symbols = np.array(["X"] * len(positions), dtype="U2")
    symbols[match.pairs[:, 1]] = np.array(roomy.get_chemical_symbols())[match.pairs[:, 0]]
    common = max(set(roomy.get_chemical_symbols()), key=list(roomy.symbols).count)
    symbols[symbols == "X"] = common  # one atom too many: of the most frequent element
    decoded = Atoms(list(symbols), positions, cell=grid.lengths, pbc=grid.periodic)
    report(0.7, "Analysing")
    order = steinhardt(roomy, (4, 6), "voronoi")
    return StructureRun(
        roomy, grid, voxels[0].numpy(), decoded, match, coarse, radial_distribution([roomy]), order[4], order[6],
        coordination(roomy), minimum_distance(roomy), _boundary_of(roomy),
    )  # fmt: skip


def _boundary_of(atoms: Atoms) -> dict[str, Any] | None:
    """The boundary of a slab of a metal with a potential; None for anything else."""
    symbols = set(atoms.get_chemical_symbols())
    if atoms.pbc[2] or not all(atoms.pbc[:2]) or len(symbols) > 1 or not symbols <= set(METALS):
        return None
    try:
        return describe_boundary(atoms, symbols.pop())
    except ValueError:
        return None


def run_slab_relaxation(report: Report, *, atoms: Atoms, metal: str) -> Atoms:
    """The slab, relaxed; ValueError with the reason when it cannot be."""
    report(0.05, "Relaxing one slab")
    (relaxed,) = relax_boundaries([atoms], metal, workers=1)
    if "error" in relaxed.info:
        raise ValueError(str(relaxed.info["error"]))
    return relaxed
