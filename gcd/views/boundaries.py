"""Grain boundaries as pictures: E_gb against [n], bicrystals with their boundary coloured, and voxels being painted."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from gcd.structures.bicrystals import as_fraction
from gcd.views.atoms import NO_VALUE, scene
from gcd.views.style import GENERATED, IDEAL, OTHERS, layout
from gcd.views.voxels import box_edges

if TYPE_CHECKING:
    from ase import Atoms

REGION = 11.0  # Å on either side of the plane that are drawn when the bulk is left out
COLOURED = (
    12.0  # Å on either side of the plane whose atoms may be coloured; beyond it lie the grains and their ends
)
# In parts of the cohesive energy, so that the same colours suit every metal:
BULK_EXCESS = 0.0035  # an atom with less energy above the crystal's is bulk (0.03 eV in W)
TOP_EXCESS = 0.09  # end of the colour scale (0.8 eV in W)
GRAINS = ("#9aa5a5", "#c3cbca")  # greys of the lower and the upper grain
REGION_COLOUR = OTHERS[1]  # of the region that is to be painted
SEARCH = "search"  # what the points of the search are called where they say who they are


@dataclass(frozen=True)
class Points:
    """Structures of one's own on the E_gb-[n] plot."""

    kind: str  # what each point calls itself when it is clicked, with its index
    n: Sequence[float] | np.ndarray
    egb: Sequence[float] | np.ndarray  # J/m2; nan where there is none
    lowest: bool = False  # write the lowest energy at each [n] beside its point
    more: Mapping[str, Sequence[float] | np.ndarray] = field(
        default_factory=dict
    )  # further quantities, for the map


def energy_figure(
    egb: np.ndarray,
    n: np.ndarray,
    *,
    chosen: tuple[float, float] | None = None,
    window: tuple[float, float] | None = (2.6, 2.8),
    others: Mapping[str, Points] | None = None,
    height: int = 430,
) -> go.Figure:
    """E_gb against [n] of the structures of a search, with the lowest at each [n] marked, and others over them.

    Args:
        egb: (M,) J/m2 of the search.
        n: (M,) [n] of the search.
        chosen: ([n], E_gb) of a point to ring.
        window: range of E_gb (J/m2) to shade; the search's structures in it are filled.
        others: label -> points that are shown on top; the search is then drawn light.
        height: pixels.

    Every point carries ``[kind, index]`` as ``customdata``, so that a page knows what was clicked.
    """
    egb, n = np.asarray(egb, dtype=float), np.asarray(n, dtype=float)
    others = {label: points for label, points in (others or {}).items() if len(points.egb)}
    figure = go.Figure()
    inside = np.zeros(len(egb), bool)
    if window is not None:
        inside = (egb >= window[0]) & (egb <= window[1])
        figure.add_hrect(*window, fillcolor=IDEAL, opacity=0.14, line_width=0, layer="below")
    opacity = 0.4 if others else 1.0
    figure.add_scatter(
        x=n, y=egb, mode="markers", name="search", customdata=[[SEARCH, i] for i in range(len(egb))],
        marker={
            "symbol": np.where(inside, "circle", "circle-open"), "color": GENERATED, "size": 8, "opacity": opacity,
            "line": {"width": 1.2, "color": GENERATED},
        },
        selected={"marker": {"opacity": opacity}}, unselected={"marker": {"opacity": opacity}},
        hovertemplate="[n] = %{x:.2f}: %{y:.3f} J/m²<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    if len(egb):
        lowest = _lowest(n, egb)
        figure.add_scatter(
            x=n[lowest], y=egb[lowest], mode="markers", name="lowest at each [n]", hoverinfo="skip",
            marker={"symbol": "line-ew-open", "color": IDEAL, "size": 20, "line": {"width": 2.5}},
        )  # fmt: skip
    for (label, points), colour in zip(others.items(), itertools.cycle(OTHERS), strict=False):
        _add_points(figure, label, points, colour)
    if chosen is not None and np.isfinite(chosen).all():
        figure.add_scatter(
            x=[chosen[0]], y=[chosen[1]], mode="markers", name="shown", hoverinfo="skip",
            marker={"symbol": "circle-open", "color": OTHERS[2], "size": 19, "line": {"width": 2.5}},
        )  # fmt: skip
    ticks = sorted({round(float(value), 4) for value in n}) if len(np.unique(n)) <= 12 else []
    axis: dict[str, Any] = {"title": "[n], atoms of the boundary beyond whole planes", "range": [-0.06, 1.0]}
    if ticks:
        axis |= {"tickvals": ticks, "ticktext": [as_fraction(value) for value in ticks]}
    figure.update_layout(layout(height=height, clickmode="event+select", dragmode="zoom"))
    figure.update_xaxes(**axis)
    figure.update_yaxes(title="E<sub>gb</sub> (J/m²)")
    return figure


def _lowest(n: np.ndarray, egb: np.ndarray) -> np.ndarray:
    """Indices of the lowest E_gb at each [n]; [n] that agree to 3 decimals are one."""
    groups = np.round(n, 3)
    order = np.lexsort((egb, groups))
    return order[np.unique(groups[order], return_index=True)[1]]


def _add_points(figure: go.Figure, label: str, points: Points, colour: str) -> None:
    """Diamonds that know who they are, those of lowest energy with their number."""
    n, egb = np.asarray(points.n, dtype=float), np.asarray(points.egb, dtype=float)
    index = np.flatnonzero(np.isfinite(egb))
    n, egb = n[index], egb[index]
    figure.add_scatter(
        x=n, y=egb, mode="markers", name=label, customdata=[[points.kind, int(i)] for i in index],
        marker={"symbol": "diamond", "color": colour, "size": 11, "line": {"width": 1, "color": colour}},
        selected={"marker": {"opacity": 1.0}}, unselected={"marker": {"opacity": 1.0}},
        hovertemplate="[n] = %{x:.2f}: %{y:.3f} J/m²<extra>" + label + " %{customdata[1]}</extra>",
    )  # fmt: skip
    if points.lowest and len(egb):
        lowest = _lowest(n, egb)
        figure.add_scatter(
            x=n[lowest], y=egb[lowest], mode="markers+text", name=f"lowest {label}", showlegend=False, hoverinfo="skip",
            marker={"size": 20, "color": "rgba(0,0,0,0)"},
            text=[f"{value:.3f}" for value in egb[lowest]], textposition="bottom center",
            textfont={"color": colour, "size": 12},
        )  # fmt: skip


def boundary_scene(
    atoms: Atoms,
    energies: np.ndarray,
    cohesive: float,
    plane: float,
    *,
    whole: bool = False,
    repeats: tuple[int, int] = (1, 1),
    bonds: bool = True,
    filling: bool = False,
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
        filling: as in :func:`gcd.views.atoms.scene`.
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
    top = round(TOP_EXCESS * abs(cohesive), 2)
    picture = scene(
        drawn,
        repeats=(*repeats, 1),
        bonds=bonds,
        filling=filling,
        values=values,
        value_range=(-top, top),  # atoms of a boundary may have less energy than the crystal's, too
        value_label="energy above the crystal's (eV)",
        name=name or f"bicrystal of {len(atoms):,} atoms",
    )
    return picture | {"key": [{"colour": NO_VALUE, "words": "as in the crystal"}]}


def ends_scene(
    atoms: Atoms,
    painted: tuple[float, float],
    *,
    repeats: tuple[int, int] = (1, 1),
    bonds: bool = True,
    filling: bool = False,
    name: str = "",
) -> dict[str, Any]:
    """What the viewer draws of two grains with nothing between them yet: the region to be painted is a coloured box.

    Args:
        atoms: the grains, periodic in x and y, with ``arrays["grain"]`` 0 below and 1 above.
        painted: z in Å where the region begins and ends.
        repeats, bonds, filling, name: as in :func:`boundary_scene`.
    """
    drawn = atoms.copy()
    drawn.wrap()
    low, high = drawn.positions[:, 2].min() - 1.0, drawn.positions[:, 2].max() + 1.0
    drawn.positions[:, 2] -= low
    drawn.cell[2] = (0.0, 0.0, high - low)
    lengths = drawn.cell.lengths()
    picture = scene(
        drawn,
        repeats=(*repeats, 1),
        bonds=bonds,
        filling=filling,
        name=name or "two grains with a region to be painted",
    )
    copies = len(picture["symbols"]) // max(1, len(drawn))
    across, up = repeats if copies > 1 else (1, 1)
    size = np.array([lengths[0] * across, lengths[1] * up, painted[1] - painted[0]])
    edges = box_edges(np.diag(size)) + np.array([0.0, 0.0, painted[0] - low])
    region = {"edges": np.round(edges, 3).tolist(), "colour": REGION_COLOUR}
    grey = [GRAINS[int(grain)] for grain in drawn.arrays["grain"]] * copies
    where = f"{painted[0] - low:.3f}-{size[2]:.3f}"
    key = [
        {"colour": colour, "words": f"{which} grain"}
        for colour, which in zip(GRAINS, ("lower", "upper"), strict=True)
    ]
    key.append({"colour": REGION_COLOUR, "words": "to be painted"})
    return picture | {"colours": grey, "key": key, "region": region, "id": f"{picture['id']}-{where}"}


def strip_frame(voxels: np.ndarray, painted: tuple[float, float]) -> dict[str, Any]:
    """A tall voxel array lying on its side, for a live picture: the cut through its middle, and the view through it.

    Args:
        voxels: (X, Y, Z) in atoms a voxel.
        painted: where the painted region begins and ends, as parts of the height from 0 to 1.

    Returns:
        "strips": the cut across y and the sum along y, each with width (z), height (x) and its pixels; "painted".
    """
    cut, sums = voxels[:, voxels.shape[1] // 2], voxels.sum(axis=1)
    strips = [{"title": "cut through the middle", **_pixels(cut)}, {"title": "seen through", **_pixels(sums)}]
    return {"strips": strips, "painted": [round(float(part), 4) for part in painted]}


def _pixels(plane: np.ndarray) -> dict[str, Any]:
    """A plane of voxels (A, B) as a small picture, B across and A up: bytes from 0 to the largest value, base64."""
    top = max(float(np.quantile(plane, 0.998)), 0.1)
    levels = np.clip(plane[::-1] / top, 0.0, 1.0) * 255.0
    data = base64.b64encode(np.ascontiguousarray(levels.astype(np.uint8)).tobytes()).decode("ascii")
    return {"width": plane.shape[1], "height": plane.shape[0], "data": data}
