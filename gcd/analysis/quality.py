"""The figures by which a generated crystal is judged, in one place for the command line, the tables and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.analysis.matching import match_crystal
from gcd.analysis.steinhardt import minimum_distance, steinhardt
from gcd.structures.crystals import check_phase

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class CrystalQuality:
    """A structure against the ideal crystal; NaN where there are no atoms to speak of."""

    atoms: int
    expected_atoms: int
    perfect: bool
    rms_displacement: float  # nearest-neighbour distances
    largest_displacement: float  # nearest-neighbour distances
    q4: float  # mean over atoms, with the phase's own number of neighbours
    q6: float
    minimum_distance: float  # Å

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        verdict = "perfect" if self.perfect else "not perfect"
        return (
            f"{self.atoms} of {self.expected_atoms} atoms, {verdict}, rms displacement {self.rms_displacement:.4f}, "
            f"q4 {self.q4:.4f}, q6 {self.q6:.4f}"
        )


def crystal_quality(atoms: Atoms, phase: str, size: int | Sequence[int]) -> CrystalQuality:
    """Count, match to the ideal lattice, and mean bond order of a crystal of ``phase`` and ``size``.

    Raises:
        ValueError: unknown phase, size out of range, or a cell that is not orthorhombic.
    """
    match = match_crystal(atoms, phase, size)
    order = steinhardt(atoms, (4, 6), check_phase(phase).neighbour_count)
    mean = {l: float(np.nanmean(q)) if np.isfinite(q).any() else float("nan") for l, q in order.items()}
    return CrystalQuality(
        atoms=len(atoms),
        expected_atoms=match.expected_atoms,
        perfect=match.perfect,
        rms_displacement=match.rms_displacement,
        largest_displacement=match.largest_displacement,
        q4=mean[4],
        q6=mean[6],
        minimum_distance=minimum_distance(atoms),
    )
