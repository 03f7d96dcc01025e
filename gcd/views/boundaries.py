"""Grain boundaries as pictures: E_gb against [n], and a bicrystal with its bulk grey and its boundary coloured."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from gcd.structures.bicrystals import as_fraction
from gcd.views.atoms import scene
from gcd.views.style import GENERATED, IDEAL, OTHERS, layout

if TYPE_CHECKING:
    from ase import Atoms

REGION = 11.0  # Å on either side of the plane that are drawn when the bulk is left out
COLOURED = (
    12.0  # Å on either side of the plane whose atoms may be coloured; beyond it lie the grains and their ends
)
# In parts of the cohesive energy, so that the same colours suit every metal:
BULK_EXCESS = 0.0035  # an atom with less energy above the crystal's is bulk (0.03 eV in W)
TOP_EXCESS = 0.09  # end of the colour scale (0.8 eV in W)


def energy_figure(
    egb: np.ndarray,
    n: np.ndarray,
    *,
    chosen: int | None = None,
    window: tuple[float, float] | None = (2.6, 2.8),
    others: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    height: int = 430,
) -> go.Figure:
    """E_gb against [n] of many structures, with the lowest at each [n] marked.

    Args:
        egb: (M,) J/m2.
        n: (M,) [n].
        chosen: index of a structure to ring.
        window: range of E_gb (J/m2) to shade; its structures are filled.
        others: label -> ([n], E_gb) of structures to show on top.
        height: pixels.

    Every point of ``egb`` carries its index as ``customdata``, so that a page knows what was clicked.
    """
    egb, n = np.asarray(egb, dtype=float), np.asarray(n, dtype=float)
    figure = go.Figure()
    inside = np.zeros(len(egb), bool)
    if window is not None:
        inside = (egb >= window[0]) & (egb <= window[1])
        figure.add_hrect(*window, fillcolor=IDEAL, opacity=0.14, line_width=0, layer="below")
    shape = np.where(inside, "circle", "circle-open")
    figure.add_scatter(
        x=n, y=egb, mode="markers", name="search", customdata=np.arange(len(egb)),
        marker={"symbol": shape, "color": GENERATED, "size": 8, "line": {"width": 1.2, "color": GENERATED}},
        selected={"marker": {"opacity": 1.0}}, unselected={"marker": {"opacity": 1.0}},
        hovertemplate="[n] = %{x:.2f}: %{y:.3f} J/m²<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    if len(egb):
        values = np.unique(n)
        figure.add_scatter(
            x=values, y=[egb[n == value].min() for value in values], mode="markers", name="lowest at each [n]",
            marker={"symbol": "line-ew-open", "color": IDEAL, "size": 20, "line": {"width": 2.5}}, hoverinfo="skip",
        )  # fmt: skip
    if chosen is not None and 0 <= chosen < len(egb):
        figure.add_scatter(
            x=[n[chosen]], y=[egb[chosen]], mode="markers", name="shown",
            marker={"symbol": "circle-open", "color": OTHERS[0], "size": 17, "line": {"width": 2.5}}, hoverinfo="skip",
        )  # fmt: skip
    for (label, (x, y)), colour in zip((others or {}).items(), itertools.cycle(OTHERS), strict=False):
        figure.add_scatter(
            x=list(x), y=list(y), mode="markers", name=label,
            marker={"symbol": "diamond", "color": colour, "size": 12, "line": {"width": 1, "color": colour}},
            hovertemplate="[n] = %{x:.2f}: %{y:.3f} J/m²<extra>" + label + "</extra>",
        )  # fmt: skip
    ticks = sorted({round(float(value), 4) for value in n}) if len(np.unique(n)) <= 12 else []
    axis: dict[str, Any] = {"title": "[n], atoms of the boundary beyond whole planes", "range": [-0.06, 1.0]}
    if ticks:
        axis |= {"tickvals": ticks, "ticktext": [as_fraction(value) for value in ticks]}
    figure.update_layout(layout(height=height, clickmode="event+select", dragmode="zoom"))
    figure.update_xaxes(**axis)
    figure.update_yaxes(title="E<sub>gb</sub> (J/m²)")
    return figure


def boundary_scene(
    atoms: Atoms,
    energies: np.ndarray,
    cohesive: float,
    plane: float,
    *,
    whole: bool = False,
    repeats: tuple[int, int] = (1, 1),
    bonds: bool = True,
    name: str = "",
) -> dict[str, Any]:
    """What the viewer draws of a bicrystal: atoms of the boundary coloured by their energy, all others grey.

    Args:
        atoms: the slab, periodic in x and y.
        energies: (N,) energy of each atom in eV.
        cohesive: energy of an atom of the perfect crystal in eV.
        plane: z of the boundary in Å.
        whole: draw the slab from end to end instead of the region around the plane.
        repeats: copies along x and y, for display only.
        bonds: sticks between nearest neighbours.
        name: what the picture shows, for people who cannot see it.
    """
    distance = np.abs(atoms.positions[:, 2] - plane)
    excess = np.asarray(energies, dtype=float) - cohesive
    values = np.where(
        (distance <= COLOURED) & (np.abs(excess) >= BULK_EXCESS * abs(cohesive)), excess, np.nan
    )
    drawn = atoms.copy()
    if not whole:
        near = distance <= REGION
        drawn, values = drawn[near], values[near]
        drawn.positions[:, 2] -= plane - REGION
        drawn.cell[2] = (0.0, 0.0, 2 * REGION)
    return scene(
        drawn,
        repeats=(*repeats, 1),
        bonds=bonds,
        values=values,
        value_range=(0.0, round(TOP_EXCESS * abs(cohesive), 2)),
        value_label="energy above the crystal (eV)",
        name=name or f"bicrystal of {len(atoms):,} atoms",
    )
