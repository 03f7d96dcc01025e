"""What the Grain boundaries page shows: bicrystals in 3D, before and after, E_gb against [n], tables, files."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gcd.energetics.zhou2004 import cohesive_energy
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import as_fraction
from gcd.structures.formats import FORMATS
from gcd.views.boundaries import boundary_scene, energy_figure
from gcd.views.style import config
from pages.parts.boundary_run import BoundaryRun, BoundarySettings, python_of
from pages.parts.downloads import ending_of, structure_bytes
from pages.parts.status import installation
from pages.parts.viewer import show_atoms

if TYPE_CHECKING:
    from ase import Atoms

SINGLE = ("cif", "vasp", "lammps-data")
HEIGHT = 500


def show_look() -> dict[str, Any]:
    """How bicrystals are drawn: the controls, and what they say as arguments for the scene."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Show", ["boundary", "slab"], default="boundary", required=True, key="part", bind="query-params",
            format_func={"boundary": "Boundary", "slab": "Whole slab"}.get,
        )  # fmt: skip
        cells = st.segmented_control(
            "Repeat (display only)", [1, 2, 3], default=1, required=True, format_func=lambda n: f"{n}×{n}",
            key="cells", bind="query-params",
        )  # fmt: skip
        bonds = st.toggle("Bonds", value=True, key="gb_bonds", bind="query-params")
    return {"whole": part == "slab", "repeats": (int(cells or 1),) * 2, "bonds": bonds}


def show_boundary(atoms: Atoms, metal: str, look: dict[str, Any], *, key: str, name: str) -> None:
    """One bicrystal, bulk grey and boundary coloured by energy."""
    energies = atoms.arrays.get("energy", np.full(len(atoms), cohesive_energy(metal)))
    picture = boundary_scene(atoms, energies, cohesive_energy(metal), atoms.info["plane"], name=name, **look)
    show_atoms(picture, key=key, height=HEIGHT, group="boundaries")


def show_built(atoms: Atoms, metal: str, look: dict[str, Any]) -> None:
    """A bicrystal that was not relaxed here, and its numbers."""
    info = atoms.info
    with st.grid(4, min_column_width=96, gap="small"):
        st.metric("Atoms", f"{len(atoms):,}")
        st.metric("[n]", as_fraction(info["n"]), help="Atoms beyond whole planes, as a fraction of a plane.")
        if math.isfinite(info.get("egb", math.nan)):
            st.metric("E_gb (J/m²)", f"{info['egb']:.3f}", help="As relaxed by the search.")
        else:
            st.metric("Atoms a plane", f"{info['atoms_per_plane']}", help="In one (002) plane of the cell.")
        st.metric("Area (Å²)", f"{atoms.cell[0, 0] * atoms.cell[1, 1]:.1f}")
    show_boundary(atoms, metal, look, key="boundary_built", name="bicrystal before relaxation")


def show_relaxed(run: BoundaryRun, index: int, look: dict[str, Any]) -> None:
    """Before and after, side by side, with what relaxation has changed."""
    before, after = run.before[index], run.after[index]
    info, metal = after.info, run.settings.metal
    if "error" in info:
        st.error(info["error"], title="This boundary could not be relaxed", icon=":material/error:")
        show_boundary(before, metal, look, key="boundary_before", name="bicrystal before relaxation")
        return
    gained = info["egb"] - info["egb_initial"]
    with st.grid(4, min_column_width=96, gap="small"):
        st.metric("Atoms", f"{len(after):,}")
        st.metric("[n]", as_fraction(round(info["n"], 6)), help="Atoms beyond whole planes (Eq. 8).")
        st.metric(
            "E_gb (J/m²)", f"{info['egb']:.3f}", delta=f"{gained:.3f}", delta_color="inverse",
            help="Energy of the boundary above that of the crystal, by area (Eq. 7); below, what relaxation gained.",
        )  # fmt: skip
        st.metric("Seconds", f"{info['seconds']:.2f}", help=f"On one core, by {run.engine}.")
    if not info["converged"]:
        st.warning("Relaxation stopped before the forces were small.", icon=":material/warning:")
    left, right = st.columns(2, gap="small")
    with left:
        st.markdown(f"**Before** · {info['egb_initial']:.3f} J/m²")
        show_boundary(before, metal, look, key="boundary_before", name="bicrystal before relaxation")
    with right:
        st.markdown(f"**After** · {info['egb']:.3f} J/m²")
        show_boundary(after, metal, look, key="boundary_after", name="bicrystal after relaxation")


def show_energies(
    dataset: BoundaryDataset | None,
    chosen: int | None,
    run: BoundaryRun | None,
    on_select: Callable[[], None],
) -> None:
    """E_gb against [n]: the search, and what was relaxed on this page. A click chooses a structure."""
    others = {}
    if run is not None:
        done = [atoms.info for atoms in run.after if "error" not in atoms.info]
        others["relaxed here"] = ([info["n"] for info in done], [info["egb"] for info in done])
    empty = np.zeros(0)
    figure = energy_figure(
        dataset.egb if dataset else empty, dataset.n if dataset else empty, chosen=chosen, others=others
    )
    st.plotly_chart(
        figure, key="energies", config=config("boundary-energies"), on_select=on_select, selection_mode="points",
        alt="Boundary energy against the fraction of atoms in the boundary",
    )  # fmt: skip


def show_table(run: BoundaryRun) -> None:
    """One row a boundary."""
    number = st.column_config.NumberColumn
    energy = number(format="%.4f", help="J/m²")
    st.dataframe(
        run.table(),
        hide_index=True,
        alt="One row a relaxed boundary",
        column_config={
            "[n]": number(format="%.3f"), "E_gb": energy, "E_gb before": energy, "seconds": number(format="%.2f"),
        },
    )  # fmt: skip


def table_bytes(run: BoundaryRun) -> bytes:
    """The table as CSV, with the settings in every row."""
    s = run.settings
    common = {"twist": s.twist, "metal": s.metal, "source": s.source, "seed": s.seed, "engine": run.engine}
    rows = [common | {name.replace(" ", "_"): value for name, value in row.items()} for row in run.table()]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def everything_bytes(run: BoundaryRun) -> bytes:
    """One zip with every boundary before and after, in every format, the table, and how to make it all again."""
    archive = io.BytesIO()
    stem = run.settings.stem
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for state, structures in (("before", run.before), ("after", run.after)):
            file.writestr(f"{stem}-{state}.extxyz", structure_bytes(structures, "extxyz"))
            for index, atoms in enumerate(structures):
                for form in SINGLE:
                    name = f"{stem}-variant{index + 1:02d}-{state}{ending_of(form)}"
                    file.writestr(name, structure_bytes(atoms, form))
        file.writestr(f"{stem}.csv", table_bytes(run))
        recipe = {f"variant {i + 1}": python_of(run.settings, i) for i in range(len(run.before))}
        file.writestr("reproduce.json", json.dumps(recipe | installation().versions, indent=2) + "\n")
    return archive.getvalue()


def show_files(run: BoundaryRun, index: int) -> None:
    """The buttons; a file is made when its button is pressed."""
    stem = run.settings.stem
    with st.container(border=True):
        st.markdown("**Files**")
        zipped = functools.partial(everything_bytes, run)
        _button("Everything, in one zip", f"{stem}.zip", zipped, key="all", main=True)
        with st.container(horizontal=True, gap="small"):
            for state, structures in (("before", run.before), ("after", run.after)):
                make = functools.partial(structure_bytes, structures, "extxyz")
                _button(f"extxyz {state}", f"{stem}-{state}.extxyz", make, key=state)
            for form in SINGLE:
                name = f"{stem}-variant{index + 1:02d}-after{ending_of(form)}"
                make = functools.partial(structure_bytes, run.after[index], form)
                _button(FORMATS[form].title, name, make, key=form)
            _button("Table (CSV)", f"{stem}.csv", functools.partial(table_bytes, run), key="table")


def show_recipe(settings: BoundarySettings, index: int, engine: str) -> None:
    """How to make it again."""
    with st.container(border=True):
        st.markdown("**Reproduce**")
        st.code(
            f"gcd relax {settings.stem}-before.extxyz --metal {settings.metal}",
            language="bash",
            wrap_lines=True,
        )
        st.code(python_of(settings, index), language="python", wrap_lines=True)
        facts = {"seed": str(settings.seed), "engine": engine} | installation().versions
        st.caption(" · ".join(f"{name} {value}" for name, value in facts.items()))
        st.caption("The command relaxes the downloaded file; the address bar holds this page.")


def _button(label: str, name: str, make: Callable[[], bytes], *, key: str, main: bool = False) -> None:
    st.download_button(
        label,
        make,
        file_name=name,
        mime="application/zip" if name.endswith(".zip") else "application/octet-stream",
        on_click="ignore",
        icon=":material/folder_zip:" if main else ":material/download:",
        type="primary" if main else "secondary",
        key=f"gb_download_{key}",
    )
