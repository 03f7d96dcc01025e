"""Pictures of the pages that teach, for Home: the encoder's board, a structure in and out, a film of voxels."""

from __future__ import annotations

import numpy as np

TEAL, ORANGE, GREY = "#1F8F94", "#E08E0B", "#8A9A9A"


def _svg(shapes: list[str], width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{''.join(shapes)}</svg>"
    )


def _share(x: float, y: float, i: int, j: int) -> float:
    """Eq. 1 in two dimensions."""
    return max(0.0, 1 - abs(x - i)) * max(0.0, 1 - abs(y - j))


def how_picture(width: int = 640, height: int = 240) -> str:
    """A few particles on a grid of cells, with what each cell gets of them."""
    columns, rows = 11, 4
    side = min((width - 20) / columns, (height - 20) / rows)
    x0, y0 = (width - columns * side) / 2, (height - rows * side) / 2
    particles = ((1.0, 1.0), (3.5, 1.5), (6.3, 0.8), (8.6, 2.4), (5.2, 2.7), (9.7, 0.4))
    shapes = []
    for i in range(columns):
        for j in range(rows):
            value = sum(_share(x, y, i, j) for x, y in particles)
            left, top = x0 + i * side, y0 + j * side
            shapes.append(
                f'<rect x="{left + 1:.1f}" y="{top + 1:.1f}" width="{side - 2:.1f}" height="{side - 2:.1f}" rx="4" '
                f'fill="{TEAL}" opacity="{0.08 + 0.92 * min(value, 1.0):.2f}"/>'
            )
            if value > 0.005:
                colour = "#FFFFFF" if value > 0.45 else GREY
                shapes.append(
                    f'<text x="{left + side / 2:.1f}" y="{top + side - 8:.1f}" font-size="13" text-anchor="middle" '
                    f'font-family="sans-serif" fill="{colour}">{value:.2f}</text>'
                )
    for x, y in particles:
        cx, cy = x0 + (x + 0.5) * side, y0 + (y + 0.5) * side
        shapes.append(
            f'<rect x="{cx - side / 2:.1f}" y="{cy - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}" fill="none" '
            f'stroke="{ORANGE}" stroke-width="1.5" stroke-dasharray="5 4"/>'
            f'<circle cx="{cx:.1f}" cy="{cy - 3:.1f}" r="6.5" fill="{ORANGE}"/>'
        )
    return _svg(shapes, width, height)


def structure_picture(width: int = 640, height: int = 240) -> str:
    """A sheet with a cell of atoms on the left, voxels in the middle, the atoms found again on the right."""
    rng = np.random.default_rng(3)
    side = 13.0
    sites = [(1.8 + 3.8 * i + (1.6 if j % 2 else 0.0), 2.2 + 3.2 * j) for i in range(3) for j in range(4)]
    sites = [(x + rng.uniform(-0.4, 0.4), y + rng.uniform(-0.4, 0.4)) for x, y in sites]
    shapes = []
    for panel in range(3):
        left, top = 22 + panel * 208, (height - 15 * side) / 2
        shapes.append(
            f'<rect x="{left - 6:.0f}" y="{top - 6:.0f}" width="{13 * side + 12:.0f}" '
            f'height="{15 * side + 12:.0f}" rx="10" fill="none" stroke="{GREY}" stroke-opacity="0.5"/>'
        )
        if panel == 1:
            for i in range(13):
                for j in range(15):
                    value = sum(_share(x, y, i, j) for x, y in sites)
                    if value > 0.02:
                        shapes.append(
                            f'<rect x="{left + i * side:.1f}" y="{top + j * side:.1f}" width="{side - 1:.1f}" '
                            f'height="{side - 1:.1f}" rx="2" fill="{TEAL}" opacity="{min(1.0, 0.15 + value):.2f}"/>'
                        )
        else:
            for x, y in sites:
                cx, cy = left + (x + 0.5) * side, top + (y + 0.5) * side
                shapes.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="9" fill="{ORANGE}"/>')
                if panel == 2:
                    shapes.append(
                        f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="12" fill="none" stroke="{TEAL}" stroke-width="2.5"/>'
                    )
        if panel:
            x, y = left - 26, height / 2
            shapes.append(
                f'<path d="M {x} {y} h 12 m -5 -5 l 5 5 l -5 5" fill="none" stroke="{GREY}" stroke-width="2.5"/>'
            )
    return _svg(shapes, width, height)


def film_picture(width: int = 640, height: int = 240) -> str:
    """Five frames of a film, from noise to a crystal, above a time line."""
    rng = np.random.default_rng(11)
    cells, side = 9, 12.4
    noise = rng.random((cells, cells)) ** 1.5
    sites = np.array([[i, j] for i in (1, 4, 7) for j in (1, 4, 7)], dtype=float)
    centres = np.indices((cells, cells)).reshape(2, -1).T
    blobs = np.exp(-((np.linalg.norm(centres[:, None] - sites, axis=-1).min(axis=1) / 0.95) ** 2)).reshape(
        cells, cells
    )
    shapes = []
    for frame in range(5):
        done = frame / 4
        left, top = 12 + frame * 125, 44.0
        for (i, j), blob, speck in zip(centres, blobs.ravel(), noise.ravel(), strict=True):
            value = (1 - done) * speck + done * blob
            if value > 0.05:
                shapes.append(
                    f'<rect x="{left + i * side:.1f}" y="{top + j * side:.1f}" width="{side - 1:.1f}" '
                    f'height="{side - 1:.1f}" rx="2" fill="{TEAL}" opacity="{value:.2f}"/>'
                )
    y = 192
    shapes.append(
        f'<path d="M 16 {y} H 624" stroke="{GREY}" stroke-width="5" stroke-linecap="round" opacity="0.45"/>'
    )
    shapes.append(f'<path d="M 16 {y} H 430" stroke="{ORANGE}" stroke-width="5" stroke-linecap="round"/>')
    shapes.append(f'<circle cx="430" cy="{y}" r="10" fill="{ORANGE}"/>')
    return _svg(shapes, width, height)


def health_picture(width: int = 640, height: int = 240) -> str:
    """A line of jobs, the first of them half done, above the pulse of the server."""
    shapes = []
    side, top = 58.0, 46.0
    for place in range(7):
        left = 36 + place * 84
        shapes.append(
            f'<rect x="{left}" y="{top}" width="{side}" height="{side}" rx="10" fill="{TEAL}" '
            f'opacity="{0.85 - 0.11 * place:.2f}"/>'
        )
    shapes.append(f'<rect x="36" y="{top}" width="{side / 2}" height="{side}" rx="10" fill="{ORANGE}"/>')
    shapes.append(
        '<path d="M 36 176 H 190 l 14 -34 l 22 66 l 18 -52 l 10 20 H 420 l 14 -34 l 22 66 l 18 -52 l 10 20 H 604" '
        f'fill="none" stroke="{GREY}" stroke-width="4" stroke-linejoin="round" stroke-linecap="round"/>'
    )
    return _svg(shapes, width, height)
