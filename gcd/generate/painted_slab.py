"""From painted voxels to a slab: the ends' own atoms, the decoded ones between them, and whether it is physical."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gcd.diffusion.inpainting import layer_mask
from gcd.structures.bicrystal_ends import BicrystalEnds
from gcd.structures.bicrystals import n_fraction
from gcd.structures.twists import metal_phase
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.decoder import Decoder

PHYSICAL_DISTANCE = 0.73  # of the nearest-neighbour distance: 2.0 Å in tungsten
SAME_ATOM = 0.45  # of it: a painted atom nearer than this to a known one is that atom, seen through its share
TOLERANCE = 1.0  # lattice constants along z whose atoms may be missing or too many in the painted middle
MARGIN = 8  # voxel layers beyond the painted ones that the decoder sees


def known_voxels(ends: BicrystalEnds) -> tuple[Tensor, Tensor]:
    """(X, Y, Z) voxels of the ends, in units of atoms, and the mask, 1 in the painted layers."""
    mask = layer_mask(ends.grid.shape, *ends.layers)
    voxels = encode(torch.tensor(ends.atoms.positions, dtype=torch.float32), ends.grid)[0]
    return voxels * (1 - mask), mask


def decode_middle(decoder: Decoder, voxels: Tensor, ends: BicrystalEnds) -> list[np.ndarray]:
    """(N, 3) positions in Å of each structure, around the painted layers alone: the known atoms need no decoding."""
    from gcd.voxels.decoder import decode

    grid, size = ends.grid, ends.grid.voxel_size[2]
    low, high = max(0, ends.layers[0] - MARGIN), min(grid.shape[2], ends.layers[1] + MARGIN)
    middle = Grid((*grid.shape[:2], high - low), (*grid.lengths[:2], (high - low) * size), grid.periodic)
    return [r + np.array([0.0, 0.0, low * size]) for r in decode(decoder, voxels[..., low:high], middle)]


def assemble(ends: BicrystalEnds, decoded: np.ndarray) -> Atoms:
    """The ends' atoms exactly as given, and of the decoded ones those that are not the ends' own."""
    from ase import Atoms
    from scipy.spatial import cKDTree

    known, nearest = ends.atoms, ends.atoms.info["nearest_neighbour"]
    low, high = (layer * ends.grid.voxel_size[2] for layer in (ends.layers[0] - 1, ends.layers[1]))
    painted = decoded[(decoded[:, 2] > low) & (decoded[:, 2] < high)]
    box = np.array([*ends.grid.lengths[:2], 4 * ends.grid.lengths[2]])
    tree = cKDTree(known.positions % box, boxsize=box)
    painted = painted[tree.query(painted % box)[0] > SAME_ATOM * nearest] if len(painted) else painted
    atoms = Atoms(
        [known.info["metal"]] * (len(known) + len(painted)),
        np.concatenate([known.positions, painted]),
        cell=ends.grid.lengths,
        pbc=ends.grid.periodic,
    )
    order = np.argsort(atoms.positions[:, 2], kind="stable")
    atoms = atoms[order]
    atoms.set_array("painted", (np.arange(len(atoms)) >= len(known))[order])
    atoms.info = {k: v for k, v in known.info.items() if k not in ("painted_z", "nearest_neighbour")}
    atoms.info["n"] = n_fraction(len(atoms), known.info["atoms_per_plane"])
    atoms.info |= _check(atoms, box, nearest, ends)
    return atoms


def _check(atoms: Atoms, box: np.ndarray, nearest: float, ends: BicrystalEnds) -> dict[str, Any]:
    """Whether the atoms are a slab at all: enough of them between the ends, none on top of another."""
    from scipy.spatial import cKDTree

    painted = int(atoms.arrays["painted"].sum())
    # The ends are given: what is close within them, at the free surface of a slab of one's own, is not the model's.
    new = atoms.positions[atoms.arrays["painted"]] % box
    distances = (
        cKDTree(atoms.positions % box, boxsize=box).query(new, k=2)[0][:, 1] if painted else np.array([])
    )
    closest, least = float(distances.min(initial=nearest)), PHYSICAL_DISTANCE * nearest
    per_plane = atoms.info["atoms_per_plane"]
    whole = atoms.info.get(
        "whole", per_plane * sum(atoms.info["planes"])
    )  # a slab of one's own has what it has
    expected = whole - len(ends.atoms)
    # Two (002) planes; by volume, as planes of higher indices lie close.
    per_cell = metal_phase(atoms.info["metal"]).atoms_per_cell
    allowed = TOLERANCE * per_cell * atoms.info["area"] / atoms.info["lattice_constant"] ** 2
    failure = ""
    if closest < least:
        failure = f"two atoms are {closest:.2f} Å apart, less than {least:.2f} Å"
    elif abs(painted - expected) > allowed + 1e-6:
        failure = f"{painted} atoms were painted where two grains would have {expected}"
    return {"minimum_distance": closest, "physical": not failure, "failure": failure}
