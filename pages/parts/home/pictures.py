"""The cards on Home: what each page is for, with a picture drawn from real structures, to fit any theme."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pages.parts.home.boundary_picture import boundaries_picture
from pages.parts.home.campaign_picture import campaigns_picture
from pages.parts.home.duet_picture import duet_picture
from pages.parts.home.more_pictures import film_picture, health_picture, how_picture, structure_picture
from pages.shared.index import INDEX, PageEntry

TEAL, ORANGE, GREY = "#1F8F94", "#E08E0B", "#8A9A9A"


@dataclass(frozen=True)
class PageCard:
    """One page on Home: what it is for, and a picture."""

    page: PageEntry
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
    left = 6 + 2 * (edge * side + 24) + 0.46 * edge * side
    shapes += _spheres(left, height / 2, 0.27 * edge * side)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<defs><radialGradient id="s" cx="35%" cy="30%" r="75%"><stop offset="0" stop-color="#FFD58A"/>'
        f'<stop offset="0.55" stop-color="{ORANGE}"/><stop offset="1" stop-color="#8A4B00"/></radialGradient></defs>'
        f"{''.join(shapes)}</svg>"
    )


def _spheres(x0: float, y0: float, scale: float) -> list[str]:
    """Eight cells of a body-centred crystal with its bonds, in parallel projection, far ones first."""
    turn, tilt = math.radians(20), math.radians(16)
    corners = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)], dtype=float)
    centres = np.array([(i, j, k) for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])
    points = np.concatenate([corners, centres])
    x = points[:, 0] * math.cos(turn) - points[:, 1] * math.sin(turn)
    inward = points[:, 0] * math.sin(turn) + points[:, 1] * math.cos(turn)
    y = points[:, 2] * math.cos(tilt) + inward * math.sin(tilt)
    depth = inward * math.cos(tilt) - points[:, 2] * math.sin(tilt)
    place = np.stack([x0 + 0.92 * scale * x, y0 - 0.92 * scale * y], axis=1)
    drawn: list[tuple[float, str]] = []
    for i, point in enumerate(points):
        for j in np.flatnonzero(np.abs(np.linalg.norm(points - point, axis=1) - math.sqrt(0.75)) < 1e-6):
            if i < j:
                (x1, y1), (x2, y2) = place[i], place[j]
                line = (
                    f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                    f'stroke="#B36F00" stroke-width="{0.055 * scale:.1f}"/>'
                )
                drawn.append((float(depth[i] + depth[j]) / 2 + 0.05, line))
        radius = (0.16 - 0.02 * depth[i]) * scale
        circle = f'<circle cx="{place[i, 0]:.1f}" cy="{place[i, 1]:.1f}" r="{radius:.1f}" fill="url(#s)"/>'
        drawn.append((float(depth[i]), circle))
    return [shape for _, shape in sorted(drawn, reverse=True)]


PYTHON = """import gcd

crystals = gcd.generate_crystals("bcc")
crystals[0].write("tungsten.extxyz")"""
COMMAND = "gcd sample crystal --phase bcc"

PAGES = (
    PageCard(
        INDEX["crystals"],
        purpose="Choose a phase, an element and a supercell, and watch the voxels condense. Then turn the crystal, cut "
        "it open, compare it with the ideal one, and take it home in the format you need.",
        picture=crystals_picture(),
        alt="Noise on a grid of voxels, then soft blobs, then a crystal of atoms",
    ),
    PageCard(
        INDEX["particle_or_voxel"],
        purpose="Let a particle model and the voxel model make the same crystal, side by side. Shake the ideal crystal "
        "as hard as you like, choose the sampler, and see from which noise on the particles stay stuck in disorder.",
        picture=duet_picture(),
        alt="Atoms in a heap beside as many atoms on the sites of a crystal",
    ),
    PageCard(
        INDEX["boundaries"],
        purpose="Let a model that has seen mediocre boundaries alone paint new ones, and relax them: some are the "
        "ground state. Or build one, or click one that the search found; compare before and after, atom by atom.",
        picture=boundaries_picture(),
        alt="A grain boundary from the side: grey atoms of two crystals, coloured where they meet",
    ),
    PageCard(
        INDEX["campaigns"],
        purpose="Ask for many boundaries, metals and seeds at once, and come back to their energies: how far each is, "
        "the lowest found so far, E_gb against the angle of misorientation, and every structure behind a point.",
        picture=campaigns_picture(),
        alt="A curve of energy against angle that falls into cusps",
    ),
    PageCard(
        INDEX["how_it_works"],
        purpose="Drag particles and watch the voxels change, drown a crystal in noise and see what the network still "
        "finds in it, walk through the decoder stage by stage, push atoms together until it fails.",
        picture=how_picture(),
        alt="Particles on a grid of cells, and the share of them that each cell gets",
    ),
    PageCard(
        INDEX["your_structure"],
        purpose="Bring a CIF, POSCAR, extxyz or LAMMPS file: see it as voxels, how well its atoms are found again, its "
        "radial distribution, bond order and coordination, and relax it when it is a slab.",
        picture=structure_picture(),
        alt="Atoms, the voxels they become, and the atoms found again in them",
    ),
    PageCard(
        INDEX["denoising"],
        purpose="Scrub and play a structure's way from noise, instantly: slices, surface, the atoms that would be "
        "found at "
        "each step, and how their number settles. Recorded for each model, or one of your own.",
        picture=film_picture(),
        alt="Five frames from noise to a crystal above a time line",
    ),
    PageCard(
        INDEX["health"],
        purpose="What this server is doing now: who waits, what runs, how much room it has, and the limits that it "
        "keeps, for whoever runs it for a class.",
        picture=health_picture(),
        alt="Jobs waiting in a line, one of them being worked on",
    ),
)
