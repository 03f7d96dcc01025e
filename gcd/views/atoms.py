"""Atoms in 3D: a scene for the 3Dmol viewer, the viewer as a page of its own, and a plotly figure without 3Dmol.

Supercells and periodic bonds are built here; the viewer gets plain atoms. A scene's id is a digest of its content, so
a page can tell an unchanged scene from a new one.
"""

from __future__ import annotations

import hashlib
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from gcd.views.style import VALUE_SCALE, layout
from gcd.views.voxels import box_edges, box_trace, scene_layout

if TYPE_CHECKING:
    from ase import Atoms

MAX_DRAWN_ATOMS = 8_000  # repeats are left out beyond this
MAX_BONDS = 12_000  # beyond this none are drawn
BOND_FACTOR = 1.1  # of the nearest-neighbour distance; BCC's second shell lies at 1.155
SPHERE_RADIUS = 0.33  # of the nearest-neighbour distance, without bonds
TOUCHING_RADIUS = 0.48  # of the same: spheres that just do not touch
JOINT_RADIUS = 0.2  # of the same, with bonds

NO_VALUE = "#9aa5a5"  # grey: an atom whose value is not a number

VIEWER_SCRIPT = Path(__file__).with_name("viewer.js")
CDN = "https://cdn.jsdelivr.net/npm/3dmol@{version}/build/3Dmol-min.js"


def library_version() -> str:
    """Version of 3Dmol.js that goes with the installed py3Dmol."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("py3Dmol")
    except PackageNotFoundError:
        return "2.5.5"


def cdn_address() -> str:
    """Where browsers with internet find 3Dmol.js."""
    return CDN.format(version=library_version())


def scene(
    atoms: Atoms,
    *,
    repeats: tuple[int, int, int] = (1, 1, 1),
    bonds: bool = True,
    filling: bool = False,
    values: np.ndarray | None = None,
    value_range: tuple[float, float] | None = None,
    value_label: str = "",
    name: str = "",
) -> dict[str, Any]:
    """What the viewer draws, as plain JSON: atoms wrapped into the cell, colours, bonds, the cell's edges, an id.

    Args:
        atoms: the structure.
        repeats: copies along the cell's vectors, for display only; 1 where there would be too many atoms.
        bonds: sticks between nearest neighbours (within 1.1 times the median nearest distance).
        filling: without bonds, spheres that touch, as metals are drawn, instead of small ones.
        values: (N,) one number an atom, shown as colour; otherwise the element's colour.
        value_range: ends of the colour scale; by default those of ``values``.
        value_label: what the numbers are, with units.
        name: what the picture shows, for people who cannot see it.
    """
    from ase.data import chemical_symbols

    drawn, values = _repeated(atoms, repeats, values)
    spacing = _nearest_distance(atoms)
    pairs = _bonds(drawn, BOND_FACTOR * spacing) if bonds else np.zeros((0, 2), int)
    colours, legend = _colours(drawn, values, value_range, value_label)
    radius = spacing * (JOINT_RADIUS if len(pairs) else TOUCHING_RADIUS if filling else SPHERE_RADIUS)
    content = {
        "name": name or f"{len(atoms):,} atoms of {atoms.get_chemical_formula()}",
        "symbols": [chemical_symbols[number] for number in drawn.numbers],
        "xyz": np.round(drawn.positions, 3).tolist(),
        "colours": colours,
        "values": None if values is None else [_plain(value) for value in values],
        "legend": legend,
        "radius": round(float(radius), 3),
        "bonds": pairs.tolist(),
        "stick": round(0.22 * float(radius) + 0.03, 3),
        "edges": np.round(box_edges(np.asarray(atoms.cell[:])), 3).tolist(),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return content | {"id": digest[:16]}


def viewer_html(
    scene: dict[str, Any], *, library: str | None = None, library_source: str = "", height: int = 520
) -> str:
    """A page of its own that shows the scene.

    Args:
        scene: from :func:`scene`.
        library: address of 3Dmol-min.js; by default its CDN.
        library_source: the library itself, to make the page work anywhere without internet.
        height: pixels.
    """
    loader = (
        f"<script>{library_source}</script>"
        if library_source
        else f'<script src="{html.escape(library or cdn_address())}"></script>'
    )
    data = json.dumps(scene).replace("</", "<\\/")
    script = VIEWER_SCRIPT.read_text(encoding="utf-8").replace("export function", "function")
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(scene["name"])}</title>
<style>body{{margin:0;background:#fff}}#view{{position:relative;width:100%;height:{height}px}}</style></head>
<body><div id="view" role="img" aria-label="{html.escape(scene["name"])}"></div>
{loader}<script>
{script}
drawScene(window.$3Dmol, document.getElementById("view"), {data}, {{ background: "#ffffff", edge: "#667573" }});
</script></body></html>"""


def atoms_figure(scene: dict[str, Any], *, height: int = 520) -> go.Figure:
    """The same scene as a plotly figure, for where 3Dmol cannot be loaded."""
    xyz = np.array(scene["xyz"], dtype=float).reshape(-1, 3)
    span = float(np.ptp(xyz, axis=0).max()) if len(xyz) else 1.0
    size = float(np.clip(0.55 * height * scene["radius"] / max(span, 1.0), 3.0, 30.0))
    figure = go.Figure(
        go.Scatter3d(
            x=xyz[:, 0], y=xyz[:, 1], z=xyz[:, 2], mode="markers", text=scene["symbols"],
            marker={"size": size, "color": scene["colours"], "line": {"width": 0.5, "color": "rgba(60,60,60,0.6)"}},
            hovertemplate="%{text} at %{x:.3f}, %{y:.3f}, %{z:.3f} Å<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(box_trace(_cell_of(scene["edges"])))
    figure.update_layout(
        layout(height=height, showlegend=False, scene=scene_layout(), margin={"l": 0, "r": 0, "t": 0, "b": 0})
    )
    return figure


def _cell_of(edges: list[Any]) -> np.ndarray:
    """The cell (3, 3) from the edges of a scene: the first of each axis starts at the origin."""
    return np.array([np.subtract(edges[4 * axis][1], edges[4 * axis][0]) for axis in range(3)])


def _repeated(
    atoms: Atoms, repeats: tuple[int, int, int], values: np.ndarray | None
) -> tuple[Atoms, np.ndarray | None]:
    drawn = atoms.copy()
    drawn.wrap()
    copies = int(np.prod(repeats))
    if copies <= 1 or len(atoms) * copies > MAX_DRAWN_ATOMS:
        return drawn, values
    return drawn.repeat(repeats), None if values is None else np.tile(values, copies)


def _nearest_distance(atoms: Atoms) -> float:
    """Median nearest-neighbour distance in Å, periodic images included; 2 Å where there is none."""
    from gcd.analysis.neighbours import nearest_neighbours

    distances = nearest_neighbours(atoms, 1).distances if len(atoms) else np.zeros(0)
    return float(np.median(distances)) if len(distances) else 2.0


def _bonds(atoms: Atoms, cutoff: float) -> np.ndarray:
    """(M, 2) pairs of drawn atoms closer than ``cutoff`` (Å), none across the box; none where too many."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(atoms.positions).query_pairs(cutoff, output_type="ndarray") if len(atoms) else []
    return np.asarray(pairs) if 0 < len(pairs) <= MAX_BONDS else np.zeros((0, 2), int)


def _colours(
    atoms: Atoms, values: np.ndarray | None, ends: tuple[float, float] | None, label: str
) -> tuple[list[str], dict[str, Any] | None]:
    if values is None:
        from ase.data.colors import jmol_colors

        return [_hex(jmol_colors[number]) for number in atoms.numbers], None
    finite = values[np.isfinite(values)]
    low, high = ends or ((float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0))
    scaled = np.clip((np.nan_to_num(values, nan=low) - low) / max(high - low, 1e-12), 0.0, 1.0)
    steps = sample_colorscale(VALUE_SCALE, np.linspace(0.0, 1.0, 64), colortype="tuple")
    palette = [_hex(colour) for colour in steps]
    colours = [
        palette[round(63 * s)] if np.isfinite(v) else NO_VALUE for s, v in zip(scaled, values, strict=True)
    ]
    return colours, {"label": label, "low": _plain(low), "high": _plain(high), "colours": palette[::9]}


def _hex(colour: Any) -> str:
    return "#" + "".join(f"{round(255 * float(channel)):02x}" for channel in colour)


def _plain(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None
