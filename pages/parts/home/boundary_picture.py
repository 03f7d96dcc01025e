"""The picture of the Grain boundaries page on Home: a boundary's atoms, bulk grey and boundary coloured by energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from plotly.colors import sample_colorscale

from gcd.energetics.zhou2004 import cohesive_energy
from gcd.search.dataset import DatasetError, load_dataset
from gcd.structures.bicrystals import twist_bicrystal
from gcd.views.boundaries import BULK_EXCESS, TOP_EXCESS
from gcd.views.style import VALUE_SCALE

if TYPE_CHECKING:
    from ase import Atoms

METAL = "W"
BULK = "#9AA5A5"
REACH = 20.5  # Å on either side of the boundary that are drawn
HEIGHT = 15.0  # Å from top to bottom
SHADES = 12


def boundaries_picture(width: int = 640, height: int = 240) -> str:
    """The boundary of lowest energy that the search found, lying on its side."""
    atoms, energies = _boundary()
    excess = (energies - cohesive_energy(METAL)) / abs(cohesive_energy(METAL))
    edge = atoms.cell[1, 1]
    coloured = excess > BULK_EXCESS
    middle = float(np.average(atoms.positions[:, 2], weights=np.where(coloured, excess, 0.0)))
    scale = height / HEIGHT  # pixels an Å
    drawn = []
    for (x, y, z), value in zip(atoms.positions, excess, strict=True):
        depth = (x % edge) / edge
        for copy in range(-1, 3):
            place = width / 2 + scale * (z - middle), scale * (y % edge + copy * edge)
            if abs(z - middle) < REACH and -scale < place[1] < height + scale:
                drawn.append((depth, *place, value))
    circles = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{(0.62 + 0.38 * depth) * scale:.1f}" fill="url(#b{_shade(value)})" '
        f'opacity="{0.45 + 0.55 * depth:.2f}"/>'
        for depth, x, y, value in sorted(drawn)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<defs>{''.join(_balls())}</defs>{''.join(circles)}</svg>"
    )


def _boundary() -> tuple[Atoms, np.ndarray]:
    """The best structure of the dataset; where that is missing, perfect grains side by side."""
    try:
        dataset = load_dataset()
    except DatasetError:
        from gcd.energetics.boundary_plane import atomic_energies

        atoms = twist_bicrystal("sigma5", METAL, gap=0.5, remove=8)
        return atoms, atomic_energies(atoms.positions, atoms.cell.array, METAL)
    atoms = dataset.atoms(int(dataset.egb.argmin()))
    inner = np.abs(atoms.positions[:, 2] - atoms.info["plane"]) < REACH + 2.0  # without the free surfaces
    return atoms[inner], atoms.arrays["energy"][inner]


def _shade(excess: float) -> int:
    """0 for bulk, else 1 to SHADES by energy."""
    if excess <= BULK_EXCESS:
        return 0
    return 1 + min(SHADES - 1, int(SHADES * excess / TOP_EXCESS))


def _balls() -> list[str]:
    """A shaded ball of each colour."""
    colours = [BULK, *sample_colorscale(VALUE_SCALE, np.linspace(0.0, 1.0, SHADES))]
    return [
        f'<radialGradient id="b{i}" cx="35%" cy="30%" r="75%"><stop offset="0" stop-color="#FFFFFF"/>'
        f'<stop offset="0.35" stop-color="{colour}"/><stop offset="1" stop-color="{colour}"/></radialGradient>'
        for i, colour in enumerate(colours)
    ]
