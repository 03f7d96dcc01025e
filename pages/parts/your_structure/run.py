"""The jobs of Your structure: encode, decode, compare and analyse any structure, and relax it when it is a slab."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gcd.analysis.matching import StructureMatch, match_structures
from gcd.analysis.rdf import radial_distribution
from gcd.analysis.steinhardt import Neighbours, coordination, minimum_distance, steinhardt
from gcd.checkpoints import load_decoder
from gcd.energetics.boundary_energy import describe_boundary, relax_boundaries
from gcd.energetics.boundary_plane import NO_BOUNDARY
from gcd.energetics.zhou2004 import METALS
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_STRUCTURE_ATOMS, MAX_PAGE_STRUCTURE_VOXELS
from gcd.structures.orthorhombic import with_room
from gcd.voxels import CoarseGridWarning, Grid, encode_atoms, grid_for
from gcd.voxels.decoder import decode

if TYPE_CHECKING:
    from ase import Atoms


ORDER_RULE: Neighbours = "voronoi"  # of q4 and q6: the one rule for a structure of any phase
VACUUM = 5.0  # Å without atoms; a wider gap than between the planes of any metal


@dataclass(frozen=True)
class Origin:
    """Where a structure is from: what the reproduce box says."""

    name: str  # of the example or of the file
    uploaded: bool = False
    index: int = 0  # in the file
    supercell: bool = False  # the orthorhombic one of it

    def python(self) -> str:
        """Python that makes or reads it, as ``atoms``."""
        if not self.uploaded:
            lines = ["from gcd.structures.examples import EXAMPLES", "", f"atoms = EXAMPLES[{self.name!r}]()"]
        else:
            lines = [
                "from gcd.structures.formats import read_structures",
                "",
                f"atoms = read_structures({self.name!r})[{self.index}]",
            ]
        if self.supercell:
            lines.insert(1, "from gcd.structures.orthorhombic import orthorhombic_supercell")
            lines.append("atoms = orthorhombic_supercell(atoms)")
        return "\n".join(lines)


@dataclass(frozen=True)
class StructureRun:
    """What a job leaves behind."""

    origin: Origin
    voxel_size: float  # Å, as asked for
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
    """A third of the shortest distance in Å, where the decoder is at home; 0.8 Å for a lone atom.

    And for more atoms than a page takes: who looks at the page waits for it.
    """
    if len(atoms) > MAX_PAGE_STRUCTURE_ATOMS:
        return 0.8
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


def run_structure(report: Report, *, atoms: Atoms, voxel_size: float, origin: Origin) -> StructureRun:
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
    order = steinhardt(roomy, (4, 6), ORDER_RULE)
    return StructureRun(
        origin, voxel_size, roomy, grid, voxels[0].numpy(), decoded, match, coarse, radial_distribution([roomy]),
        order[4], order[6], coordination(roomy), minimum_distance(roomy), boundary_of(roomy),
    )  # fmt: skip


def boundary_of(atoms: Atoms) -> dict[str, Any] | None:
    """The boundary in a slab of a metal with a potential; None for anything else, a perfect slab included.

    A slab has a free surface on either side of z, whether its file says so or has a vacuum there: POSCAR and dumps know
    no open axes.
    """
    symbols = set(atoms.get_chemical_symbols())
    if len(symbols) != 1 or not symbols <= set(METALS) or not (_open(atoms) and all(atoms.pbc[:2])):
        return None
    try:
        found = describe_boundary(atoms, symbols.pop())
    except ValueError:
        return None
    return None if NO_BOUNDARY in found.get("warnings", ()) else found


def _open(atoms: Atoms) -> bool:
    """Whether z ends in free surfaces: not periodic, or with a gap that no crystal has, or in a box that fits tightly.

    LAMMPS writes such boxes: periodic, the lowest and the highest plane would lie on each other.
    """
    height = float(atoms.cell[2, 2])
    if not atoms.pbc[2] or height <= 0:
        return not atoms.pbc[2]
    z = np.sort(atoms.positions[:, 2] % height)
    if float(np.diff(np.append(z, z[0] + height)).max()) > VACUUM:
        return True
    free = atoms.copy()
    free.pbc = (True, True, False)
    return minimum_distance(atoms) < 0.8 * minimum_distance(free)


def run_slab_relaxation(report: Report, *, atoms: Atoms, metal: str) -> Atoms:
    """The slab, relaxed; ValueError with the reason when it cannot be."""
    report(0.05, "Relaxing one slab")
    (relaxed,) = relax_boundaries([atoms], metal, workers=1)
    if "error" in relaxed.info:
        raise ValueError(str(relaxed.info["error"]))
    return relaxed
