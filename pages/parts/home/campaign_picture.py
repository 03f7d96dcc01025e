"""The picture of the Campaigns page on Home: how energy runs over the angle, by law and not by data."""

from __future__ import annotations

import math

CUSPS = {
    0.0: 0.0,
    36.87: 0.62,
    53.13: 0.62,
    90.0: 0.0,
}  # degrees of Σ1 and Σ5, and how deep the curve falls there
SPREAD = 26.0  # degrees over which a cusp is felt


def campaigns_picture(width: int = 640, height: int = 240) -> str:
    """A curve that falls into a cusp at each special angle, as Read and Shockley's law has it."""
    angles = [0.5 * k for k in range(181)]
    places = [
        (30 + (width - 60) * angle / 90.0, height - 28 - (height - 62) * _energy(angle)) for angle in angles
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#1F8F94"/>' for x, y in places[12:-8:16])
    axis = f'<line x1="24" y1="{height - 28}" x2="{width - 24}" y2="{height - 28}" stroke="#8A9A9A" stroke-width="2"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'{axis}<polyline points="{line}" fill="none" stroke="#E08E0B" stroke-width="4" stroke-linejoin="round"/>'
        f"{dots}</svg>"
    )


def _energy(angle: float) -> float:
    """From 0 to 1: the lowest of what each cusp allows."""
    allowed = []
    for cusp, bottom in CUSPS.items():
        x = min(1.0, abs(angle - cusp) / SPREAD)
        allowed.append(bottom + (1 - bottom) * x * (1 - math.log(x)) if x > 0 else bottom)
    return min(allowed)
