"""Reading CIF: ASE's parser, with the symmetry worked out for all sites at once.

ASE compares every atom with every other in Python, which takes minutes for the thousands of atoms of a generated
crystal; here it is one product and one neighbour search.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from gcd.limits import MAX_ATOMS

if TYPE_CHECKING:
    from ase import Atoms

SITE_SYMMETRY = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
SAME_SITE = 1e-3  # fractional distance at which two images of sites are one atom; ASE's symprec


def read_cif(file: IO[str]) -> list[Atoms]:
    """All structures of a CIF file, with the whole cell filled by symmetry and positions in [0, 1) of it.

    Where several elements share a site, the one with the largest occupancy is taken.

    Raises:
        ValueError: more images of sites than the limit on atoms allows, or whatever ASE finds wrong.
    """
    from ase.io.cif import parse_cif

    return [_filled(block) for block in parse_cif(file) if block.has_structure()]


def _filled(block: Any) -> Atoms:
    from ase import Atoms

    asymmetric = block.get_unsymmetrized_structure()
    if asymmetric.cell.rank < 3 or len(asymmetric) == 0:
        return asymmetric
    rotations, translations = _operations(block)
    sites = asymmetric.get_scaled_positions(wrap=False)
    if len(rotations) == 1:  # the identity: atoms are as many as the file lists, however close they lie
        fractional, numbers = sites % 1.0, asymmetric.numbers
    else:
        if len(sites) * len(rotations) > 8 * MAX_ATOMS:  # special positions coincide in groups
            raise ValueError(f"{len(sites):,} sites under {len(rotations)} symmetry operations are too many")
        occupancies = np.array(block.get("_atom_site_occupancy") or np.ones(len(sites)), dtype=float)
        order = np.argsort(-np.nan_to_num(occupancies), kind="stable")
        images = np.einsum("oij,sj->soi", rotations, sites[order]) + translations
        fractional = images.reshape(-1, 3) % 1.0
        numbers = np.repeat(asymmetric.numbers[order], len(rotations))
        first = _first_of_coinciding(fractional)
        fractional, numbers = fractional[first], numbers[first]
    return Atoms(numbers, scaled_positions=fractional, cell=asymmetric.cell, pbc=True)


def _operations(block: Any) -> tuple[np.ndarray, np.ndarray]:
    """(M, 3, 3) rotations and (M, 3) translations; from the list of the file where it names no space group."""
    from ase.spacegroup.spacegroup import parse_sitesym

    listed = next((block[key] for key in SITE_SYMMETRY if key in block), None)
    if listed and not any(
        "group_name" in key or "tables_number" in key or "it_number" in key for key in block
    ):
        return parse_sitesym([listed] if isinstance(listed, str) else listed)
    return block.get_spacegroup(subtrans_included=True).get_op()


def _first_of_coinciding(fractional: np.ndarray) -> np.ndarray:
    """Indices of the points that coincide with no earlier one."""
    from scipy.spatial import cKDTree

    wrapped = np.where(fractional >= 1.0, 0.0, fractional)
    pairs = cKDTree(wrapped, boxsize=1.0).query_pairs(SAME_SITE, p=np.inf, output_type="ndarray")
    keep = np.ones(len(fractional), dtype=bool)
    keep[pairs.max(axis=1)] = False
    return np.flatnonzero(keep)
