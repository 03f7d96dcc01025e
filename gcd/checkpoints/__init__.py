"""Trained networks on disk: one folder a model, with model.safetensors, config.json and README.md (the card)."""

from __future__ import annotations

from gcd.checkpoints.folders import (
    CARD,
    CONFIG,
    WEIGHTS,
    available,
    checkpoint_folder,
    checkpoints_folder,
    read_checkpoint,
    read_config,
    save,
)
from gcd.checkpoints.kinds import (
    BoundaryCheckpoint,
    Checkpoint,
    CheckpointError,
    CrystalCheckpoint,
    DecoderCheckpoint,
    Learnt,
    ManyBoundariesCheckpoint,
    ParticleCheckpoint,
    SolverSettings,
    VoxelCheckpoint,
)
from gcd.checkpoints.networks import load_decoder, load_score_network, load_unet

__all__ = [
    "CARD",
    "CONFIG",
    "WEIGHTS",
    "BoundaryCheckpoint",
    "Checkpoint",
    "CheckpointError",
    "CrystalCheckpoint",
    "DecoderCheckpoint",
    "Learnt",
    "ManyBoundariesCheckpoint",
    "ParticleCheckpoint",
    "SolverSettings",
    "VoxelCheckpoint",
    "available",
    "checkpoint_folder",
    "checkpoints_folder",
    "load_decoder",
    "load_score_network",
    "load_unet",
    "read_checkpoint",
    "read_config",
    "save",
]
