"""Trajectories of atoms, several side by side: plain JSON for a player that draws them in one linked 3Dmol grid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from plotly.colors import sample_colorscale

from gcd.views.style import VALUE_SCALE
from gcd.views.voxels import box_edges

SHADES = 32  # colours between the ends of the scale
SPHERE_RADIUS = 0.3  # of the nearest-neighbour distance
FAR = 0.5  # nearest-neighbour distances from a site at which the scale ends: no atom of SC is much farther


@dataclass(frozen=True)
class Moment:
    """One structure of a trajectory.

    Attributes:
        positions: (N, 3) Å, in the cell.
        values: (N,) what the colour says.
        label: where in the trajectory this is.
    """

    positions: np.ndarray
    values: np.ndarray
    label: str


def trajectories(
    panels: Mapping[str, Sequence[Moment]],
    *,
    lengths: Sequence[float],
    spacing: float,
    value_label: str,
    value_range: tuple[float, float] = (0.0, FAR),
) -> dict[str, Any]:
    """What the player draws: a panel a trajectory, all on one scale of colours, as plain JSON with an id.

    Args:
        panels: title -> moments; shorter ones stand still at their end.
        lengths: edges of the cell, Å.
        spacing: nearest-neighbour distance, Å, which sets the size of the spheres.
        value_label: what the colours say, with units.
        value_range: ends of the scale.
    """
    low, high = value_range

    def shades(values: np.ndarray) -> list[int]:
        scaled = np.clip((np.nan_to_num(values, nan=high) - low) / max(high - low, 1e-12), 0, 1)
        return np.round((SHADES - 1) * scaled).astype(int).tolist()

    content = {
        "panels": [
            {
                "title": title,
                "frames": [
                    {
                        "xyz": np.round(moment.positions, 2).reshape(-1).tolist(),
                        "shades": shades(moment.values),
                        "label": moment.label,
                    }
                    for moment in moments
                ],
            }
            for title, moments in panels.items()
        ],
        "palette": _palette(),
        "legend": {"low": low, "high": high, "label": value_label},
        "radius": round(SPHERE_RADIUS * spacing, 3),
        "edges": np.round(box_edges(np.diag(np.asarray(lengths, dtype=float))), 3).tolist(),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return content | {"id": digest[:16]}


def _palette() -> list[str]:
    steps = sample_colorscale(VALUE_SCALE, np.linspace(0.0, 1.0, SHADES), colortype="tuple")
    return ["#" + "".join(f"{round(255 * float(channel)):02x}" for channel in colour) for colour in steps]
