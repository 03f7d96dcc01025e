"""How close a structure is to an ideal crystal, or to another structure, atom by atom.

Atoms are paired so that the sum of squared minimum-image distances is least. The rigid translation of a
generated crystal is free, because the model draws it at random; it is found by turns: pair every atom with a
site of its own, move by the mean of the minimum-image displacements, until nothing changes. Averaging
displacements rather than positions is what keeps the periodic edge out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from gcd.analysis.pairing import minimum_image, pair, wrap
from gcd.structures.crystals import Phase, check_phase, check_size, ideal_positions

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.grid import Grid

PERFECT_TOLERANCE = 0.1  # of the nearest-neighbour distance; "perfect" allows no atom farther from its site
STARTING_ATOMS = 12  # atoms whose own offset from a site is tried as the translation
PAIRED_STARTS = 3  # of the translations found from those, how many are worked out one site to an atom
HOPELESS = 0.5  # rms in nearest-neighbour distances beyond which this is another structure: no search goes on


@dataclass(frozen=True)
class CrystalMatch:
    """A structure against the ideal crystal of its supercell, after the best rigid translation.

    Displacements are in nearest-neighbour distances. ``sites`` gives each atom's row of
    :func:`gcd.structures.crystals.ideal_positions`, -1 for an atom that is one too many; its displacement is
    NaN.
    """

    perfect: bool
    rms_displacement: float  # over the matched atoms; NaN without any
    translation: np.ndarray  # (3,) Å: site + translation is where the matched atom should be
    expected_atoms: int
    displacements: np.ndarray  # (N,)
    sites: np.ndarray  # (N,) int

    @property
    def matched_atoms(self) -> int:
        """Atoms that have a site of their own."""
        return int((self.sites >= 0).sum())

    @property
    def largest_displacement(self) -> float:
        """Of the matched atoms; NaN without any."""
        return float(np.nanmax(self.displacements)) if self.matched_atoms else float("nan")


@dataclass(frozen=True)
class StructureMatch:
    """Optimal pairs of the atoms of two structures, without a translation. Distances are in Å."""

    pairs: np.ndarray  # (K, 2) int: atom of a, atom of b
    distances: np.ndarray  # (K,)
    unmatched_a: np.ndarray  # int
    unmatched_b: np.ndarray  # int

    @property
    def complete(self) -> bool:
        """Whether every atom of both structures has a partner."""
        return len(self.unmatched_a) == 0 and len(self.unmatched_b) == 0

    @property
    def largest_error(self) -> float:
        """Largest distance of a pair, 0 without pairs."""
        return float(self.distances.max(initial=0.0))

    @property
    def rms_error(self) -> float:
        """Root mean square distance of the pairs, 0 without pairs."""
        return float(np.sqrt(np.mean(self.distances**2))) if len(self.distances) else 0.0


def match_crystal(atoms: Atoms, phase: str, size: int | Sequence[int]) -> CrystalMatch:
    """Match a generated crystal to the ideal supercell of ``phase`` and ``size`` that fills the same cell.

    ``perfect``: the number of atoms is the ideal one, and after the best rigid translation every atom lies
    within 0.1 of the nearest-neighbour distance of its own site. With another number of atoms, as many pairs
    as possible are made and the rest is left over. The translation is best in the least-squares sense.

    Raises:
        ValueError: unknown phase, size out of range, or a cell that is not orthorhombic.
    """
    entry = check_phase(phase)
    cells = check_size(size, entry.name)
    lengths = _orthorhombic_lengths(atoms)
    edges = lengths / np.array(cells)
    sites = ideal_positions(entry.name, cells) * edges
    positions = np.asarray(atoms.positions, dtype=float)
    n = len(positions)
    if n == 0:
        nothing = np.zeros(0)
        return CrystalMatch(False, float("nan"), np.zeros(3), len(sites), nothing, nothing.astype(int))

    tree = cKDTree(wrap(sites, lengths), boxsize=lengths)
    starts = _starting_translations(positions, edges, entry)
    candidates = [_refine_by_nearest_site(positions, start, tree, sites, lengths) for start in starts]
    candidates.sort(key=lambda candidate: candidate[0])
    nearest_neighbour = entry.nearest_neighbour * float(np.mean(edges))
    hopeless = HOPELESS * nearest_neighbour
    best: _Pairing | None = None
    for misfit, translation in candidates[:PAIRED_STARTS]:
        if best is not None and (misfit >= best.misfit * (1 - 1e-6) or best.rms > hopeless):
            break  # sites of their own can only add to the misfit with the nearest sites
        found = _refine_by_pairing(positions, translation, sites, lengths, hopeless)
        if best is None or found.misfit < best.misfit:
            best = found
    assert best is not None
    matched = np.full(n, -1)
    matched[best.atoms] = best.sites
    displacements = np.full(n, np.nan)
    displacements[best.atoms] = np.linalg.norm(best.vectors, axis=1)
    displacements /= nearest_neighbour
    return CrystalMatch(
        perfect=n == len(sites) and bool(np.all(displacements <= PERFECT_TOLERANCE)),
        rms_displacement=float(np.sqrt(np.nanmean(displacements**2))),
        translation=best.translation,
        expected_atoms=len(sites),
        displacements=displacements,
        sites=matched,
    )


def match_structures(
    a: Atoms | np.ndarray, b: Atoms | np.ndarray, cell: Grid | None = None, cutoff: float | None = None
) -> StructureMatch:
    """Pair the atoms of two structures in the same cell, without any translation.

    Args:
        a, b: ``ase.Atoms``, or positions (N, 3) in Å; ``a`` names the cell unless ``cell`` does.
        cell: a :class:`gcd.voxels.grid.Grid`, whose lengths and periodic axes count.
        cutoff: pairs farther apart than this (Å) are dissolved and their atoms count as unmatched.

    Raises:
        ValueError: a cell that is not orthorhombic, or no cell at all.
    """
    if cell is not None:
        lengths, periodic = np.asarray(cell.lengths, dtype=float), np.asarray(cell.periodic, dtype=bool)
    elif not isinstance(a, np.ndarray):
        lengths, periodic = _orthorhombic_lengths(a), np.asarray(a.pbc, dtype=bool)
    else:
        raise ValueError("Matching positions needs their cell: give a Grid, or the first structure as Atoms.")
    p = np.asarray(a if isinstance(a, np.ndarray) else a.positions, dtype=float).reshape(-1, 3)
    q = np.asarray(b if isinstance(b, np.ndarray) else b.positions, dtype=float).reshape(-1, 3)
    first, second = pair(p, q, lengths, periodic)
    distances = np.linalg.norm(minimum_image(p[first] - q[second], lengths, periodic), axis=1)
    close = distances <= (np.inf if cutoff is None else cutoff)
    first, second, distances = first[close], second[close], distances[close]
    return StructureMatch(
        pairs=np.column_stack([first, second]),
        distances=distances,
        unmatched_a=np.setdiff1d(np.arange(len(p)), first),
        unmatched_b=np.setdiff1d(np.arange(len(q)), second),
    )


@dataclass(frozen=True)
class _Pairing:
    misfit: float  # sum of squared displacements, Å^2
    translation: np.ndarray  # (3,) Å
    atoms: np.ndarray
    sites: np.ndarray
    vectors: np.ndarray  # displacements of the pairs, Å

    @property
    def rms(self) -> float:
        return float(np.sqrt(self.misfit / max(len(self.atoms), 1)))


def _starting_translations(positions: np.ndarray, edges: np.ndarray, phase: Phase) -> list[np.ndarray]:
    """Translations (Å) to refine: from the phases of reciprocal vectors, and from single atoms on sites."""
    reciprocal = _shortest_reciprocal_vectors(phase.basis)
    waves = np.exp(2j * np.pi * (positions / edges) @ reciprocal.T).mean(axis=0)  # circular means
    starts = [np.linalg.solve(reciprocal, np.angle(waves) / (2 * np.pi)) * edges]
    chosen = np.unique(np.linspace(0, len(positions) - 1, STARTING_ATOMS).astype(int))
    starts.extend(positions[atom] - site * edges for site in _distinct_sites(phase.basis) for atom in chosen)
    return starts


def _shortest_reciprocal_vectors(basis: np.ndarray) -> np.ndarray:
    """(3, 3) independent integer vectors, shortest first, on which all atoms of the cell scatter in phase.

    They are (100) in SC, (110) in BCC and (111) in FCC; the angle of the structure factor there is the
    translation.
    """
    integers = np.array(sorted(product(range(-4, 5), repeat=3), key=lambda v: (np.dot(v, v), v)))
    in_phase = np.abs(np.exp(2j * np.pi * integers @ basis.T).sum(axis=1)) > len(basis) - 1e-6
    chosen: list[np.ndarray] = []
    for vector in integers[in_phase]:
        if len(chosen) < 3 and np.linalg.matrix_rank(np.array([*chosen, vector])) > len(chosen):
            chosen.append(vector)
    return np.array(chosen, dtype=float)


def _distinct_sites(basis: np.ndarray) -> np.ndarray:
    """The sites that see different crystals around them: one in a Bravais lattice, where all are alike."""
    distinct: list[np.ndarray] = []
    for site in basis:
        for other in distinct:
            gaps = minimum_image((basis - site)[:, None] - (basis - other)[None], np.ones(3))
            if np.all((np.abs(gaps) < 1e-6).all(axis=2).any(axis=1)):
                break
        else:
            distinct.append(site)
    return np.array(distinct)


def _refine_by_nearest_site(
    positions: np.ndarray, translation: np.ndarray, tree: cKDTree, sites: np.ndarray, lengths: np.ndarray
) -> tuple[float, np.ndarray]:
    """Move by the mean displacement from the nearest sites until settled; misfit (Å^2), translation (Å)."""
    misfit = np.inf
    for _ in range(50):
        _, nearest = tree.query(wrap(positions - translation, lengths))
        vectors = minimum_image(positions - translation - sites[nearest], lengths)
        mean = vectors.mean(axis=0)
        translation = translation + mean
        misfit, before = float(((vectors - mean) ** 2).sum()), misfit
        if misfit >= before * (1 - 1e-6):
            break
    return misfit, translation


def _refine_by_pairing(
    positions: np.ndarray, translation: np.ndarray, sites: np.ndarray, lengths: np.ndarray, hopeless: float
) -> _Pairing:
    """The same with a site of its own for every atom, as far as there are sites."""
    best: _Pairing | None = None
    for _ in range(10):
        atom, site = pair(positions - translation, sites, lengths, np.ones(3, dtype=bool))
        if best is not None and np.array_equal(site, best.sites) and np.array_equal(atom, best.atoms):
            break
        vectors = minimum_image(positions[atom] - translation - sites[site], lengths)
        mean = vectors.mean(axis=0)
        translation = translation + mean
        misfit = float(((vectors - mean) ** 2).sum())
        if best is not None and misfit >= best.misfit * (1 - 1e-4):
            break
        best = _Pairing(misfit, translation, atom, site, vectors - mean)
        if best.rms > hopeless:
            break
    assert best is not None
    return best


def _orthorhombic_lengths(atoms: Atoms) -> np.ndarray:
    cell = np.asarray(atoms.cell[:], dtype=float)
    lengths = np.diag(cell)
    if np.any(lengths <= 0) or np.abs(cell - np.diag(lengths)).max() > 1e-6 * np.abs(cell).max():
        angles = ", ".join(f"{angle:.2f}" for angle in atoms.cell.angles())
        raise ValueError(
            "Matching needs an orthorhombic cell with its edges along x, y and z; "
            f"this one has the angles {angles} degrees."
        )
    return lengths
