"""How alike two boundaries are: their cores laid on each other under the symmetry of the boundary.

The symmetry is the part of the boundary's point group that keeps its cell. Lengths are in Å.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid

REACH = 6.0  # Å on either side of the plane: the core
HALF_HEIGHT = 10.0  # Å: voxels go further, so that cores may be moved along z
VOXEL = 0.834
BLUR = 0.3  # Å: standard deviation of the atoms that are laid on each other
CLOSE = 0.5  # Å: atoms no further apart are the same


@dataclass(frozen=True)
class Likeness:
    """The structure most like a given one.

    Attributes:
        index: of it.
        matched: share of the core's atoms with an atom of it within `CLOSE` Å, the smaller of the two ways round.
        rms: displacement of those atoms, Å.
    """

    index: int
    matched: float
    rms: float


class BoundaryLibrary:
    """Boundaries to compare with, all in one square or rectangular cell."""

    def __init__(
        self,
        structures: list[tuple[np.ndarray, float]],
        cell: tuple[float, float],
        boundary: Boundary | None = None,
    ) -> None:
        """Gather structures.

        Args:
            structures: (N, 3) positions and the z of the boundary plane of each.
            cell: edges along x and y.
            boundary: whose symmetry it is; by default a (100) twist.
        """
        square = abs(cell[0] - cell[1]) < 1e-3
        group = (find_boundary("sigma5") if boundary is None else boundary).cell_group()
        self.operations = [g.rotation for g in group if square or abs(g.rotation[0, 0]) > 0.5]
        self.cell = np.asarray(cell, dtype=float)
        shape = (round(cell[0] / VOXEL), round(cell[1] / VOXEL), 2 * round(HALF_HEIGHT / VOXEL))
        self.grid = Grid(shape, (cell[0], cell[1], shape[2] * VOXEL))
        k = np.meshgrid(
            *(np.fft.fftfreq(n, d) for n, d in zip(shape, self.grid.voxel_size, strict=True)), indexing="ij"
        )
        # Without it two atoms half a voxel apart hardly overlap.
        self.blur = np.exp(-2 * (np.pi * BLUR) ** 2 * sum(part**2 for part in k))
        self.cores = [_around(r, plane, HALF_HEIGHT) for r, plane in structures]
        self.spectra = np.stack([self._spectrum(core) for core in self.cores])

    def _spectrum(self, core: np.ndarray) -> np.ndarray:
        near = core[np.abs(core[:, 2]) < REACH] + [0.0, 0.0, HALF_HEIGHT]
        voxels = encode(torch.tensor(near), self.grid)[0].numpy()
        return np.fft.fftn(voxels) * self.blur

    def most_like(self, positions: np.ndarray, plane: float, *, candidates: int = 32) -> Likeness:
        """The structure of the library most like this one, over all symmetries and translations.

        The overlap of the voxels, for every translation at once, picks the best few pairs of structure and symmetry;
        their atoms are then laid on each other and counted.
        """
        core = _around(positions, plane, HALF_HEIGHT)
        turned = [core @ rotation.T for rotation in self.operations]
        scores, shifts = [], []
        for other in turned:
            overlap = np.fft.ifftn(self.spectra * self._spectrum(other).conj(), axes=(1, 2, 3)).real
            flat = overlap.reshape(len(overlap), -1)
            best = flat.argmax(axis=1)
            scores.append(flat[np.arange(len(flat)), best])
            shifts.append(np.stack(np.unravel_index(best, self.grid.shape), axis=1))
        order = np.argsort(-np.stack(scores), axis=None)[:candidates]
        found = []
        for symmetry, index in zip(*np.unravel_index(order, (len(turned), len(self.cores))), strict=True):
            shift = shifts[symmetry][index] * np.array(self.grid.voxel_size)
            if shift[2] > HALF_HEIGHT:
                shift[2] -= self.grid.lengths[2]
            matched, rms = self._lay_on(turned[symmetry] + shift, self.cores[index])
            found.append(Likeness(int(index), matched, rms))
        return max(found, key=lambda like: like.matched * (1 - like.rms / CLOSE) if like.matched else 0.0)

    def _lay_on(self, moved: np.ndarray, fixed: np.ndarray) -> tuple[float, float]:
        """Share matched and rms after the best translation near the one given."""
        from scipy.spatial import cKDTree

        box = np.array([*self.cell, 1e3])
        tree = cKDTree(_boxed(fixed, box), boxsize=box)
        near = np.abs(moved[:, 2]) < REACH
        for reach in (1.2, 0.8, CLOSE):
            distance, index = tree.query(_boxed(moved, box))
            pairs = near & (distance < reach)
            if not pairs.any():
                return 0.0, float("nan")
            step = fixed[index[pairs]] - moved[pairs]
            step[:, :2] -= self.cell * np.rint(step[:, :2] / self.cell)
            moved = moved + step.mean(axis=0)
        distance, _ = tree.query(_boxed(moved, box))
        same = near & (distance < CLOSE)
        back, _ = cKDTree(_boxed(moved, box), boxsize=box).query(_boxed(fixed, box))
        core = np.abs(fixed[:, 2]) < REACH
        matched = min(same.sum() / near.sum(), (core & (back < CLOSE)).sum() / core.sum())
        return float(matched), float(np.sqrt((distance[same] ** 2).mean())) if same.any() else float("nan")


def _around(positions: np.ndarray, plane: float, reach: float) -> np.ndarray:
    core = np.asarray(positions, dtype=float) - [0.0, 0.0, plane]
    return core[np.abs(core[:, 2]) < reach]


def _boxed(positions: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Positions inside the box of a periodic tree; z, which does not repeat, in its middle."""
    wrapped = (positions + np.array([0.0, 0.0, box[2] / 2])) % box
    return np.where(wrapped >= box, 0.0, wrapped)
