"""Atoms to voxels and back."""

from gcd.voxels.encoder import CoarseGridWarning, cell_lengths, encode, encode_atoms, grid_for
from gcd.voxels.grid import Grid

__all__ = ["CoarseGridWarning", "Grid", "cell_lengths", "encode", "encode_atoms", "grid_for"]
