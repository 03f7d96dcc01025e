"""What every training run shares: one loop that stops and resumes at any time, the average of the weights, the log."""

from __future__ import annotations

import copy
import json
import math
import os
import platform
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gcd.training.state import LOG, STATE, OtherRunError, check_settings, load_state, save_state, set_aside

LR_SCHEDULES = ("plateau", "cosine")


@dataclass(frozen=True)
class RunConfig:
    """How a network is trained; the defaults are the paper's where it states them (section 2.3, model training)."""

    steps: int = 10_000
    batch_size: int = 4
    learning_rate: float = 3e-4
    minimum_learning_rate: float = 1e-5
    weight_decay: float = 2e-5
    lr_schedule: str = "cosine"  # "plateau" is the paper's: halved when the validation loss stops falling
    patience: int = 8  # validations without a new lowest loss before the plateau schedule halves the rate
    warmup: int = 100  # steps over which the rate grows from zero
    ema: float = 0.999  # decay of the averaged weights, which are the ones kept
    clip: float = 1.0  # largest norm of the gradient
    validate_every: int = 250
    save_minutes: float = 3.0
    seed: int = 0
    start_from: str | None = None  # name of the checkpoint whose weights the run began with

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1:
            raise ValueError(
                f"steps and batch size are whole numbers from 1 up, not {self.steps}, {self.batch_size}."
            )
        if self.lr_schedule not in LR_SCHEDULES:
            raise ValueError(
                f"The rate's schedule is one of {', '.join(LR_SCHEDULES)}, not {self.lr_schedule!r}."
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)


def begin_with(network: nn.Module, other: nn.Module) -> None:
    """Give a network the weights of another of the same architecture, in single precision.

    What the other is not told (`UNetConfig.conditions`) begins without effect.

    Raises:
        ValueError: the other has other arrays, in one sentence.
    """
    own, given = network.state_dict(), {k: v.float() for k, v in other.state_dict().items()}
    given = {k: v for k, v in own.items() if k.startswith("conditions.")} | given
    if differ := [
        k for k in {**own, **given} if k not in own or k not in given or own[k].shape != given[k].shape
    ]:
        raise ValueError(
            f"A run starts from a checkpoint of its own architecture: here {len(differ)} arrays differ, {differ[0]} "
            "first."
        )
    network.load_state_dict(given)


@dataclass(frozen=True)
class Trained:
    """The outcome of `fit`: averaged weights and where the run stands."""

    module: nn.Module
    step: int
    seconds: float
    loss: float
    validation_loss: float
    finished: bool


def record_of(run: RunConfig, trained: Trained, command: str) -> dict[str, Any]:
    """What every checkpoint's config.json says of the run that made it."""
    return {
        "run": run.as_dict(),
        "steps": trained.step,
        "seconds": round(trained.seconds),
        "loss": trained.loss,
        "validation_loss": trained.validation_loss,
        "command": command,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def run_folder(name: str) -> Path:
    """Where a run keeps its state: $GCD_CACHE or ~/.cache/gcd, outside the work tree so that it survives a clean."""
    return Path(os.environ.get("GCD_CACHE", Path.home() / ".cache" / "gcd")) / name


def fit(
    module: nn.Module,
    loss_of_batch: Callable[[nn.Module, torch.Generator], Tensor],
    validate: Callable[[nn.Module], float],
    *,
    run: RunConfig,
    folder: Path,
    settings: dict[str, Any] | None = None,
    anew: bool = False,
    progress: Callable[[int, float], None] | None = None,
    max_seconds: float | None = None,
) -> Trained:
    """Train until run.steps, until max_seconds have passed, or until SIGINT or SIGTERM; resume where a run left off.

    Args:
        module: the network, on its device; its weights are overwritten by the saved ones when `folder` holds a run.
        loss_of_batch: (module, generator) to a scalar loss; draws its batch from the generator.
        validate: (module) to the loss on fixed batches; called with the averaged weights.
        settings: by `settings_of`; a run in `folder` with others is not gone on with.
        anew: such a run is set aside and a new one begun, instead of refusing.
        folder: holds state.safetensors (weights, average, optimiser, generator; never a pickle) and log.jsonl.
        progress: called with (step, loss) after each step.

    Returns:
        The averaged weights and the run's figures.

    Raises:
        OtherRunError: `folder` holds a run with other settings; the message names one.
    """
    settings = settings or {}
    try:
        check_settings(folder / STATE, settings)
    except OtherRunError:
        if not anew:
            raise
        set_aside(folder)
    folder.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(module).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay, fused=True
    )
    generator = torch.Generator().manual_seed(run.seed)
    state: dict[str, Any] = {
        "step": 0,
        "seconds": 0.0,
        "factor": 1.0,
        "best": math.inf,
        "stale": 0,
        "validation": math.nan,
        "loss": math.nan,
    }
    state |= load_state(folder / STATE, module, average, optimizer, generator)

    stop: list[int] = []
    previous = {s: signal.signal(s, lambda number, _: stop.append(number)) for s in _signals()}
    started, saved = time.monotonic(), time.monotonic()
    before, loss_sum, loss_count, mean_loss = state["seconds"], 0.0, 0, math.nan
    try:
        while state["step"] < run.steps and not stop:
            rate = _rate(run, state["step"], state["factor"])
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = loss_of_batch(module, generator)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), run.clip)
            optimizer.step()
            state["step"] += 1
            _average(average, module, min(run.ema, (1 + state["step"]) / (10 + state["step"])))
            loss_sum, loss_count = loss_sum + float(loss.detach()), loss_count + 1
            state["seconds"] = before + time.monotonic() - started
            if progress is not None:
                progress(state["step"], float(loss.detach()))
            if state["step"] % run.validate_every == 0 or state["step"] == run.steps:
                state["loss"] = mean_loss = loss_sum / loss_count
                loss_sum, loss_count = 0.0, 0
                _validated(state, validate(average), run)
                _log(folder / LOG, state, mean_loss, rate)
            if max_seconds is not None and time.monotonic() - started > max_seconds:
                break
            if time.monotonic() - saved > 60 * run.save_minutes:
                save_state(folder / STATE, module, average, optimizer, generator, state, settings)
                saved = time.monotonic()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    save_state(folder / STATE, module, average, optimizer, generator, state, settings)
    if math.isnan(mean_loss):
        mean_loss = loss_sum / loss_count if loss_count else state["loss"]
    finished = state["step"] >= run.steps
    return Trained(average, state["step"], state["seconds"], mean_loss, state["validation"], finished)


def read_log(folder: Path) -> list[dict[str, float]]:
    """The run's log, one entry a validation: step, loss, validation, rate, seconds; later lines of a step win."""
    path = folder / LOG
    entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [entry for _, entry in sorted({entry["step"]: entry for entry in entries}.items())]


def _signals() -> list[signal.Signals]:
    """Signals can be handled in the main thread only."""
    import threading

    main = threading.current_thread() is threading.main_thread()
    return [signal.SIGINT, signal.SIGTERM] if main else []


def _rate(run: RunConfig, step: int, factor: float) -> float:
    """The learning rate at a step."""
    if run.lr_schedule == "cosine":
        factor = 0.5 * (1 + math.cos(math.pi * min(1.0, step / run.steps)))
        rate = run.minimum_learning_rate + (run.learning_rate - run.minimum_learning_rate) * factor
    else:
        rate = max(run.minimum_learning_rate, run.learning_rate * factor)
    return rate * min(1.0, (step + 1) / max(1, run.warmup))


def _validated(state: dict[str, Any], loss: float, run: RunConfig) -> None:
    """Keep the validation loss; halve the plateau schedule's factor after `patience` of them without progress."""
    state["validation"] = loss
    if loss < state["best"]:
        state["best"], state["stale"] = loss, 0
    else:
        state["stale"] += 1
        if state["stale"] >= run.patience:
            state["factor"], state["stale"] = state["factor"] / 2, 0


@torch.no_grad()
def _average(average: nn.Module, module: nn.Module, decay: float) -> None:
    ours: list[Tensor] = list(average.parameters())
    theirs: list[Tensor] = list(module.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - decay)


def _log(path: Path, state: dict[str, Any], loss: float, rate: float) -> None:
    entry = {
        "step": state["step"],
        "loss": loss,
        "validation": state["validation"],
        "rate": rate,
        "seconds": state["seconds"],
    }
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")
