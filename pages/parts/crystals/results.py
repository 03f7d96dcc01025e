"""What the Crystals page shows of a finished run: 3D atoms, slices, isosurface, curves, table, downloads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from gcd.checkpoints import CrystalCheckpoint
from gcd.structures.crystals import PHASES
from gcd.views.atoms import scene
from gcd.views.curves import rdf_figure, steinhardt_figure
from gcd.views.style import config
from gcd.views.voxels import DEFAULT_LEVEL, slice_figure
from pages.parts.crystals import downloads
from pages.shared.crystal_run import CrystalRun, Sample, ideal_shells
from pages.shared.reproduce import show_recipe
from pages.shared.status import installation
from pages.viewers import condense
from pages.viewers.atoms import show_atoms
from pages.viewers.solid import show_solid

COLOURINGS = ("element", "displacement", "q6")


def show_results(run: CrystalRun, top: Any) -> None:
    """Fill the page: the crystal in ``top``, the rest below."""
    with top:
        _headline(run)
        _beyond_training(run)
        if len(run.samples) > 1:
            st.slider("Sample", 0, len(run.samples) - 1, 0, key="sample", bind="query-params")
        _crystal(run)
    _inspect(run)
    st.header("Take it home", anchor="downloads")
    left, right = st.columns(2, gap="medium")
    with left:
        downloads.show_downloads(run, _index(run))
    with right:
        show_recipe(downloads.recipe_of(run))


def _index(run: CrystalRun) -> int:
    """Index of the sample that is looked at."""
    chosen = st.session_state.get("sample", 0) if len(run.samples) > 1 else 0
    return min(max(int(chosen or 0), 0), len(run.samples) - 1)


def _headline(run: CrystalRun) -> None:
    s = run.settings
    perfect = sum(sample.perfect for sample in run.samples)
    total = len(run.samples)
    colour, icon = ("green", "check") if perfect == total else ("orange", "info")
    verdict = "perfect" if total == 1 and perfect else f"{perfect} of {total} perfect"
    cells = "×".join(map(str, s.size))
    st.markdown(
        f":{colour}-badge[:material/{icon}: {verdict}] **{s.phase.upper()} {s.element}**, {cells} cells, "
        f"seed {s.seed}, {s.evaluations} evaluations of order {s.order}"
    )


def _beyond_training(run: CrystalRun) -> None:
    """Say so when the model was never trained on this many cells."""
    model = installation().checkpoints.get(f"crystal-{run.settings.phase}")
    sizes = model.training_sizes if isinstance(model, CrystalCheckpoint) else ()
    if sizes and run.settings.size not in sizes:
        listed = ", ".join("×".join(map(str, size)) for size in sizes)
        st.caption(f"Trained on {listed} cells: other sizes are up to how well the model carries over.")


def _numbers(run: CrystalRun, sample: Sample) -> None:
    info = sample.atoms.info
    ideal = PHASES[run.settings.phase]
    with st.grid(5, min_column_width=84, gap="small"):
        st.metric(
            "Atoms", f"{len(sample.atoms):,}", help=f"The ideal crystal has {info['expected_atoms']:,}."
        )
        st.metric(
            "Off site",
            _percent(sample.rms_displacement),
            help="Root mean square distance of the atoms from their ideal sites, in nearest-neighbour distances.",
        )
        st.metric("q4", f"{_mean(sample.q4):.4f}", help=f"Ideal: {ideal.q4:.4f}")
        st.metric("q6", f"{_mean(sample.q6):.4f}", help=f"Ideal: {ideal.q6:.4f}")
        st.metric("Seconds", f"{info['seconds']:.2f}", help="To sample and decode one crystal of this batch.")


@st.fragment
def _crystal(run: CrystalRun) -> None:
    """The crystal in 3D and how to look at it."""
    sample = run.samples[_index(run)]
    _numbers(run, sample)
    with st.container(border=True):
        place = st.container()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            colouring = st.segmented_control(
                "Colour", COLOURINGS, default="element", required=True, key="colour", bind="query-params"
            )  # fmt: skip
            repeats = st.segmented_control(
                "Repeat (display only)", [1, 2, 3], default=1, required=True, key="repeat", bind="query-params"
            )  # fmt: skip
            bonds = st.toggle("Bonds", value=True, key="bonds", bind="query-params")
        with place:
            picture = _scene(sample, str(colouring), int(repeats or 1), bonds)
            show_atoms(picture, key="crystals_atoms", height=470)
            if int(repeats or 1) > 1:
                shown = len(picture["symbols"])
                kept = f"{shown:,} atoms drawn" if shown > len(sample.atoms) else "too many atoms to repeat"
                st.caption(f"Repeats are for display only ({kept}); files hold one cell.")


def _scene(sample: Sample, colouring: str, repeats: int, bonds: bool) -> dict[str, Any]:
    values, ends, label = None, None, ""
    if colouring == "displacement":
        values, ends, label = sample.displacements, (0.0, 0.1), "displacement (nearest-neighbour distances)"
    elif colouring == "q6":
        values, label = sample.q6, "q6"
        ideal = PHASES[sample.atoms.info["phase"]].q6
        ends = (ideal - 0.1, ideal + 0.1)
    return scene(
        sample.atoms, repeats=(repeats,) * 3, bonds=bonds, values=values, value_range=ends, value_label=label
    )


@st.fragment
def _inspect(run: CrystalRun) -> None:
    """Everything below the crystal, one tab at a time."""
    index = _index(run)
    sample, voxels = run.samples[index], run.voxels[index]
    names = ["Slices", "Isosurface", "Order", "Condensing", "Table"]
    slices, surface, order, film, table = st.tabs(names, key="view", on_change="rerun", bind="query-params")
    if slices.open:
        with slices:
            _slices(run, sample, voxels)
    if surface.open:
        with surface:
            _surface(run, sample, voxels)
    if order.open:
        with order:
            _order(run)
    if film.open:
        with film:
            st.caption(
                "How the first sample condensed: the model's estimate of the final voxels after each step."
            )
            left, _ = st.columns([5, 3])
            with left:
                condense.show_replay(run.frames, key="crystals_replay")
    if table.open:
        with table:
            _table(run)


def _slices(run: CrystalRun, sample: Sample, voxels: np.ndarray) -> None:
    grid = run.settings.grid
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            "Generated voxels, cut across each axis. Rings are decoded atoms within one voxel of the cut."
        )
        atoms = st.toggle("Decoded atoms", value=True, key="rings", bind="query-params", width="content")
    for axis, column in enumerate(st.columns(3, gap="medium")):
        name = "xyz"[axis]
        others = tuple(other for other in range(3) if other != axis)
        fullest = int(voxels.sum(axis=others).argmax())
        with column:
            layer = st.slider(
                f"Layer across {name}",
                0,
                grid.shape[axis] - 1,
                fullest,
                key=f"layer_{name}",
                bind="query-params",
            )
            figure = slice_figure(
                voxels, grid, axis, layer, positions=sample.atoms.positions if atoms else None,
                symbol=str(run.settings.element),
            )  # fmt: skip
            st.plotly_chart(
                figure,
                key=f"slice_{name}",
                config=config(f"{run.settings.stem}-slice-{name}", only_download=True),
                alt=f"Voxels cut across {name} at layer {layer}",
            )


def _surface(run: CrystalRun, sample: Sample, voxels: np.ndarray) -> None:
    level = st.slider(
        "Level (atoms per voxel)", 0.02, 0.5, DEFAULT_LEVEL, 0.01, key="level", bind="query-params"
    )
    show_solid(
        voxels,
        run.settings.grid,
        level=level,
        positions=sample.atoms.positions,
        key="isosurface",
        name=f"Surface where the voxels hold {level:.2f} atoms, with the decoded atoms inside",
        height=480,
    )
    st.caption("Where the voxels hold less than the level all over, no surface is drawn.")


def _order(run: CrystalRun) -> None:
    s = run.settings
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Radial distribution**, all samples together")
        figure = rdf_figure({"generated": run.rdf}, shells=ideal_shells(s.phase, s.lattice_constant))
        st.plotly_chart(
            figure,
            key="rdf",
            config=config(f"{s.stem}-rdf", only_download=True),
            alt="g(r) peaks at the ideal shells",
        )
        st.caption("Numbers: neighbours in each shell of the ideal crystal.")
    with right:
        st.markdown("**Bond order**, one point an atom")
        q4 = np.concatenate([sample.q4 for sample in run.samples])
        q6 = np.concatenate([sample.q6 for sample in run.samples])
        count = PHASES[s.phase].neighbour_count
        figure = steinhardt_figure({"generated": (q4, q6)}, neighbours=count, phase=s.phase)
        st.plotly_chart(
            figure,
            key="q4q6",
            config=config(f"{s.stem}-q4q6", only_download=True),
            alt="q4 and q6 of every atom",
        )
        st.caption(f"From the {count} nearest neighbours of each atom.")


def _table(run: CrystalRun) -> None:
    ideal = PHASES[run.settings.phase]
    number = st.column_config.NumberColumn
    st.caption("One row a sample; displacements are in nearest-neighbour distances.")
    st.dataframe(
        run.table(),
        hide_index=True,
        alt="One row a sample",
        column_config={
            "perfect": st.column_config.CheckboxColumn(
                help="The ideal number of atoms, and every atom within 0.1 nearest-neighbour distances of its site."
            ),
            "rms displacement": number(format="%.4f", help="In nearest-neighbour distances."),
            "q4": number(format="%.4f", help=f"Mean over the atoms; ideal {ideal.q4:.4f}."),
            "q6": number(format="%.4f", help=f"Mean over the atoms; ideal {ideal.q6:.4f}."),
            "seconds": number(format="%.2f", help="To sample and decode, its share of the batch."),
        },
    )


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _percent(value: float) -> str:
    return "none" if math.isnan(value) else f"{100 * value:.1f} %"
