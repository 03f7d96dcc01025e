"""What the Grain boundaries page shows: bicrystals on the stage, before and after, the map, and what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gcd.energetics.potential import find_potential
from gcd.search.dataset import BoundaryDataset
from gcd.structures.bicrystals import as_fraction
from gcd.views.atoms import scene
from gcd.views.boundaries import SEARCH, Points, boundary_scene, ends_scene
from gcd.views.boundary_map import boundary_map
from pages.parts.boundaries.bench import MAP_HEIGHT, STAGE_HEIGHT
from pages.parts.boundaries.looking import MAP, picked_on_map
from pages.parts.boundaries.outcome import Outcome
from pages.viewers.map import show_map
from pages.viewers.stage import show_stage

if TYPE_CHECKING:
    from ase import Atoms

STAGE = "gb_stage_view"  # key of the one stage, whose camera stays when its structures change
MOST_DRAWN = 6_000  # atoms


def picture_of(
    atoms: Atoms, metal: str, look: dict[str, Any], *, name: str, potential: Any = None
) -> dict[str, Any]:
    """One bicrystal, bulk grey and boundary coloured by energy where the potential has energies of atoms."""
    crystal = find_potential(potential).cohesive_energy(metal)
    energies = atoms.arrays.get("energy", np.full(len(atoms), crystal))
    plane = atoms.info.get("plane", float(atoms.positions[:, 2].mean()))
    return boundary_scene(atoms, energies, crystal, plane, name=name, **look)


def put_on_stage(panels: Sequence[tuple[str, dict[str, Any]]], file: str) -> None:
    """Draw one or two scenes."""
    show_stage(panels, key=STAGE, height=STAGE_HEIGHT, file=file)


def show_built(atoms: Atoms, metal: str, look: dict[str, Any], file: str) -> None:
    """A bicrystal that was not relaxed here, and its numbers."""
    info = atoms.info
    with st.grid(4, min_column_width=76, gap="small"):
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
    title = "As the search left it" if math.isfinite(info.get("egb", math.nan)) else "Before relaxation"
    put_on_stage([(title, picture_of(atoms, metal, look, name="bicrystal"))], file)


def show_ends(atoms: Atoms, look: dict[str, Any]) -> None:
    """The two grains that a boundary will be painted between, and where."""
    info = atoms.info
    low, high = info["painted_z"]
    with st.grid(4, min_column_width=76, gap="small"):
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
    drawn = {name: value for name, value in look.items() if name != "whole"}
    put_on_stage(
        [("The region between is painted from noise", ends_scene(atoms, (low, high), **drawn))], "ends"
    )


def show_outcome(run: Outcome, index: int, look: dict[str, Any]) -> None:
    """Before and after, side by side, with what relaxation has changed."""
    before, after = run.before[index], run.after[index]
    file = f"{run.settings.stem}-{run.noun}{index:03d}"
    metal, potential = run.settings.metal, run.settings.potential
    if after is None or "error" in after.info:
        if after is None:
            st.info("This one is not relaxed yet.", icon=":material/hourglass_top:")
        else:
            st.error(
                run.reason(index), title=f"This {run.noun} could not be relaxed", icon=":material/error:"
            )
        with st.grid(4, min_column_width=76, gap="small"):
            st.metric("Atoms", f"{len(before):,}")
            fraction = run.fraction(index)
            st.metric("[n]", "not known" if fraction is None else as_fraction(fraction))
            if "minimum_distance" in before.info:
                closest = before.info["minimum_distance"]
                st.metric("Closest pair (Å)", f"{closest:.2f}" if math.isfinite(closest) else "none")
        if len(before):
            picture = picture_of(before, metal, look, name="bicrystal", potential=potential)
            put_on_stage([("Before relaxation", picture)], file)
        else:
            st.info("It holds no atoms.", icon=":material/info:")
        return
    info = after.info
    gained = f"{info['egb'] - info['egb_initial']:.3f}" if "egb_initial" in info else None
    with st.grid(4, min_column_width=76, gap="small"):
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
    panels = []
    for title, atoms, egb in (("Before", before, info.get("egb_initial")), ("After", after, info["egb"])):
        words = title if egb is None else f"{title} · {egb:.3f} J/m²"
        name = f"bicrystal {title.lower()} relaxation"
        panels.append((words, picture_of(atoms, metal, look, name=name, potential=potential)))
    put_on_stage(panels, file)


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
    with st.grid(3, min_column_width=76, gap="small"):
        st.metric("Structures", f"{len(structures)}")
        st.metric("Atoms", f"{len(atoms):,}", help="Of the first one.")
        st.metric("Elements", ", ".join(sorted(set(atoms.get_chemical_symbols()))))
    if len(atoms) <= MOST_DRAWN:
        picture = scene(atoms, bonds=look["bonds"] and len(atoms) <= 1000, filling=look["filling"])
        put_on_stage([("As it is in the file", picture)], "slab")
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
    shown: tuple[str, int] | None,
    runs: Mapping[str, Outcome],
    window: tuple[float, float] | None,
    title: str,
) -> None:
    """The map: the search behind, what was made on this page in front. The mark nearest to a click is seen."""
    search = None
    if dataset is not None:
        search = Points(SEARCH, dataset.n, dataset.egb, more={"atoms": np.diff(dataset.arrays["offsets"])})
    others = {LABELS[noun]: _points(run) for noun, run in runs.items()}
    data = boundary_map(search, others, window=window, name=title)
    show_map(data, shown, key=MAP, height=MAP_HEIGHT, on_pick=picked_on_map)


def say_old(run: Outcome, settings: Any) -> None:
    """Under a result that the form as it is now would not give: what differs."""
    if settings is None or run.settings == settings or type(run.settings) is not type(settings):
        return
    names = [f.name for f in fields(settings) if getattr(settings, f.name) != getattr(run.settings, f.name)]
    was = ", ".join(f"{name.replace('_', ' ')} {getattr(run.settings, name)}" for name in names[:4])
    st.caption(f":material/history: Made before the controls were changed, with {was}.")


LABELS = {"candidate": "sampled", "proposal": "searched here", "variant": "relaxed here"}


def _points(run: Outcome) -> Points:
    """A run's structures with what is known of each."""

    def column(name: str) -> np.ndarray:
        return np.array([np.nan if a is None else a.info.get(name, np.nan) for a in run.after], dtype=float)

    closest = np.array([a.info.get("minimum_distance", np.nan) for a in run.before], dtype=float)
    atoms = np.array([len(a) for a in run.before], dtype=float)
    more = {"egb_before": column("egb_initial"), "atoms": atoms, "closest": closest}
    n, egb = run.energies()
    return Points(run.noun, n, egb, more={k: v for k, v in more.items() if np.isfinite(v).any()})
