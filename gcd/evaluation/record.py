"""Write what was measured into a checkpoint: config.json's "quality" and recommended sampling, and the card."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gcd.checkpoints import CARD, CONFIG, checkpoint_folder, read_config
from gcd.evaluation.crystals import Row
from gcd.evaluation.noise import NoiseRow
from gcd.files import write_text

KEPT = (
    "size", "evaluations", "order", "spacing", "samples", "perfect", "right_number", "median_rms", "rms_95",
    "q4", "q6", "seconds", "device", "seed",
)  # fmt: skip
KEY = ("size", "evaluations", "order", "spacing")
NOISE_KEPT = tuple(
    name
    for name in NoiseRow.__dataclass_fields__
    if name not in ("phase", "q4_error", "q6_error", "model", "weights")
)
NOISE_KEY = ("size", "start", "sampler", "steps")


def record_quality(name: str, rows: Sequence[Row], fast: Row | None = None) -> dict[str, Any]:
    """Add rows to a checkpoint's table, in place of those of the same settings; the weights are not touched.

    Args:
        rows: of this checkpoint's present weights.
        fast: the row whose evaluations and order become the "fast" setting; None leaves it as it is.

    Returns:
        The configuration as written.
    """
    from gcd.training.crystal_card import model_card

    config = read_config(name)
    quality = _merged(config, rows, KEPT, KEY)
    config["quality"] = sorted(
        quality, key=lambda row: (len(row["size"]), row["size"], -row["evaluations"], -row["order"])
    )
    if fast is not None:
        config["fast"] = {"evaluations": fast.evaluations, "order": fast.order}
    return _write(name, config, model_card)


def record_noise(name: str, rows: Sequence[NoiseRow]) -> dict[str, Any]:
    """Add rows to a particle checkpoint's table, in place of those of the same settings; the card says them too.

    Args:
        rows: of this checkpoint's present weights.

    Returns:
        The configuration as written.
    """
    from gcd.training.particle_card import model_card

    config = read_config(name)
    quality = _merged(config, rows, NOISE_KEPT, NOISE_KEY)
    config["quality"] = sorted(quality, key=lambda row: (row["start"], row["sampler"], row["steps"]))
    return _write(name, config, model_card)


def record_boundary(name: str, key: str, text: str, sampling: dict[str, int] | None) -> dict[str, Any]:
    """Put a boundary model's tables on its card, in place of those of the same key.

    Args:
        text: the tables, in markdown.
        sampling: evaluations and order that the model samples with from now on; None leaves them as they are.
    """
    from gcd.training import boundaries_card, boundary_card

    config = read_config(name)
    model_card = (boundaries_card if config["kind"] == "boundaries" else boundary_card).model_card
    config["quality"] = config.get("quality", {}) | {key: text}
    if sampling is not None:
        config["sampling"] = sampling
    return _write(name, config, model_card)


def _merged(
    config: Mapping[str, Any], rows: Sequence[Any], columns: Sequence[str], key: Sequence[str]
) -> list[dict[str, Any]]:
    """The configuration's table with the rows (dataclasses) in place of those of the same key."""
    new = [{name: _plain(value) for name, value in asdict(row).items() if name in columns} for row in rows]
    replaced = {tuple(row[name] for name in key) for row in new}
    return [
        row for row in config.get("quality", []) if tuple(row[name] for name in key) not in replaced
    ] + new


def _write(name: str, config: dict[str, Any], model_card: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    """config.json and the card beside it; the weights are not touched."""
    folder = checkpoint_folder(name)
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    write_text(folder / CARD, model_card(config).replace("{sha256}", config["sha256"]))
    return config


def _plain(value: Any) -> Any:
    """Figures to five digits, and null for none."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
