"""How far a slab's grains are stretched against the potential's crystal, from the neighbours of atoms in their bulk.

The moments M = sum of r r^T over an atom's first shell are those of a cube in a crystal at rest, whichever way it is
turned; in a crystal deformed by F they are F F^T times that, so their square root is the stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gcd.energetics.crystal_energy import Crystal

SHELL = {"bcc": 8, "fcc": 12}
NEAREST = {"bcc": np.sqrt(3) / 2, "fcc": np.sqrt(0.5)}
TOLD = 5e-4  # strain in the plane, from which on it is told: it costs some 0.001 J/m2


@dataclass(frozen=True)
class Strain:
    """The mean stretch of a slab's grains, lab frame."""

    stretch: np.ndarray  # (3, 3), symmetric; the identity when at rest

    @property
    def in_plane(self) -> np.ndarray:
        """The two principal strains in the plane."""
        return np.linalg.eigvalsh(self.stretch[:2, :2]) - 1.0

    @property
    def worth_telling(self) -> bool:
        """Whether it adds to E_gb."""
        return bool(np.abs(self.in_plane).max() > TOLD)

    def undone(self) -> np.ndarray:
        """(3, 3): positions @ this are unstrained; z stays across the boundary."""
        relief = np.eye(3)
        relief[:2, :2] = np.linalg.inv(self.stretch[:2, :2])
        relief[2, 2] = 1.0 / self.stretch[2, 2]
        return relief


def measure_strain(
    positions: np.ndarray,
    cell: np.ndarray,
    periodic: tuple[bool, bool, bool],
    counted: np.ndarray,
    crystal: Crystal,
) -> Strain | None:
    """The median over the bulk atoms among those ``counted`` (N,) bool; None when there are none."""
    from gcd.energetics.neighbours import neighbour_arrays

    if crystal.phase not in SHELL:
        return None
    count, nearest = SHELL[crystal.phase], NEAREST[crystal.phase] * crystal.lattice_constant
    i, j, shift = neighbour_arrays(positions, cell, periodic, 1.4 * nearest)
    vectors = positions[j] - positions[i] + shift
    i, vectors = np.concatenate([i, j]), np.concatenate([vectors, -vectors])
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.lexsort((lengths, i))
    starts = np.searchsorted(i[order], np.arange(len(positions) + 1))
    found = []
    for atom in np.flatnonzero(counted):
        near = order[starts[atom] : starts[atom + 1]]
        if len(near) < count:
            continue
        shell = vectors[near[:count]]
        longest = lengths[near[count - 1]]
        gap = lengths[near[count]] / longest if len(near) > count else 1.2
        # A shell that is closed, even-sided and of about the right size: anything else is no bulk.
        if gap < 1.05 or abs(longest / nearest - 1) > 0.12 or np.abs(shell.sum(0)).max() > 0.1:
            continue
        found.append(shell.T @ shell)
    if len(found) < 2:
        return None
    moments = np.median(found, axis=0) / (count * nearest**2 / 3)
    values, axes = np.linalg.eigh(moments)
    return Strain((axes * np.sqrt(values)) @ axes.T)
