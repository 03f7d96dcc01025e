"""The picture of the Particle or voxel page, for Home: a disordered heap of atoms beside a crystal."""

from __future__ import annotations

import numpy as np

BLUE, SAND, RED, GREY = "#3A8DC8", "#E9DDB0", "#D1500B", "#8A9A9A"  # the page's scale of colours
SITES = 6  # along each edge


def duet_picture(width: int = 640, height: int = 240) -> str:
    """As many atoms left and right: pushed about by noise that was too much, and on their sites."""
    rng = np.random.default_rng(4)
    side = (height - 24) / SITES
    sites = np.array([[i + 0.5, j + 0.5] for i in range(SITES) for j in range(SITES)]) * side
    shapes = []
    for panel, noise in enumerate((0.34, 0.0)):
        left = width / 2 + (panel - 1) * (SITES * side + 40) + 20
        edge = SITES * side
        shapes.append(
            f'<rect x="{left:.1f}" y="12" width="{edge:.1f}" height="{edge:.1f}" fill="none" stroke="{GREY}" '
            f'stroke-width="1.5" rx="3"/>'
        )
        moved = (sites + noise * side * rng.normal(size=sites.shape)) % edge
        for x, y in moved:
            gap = np.abs(sites - (x, y))
            away = float(np.hypot(*np.minimum(gap, edge - gap).T).min()) / side
            colour = BLUE if away < 0.1 else SAND if away < 0.3 else RED
            shapes.append(
                f'<circle cx="{left + x:.1f}" cy="{12 + y:.1f}" r="{0.3 * side:.1f}" fill="{colour}" stroke="{GREY}" '
                f'stroke-width="0.8"/>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{''.join(shapes)}</svg>"
    )
