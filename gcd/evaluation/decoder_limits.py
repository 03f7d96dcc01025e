"""What no decoder can do better: the errors that noise leaves to the best possible estimate and decision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gcd.evaluation.decoder import NOISE
from gcd.training.decoder_structures import Sample

SPACING = 0.125  # voxels between places that are tried for an atom
Block = tuple[np.ndarray, ...]  # an index of a lattice's places, from np.ix_
NEVER_MISSED = 0.45  # sum of an atom's squared shares: with noise 0.05, 13 standard deviations


def isolated_atom_floor(noise: float = NOISE, count: int = 2000, seed: int = 0) -> float:
    """Root of the mean squared distance of the best possible estimate of one lone atom, in voxels.

    It is the mean of the posterior over positions, found by summing over a fine lattice of them, for an atom anywhere
    with equal odds. No decoder does better on average without knowing more than that of where atoms lie.
    """
    generator = torch.Generator().manual_seed(seed)
    axis = torch.arange(-0.5, 1.5, 0.05) + 0.025
    positions = torch.cartesian_prod(axis, axis, axis)  # (H, 3)
    templates = _smear(positions, torch.arange(-1.0, 3.0))  # (H, 64)
    half_norm = templates.square().sum(1) / (2 * noise**2)
    squares = 0.0
    for r in torch.rand(count, 3, generator=generator).split(100):
        C = _smear(r, torch.arange(-1.0, 3.0)) + noise * torch.randn(len(r), 64, generator=generator)
        posterior = (C @ templates.T / noise**2 - half_norm).softmax(1)
        squares += float((posterior @ positions - r).square().sum())
    return (squares / count) ** 0.5


def lone_atom_count_floor(density: float, noise: float = NOISE, count: int = 100_000, seed: int = 0) -> float:
    """Errors an atom, missed or extra, of the best possible decision whether eight voxels hold a lone atom.

    Args:
        density: atoms a voxel, the odds before the voxels are seen.
        noise: its standard deviation.
        count: atoms that the figure is the mean over.
        seed: of those.
    """
    generator = torch.Generator().manual_seed(seed)
    axis = torch.arange(0, 1, 0.1) + 0.05
    centres = torch.arange(0.0, 2.0)
    templates = _smear(torch.cartesian_prod(axis, axis, axis), centres)  # (H, 8)
    half_norm = templates.square().sum(1) / (2 * noise**2)
    missed = extra = 0.0
    for r in torch.rand(count, 3, generator=generator).split(10_000):
        C = _smear(r, centres) + noise * torch.randn(len(r), 8, generator=generator)
        ratio = (C @ templates.T / noise**2 - half_norm).logsumexp(1) - np.log(len(templates))
        accepted = ratio > np.log((1 - density) / density)
        missed += float((~accepted).sum())
        # Empty voxels that look like this are exp(-ratio) times as frequent as full ones, given the prior odds.
        extra += float((-ratio[accepted]).exp().sum()) * (1 - density) / density
    return (missed + extra) / count


def informed_count_errors(
    samples: Sequence[Sample],
    shortest: float,
    *,
    noise: float = NOISE,
    draws: int = 8,
    seed: int = 0,
) -> np.ndarray:
    """Atoms missed and extra in the best possible count of random structures, were all other atoms known exactly.

    One atom is taken out, and whether it is there has to be told from the voxels and from the places that the others
    leave free; so has every hole that could hold one atom more. Before the voxels are seen the odds of an atom in a
    hole are its volume times the activity of hard spheres (Widom 1963): atoms over free volume. No decoder knows the
    others exactly: it errs more often.

    Args:
        samples: periodic structures of one kind, alike in density.
        shortest: distance that their atoms keep, in voxels.
        noise: standard deviation of a voxel.
        draws: of noise, for each structure.
        seed: of those.

    Returns:
        (S, 2) expected numbers a structure: atoms missed, atoms extra.
    """
    from scipy.ndimage import label

    rng = np.random.default_rng(seed)
    free = sum(int((_Lattice(sample, shortest).within == 0).sum()) for sample in samples)
    activity = sum(len(sample.positions) for sample in samples) / (max(free, 1) * SPACING**3)
    errors = np.zeros((len(samples), 2))
    for sample, found in zip(samples, errors, strict=True):
        lattice = _Lattice(sample, shortest)
        weak_atoms = lattice.weak_atoms(sample.positions, shortest)
        holes, count = label(lattice.within == 0)  # one cut by a face counts as two
        for _ in range(draws):
            overlap = lattice.overlap(rng.normal(0, noise, sample.shape))
            ratio = np.exp((overlap - lattice.norm / 2) / noise**2) * SPACING**3
            odds = activity * np.bincount(holes.ravel(), ratio.ravel(), count + 1)[1:]
            found[1] += _chance_of_error(odds).sum() / draws
            filled = [
                activity
                * np.exp((overlap[near] + own - lattice.norm[near] / 2)[free] / noise**2).sum()
                * SPACING**3
                for near, own, free in weak_atoms
            ]
            found[0] += _chance_of_error(np.array(filled)).sum() / draws
    return errors


class _Lattice:
    """Places `SPACING` apart in a periodic box, and what an atom at each of them would share with others."""

    def __init__(self, sample: Sample, shortest: float) -> None:
        self.edges = sample.shape
        self.places = [(np.arange(round(edge / SPACING)) + 0.5) * SPACING for edge in sample.shape]
        self.shares = [_shares(x, edge) for x, edge in zip(self.places, self.edges, strict=True)]
        self.norm = _product([(p**2).sum(1) for p in self.shares])  # |P(r)|²
        self.within = np.zeros(self.norm.shape, dtype=np.int16)  # atoms closer than `shortest`
        for atom in sample.positions:
            near = self._near(atom, shortest)
            self.within[near] += self._squares(atom, near) < shortest**2

    def weak_atoms(self, atoms: np.ndarray, shortest: float) -> list[tuple[Block, np.ndarray, np.ndarray]]:
        """Of each atom that might be missed: places within a voxel, P(r) . P(a) there, what others leave."""
        found = []
        for atom in atoms:
            own = [_shares(x[None], edge)[0] for x, edge in zip(atom, self.edges, strict=True)]
            if np.prod([(p**2).sum() for p in own]) < NEVER_MISSED:
                near = self._near(atom, 1.0)
                overlap = _product([p @ q for p, q in zip(self.shares, own, strict=True)])[near]
                free = self.within[near] == (self._squares(atom, near) < shortest**2)
                found.append((near, overlap, free))
        return found

    def _near(self, atom: np.ndarray, radius: float) -> Block:
        """The block of places no further than this from an atom along any axis."""
        return np.ix_(*(np.flatnonzero(np.abs(d) < radius) for d in self._along_axes(atom)))

    def _squares(self, atom: np.ndarray, near: Block) -> np.ndarray:
        """Squared distances of a block's places from the atom."""
        x, y, z = (d[i] for d, i in zip(self._along_axes(atom), near, strict=True))
        return x**2 + y**2 + z**2

    def _along_axes(self, atom: np.ndarray) -> list[np.ndarray]:
        d = [x - r for x, r in zip(self.places, atom, strict=True)]
        return [x - edge * np.rint(x / edge) for x, edge in zip(d, self.edges, strict=True)]

    def overlap(self, C: np.ndarray) -> np.ndarray:
        """P(r) . C for an atom at each place."""
        return np.einsum("xi,yj,zk,ijk->xyz", *self.shares, C, optimize=True)


def _shares(x: np.ndarray, edge: int) -> np.ndarray:
    """P of Eq. 1 along a periodic axis: (M,) places to (M, edge) voxels."""
    d = np.abs(x[:, None] - np.arange(edge))
    return np.maximum(0, 1 - np.minimum(d, edge - d))


def _product(axes: Sequence[np.ndarray]) -> np.ndarray:
    """(X, Y, Z) from a factor for each axis."""
    x, y, z = axes
    return x[:, None, None] * y[:, None] * z


def _chance_of_error(odds: np.ndarray) -> np.ndarray:
    """Of the decision for what is more likely, at these odds."""
    return np.minimum(1, odds) / (1 + odds)


def _smear(r: Tensor, centres: Tensor) -> Tensor:
    """P(a, I) of Eq. 1 of atoms (M, 3) in the K^3 voxels with these centres along each axis: (M, K^3)."""
    p = (1 - (r[:, :, None] - centres).abs()).clamp(min=0)
    return torch.einsum("ai,aj,ak->aijk", p[:, 0], p[:, 1], p[:, 2]).flatten(1)
