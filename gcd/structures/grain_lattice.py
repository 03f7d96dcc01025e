"""The lattice of a grain from its atoms alone: which of them are bulk, and where their cube axes point.

In bcc as in fcc the second shell of neighbours is six atoms a lattice constant away, along the axes of the cube.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gcd.structures.boundary import SIDES
from gcd.structures.crystals import PHASES

SECOND = 6  # atoms of the second shell
OPEN_SHELL = 0.25  # lattice constants by which the vectors of a closed shell may miss cancelling each other
SHELL_RATIO = 0.07  # by which the second shell's distance over the first's may differ from the crystal's
ALIKE = 0.98  # cosine between axes of atoms of one grain, at least
CORE = 4.0  # Å from the plane in which an atom may be of either grain
FAR = 7.0  # Å from the plane beyond which grains are hardly strained
SURFACE = 3.0  # Å below a surface that has relaxed
END = 5.0  # Å from the slab's ends, where a pile of two grains may have been opened beside its other boundary
TRIED = 12  # atoms of a grain that are tried as the one the others are like
STRAY = 0.1  # of a side's bulk atoms that may be of another orientation


@dataclass(frozen=True)
class GrainLattice:
    """One grain of a slab.

    Attributes:
        axes: (3, 3) Å, the rows are the edges of its cubic cell, right-handed.
        low, high: z in Å of its lowest and highest bulk atom.
    """

    axes: np.ndarray
    low: float
    high: float

    @property
    def lattice_constant(self) -> float:
        """Å: of the cube of the same volume."""
        return float(np.linalg.det(self.axes) ** (1 / 3))

    def halves(self, vector: np.ndarray) -> np.ndarray:
        """A vector (3,) of the laboratory in halves of the cubic cell's edges."""
        found: np.ndarray = 2 * np.asarray(vector) @ np.linalg.inv(self.axes)
        return found


def grain_lattices(
    positions: np.ndarray, lengths: tuple[float, float], plane: float, phase: str, lattice_constant: float
) -> tuple[GrainLattice, GrainLattice]:
    """The lower and the upper grain of a slab.

    Args:
        positions: (N, 3) Å, z across the boundary.
        lengths: Å of the cell along x and y; it is periodic in both, and not along z.
        plane: z of the boundary in Å.
        phase: "bcc" or "fcc".
        lattice_constant: Å, to within some per cent.

    Raises:
        ValueError: a grain without bulk atoms, or one of two crystals; one sentence.
    """
    shells, bulk = _second_shells(positions, lengths, phase, lattice_constant)
    z = positions[:, 2] - plane
    lower, upper = (
        _grain(side, positions, shells, np.flatnonzero(bulk & (sign * z > CORE)), plane, phase)
        for side, sign in ((0, -1), (1, 1))
    )
    return lower, upper


def _second_shells(
    positions: np.ndarray, lengths: tuple[float, float], phase: str, lattice_constant: float
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 6, 3) Å, each atom's neighbours of the second shell, and (N,) whether its two shells are a crystal's."""
    from scipy.spatial import cKDTree

    entry = PHASES[phase]
    first = entry.neighbour_count
    reach = 1.3 * lattice_constant
    counts = [range(-int(np.ceil(reach / n)), int(np.ceil(reach / n)) + 1) for n in lengths]
    wrapped = positions.copy()
    wrapped[:, :2] %= lengths
    shifts = [(i * lengths[0], j * lengths[1], 0.0) for i in counts[0] for j in counts[1]]
    images = np.concatenate([wrapped + shift for shift in shifts])
    inside = ((images[:, :2] > -reach) & (images[:, :2] < np.array(lengths) + reach)).all(axis=1)
    images = images[inside]
    wanted = first + SECOND + 2  # with the atom itself, and the first one of the third shell
    distances, neighbours = cKDTree(images).query(wrapped, k=min(wanted, len(images)))
    if distances.shape[1] < wanted:
        return np.zeros((len(positions), SECOND, 3)), np.zeros(len(positions), dtype=bool)
    nearest, second = distances[:, 1 : first + 1], distances[:, first + 1 : first + SECOND + 1]
    vectors = images[neighbours] - wrapped[:, None]
    shells = vectors[:, first + 1 : first + SECOND + 1]
    ratio = second.mean(axis=1) / nearest.mean(axis=1) * entry.nearest_neighbour
    closed = [
        np.linalg.norm(vectors[:, a:b].sum(axis=1), axis=1) < OPEN_SHELL * lattice_constant
        for a, b in ((1, first + 1), (first + 1, first + SECOND + 1))
    ]
    third = np.minimum(distances[:, -1], reach)
    bulk = (
        (np.abs(ratio - 1) < SHELL_RATIO)
        & (np.abs(second.mean(axis=1) / lattice_constant - 1) < 0.12)
        & closed[0]
        & closed[1]
        & (third > 1.06 * second.max(axis=1))
    )
    return shells, bulk


def _grain(
    side: int, positions: np.ndarray, shells: np.ndarray, bulk: np.ndarray, plane: float, phase: str
) -> GrainLattice:
    """The crystal of most bulk atoms (indices) of a side."""
    if len(bulk) < 2:
        raise ValueError(
            f"The {SIDES[side]} grain shows no {phase} crystal more than {CORE:g} Å from the boundary at "
            f"z = {plane:.1f} Å: it is too thin, or of another phase."
        )
    z = positions[bulk, 2]
    order = bulk[np.argsort(z, kind="stable")]
    tried = order[np.unique(np.linspace(0, len(order) - 1, TRIED).astype(int))]
    axes, agree = max((_like(shells[bulk], _cube(shells[atom])) for atom in tried), key=lambda f: f[1].sum())
    # The end of a pile may hold some planes of the other grain, which begins there again.
    z = positions[bulk, 2]
    strange = bulk[~agree & (z > positions[:, 2].min() + END) & (z < positions[:, 2].max() - END)]
    if len(strange) > max(4, STRAY * len(bulk)):
        raise ValueError(
            f"The {SIDES[side]} grain is not one crystal: {len(strange)} of its {len(bulk)} bulk atoms, about "
            f"z = {np.median(positions[strange, 2]):.1f} Å, are turned against the others, so that there is more than "
            "one boundary."
        )
    z, axes = z[agree], axes[agree]
    best = (np.abs(z - plane) > FAR) & (z > z.min() + SURFACE) & (z < z.max() - SURFACE)
    chosen = axes[best] if best.sum() >= 4 else axes
    return GrainLattice(np.median(chosen, axis=0), float(z.min()), float(z.max()))


def _cube(shell: np.ndarray) -> np.ndarray:
    """(3, 3) right-handed unit axes near the vectors (6, 3) of a second shell."""
    unit = shell / np.linalg.norm(shell, axis=1)[:, None]
    x = unit[0]
    y = unit[np.argmin(np.abs(unit @ x))]
    z = np.cross(x, y)
    return np.array([x, y, z / np.linalg.norm(z)])


def _like(shells: np.ndarray, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, 3, 3) Å axes of atoms along those of a cube, and (M,) whether they point the same way."""
    unit = shells / np.linalg.norm(shells, axis=2)[..., None]
    along = unit @ cube.T  # (M, 6, 3)
    ahead, behind = along.argmax(axis=1), along.argmin(axis=1)  # (M, 3)
    rows = np.arange(len(shells))[:, None]
    agree = (np.minimum(along.max(axis=1), -along.min(axis=1)) > ALIKE).all(axis=1)
    return 0.5 * (shells[rows, ahead] - shells[rows, behind]), agree
