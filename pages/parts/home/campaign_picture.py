"""The picture of the Campaigns page on Home: energies of (100) twists of tungsten as a sweep found them."""

from __future__ import annotations

# Degrees and J/m2: results/sweep-w-001-twist.csv.
POINTS = ((0.0, 0.0), (12.68, 2.2), (16.26, 2.4), (22.62, 2.6), (28.07, 2.6), (36.87, 2.3), (43.6, 2.6))


def campaigns_picture(width: int = 640, height: int = 240) -> str:
    """The curve with its points, cusps and all."""
    across, up = (width - 80) / 45.0, (height - 60) / max(egb for _, egb in POINTS)
    places = [(40 + across * angle, height - 25 - up * egb) for angle, egb in POINTS]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="#1F8F94"/>' for x, y in places)
    low = min(range(3, len(POINTS) - 1), key=lambda k: POINTS[k][1])
    x, y = places[low]
    mark = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="15" fill="none" stroke="#E08E0B" stroke-width="3"/>'
    axis = f'<line x1="30" y1="{height - 25}" x2="{width - 30}" y2="{height - 25}" stroke="#8A9A9A" stroke-width="2"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'{axis}<polyline points="{line}" fill="none" stroke="#1F8F94" stroke-width="3" stroke-linejoin="round"/>'
        f"{dots}{mark}</svg>"
    )
