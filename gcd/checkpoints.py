"""Trained networks on disk: one folder a model, with model.safetensors, config.json and README.md (the card)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from gcd.places import checkpoint_folders

if TYPE_CHECKING:
    from gcd.diffusion.unet import UNet
    from gcd.particles.network import ScoreNetwork
    from gcd.voxels.decoder import Decoder

Module = TypeVar("Module", bound=nn.Module)
WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
FORMAT = 1
NEEDED = {  # in config.json beside kind, architecture and sha256, to sample
    "crystal": ("phase", "scale", "prediction", "schedule", "t_end"),
    "boundary": (
        *("twist", "metal", "model", "grid", "voxel_size", "data"),
        *("scale", "prediction", "schedule", "t_end"),
    ),
    "particle": ("phase", "schedule", "t_end"),
}


class CheckpointError(ValueError):
    """A checkpoint that is missing, incomplete or damaged; the message names the file and what is wrong."""


def checkpoints_folder() -> Path:
    """The folder that trainings write to: the first of those that are searched, never one of the installed package."""
    return checkpoint_folders()[0]


def available() -> dict[str, dict[str, Any]]:
    """The configurations of all complete checkpoints, by name; folders that cannot be read are left out."""
    found = {}
    for folder in _folders().values():
        try:
            if (folder / WEIGHTS).is_file():
                found[folder.name] = read_config(folder)
        except CheckpointError:
            continue
    return dict(sorted(found.items()))


def checkpoint_folder(name: str | os.PathLike[str]) -> Path:
    """The folder of a checkpoint: a name in one of `places.checkpoint_folders()`, or a path to a folder.

    Raises:
        CheckpointError: there is none; the message names those that there are.
    """
    path = Path(name)
    if path.is_absolute() or len(path.parts) > 1:
        folder = path
    else:
        folder = _folders().get(path.name, checkpoints_folder() / path)
    if not folder.is_dir():
        names = sorted(name for name, folder in _folders().items() if (folder / CONFIG).is_file())
        there = f"there are {', '.join(names)}" if names else "there are none"
        where = " or ".join(map(str, checkpoint_folders()))
        raise CheckpointError(f"There is no checkpoint {str(name)!r} in {where}; {there}.")
    return folder


def _folders() -> dict[str, Path]:
    """Every folder that may be a checkpoint, by name; of two of a name the first that has a configuration."""
    found: dict[str, Path] = {}
    for root in checkpoint_folders():
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            kept = found.get(folder.name)
            if kept is None or ((folder / CONFIG).is_file() and not (kept / CONFIG).is_file()):
                found[folder.name] = folder
    return found


def read_config(name: str | os.PathLike[str]) -> dict[str, Any]:
    """A checkpoint's config.json.

    Raises:
        CheckpointError: no such checkpoint, or a file that is missing or is not a configuration.
    """
    path = checkpoint_folder(name) / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"The checkpoint {path.parent.name!r} is incomplete: {CONFIG} is missing."
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The checkpoint's {path} cannot be read: {error}.") from None
    if not isinstance(config, dict) or not {"kind", "architecture", "sha256"} <= set(config):
        raise CheckpointError(f"The checkpoint's {path} lacks kind, architecture or sha256.")
    if missing := [key for key in NEEDED.get(str(config["kind"]), ()) if key not in config]:
        raise CheckpointError(f"The checkpoint's {path} lacks {', '.join(missing)}.")
    return config


def load_unet(
    name: str | os.PathLike[str], device: str | torch.device = "cpu"
) -> tuple[UNet, dict[str, Any]]:
    """A trained U-Net in evaluation mode, in the fastest number format of the device, and its configuration.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    from gcd.devices import best_dtype
    from gcd.diffusion.unet import UNet, UNetConfig

    device = torch.device(device)
    config = read_config(name)
    if config["kind"] not in ("crystal", "boundary"):
        raise CheckpointError(
            f"The checkpoint {str(name)!r} is a {config['kind']}, not a voxel diffusion model."
        )
    module = _built(lambda architecture: UNet(UNetConfig(**architecture)), name, config)
    _fill(module, name, config)
    module = module.to(device, best_dtype(device)).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return module.eval().requires_grad_(False), config


def load_decoder(device: str | torch.device = "cpu", name: str = "decoder") -> Decoder:
    """The trained voxel-to-particle decoder in evaluation mode, in float32.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    from gcd.voxels.decoder import Decoder, DecoderConfig

    config = read_config(name)
    if config["kind"] != "decoder":
        raise CheckpointError(f"The checkpoint {name!r} is a {config['kind']}, not a decoder.")
    module = _built(lambda architecture: Decoder(DecoderConfig(**architecture)), name, config)
    _fill(module, name, config)
    return module.to(device).eval().requires_grad_(False)


def load_score_network(
    name: str | os.PathLike[str], device: str | torch.device = "cpu"
) -> tuple[ScoreNetwork, dict[str, Any]]:
    """A trained score network of the particle model in evaluation mode, and its configuration.

    Atoms are in float32, edges in the fastest number format of the device.

    Raises:
        CheckpointError: missing, incomplete or damaged checkpoint, or one of another kind.
    """
    from gcd.devices import best_dtype
    from gcd.particles.network import NetworkConfig, ScoreNetwork

    device = torch.device(device)
    config = read_config(name)
    if config["kind"] != "particle":
        raise CheckpointError(f"The checkpoint {str(name)!r} is a {config['kind']}, not a particle model.")
    module = _built(lambda architecture: ScoreNetwork(NetworkConfig(**architecture)), name, config)
    _fill(module, name, config)
    module.edge_format = best_dtype(device)
    return module.to(device).eval().requires_grad_(False), config


def save(
    folder: str | os.PathLike[str],
    module: nn.Module,
    config: dict[str, Any],
    card: str,
    *,
    dtype: torch.dtype | None = None,
) -> dict[str, Any]:
    """Write a checkpoint folder whole: to a temporary folder beside it first, then renamed.

    Args:
        module: the network whose weights are stored.
        dtype: number format they are stored in, by default their own; float16 halves a U-Net's file and is finer than
            the bfloat16 it computes in.
        config: kind, architecture and all that sampling needs; sha256 and format are added here.
        card: the README's text; every `{sha256}` in it becomes the weights' hash.

    Returns:
        The configuration as written.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().to(dtype or v.dtype).contiguous() for k, v in module.state_dict().items()}
    weights = save_tensors(tensors)
    config = {"format": FORMAT, **config, "sha256": hashlib.sha256(weights).hexdigest()}
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (temporary / WEIGHTS).write_bytes(weights)
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        (temporary / CARD).write_text(card.replace("{sha256}", config["sha256"]), encoding="utf-8")
        for path in folder.iterdir() if folder.is_dir() else []:
            if path.name not in (WEIGHTS, CONFIG, CARD):
                shutil.copy2(path, temporary / path.name)  # the loss log and its plot stay with the model
        temporary.chmod(0o755)
        if folder.is_dir():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return config


def _built(
    build: Callable[[dict[str, Any]], Module], name: str | os.PathLike[str], config: dict[str, Any]
) -> Module:
    """The network that a configuration describes."""
    try:
        return build(config["architecture"])
    except (TypeError, ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise CheckpointError(
            f"The checkpoint's {checkpoint_folder(name) / CONFIG} describes no network: {reason}."
        ) from None


def _fill(module: nn.Module, name: str | os.PathLike[str], config: dict[str, Any]) -> None:
    """Load the weights into a network, after their hash has been checked."""
    path = checkpoint_folder(name) / WEIGHTS
    try:
        weights = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"The checkpoint {path.parent.name!r} is incomplete: {WEIGHTS} is missing."
        ) from None
    if (found := hashlib.sha256(weights).hexdigest()) != config["sha256"]:
        raise CheckpointError(
            f"{path} is damaged: its sha256 is {found[:12]}..., {CONFIG} says {str(config['sha256'])[:12]}...; "
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
