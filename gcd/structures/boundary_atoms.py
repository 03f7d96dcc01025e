"""The atoms at a boundary: pushed about, taken out, put in, and how close they come; lengths in Å."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

PUSH_REACH = 5.0  # on either side of the plane: atoms that are pushed about
SPOTS = 100  # random places looked at for each atom that is put in


def push_atoms(
    atoms: Atoms, plane: float, longest: float, rng: np.random.Generator, *, reach: float = PUSH_REACH
) -> None:
    """Move each atom within ``reach`` Å of z = ``plane`` at random by up to ``longest`` Å, uniform in that ball."""
    near = np.abs(atoms.positions[:, 2] - plane) < reach
    directions = rng.normal(size=(int(near.sum()), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    atoms.positions[near] += directions * longest * np.cbrt(rng.random((len(directions), 1)))
    atoms.wrap()


def take_out(count: int, layers: list[np.ndarray], first: int, planes: int, rng: np.random.Generator) -> None:
    """Remove atoms at random from so many planes of the upper grain, from its first on."""
    last = min(first + planes, len(layers))
    sizes = [len(layer) for layer in layers[first:last]]
    kept = np.sort(rng.choice(sum(sizes), size=sum(sizes) - count, replace=False))
    starts = np.cumsum([0, *sizes])
    for k, low, high in zip(range(first, last), starts[:-1], starts[1:], strict=True):
        layers[k] = layers[k][kept[(kept >= low) & (kept < high)] - low]


def put_in(
    count: int, plane: float, around: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Positions (count, 3) at the height of the boundary, each the roomiest of :data:`SPOTS` random places."""
    placed = around
    for _ in range(count):
        spots = np.column_stack([rng.random((SPOTS, 2)) * lengths, np.full(SPOTS, plane)])
        difference = spots[:, None] - placed
        difference[..., :2] -= lengths * np.rint(difference[..., :2] / lengths)
        room = np.linalg.norm(difference, axis=-1).min(axis=1)
        placed = np.vstack([placed, spots[np.argmax(room)]])
    return placed[len(around) :]


def minimum_distance(atoms: Atoms, plane: float, reach: float) -> float:
    """Smallest distance in Å between atoms within ``reach`` of the boundary, periodic in x and y."""
    from scipy.spatial import cKDTree

    near = atoms.positions[np.abs(atoms.positions[:, 2] - plane) <= reach]
    # A box without period along z has to be taller than any distance in it; z counts from the lowest atom.
    box = [*atoms.cell.lengths()[:2], 4 * reach + 10.0]
    wrapped = np.column_stack([near[:, :2] % box[:2], near[:, 2] - near[:, 2].min()])
    wrapped[:, :2][wrapped[:, :2] >= box[:2]] = 0.0  # rounding of % may give the edge itself
    distances, _ = cKDTree(wrapped, boxsize=box).query(wrapped, k=2)
    return float(distances[:, 1].min())
