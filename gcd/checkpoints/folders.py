"""Where checkpoints lie, how one is read, once, and how one is written whole."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as save_tensors
from torch import nn

from gcd.checkpoints.kinds import Checkpoint, CheckpointError, typed
from gcd.places import checkpoint_folders

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
FORMAT = 1


def checkpoints_folder() -> Path:
    """The folder that trainings write to: the first of those that are searched, never one of the installed package."""
    return checkpoint_folders()[0]


def available() -> dict[str, Checkpoint]:
    """All complete checkpoints, by name; folders that cannot be read are left out."""
    found = {}
    for folder in _folders().values():
        try:
            if (folder / WEIGHTS).is_file():
                found[folder.name] = _read(folder)
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


def read_checkpoint(name: str | os.PathLike[str] | Checkpoint) -> Checkpoint:
    """A checkpoint by name or folder, read and checked once as long as its config.json stays as it is.

    What has been read already is given back, so that one job looks at its checkpoint once.

    Raises:
        CheckpointError: no such checkpoint, or a config.json that is missing or cannot be worked with.
    """
    if isinstance(name, Checkpoint):
        return name
    found = _read(checkpoint_folder(name))
    return found if found.name == str(name) else replace(found, name=str(name))


def _read(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, under the folder's name."""
    path = folder / CONFIG
    try:
        found = path.stat()
        return _parsed(path, found.st_ino, found.st_mtime_ns, found.st_size)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {folder.name!r} is incomplete: {CONFIG} is missing.") from None
    except OSError as error:
        raise CheckpointError(f"The checkpoint's {path} cannot be read: {error}.") from None


@lru_cache(maxsize=64)
def _parsed(path: Path, *_: int) -> Checkpoint:
    """What the file says; what else is asked with tells one state of it from another."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"The checkpoint's {path} cannot be read: {error}.") from None
    return typed(path.parent.name, path, config)


def read_config(name: str | os.PathLike[str] | Checkpoint) -> dict[str, Any]:
    """A copy of a checkpoint's config.json, to be written again; errors as in `read_checkpoint`."""
    return copy.deepcopy(read_checkpoint(name).record)


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
