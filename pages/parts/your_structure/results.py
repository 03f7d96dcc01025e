"""What Your structure shows of a finished job: voxels, the atoms found again, analysis, relaxation, files."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from gcd.jobs import Job
from gcd.structures.bicrystals import as_fraction
from gcd.structures.formats import FORMATS, WRITTEN, words_on, write_voxels
from gcd.views.boundaries import boundary_scene
from gcd.views.curves import rdf_figure, steinhardt_figure
from gcd.views.style import config
from gcd.views.voxels import slice_figure
from pages.parts.your_structure.run import ORDER_RULE, StructureRun, run_slab_relaxation
from pages.shared import work
from pages.shared.downloads import ending_of, structure_bytes
from pages.shared.reproduce import show_python
from pages.viewers.atoms import show_atoms

if TYPE_CHECKING:
    from ase import Atoms

RELAX_SLOT = "slab_job"
CLOSE = 0.1  # voxels; a decoded atom within this of its own is as good as exact


def stem_of(name: str) -> str:
    """A harmless beginning for file names, from whatever the file was called."""
    return (
        re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name.replace("\\", "/")).stem).strip("-").lower()[:40]
        or "structure"
    )


def show_results(run: StructureRun, number: int) -> None:
    """Fill the page below the structure; ``number`` tells this run from others."""
    stem = stem_of(run.origin.name)
    st.header("Through the voxels and back", anchor="results")
    _numbers(run)
    if run.coarse:
        st.warning(run.coarse, icon=":material/grid_on:")
    _tabs(run, stem)
    if run.boundary:
        _relaxation(run, stem, number)
    left, right = st.columns(2, gap="medium")
    with left:
        _files(run, stem)
    with right:
        show_python(
            python_of(run), command=command_of(run, stem),
            note="The command takes the downloaded extxyz of the structure as encoded.",
        )  # fmt: skip


def _numbers(run: StructureRun) -> None:
    match, size = run.match, max(run.grid.voxel_size)
    with st.grid(5, min_column_width=110):
        st.metric("Atoms matched", f"{len(match.pairs):,} of {len(run.atoms):,}")
        st.metric(
            "Too many", f"{len(match.unmatched_b):,}", help="Decoded atoms that have none of their own."
        )
        st.metric(
            "Largest error", f"{match.largest_error:.4f} Å", help=f"{match.largest_error / size:.3f} voxels."
        )
        st.metric("Rms error", f"{match.rms_error:.4f} Å", help=f"{match.rms_error / size:.3f} voxels.")
        st.metric(
            "Sum of voxels",
            f"{float(run.voxels.sum()):.2f}",
            help="As many as there are atoms: the encoder loses none.",
        )


@st.fragment
def _tabs(run: StructureRun, stem: str) -> None:
    voxels, order, table = st.tabs(
        ["Voxels", "Analysis", "Worst atoms"], key="structure_view", on_change="rerun", bind="query-params"
    )
    if voxels.open:
        with voxels:
            _slices(run, stem)
    if order.open:
        with order:
            _analysis(run, stem)
    if table.open:
        with table:
            _worst(run)


def _slices(run: StructureRun, stem: str) -> None:
    shape = "×".join(map(str, run.grid.shape))
    size = " × ".join(f"{one:.3f}" for one in run.grid.voxel_size)
    st.caption(
        f"{shape} voxels of {size} Å, cut across each axis; rings are decoded atoms within one voxel of the cut."
    )
    for axis, column in enumerate(st.columns(3, gap="medium")):
        label = "xyz"[axis]
        others = tuple(other for other in range(3) if other != axis)
        with column:
            layer = st.slider(
                f"Layer across {label}", 0, max(run.grid.shape[axis] - 1, 1), int(run.voxels.sum(axis=others).argmax()),
                key=f"cut_{label}", bind="query-params",
            )  # fmt: skip
            st.plotly_chart(
                slice_figure(run.voxels, run.grid, axis, layer, positions=run.decoded.positions),
                key=f"cut_figure_{label}", config=config(f"{stem}-slice-{label}", only_download=True),
                alt=f"Voxels cut across {label} at layer {layer}",
            )  # fmt: skip


def _analysis(run: StructureRun, stem: str) -> None:
    counts, atoms = np.unique(run.neighbours, return_counts=True)
    with st.grid(4, min_column_width=120):
        st.metric("Shortest distance", f"{run.shortest:.3f} Å" if np.isfinite(run.shortest) else "none")
        st.metric(
            "Mean coordination",
            f"{float(run.neighbours.mean()):.2f}",
            help="Within 1.25 median nearest distances.",
        )
        st.metric("Mean q4", _mean(run.q4), help="Weighted by the faces of Voronoi cells.")
        st.metric("Mean q6", _mean(run.q6), help="Weighted by the faces of Voronoi cells.")
    listed = ", ".join(f"{count} atoms with {number}" for number, count in zip(counts, atoms, strict=True))
    st.caption(f"Neighbours: {listed}.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Radial distribution**")
        st.plotly_chart(
            rdf_figure({stem: run.rdf}), key="structure_rdf", config=config(f"{stem}-rdf", only_download=True),
            alt="Radial distribution of the structure",
        )  # fmt: skip
    with right:
        st.markdown("**Bond order**, one point an atom")
        st.plotly_chart(
            steinhardt_figure({stem: (run.q4, run.q6)}, neighbours=ORDER_RULE), key="structure_q",
            config=config(f"{stem}-q4q6", only_download=True), alt="q4 and q6 of every atom",
        )  # fmt: skip
        st.caption(
            "Atoms and ideal crystals alike from all Voronoi neighbours, weighted by the faces between."
        )


def _worst(run: StructureRun) -> None:
    match = run.match
    order = np.argsort(-match.distances)[:50]
    rows = [
        {
            "atom": int(match.pairs[i, 0]),
            "element": run.atoms[int(match.pairs[i, 0])].symbol,
            **{
                f"{axis} (Å)": float(run.atoms.positions[match.pairs[i, 0], a])
                for a, axis in enumerate("xyz")
            },
            "error (Å)": float(match.distances[i]),
        }
        for i in order
    ]
    if len(match.unmatched_a):
        lost = ", ".join(str(atom) for atom in match.unmatched_a[:20])
        st.markdown(f"**Not found again**: atoms {lost}{' …' if len(match.unmatched_a) > 20 else ''}")
    number = st.column_config.NumberColumn
    st.dataframe(
        rows, hide_index=True, alt="The atoms that were decoded farthest from where they are",
        column_config={"error (Å)": number(format="%.5f")} | {f"{axis} (Å)": number(format="%.3f") for axis in "xyz"},
    )  # fmt: skip


@st.fragment
def _relaxation(run: StructureRun, stem: str, number: int) -> None:
    """A slab of a known metal: its boundary as it stands, and relaxed when asked for."""
    boundary = run.boundary or {}
    st.subheader("It is a slab: relax its boundary", anchor="relax")
    st.markdown(
        f"A slab of **{boundary['metal']}** with a boundary at z = {boundary['plane']:.2f} Å: [n] = "
        f"{as_fraction(boundary['n'])}, {boundary['atoms_per_plane']} atoms a plane, E_gb = "
        f"{boundary['egb']:.3f} J/m² as it "
        "stands. Boundaries to build are on the page Grain boundaries."
    )
    job = work.current(RELAX_SLOT)
    mine = st.session_state.get("slab_of") == number
    if st.button(
        "Relax it", icon=":material/compress:", key="relax_slab", disabled=bool(job and not job.ended)
    ):
        job = work.submit(
            RELAX_SLOT,
            run_slab_relaxation,
            label=f"relax {len(run.atoms)} atoms",
            atoms=run.atoms,
            metal=boundary["metal"],
        )
        st.session_state["slab_of"] = number
        st.rerun()
    if not mine or job is None:
        return
    if not job.ended:
        work.watch(RELAX_SLOT, _nothing)
    elif work.show_end(job):
        _relaxed(job.result, stem)


def _nothing(_: Job) -> None:
    """The progress bar says it all."""


def _relaxed(atoms: Atoms, stem: str) -> None:
    info = atoms.info
    with st.grid(4, min_column_width=110):
        st.metric("E_gb before", f"{info['egb_initial']:.3f} J/m²")
        st.metric("E_gb relaxed", f"{info['egb']:.3f} J/m²")
        st.metric("[n]", as_fraction(info["n"]))
        st.metric("Converged", "yes" if info["converged"] else "no")
    from gcd.energetics.zhou2004 import cohesive_energy

    cohesive = cohesive_energy(info["metal"])
    show_atoms(
        boundary_scene(atoms, atoms.arrays["energy"], cohesive, info["plane"]), key="relaxed_slab", height=380
    )
    _button(
        "Relaxed slab (extxyz)", f"{stem}-relaxed.extxyz", functools.partial(structure_bytes, atoms, "extxyz")
    )


def _files(run: StructureRun, stem: str) -> None:
    with st.container(border=True):
        st.markdown("**Files**")
        with st.container(horizontal=True, gap="small"):
            encoded = functools.partial(structure_bytes, run.atoms, "extxyz")
            _button("As encoded: extxyz", f"{stem}-encoded.extxyz", encoded)
            for form in WRITTEN:
                make = functools.partial(structure_bytes, run.decoded, form)
                _button(
                    f"Decoded: {FORMATS[form].title}",
                    f"{stem}-decoded{ending_of(form)}",
                    make,
                    shown=len(run.decoded) > 0,
                )
            _button("Voxels (npz)", f"{stem}-voxels.npz", functools.partial(_voxels, run))
        if not len(run.decoded):
            st.caption("No atoms were decoded, so that there is no structure to write.")
        for word in dict.fromkeys(word for form in WRITTEN for word in words_on(run.decoded, form)):
            st.caption(word)


def _voxels(run: StructureRun) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voxels.npz"
        write_voxels(path, run.voxels, run.grid, run.atoms.get_chemical_symbols())
        return path.read_bytes()


def _button(label: str, name: str, make: Callable[[], bytes], *, shown: bool = True) -> None:
    if shown:
        st.download_button(
            label, make, file_name=name, mime="application/octet-stream", on_click="ignore",
            icon=":material/download:", key=f"structure_download_{name}",
        )  # fmt: skip


def python_of(run: StructureRun) -> str:
    """Python that encodes and decodes the structure that is shown."""
    return (
        f"import torch\n\nfrom gcd.analysis.matching import match_structures\n"
        f"from gcd.checkpoints import load_decoder\n{run.origin.python()}\n\n"
        "from gcd.structures.orthorhombic import with_room\nfrom gcd.voxels import encode_atoms, grid_for\n"
        "from gcd.voxels.decoder import decode\n\n"
        f"atoms = with_room(atoms, {run.voxel_size!r})\ngrid = grid_for(atoms, voxel_size={run.voxel_size!r})\n"
        "voxels = encode_atoms(atoms, grid).float()\n"
        "with torch.inference_mode():\n    (positions,) = decode(load_decoder(), voxels, grid)\n"
        "print(match_structures(atoms.positions, positions, grid).largest_error)"
    )


def command_of(run: StructureRun, stem: str) -> str:
    """The same on the command line, from the file of the structure as encoded, which can be downloaded."""
    shape = " ".join(map(str, run.grid.shape))
    return (
        f"gcd encode {stem}-encoded.extxyz --grid {shape} --out {stem}-voxels.npz\n"
        f"gcd decode {stem}-voxels.npz --out {stem}-decoded.extxyz\ngcd analyse {stem}-encoded.extxyz"
    )


def _mean(values: np.ndarray) -> str:
    return f"{float(np.nanmean(values)):.4f}" if np.isfinite(values).any() else "none"
