"""How it works, first part: particles become voxels, on a 2D board and for one crystal."""

from __future__ import annotations

import re

import numpy as np
import streamlit as st
import torch

from gcd.structures.crystals import PHASES, ideal_crystal
from gcd.views.style import config
from gcd.views.voxels import slice_figure
from gcd.voxels import Grid, encode
from pages.shared.reproduce import show_python
from pages.viewers.playground import moved_points, show_playground
from pages.viewers.solid import show_solid

BOX = 8.0  # Å, edge of the board
MOST_PARTICLES = 12
DEFAULT_POINTS = "1 2; 4.5 4.5; 6.2 1.4; 7.7 6.8"
CELLS = 2  # conventional cells along each edge of the 3D crystal
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_PAIR = re.compile(rf"\s*({_NUMBER})[\s,]+({_NUMBER})\s*")


def parse_points(text: str) -> list[tuple[float, float]]:
    """Particles from ``x y; x y; ...`` in Å; ValueError, in one sentence, for anything else."""
    pieces = [piece for piece in text.split(";") if piece.strip()]
    if len(pieces) > MOST_PARTICLES:
        raise ValueError(f"The board takes up to {MOST_PARTICLES} particles, not {len(pieces)}.")
    points = []
    for piece in pieces:
        match = _PAIR.fullmatch(piece)
        if match is None:
            raise ValueError(f"A particle is two numbers in Å such as 1.5 2; {piece.strip()[:20]!r} is not.")
        x, y = (float(number) for number in match.groups())
        if not (-100 <= x <= 100 and -100 <= y <= 100):
            raise ValueError(f"Particles lie within 100 Å of the board; {piece.strip()[:20]!r} does not.")
        points.append((x, y))
    return points


def points_text(points: list[tuple[float, float]]) -> str:
    """The text that stands for these particles."""
    return "; ".join(f"{x:.4g} {y:.4g}" for x, y in points)


def board_grid(cells: int, periodic: bool) -> Grid:
    """The board as one layer of voxels: along z everything is in the only voxel there is."""
    size = BOX / cells
    return Grid((cells, cells, 1), (BOX, BOX, size), (periodic, periodic, True))


def encode_board(points: list[tuple[float, float]], grid: Grid) -> tuple[np.ndarray, str]:
    """(n, n) voxels by the package's encoder, and what it says against particles that lie off an open board."""
    r = np.array([(x, y, 0.0) for x, y in points]).reshape(-1, 3)
    problem = ""
    try:
        return encode(torch.tensor(r), grid)[0, :, :, 0].numpy(), problem
    except ValueError as error:
        problem = str(error).replace("Atom", "Particle", 1)
    last = BOX - grid.voxel_size[0]
    inside = ((r[:, :2] >= 0) & (r[:, :2] <= last)).all(axis=1)
    return encode(torch.tensor(r[inside]), grid)[0, :, :, 0].numpy(), problem


def _moved() -> None:
    """Before the page runs again: what was dragged becomes what is typed, and so what the address bar holds."""
    shift = (st.session_state.get("shift_x", 0.0), st.session_state.get("shift_y", 0.0))
    size = BOX / st.session_state.get("board_cells", 8)
    points = [(x - shift[0] * size, y - shift[1] * size) for x, y in moved_points("board")]
    if st.session_state.get("periodic", True):
        points = [(x % BOX, y % BOX) for x, y in points]
    st.session_state["particles"] = points_text(points[:MOST_PARTICLES])


@st.fragment
def show_board() -> None:
    """The playground with its controls."""
    st.markdown(
        "A neural network likes grids; atoms do not lie on one. The encoder **EN** translates: it cuts space into "
        "**voxels** (here cells) of edge $L$, blows each particle up into a cube of the same edge, and hands every "
        "voxel the share of the cube that lies in it. Nothing is learned and nothing is lost."
    )
    board, words = st.columns([6, 5], gap="large")
    with words:
        cells = int(
            st.slider(
                "Voxels along an edge of 8 Å, and with it L",
                4,
                16,
                8,
                key="board_cells",
                bind="query-params",
            )
        )
        size = BOX / cells
        st.latex(r"P(r, i) = \max\left(0,\ 1 - \frac{|r - iL|}{L}\right)")
        periodic = st.toggle("Periodic edges", value=True, key="periodic", bind="query-params")
        st.caption(
            f"$L$ = {size:.3g} Å. "
            "Along one axis a particle at $r$ shares itself between two voxels: the nearer one gets more (Eq. 1). "
            "With periodic edges, what leaves on one side enters on the other, as in an endless crystal."
        )
        typed = st.text_input(
            "Particles (x y in Å, with ; between them)",
            DEFAULT_POINTS,
            max_chars=300,
            key="particles",
            bind="query-params",
        )
        try:
            points = parse_points(typed or "")
        except ValueError as error:
            st.error(f"{error} The board shows the default.", icon=":material/error:")
            points = parse_points(DEFAULT_POINTS)
        left, right = st.columns(2, gap="small")
        shift = [
            column.slider(
                f"Shift along {axis} (voxels)", 0.0, 2.0, 0.0, 0.05, key=f"shift_{axis}", bind="query-params"
            )
            for axis, column in zip("xy", (left, right), strict=True)
        ]
        numbers = st.container()
    grid = board_grid(cells, periodic)
    shifted = [(x + shift[0] * size, y + shift[1] * size) for x, y in points]
    C, problem = encode_board(shifted, grid)
    with board:
        show_playground(C, shifted, BOX, periodic, key="board", most=MOST_PARTICLES, on_change=_moved)
    with numbers:
        if problem:
            st.warning(problem, icon=":material/info:")
        st.latex(r"C_I = \sum_a P(a, I), \qquad \sum_I C_I = N")
        with st.grid(3, min_column_width=90):
            st.metric("Sum", f"{C.sum():.4f}", help="Each particle is shared out whole (Eq. 2).")
            st.metric("Particles", len(points))
            st.metric(
                "Fullest voxel", f"{C.max(initial=0.0):.3f}", help="1 when a particle sits on its centre."
            )
        if periodic:
            st.markdown(_what_the_shift_did(points, C, grid, shift))
    show_python(_board_python(shifted, grid))


def _what_the_shift_did(
    points: list[tuple[float, float]], C: np.ndarray, grid: Grid, shift: list[float]
) -> str:
    """One sentence on whole and fractional shifts, with the measured difference."""
    if not any(shift) or not points:
        return (
            "Shift everything: by whole voxels the numbers only move along, by a part of a voxel they change."
        )
    start, _ = encode_board(points, grid)
    whole = [round(s) for s in shift]
    change = float(np.abs(C - np.roll(start, whole, axis=(0, 1))).max())
    if change < 1e-9:
        return (
            f"Shifted by {whole[0]} and {whole[1]} whole voxels: the same numbers, moved along "
            f"(largest difference {change:.0e})."
        )
    return (
        f"Shifted by {shift[0]:g} and {shift[1]:g} voxels, a fraction: the numbers differ by up to "
        f"**{change:.3f}** from "
        "those moved along by whole voxels. The network must see every fraction in training, so each training "
        "structure is shifted at random by up to $L$."
    )


def _board_python(points: list[tuple[float, float]], grid: Grid) -> str:
    rows = ", ".join(f"[{x:.4g}, {y:.4g}, 0.0]" for x, y in points)
    return (
        "import torch\nfrom gcd.voxels import Grid, encode\n\n"
        f"grid = Grid({grid.shape}, {grid.lengths}, periodic={grid.periodic})\n"
        f"particles = torch.tensor([{rows}], dtype=torch.float64).reshape(-1, 3)\n"
        "voxels = encode(particles, grid)[0, :, :, 0]\nprint(voxels.sum())"
    )


@st.fragment
def show_crystal() -> None:
    """The same in three dimensions."""
    st.markdown(
        "In three dimensions each atom is shared among up to **eight** voxels. This is what the diffusion model "
        "sees and "
        "makes: an array of numbers that happens to look like a crystal. How many atoms it holds is its sum, "
        "not a setting."
    )
    controls, picture = st.columns([4, 7], gap="large")
    with controls:
        phase = str(
            st.segmented_control(
                "Phase", [name.upper() for name in PHASES], default="BCC", required=True, key="crystal3d",
                bind="query-params",
            )
        ).lower()  # fmt: skip
        entry = PHASES[phase]
        per_cell = int(
            st.slider("Voxels along an edge of the unit cell", 2, 8, 5, key="per_cell", bind="query-params")
        )
        atoms = ideal_crystal(phase, CELLS)
        a = float(atoms.info["lattice_constant"])
        size = a / per_cell
        st.latex(r"P(a, I) = \prod_{\alpha=1}^{3} P(r_{a\alpha}, I_\alpha)")
        shift = st.slider(
            "Shift along every axis (voxels)", 0.0, 2.0, 0.25, 0.05, key="shift3d", bind="query-params"
        )
        level = st.slider(
            "Level of the surface (atoms per voxel)",
            0.02,
            0.5,
            0.06,
            0.01,
            key="level3d",
            bind="query-params",
        )
        last = CELLS * per_cell - 1
        if st.session_state.get("layer3d", 0) > last:  # chosen when there were more
            st.session_state["layer3d"] = last
        layer = st.slider("Layer of the cut, across z", 0, last, 0, key="layer3d", bind="query-params")
        grid = Grid((CELLS * per_cell,) * 3, (CELLS * a,) * 3)
        positions = (atoms.positions + shift * size) % (CELLS * a)
        C = encode(torch.tensor(positions), grid)[0].numpy()
        with st.grid(3, min_column_width=84):
            st.metric("Sum", f"{C.sum():.3f}", help=f"The cell holds {len(atoms)} atoms.")
            st.metric("Fullest voxel", f"{C.max():.3f}")
            st.metric("Empty voxels", f"{100 * float((C == 0).mean()):.0f} %")
        bond = entry.nearest_neighbour * a
        st.caption(
            f"$L$ = {size:.3g} Å: neighbouring atoms are {bond:.2f} Å = {bond / size:.2f} voxels apart. The "
            "models here use "
            f"{entry.voxels_per_cell} voxels to a cell of {phase.upper()}."
        )
    with picture:
        show_solid(
            C, grid, level=level, positions=positions, key="surface3d",
            name=f"Surface where the voxels of {phase.upper()} hold {level:.2f} atoms, with the atoms inside",
        )  # fmt: skip
        figure = slice_figure(C, grid, 2, layer, positions=positions, top=1.0, height=400)
        if per_cell <= 4:  # room for numbers
            figure.update_traces(texttemplate="%{z:.2f}", selector={"type": "heatmap"})
        st.plotly_chart(
            figure, key="cut3d", config=config(f"{phase}-cut", only_download=True),
            alt=f"Voxels of {phase.upper()} cut across z, with rings around atoms near the cut",
        )  # fmt: skip
    show_python(
        "import torch\nfrom gcd.structures.crystals import ideal_crystal\nfrom gcd.voxels import Grid, encode\n\n"
        f'atoms = ideal_crystal("{phase}", {CELLS})\n'
        f"grid = Grid({grid.shape}, tuple(atoms.cell.lengths()))\n"
        f"voxels = encode(torch.tensor(atoms.positions + {shift:g} * grid.voxel_size[0]), grid)"
    )
