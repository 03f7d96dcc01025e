"""From a checkpoint to its network: built, filled with the weights whose hash is right, ready to be asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TypeVar

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from gcd.checkpoints.folders import CONFIG, WEIGHTS, read_checkpoint
from gcd.checkpoints.kinds import (
    Checkpoint,
    CheckpointError,
    DecoderCheckpoint,
    ParticleCheckpoint,
    VoxelCheckpoint,
)
from gcd.devices import best_dtype
from gcd.diffusion.unet import UNet
from gcd.particles.network import ScoreNetwork
from gcd.voxels.decoder import Decoder

Module = TypeVar("Module", bound=nn.Module)
Name = str | os.PathLike[str] | Checkpoint  # a name, a folder, or what has been read already


def load_unet(name: Name, device: str | torch.device = "cpu") -> tuple[UNet, VoxelCheckpoint]:
    """A trained U-Net in evaluation mode, in the fastest number format of the device, and its checkpoint.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    device = torch.device(device)
    checkpoint = read_checkpoint(name)
    if not isinstance(checkpoint, VoxelCheckpoint):
        raise _another(checkpoint, "a voxel diffusion model")
    module = _filled(checkpoint, lambda: UNet(checkpoint.architecture))
    module = module.to(device, best_dtype(device)).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return module.eval().requires_grad_(False), checkpoint


def load_decoder(device: str | torch.device = "cpu", name: Name = "decoder") -> Decoder:
    """The trained voxel-to-particle decoder in evaluation mode, in float32.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    checkpoint = read_checkpoint(name)
    if not isinstance(checkpoint, DecoderCheckpoint):
        raise _another(checkpoint, "a decoder")
    module = _filled(checkpoint, lambda: Decoder(checkpoint.architecture))
    return module.to(device).eval().requires_grad_(False)


def load_score_network(
    name: Name, device: str | torch.device = "cpu"
) -> tuple[ScoreNetwork, ParticleCheckpoint]:
    """A trained score network of the particle model in evaluation mode, and its checkpoint.

    Atoms are in float32, edges in the fastest number format of the device.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    device = torch.device(device)
    checkpoint = read_checkpoint(name)
    if not isinstance(checkpoint, ParticleCheckpoint):
        raise _another(checkpoint, "a particle model")
    module = _filled(checkpoint, lambda: ScoreNetwork(checkpoint.architecture))
    module.edge_format = best_dtype(device)
    return module.to(device).eval().requires_grad_(False), checkpoint


def _another(checkpoint: Checkpoint, wanted: str) -> CheckpointError:
    return CheckpointError(f"The checkpoint {checkpoint.name!r} is a {checkpoint.kind}, not {wanted}.")


def _filled(checkpoint: Checkpoint, build: Callable[[], Module]) -> Module:
    """The network that a checkpoint describes with its weights, after their hash has been checked."""
    try:
        module = build()
    except (TypeError, ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise CheckpointError(
            f"The checkpoint's {checkpoint.folder / CONFIG} describes no network: {reason}."
        ) from None
    path = checkpoint.folder / WEIGHTS
    try:
        weights = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"The checkpoint {path.parent.name!r} is incomplete: {WEIGHTS} is missing."
        ) from None
    if (found := hashlib.sha256(weights).hexdigest()) != checkpoint.sha256:
        raise CheckpointError(
            f"{path} is damaged: its sha256 is {found[:12]}..., {CONFIG} says {checkpoint.sha256[:12]}...; "
            "fetch the checkpoint again."
        )
    tensors = load_tensors(weights)
    wanted = module.state_dict()
    if wrong := sorted(set(wanted) ^ set(tensors)):
        raise CheckpointError(
            f"{path} does not fit its {CONFIG}: {', '.join(wrong[:3])} missing or not expected."
        )
    for key, value in wanted.items():
        if value.shape != tensors[key].shape:
            raise CheckpointError(f"{path} does not fit its {CONFIG}: {key} is {tuple(tensors[key].shape)}.")
    module.load_state_dict(tensors)
    return module
