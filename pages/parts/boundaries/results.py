"""What the Grain boundaries page shows: bicrystals in 3D, before and after, E_gb against [n], tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gcd.energetics.potential import find_potential
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import as_fraction
from gcd.views.atoms import scene
from gcd.views.boundaries import Points, boundary_scene, ends_scene, energy_figure
from gcd.views.style import config
from pages.parts.boundaries.outcome import Outcome
from pages.viewers.atoms import show_atoms

if TYPE_CHECKING:
    from ase import Atoms

HEIGHT = 500  # pixels
MOST_DRAWN = 6_000  # atoms
PAIR_HEIGHT = 400  # of two side by side


def show_look() -> dict[str, Any]:
    """How bicrystals are drawn: the controls, and what they say as arguments for the scene."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Show", ["boundary", "slab"], default="boundary", required=True, key="part", bind="query-params",
            format_func={"boundary": "Boundary", "slab": "Whole slab"}.__getitem__,
        )  # fmt: skip
        cells = st.segmented_control(
            "Repeat (display only)", [1, 2, 3], default=1, required=True, format_func=lambda n: f"{n}×{n}",
            key="cells", bind="query-params",
        )  # fmt: skip
        bonds = st.toggle("Bonds", value=True, key="gb_bonds", bind="query-params")
    return {"whole": part == "slab", "repeats": (int(cells or 1),) * 2, "bonds": bonds}


def show_boundary(
    atoms: Atoms,
    metal: str,
    look: dict[str, Any],
    *,
    key: str,
    name: str,
    height: int = HEIGHT,
    potential: Any = None,
) -> None:
    """One bicrystal, bulk grey and boundary coloured by energy where the potential has energies of atoms."""
    crystal = find_potential(potential).cohesive_energy(metal)
    energies = atoms.arrays.get("energy", np.full(len(atoms), crystal))
    plane = atoms.info.get("plane", float(atoms.positions[:, 2].mean()))
    picture = boundary_scene(atoms, energies, crystal, plane, name=name, **look)
    show_atoms(picture, key=key, height=height, group="boundaries")


def show_built(atoms: Atoms, metal: str, look: dict[str, Any]) -> None:
    """A bicrystal that was not relaxed here, and its numbers."""
    info = atoms.info
    with st.grid(4, min_column_width=96, gap="small"):
        st.metric("Atoms", f"{len(atoms):,}")
        st.metric("[n]", as_fraction(info["n"]), help="Atoms beyond whole planes, as a fraction of a plane.")
        if math.isfinite(info.get("egb", math.nan)):
            st.metric("E_gb (J/m²)", f"{info['egb']:.3f}", help="As relaxed by the search.")
        else:
            st.metric(
                "Atoms a plane",
                f"{info['atoms_per_plane']}",
                help="In one plane parallel to the boundary.",
            )
        st.metric("Area (Å²)", f"{atoms.cell[0, 0] * atoms.cell[1, 1]:.1f}")
    show_boundary(atoms, metal, look, key="boundary_built", name="bicrystal before relaxation")


def show_ends(atoms: Atoms, look: dict[str, Any]) -> None:
    """The two grains that a boundary will be painted between, and where."""
    info = atoms.info
    low, high = info["painted_z"]
    with st.grid(4, min_column_width=96, gap="small"):
        st.metric(
            "Atoms", f"{len(atoms):,}", help="Known ones, of both perfect grains; all others are painted."
        )
        st.metric(
            "Painted (Å)", f"{high - low:.1f}", help="Thickness of the coloured region, in whole voxels."
        )
        st.metric("Shift (Å)", "{:.2f}, {:.2f}".format(*info["in_plane_shift"]), help="Of the upper grain.")
        st.metric(
            "Spacing (Å)", f"{info['spacing']:+.2f}", help="By which it is lifted beyond perfect stacking."
        )
    picture = ends_scene(atoms, (low, high), repeats=look["repeats"], bonds=look["bonds"])
    show_atoms(picture, key="boundary_ends", height=HEIGHT)
    st.caption(
        "In the coloured box nothing is known: it will be painted from noise, atoms and all. Shown with the shift and "
        "spacing of candidate 0.",
        text_alignment="center",
    )


def show_outcome(run: Outcome, index: int, look: dict[str, Any]) -> None:
    """Before and after, side by side, with what relaxation has changed."""
    before, after = run.before[index], run.after[index]
    metal, potential = run.settings.metal, run.settings.potential
    if after is None or "error" in after.info:
        if after is None:
            st.info("This one is not relaxed yet.", icon=":material/hourglass_top:")
        else:
            st.error(
                run.reason(index), title=f"This {run.noun} could not be relaxed", icon=":material/error:"
            )
        with st.grid(4, min_column_width=96, gap="small"):
            st.metric("Atoms", f"{len(before):,}")
            fraction = run.fraction(index)
            st.metric("[n]", "not known" if fraction is None else as_fraction(fraction))
            if "minimum_distance" in before.info:
                st.metric("Closest pair (Å)", f"{before.info['minimum_distance']:.2f}")
        show_boundary(before, metal, look, key="boundary_before", name="bicrystal", potential=potential)
        return
    info = after.info
    gained = f"{info['egb'] - info['egb_initial']:.3f}" if "egb_initial" in info else None
    with st.grid(4, min_column_width=96, gap="small"):
        st.metric("Atoms", f"{len(after):,}")
        st.metric("[n]", as_fraction(round(info["n"], 6)), help="Atoms beyond whole planes (Eq. 8).")
        st.metric(
            "E_gb (J/m²)", f"{info['egb']:.3f}", delta=gained, delta_color="inverse",
            help="Energy of the boundary above that of the crystal, by area (Eq. 7); below, what relaxation gained.",
        )  # fmt: skip
        st.metric("Seconds", f"{info['seconds']:.2f}", help=f"To relax on one core, by {run.engine}.")
    if not info["converged"]:
        st.warning("Relaxation stopped before the forces were small.", icon=":material/warning:")
    for word in info.get("warnings", ()):
        st.warning(word, icon=":material/info:")
    with st.grid(2, min_column_width=200, gap="small"):
        for title, atoms, egb in (("Before", before, info.get("egb_initial")), ("After", after, info["egb"])):
            with st.container():
                st.markdown(f"**{title}**" + ("" if egb is None else f" · {egb:.3f} J/m²"))
                name = f"bicrystal {title.lower()} relaxation"
                key = f"boundary_{title.lower()}"
                show_boundary(atoms, metal, look, key=key, name=name, height=PAIR_HEIGHT, potential=potential)


def show_upload(structures: Sequence[Atoms], metal: str, look: dict[str, Any]) -> None:
    """The first structure of an uploaded file, as it is."""
    if not structures:
        st.info(
            "Bring a bicrystal from any tool, with its boundary across x, y or z: it is turned, opened and "
            "relaxed, and you see what its boundary costs.",
            icon=":material/upload_file:",
        )
        return
    atoms = structures[0]
    with st.grid(3, min_column_width=96, gap="small"):
        st.metric("Structures", f"{len(structures)}")
        st.metric("Atoms", f"{len(atoms):,}", help="Of the first one.")
        st.metric("Elements", ", ".join(sorted(set(atoms.get_chemical_symbols()))))
    if len(atoms) <= MOST_DRAWN:
        show_atoms(scene(atoms, bonds=len(atoms) <= 1000), key="boundary_upload", height=HEIGHT)
    else:
        st.info(f"{len(atoms):,} atoms are too many to draw.")


def show_summary(run: Outcome, dataset: BoundaryDataset | None) -> None:
    """One line on candidates: how many came through, and how low the lowest is beside the search's."""
    n, egb = run.energies()
    relaxed = int(np.isfinite(egb).sum())
    words = [f"{relaxed} of {len(run.before)} relaxed"]
    words += [f"{run.failed} failed"] if run.failed else []
    if relaxed:
        best = run.best
        words.append(f"lowest **{egb[best]:.3f} J/m²** at [n] = {as_fraction(round(n[best], 6))}")
        known = {} if dataset is None else {round(k, 3): v for k, v in dataset.lowest().items()}
        if (lowest := known.get(round(float(n[best]), 3))) is not None:
            words.append(f"the search's lowest there is {lowest:.3f}")
    st.markdown(", ".join(words))


def show_energies(
    dataset: BoundaryDataset | None,
    chosen: tuple[float, float] | None,
    others: dict[str, Points],
    on_select: Callable[[], None],
    window: tuple[float, float] | None = None,
) -> None:
    """E_gb against [n]: the search, and what was sampled or relaxed on this page. A click chooses a structure."""
    empty = np.zeros(0)
    figure = energy_figure(
        dataset.egb if dataset else empty,
        dataset.n if dataset else empty,
        chosen=chosen,
        others=others,
        window=window,
    )
    st.plotly_chart(
        figure, key="energies", config=config("boundary-energies"), on_select=on_select, selection_mode="points",
        alt="Boundary energy against the fraction of atoms in the boundary",
    )  # fmt: skip


def show_table(run: Outcome) -> None:
    """One row a boundary."""
    number = st.column_config.NumberColumn
    rows = run.table()
    columns: dict[str, Any] = {
        "[n]": number(format="%.3f"), "seconds": number(format="%.2f"),
        "restarts": number(format="%d", help="How often it was painted again because atoms were too close."),
        "same as": number(format="%d", help="The first candidate with the same E_gb (to 0.001 J/m²) and [n]."),
    }  # fmt: skip
    columns |= {name: number(f"{name} (J/m²)", format="%.3f") for name in ("E_gb", "E_gb before")}
    columns |= {
        name: number(f"{name} (Å)", format="%.2f")
        for name in ("closest pair", "shift x", "shift y", "spacing")
    }
    if not any(row.get("reason") for row in rows):
        columns["reason"] = None  # nothing failed, nothing to say
    st.dataframe(rows, hide_index=True, placeholder="", alt=f"One row a {run.noun}", column_config=columns)
