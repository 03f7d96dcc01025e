"""The card of a crystal model: its configuration and its measured quality, as a person reads them."""

from __future__ import annotations

from typing import Any


def model_card(config: dict[str, Any]) -> str:
    """README.md of the checkpoint; `{sha256}` in it stands for the weights' hash.

    Args:
        config: config.json; its "quality" (a list of rows) and "fast" are written by `gcd evaluate crystals --record`.
    """
    net, schedule = config["architecture"], config["schedule"]
    phase, voxels, prediction = config["phase"].upper(), config["voxels_per_cell"], config["prediction"]
    sizes = ", ".join("x".join(map(str, size)) for size in config["training_sizes"])
    betas = f"beta {schedule['beta_min']:g} to {schedule['beta_max']:g}"
    return f"""# Voxel diffusion model of {phase} crystals

Turns noise on a grid of {voxels} voxels a conventional cell along each axis into an ideal {phase} crystal at a random
place. A 3D U-Net predicts `{prediction}`; voxels are divided by s = {config["scale"]:g}. Variance-preserving
schedule, {betas}, times from 1 to {config["t_end"]:g}.

- Network: channels {net["channels"]}, strides {net["strides"]}, {net["blocks"]} blocks a level.
- Trained on ideal supercells of {sizes} cells under random translations, on a periodic grid.
{recipe(config)}{origin(config)}- sha256 of model.safetensors: {{sha256}}

## Measured

{_quality(config)}
## Limits

One phase, no element: lattice constant and symbol are put in afterwards. The model knows ideal crystals only; what it
makes of a grid is that crystal, not a stable structure of any metal.
"""


def recipe(config: dict[str, Any], batch: str = "") -> str:
    """How long and how a network was trained, and the losses at the end; `batch` says what a step takes."""
    run = config["run"]
    rate = (
        f"AdamW {run['learning_rate']:g}, weight decay {run['weight_decay']:g}, {run['lr_schedule']} schedule"
    )
    return f"""- {config["steps"]:,} steps of {batch or run["batch_size"]} in {config["seconds"]:,} s.
  {rate}, averaged weights (EMA {run["ema"]:g}), seed {run["seed"]}.
  Loss {config["loss"]:.5f}, on fixed batches {config["validation_loss"]:.5f}.
"""


def origin(config: dict[str, Any]) -> str:
    """The commands that made the weights, the first one first, each with its cost."""
    lines: list[str] = []
    stage: dict[str, Any] | None = config
    while stage:
        lines.insert(0, f"`{stage['command']}` ({stage['steps']:,} steps, {stage['seconds']:,} s)")
        stage = stage.get("start_from")
    hardware = config.get("hardware")
    return "- Made by " + ", then ".join(lines) + (f" on: {hardware}" if hardware else "") + ".\n"


def _quality(config: dict[str, Any]) -> str:
    rows = config.get("quality")
    if not rows:
        return "Not measured yet: `gcd evaluate crystals --record`.\n"
    lines = [
        "Samples with seeds that neither training nor the choice of the network has seen; displacements in",
        "nearest-neighbour distances.",
        "",
        "| size | evaluations | order | samples | perfect | right number | median rms | 95 % rms | q4 | q6 | s each |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['size']} | {row['evaluations']} | {row['order']} | {row['samples']} | {row['perfect']} | "
        f"{row['right_number']} | {_figure(row['median_rms'])} | {_figure(row['rms_95'])} | {_figure(row['q4'])} | "
        f"{_figure(row['q6'])} | {row['seconds']:.2f} ({row['device']}) |"
        for row in rows
    ]
    if fast := config.get("fast"):
        lines += [
            "",
            f'"Fast" is {fast["evaluations"]} evaluations of order {fast["order"]} up to 4x4x4; larger supercells take',
            "the fewest in the table that lose at most one perfect crystal in twenty.",
        ]
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
