"""Write what was measured into a checkpoint: config.json's "quality" and recommended sampling, and the card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gcd.checkpoints import CARD, CONFIG, checkpoint_folder, read_config
from gcd.evaluation.crystals import Row, as_dict
from gcd.files import write_text

KEPT = (
    "size", "evaluations", "order", "spacing", "samples", "perfect", "right_number", "median_rms", "rms_95",
    "q4", "q6", "seconds", "device", "seed",
)  # fmt: skip
KEY = ("size", "evaluations", "order", "spacing")


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
    new = [{key: _plain(value) for key, value in as_dict(row).items() if key in KEPT} for row in rows]
    replaced = {tuple(row[key] for key in KEY) for row in new}
    kept = [row for row in config.get("quality", []) if tuple(row[key] for key in KEY) not in replaced]
    config["quality"] = sorted(
        kept + new, key=lambda row: (len(row["size"]), row["size"], -row["evaluations"], -row["order"])
    )
    if fast is not None:
        config["fast"] = {"evaluations": fast.evaluations, "order": fast.order}
    folder = checkpoint_folder(name)
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    write_text(folder / CARD, model_card(config).replace("{sha256}", config["sha256"]))
    return config


def record_boundary(name: str, key: str, text: str, sampling: dict[str, int] | None) -> dict[str, Any]:
    """Put a boundary model's tables on its card, in place of those of the same key.

    Args:
        text: the tables, in markdown.
        sampling: evaluations and order that the model samples with from now on; None leaves them as they are.
    """
    from gcd.training.boundary_card import model_card

    config = read_config(name)
    config["quality"] = config.get("quality", {}) | {key: text}
    if sampling is not None:
        config["sampling"] = sampling
    folder = checkpoint_folder(name)
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    write_text(folder / CARD, model_card(config).replace("{sha256}", config["sha256"]))
    return config


def _plain(value: Any) -> Any:
    """Figures to five digits, and null for none."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if value == value else None  # noqa: PLR0124 - NaN
    return value
