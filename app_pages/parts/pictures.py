"""The pictures that say what each page is for, drawn here from ideal crystals so that they fit any theme."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gcd.structures.crystals import ideal_positions

TEAL, ORANGE, GREY = "#1F8F94", "#E08E0B", "#8A9A9A"


@dataclass(frozen=True)
class PageCard:
    """One page on Home: where it is, what it is for, and a picture."""

    path: str
    title: str
    icon: str
    purpose: str
    picture: str
    alt: str


def crystals_picture(width: int = 640, height: int = 240) -> str:
    """Noise on the left, soft voxels in the middle, a body-centred crystal on the right."""
    rng = np.random.default_rng(5)
    edge, side = 12, height / 12.0 * 0.86
    top = (height - edge * side) / 2
    shapes: list[str] = []
    centres = (np.indices((edge, edge)).reshape(2, -1).T + 0.5) * side
    sites = np.array([[i, j] for i in range(4) for j in range(4)]) * 3 * side + 1.5 * side
    for panel, sharpness in enumerate((0.0, 1.0)):
        left = 6 + panel * (edge * side + 24)
        for x, y in centres:
            blob = np.exp(-((np.hypot(*(sites - (x, y)).T).min() / (0.95 * side)) ** 2))
            value = (1 - sharpness) * rng.random() ** 1.4 + sharpness * blob
            if value > 0.04:
                shapes.append(
                    f'<rect x="{left + x - side / 2:.1f}" y="{top + y - side / 2:.1f}" width="{side - 1:.1f}" '
                    f'height="{side - 1:.1f}" rx="2" fill="{TEAL}" opacity="{value:.2f}"/>'
                )
    left = 6 + 2 * (edge * side + 24) + 0.5 * edge * side
    shapes += _spheres(ideal_positions("bcc", (2, 2, 2)), left, height / 2, 0.29 * edge * side)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<defs><radialGradient id="s" cx="35%" cy="30%" r="75%"><stop offset="0" stop-color="#FFD58A"/>'
        f'<stop offset="0.55" stop-color="{ORANGE}"/><stop offset="1" stop-color="#8A4B00"/></radialGradient></defs>'
        f"{''.join(shapes)}</svg>"
    )


def _spheres(sites: np.ndarray, x0: float, y0: float, scale: float) -> list[str]:
    """Closed cell of 2x2x2 drawn in parallel projection, far atoms first."""
    turn, tilt = math.radians(17), math.radians(13)
    full = np.array([(i, j, k) for i in range(3) for j in range(3) for k in range(3)], dtype=float)
    inner = sites[np.any(sites % 1.0 != 0.0, axis=1)]
    points = np.concatenate([full, inner]) - 1.0
    x = points[:, 0] * math.cos(turn) - points[:, 1] * math.sin(turn)
    depth = points[:, 0] * math.sin(turn) + points[:, 1] * math.cos(turn)
    y = points[:, 2] * math.cos(tilt) - depth * math.sin(tilt)
    depth = depth * math.cos(tilt) + points[:, 2] * math.sin(tilt)
    drawn = []
    for i in np.argsort(-depth):
        radius = 0.17 * scale * (1 - 0.06 * depth[i])
        drawn.append(
            f'<circle cx="{x0 + scale * x[i]:.1f}" cy="{y0 - scale * y[i]:.1f}" r="{radius:.1f}" fill="url(#s)"/>'
        )
    return drawn


PYTHON = """import gcd

crystals = gcd.generate_crystals("bcc", count=4, seed=0)
crystals[0].write("tungsten.extxyz")"""
COMMAND = "gcd sample crystal --phase bcc --count 4 --seed 0 --out crystals"

PAGES = (
    PageCard(
        path="app_pages/crystals.py",
        title="Crystals",
        icon=":material/grain:",
        purpose="Choose a phase, an element and a supercell, and watch the voxels condense. Then turn the crystal, cut "
        "it open, compare it with the ideal one, and take it home in the format you need.",
        picture=crystals_picture(),
        alt="Noise on a grid of voxels, then soft blobs, then a crystal of atoms",
    ),
)
