"""The state of a training run on disk: weights, their average, optimiser, generator, counters, and its settings.

A run is gone on with by the settings that it began with alone: those of another would train little or nothing, and
its weights would be labelled as what they are not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

STATE, LOG = "state.safetensors", "log.jsonl"
FREE = ("run.steps", "run.save_minutes")  # how long a run is, and how often it is kept, may change on the way


class OtherRunError(ValueError):
    """A folder that holds the run of another training; the message names a setting that differs."""


def settings_of(training: Any, **more: Any) -> dict[str, Any]:
    """All that decides what a training makes of the same steps, as plain values under dotted names.

    Args:
        training: its dataclass; the settings in `FREE` and paths are left out.
        more: what it does not say, such as a hash of the data.
    """
    settings = _flat("", training) | _flat("", more)
    return {key: value for key, value in settings.items() if key not in FREE}


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Dataclasses and dicts as dotted names; numbers that JSON has not, as text."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)  # of the dataclasses in it as well
    if isinstance(value, Mapping):
        prefix = f"{name}." if name else ""
        return {k: v for key, entry in value.items() for k, v in _flat(f"{prefix}{key}", entry).items()}
    if isinstance(value, Path):
        return {}
    return {name: json.loads(json.dumps(value), parse_constant=str)}


def sha256_of(tensors: Mapping[str, Tensor]) -> str:
    """Hash of named arrays."""
    text = hashlib.sha256()
    for name in sorted(tensors):
        text.update(name.encode() + tensors[name].detach().cpu().float().numpy().tobytes())
    return text.hexdigest()


def _metadata(state: dict[str, Any], settings: dict[str, Any]) -> dict[str, str]:
    text = json.dumps(settings, sort_keys=True)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {"state": json.dumps(state), "settings": text, "settings_sha256": sha256}


def check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Compare the settings with those of the run in a state's file; where there is none, all is well.

    Raises:
        OtherRunError: they differ, or the run says nothing of its own.
        ValueError: a damaged file.
    """
    if not path.exists():
        return
    try:
        with safe_open(path, "pt") as file:
            kept = file.metadata() or {}
    except SafetensorError as error:
        raise _damaged(path, error) from None
    if kept.get("settings_sha256") == _metadata({}, settings)["settings_sha256"]:
        return
    if "settings" not in kept:
        raise OtherRunError(
            f"{path} holds a run whose settings were not kept with it; choose another --run name, or begin anew "
            "with --overwrite."
        )
    theirs = json.loads(kept["settings"])
    name = next(key for key in {**settings, **theirs} if _shown(settings, key) != _shown(theirs, key))
    raise OtherRunError(
        f"{path.parent} holds a run with {name} {_shown(theirs, name)}, not {_shown(settings, name)}; choose another "
        "--run name, or begin anew with --overwrite."
    )


def _shown(settings: dict[str, Any], name: str) -> str:
    return json.dumps(settings[name], ensure_ascii=False) if name in settings else "unset"


def set_aside(folder: Path) -> None:
    """Keep the last run of a folder under other names, so that a new one begins there and nothing is lost at once."""
    for name in (STATE, LOG):
        if (folder / name).exists():
            os.replace(folder / name, folder / f"earlier-{name}")


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} is damaged ({error}); remove it or choose another --run name.")


def save_state(
    path: Path,
    module: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Write everything to a temporary name, then rename: a killed run finds either the old state or the new one."""
    tensors: dict[str, Tensor] = {"generator": generator.get_state()}
    for name, parameter in module.named_parameters():
        tensors[f"weights.{name}"] = parameter.detach().contiguous()
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{key}.{name}"] = value.detach().contiguous()
    for name, parameter in average.named_parameters():
        tensors[f"average.{name}"] = parameter.detach().contiguous()
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata=_metadata(state, settings))
    os.replace(temporary, path)


def load_state(
    path: Path,
    module: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Restore what `_save` wrote, into the objects given; the run's counters are returned, empty when there is none.

    Raises:
        ValueError: a run of another network, or a damaged file, in one sentence.
    """
    if not path.exists():
        return {}
    try:
        return _restore(path, module, average, optimizer, generator)
    except (SafetensorError, KeyError) as error:
        raise _damaged(path, error) from None


def _restore(
    path: Path,
    module: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> dict[str, Any]:
    with safe_open(path, "pt") as file, torch.no_grad():
        keys = set(file.keys())
        wanted = {f"weights.{name}": list(parameter.shape) for name, parameter in module.named_parameters()}
        saved = {key: file.get_slice(key).get_shape() for key in keys if key.startswith("weights.")}
        if wanted != saved:
            raise ValueError(
                f"{path} holds a run of another network; remove it or choose another --run name."
            )
        for name, parameter in module.named_parameters():
            parameter.copy_(file.get_tensor(f"weights.{name}"))
            for key in ("step", "exp_avg", "exp_avg_sq"):
                if f"optimizer.{key}.{name}" in keys:
                    value = file.get_tensor(f"optimizer.{key}.{name}")
                    # The fused optimiser walks raw memory: its averages need the parameter's own layout.
                    like = value if value.ndim == 0 else torch.empty_like(parameter)
                    optimizer.state[parameter][key] = like.copy_(value)
        for name, parameter in average.named_parameters():
            parameter.copy_(file.get_tensor(f"average.{name}"))
        generator.set_state(file.get_tensor("generator"))
        state: dict[str, Any] = json.loads(file.metadata()["state"])
    return state
