"""The verbs: whole ways through the house, from what is asked for to `ase.Atoms` that say how they were made."""

from gcd.generate.crystals import generate_crystals
from gcd.generate.voxel_model import Progress, VoxelModel, fast_settings, initial_noise

__all__ = ["Progress", "VoxelModel", "fast_settings", "generate_crystals", "initial_noise"]
