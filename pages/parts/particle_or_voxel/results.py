"""What the Particle or voxel page shows of a finished run: both structures, curves on top of each other, downloads."""

from __future__ import annotations

import io
import math
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import streamlit as st

from gcd.structures.crystals import PHASES
from gcd.structures.formats import FORMATS, write_structure
from gcd.views.curves import rdf_figure, steinhardt_figure
from gcd.views.style import config
from pages.parts.particle_or_voxel.run import PARTICLE, VOXEL, DuetRun, commands
from pages.shared.crystal_run import ideal_shells
from pages.shared.reproduce import continued
from pages.shared.status import installation
from pages.viewers.duet import show_duet


def show_both(run: DuetRun) -> None:
    """Verdicts and the linked view."""
    s = run.settings
    for title, part in run.parts.items():
        colour, icon, word = (
            ("green", "check", "perfect crystal") if part.perfect else ("orange", "warning", "not perfect")
        )
        start = s.start if title == PARTICLE else "plain noise"
        st.markdown(f":{colour}-badge[:material/{icon}: {word}] **{title}** from {start}")
    with st.container(border=True):
        show_duet(run.film, key="duet_stage")
        st.caption(
            "Drag one, or use the arrow keys, to turn both; press ▶ to see how each came about.",
            text_alignment="center",
        )


def show_comparison(run: DuetRun) -> None:
    """The figures, the curves, files and commands, as wide as the page."""
    s = run.settings
    st.header("Side by side", anchor="comparison")
    _table(run)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Radial distribution**")
        curves = {title: part.rdf for title, part in run.parts.items() if len(part.atoms)}
        a = float(run.parts[VOXEL].atoms.info["lattice_constant"])
        figure = rdf_figure(curves, shells=ideal_shells(s.phase, a))
        st.plotly_chart(
            figure, key="duet_rdf", config=config(f"{s.stem}-rdf", only_download=True),
            alt="g(r) of both models over the shells of the ideal crystal",
        )  # fmt: skip
    with right:
        st.markdown("**Bond order**, one point an atom")
        figure = steinhardt_figure(
            {title: (part.q4, part.q6) for title, part in run.parts.items()},
            neighbours=PHASES[s.phase].neighbour_count,
            phase=s.phase,
        )
        st.plotly_chart(
            figure, key="duet_q4q6", config=config(f"{s.stem}-q4q6", only_download=True),
            alt="q4 and q6 of every atom of both models",
        )  # fmt: skip
    _take_home(run)


def _table(run: DuetRun) -> None:
    entry = PHASES[run.settings.phase]
    rows = [
        {
            "model": title,
            "atoms": len(part.atoms),
            "ideal": part.atoms.info["expected_atoms"],
            "off the lattice": part.off_site,
            "closest pair (Å)": part.closest,
            "rms displacement": part.rms_displacement,
            "q4": _mean(part.q4),
            "q6": _mean(part.q6),
            "seconds": part.seconds,
        }
        for title, part in run.parts.items()
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        alt="One row a model",
        column_config={
            "off the lattice": number(
                help="Atoms farther from any lattice site than a tenth of the spacing."
            ),
            "closest pair (Å)": number(
                format="%.2f", help="The shortest distance of two atoms: near 0 where two sit on one site."
            ),
            "rms displacement": number(
                format="%.4f", help="From each atom's own site, in nearest-neighbour distances."
            ),
            "q4": number(format="%.4f", help=f"Mean over the atoms; ideal {entry.q4:.4f}."),
            "q6": number(format="%.4f", help=f"Mean over the atoms; ideal {entry.q6:.4f}."),
            "seconds": number(format="%.1f", help="Of this run, the pictures on the way included."),
        },
    )


def _take_home(run: DuetRun) -> None:
    s = run.settings
    with st.container(border=True):
        st.markdown("**Files and commands**")
        st.download_button(
            "Both structures, in one zip",
            lambda: everything_bytes(run),
            file_name=f"{s.stem}.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            key="download_both",
        )
        st.code("\n".join(map(continued, commands(s, run.device))), language="bash", wrap_lines=True)
        weights = [
            f"{name} {installation().sha256(name)[:16]}"
            for name in (f"crystal-{s.phase}", f"particle-{s.phase}", "decoder")
        ]
        facts = [f"seed {s.seed}", f"device {run.device}", *weights]
        facts += [f"{name} {number}" for name, number in installation().versions.items()]
        st.caption(" · ".join(facts) + ". The address bar holds this page.")


def everything_bytes(run: DuetRun) -> bytes:
    """One zip with both structures in every format, and the commands."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file, tempfile.TemporaryDirectory() as folder:
        for title, part in run.parts.items():
            model = title.split()[0].lower()
            for form in ("extxyz", "cif", "vasp", "lammps-data"):
                if len(part.atoms) or form == "extxyz":
                    name = f"{run.settings.stem}-{model}{FORMATS[form].endings[0]}"
                    file.write(write_structure(part.atoms, Path(folder) / name, form), name)
        file.writestr("commands.txt", "\n".join(commands(run.settings, run.device)) + "\n")
    return archive.getvalue()


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
