"""The verbs: whole ways through the house, from what is asked for to `ase.Atoms` that say how they were made."""

from gcd.generate.boundaries import boundary_ends, boundary_models, generate_boundaries
from gcd.generate.crystals import generate_crystals
from gcd.generate.particles import ParticleProgress, generate_particles, particle_model
from gcd.generate.relaxed_boundaries import generate_relaxed_boundaries
from gcd.generate.repainting import repaint
from gcd.generate.voxel_model import Progress, VoxelModel, fast_settings, initial_noise

__all__ = [
    "ParticleProgress",
    "Progress",
    "VoxelModel",
    "boundary_ends",
    "boundary_models",
    "fast_settings",
    "generate_boundaries",
    "generate_crystals",
    "generate_particles",
    "generate_relaxed_boundaries",
    "initial_noise",
    "particle_model",
    "repaint",
]
