"""Files of a finished run: every format of the field, one by one or all in one zip, made when asked for."""

from __future__ import annotations

import csv
import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gcd.structures.formats import FORMATS, WRITTEN, symmetrised_cif, write_voxels
from pages.shared.crystal_run import CrystalRun
from pages.shared.downloads import ending_of, structure_bytes
from pages.shared.reproduce import Recipe, recipe_for

if TYPE_CHECKING:
    from ase import Atoms


# extxyz holds all samples in one file; the others hold one each.
SINGLE = tuple(name for name in WRITTEN if name != "extxyz")


def recipe_of(run: CrystalRun) -> Recipe:
    """The recipe of a finished run on this installation."""
    return recipe_for(run.settings, run.device, run.settings.model)


def symmetrised_bytes(atoms: Atoms) -> bytes:
    """A CIF of the space group that is found; a file that says why where none is."""
    try:
        return symmetrised_cif(atoms).encode()
    except ValueError as error:
        return f"# {error}\n".encode()


def voxels_bytes(run: CrystalRun, index: int) -> bytes:
    """Npz with the generated voxels of one sample and all that is needed to decode them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voxels.npz"
        symbols = run.samples[index].atoms.get_chemical_symbols()
        write_voxels(path, run.voxels[index], run.settings.grid, symbols)
        return path.read_bytes()


def table_bytes(run: CrystalRun) -> bytes:
    """The table of samples as CSV, with the settings in every row."""
    s = run.settings
    common = {
        "phase": s.phase, "element": s.element, "lattice_constant_A": s.lattice_constant,
        "size": "x".join(map(str, s.size)), "seed": s.seed, "evaluations": s.evaluations, "order": s.order,
    }  # fmt: skip
    rows = [common | {name.replace(" ", "_"): value for name, value in row.items()} for row in run.table()]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def sample_name(run: CrystalRun, index: int, ending: str) -> str:
    """A file's name: phase, element, cells, seed, evaluations, order, and which sample."""
    return f"{run.settings.stem}-sample{index:03d}{ending}"


def everything_bytes(run: CrystalRun) -> bytes:
    """One zip with every sample in every format, the table, and how to make it all again."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        atoms = [sample.atoms for sample in run.samples]
        file.writestr(f"{run.settings.stem}.extxyz", structure_bytes(atoms, "extxyz"))
        file.writestr(f"{run.settings.stem}.csv", table_bytes(run))
        for index, one in enumerate(atoms):
            for form in SINGLE:
                if len(one):
                    file.writestr(sample_name(run, index, ending_of(form)), structure_bytes(one, form))
            file.writestr(sample_name(run, index, ".npz"), voxels_bytes(run, index))
        recipe = recipe_of(run)
        text = {"command": recipe.command, "python": recipe.python} | recipe.facts
        file.writestr("reproduce.json", json.dumps(text, indent=2) + "\n")
    return archive.getvalue()


def show_downloads(run: CrystalRun, index: int) -> None:
    """The buttons; a file is made when its button is pressed, and pressing it does not disturb the page."""
    sample = run.samples[index]
    with st.container(border=True):
        st.markdown("**Files**")
        _button(
            "Everything, in one zip",
            f"{run.settings.stem}.zip",
            functools.partial(everything_bytes, run),
            True,
        )
        several = len(run.samples) > 1
        with st.container(horizontal=True, gap="small"):
            _button(
                "extxyz (all samples)" if several else "extxyz",
                f"{run.settings.stem}.extxyz",
                lambda: structure_bytes([one.atoms for one in run.samples], "extxyz"),
            )
            for form in SINGLE if len(sample.atoms) else ():
                name = sample_name(run, index, ending_of(form))
                _button(FORMATS[form].title, name, functools.partial(structure_bytes, sample.atoms, form))
            if len(sample.atoms):
                name = sample_name(run, index, "-symmetrised.cif")
                _button("Symmetrised CIF", name, functools.partial(symmetrised_bytes, sample.atoms))
            _button("Voxels (npz)", sample_name(run, index, ".npz"), lambda: voxels_bytes(run, index))
            _button("Table (CSV)", f"{run.settings.stem}.csv", lambda: table_bytes(run))
        if not len(sample.atoms):
            st.caption(f"Sample {index} holds no atoms: CIF, POSCAR and LAMMPS data cannot hold it.")
        if several:
            st.caption(f"CIF, POSCAR, LAMMPS data and voxels are of sample {index}; the zip holds all.")


def _button(label: str, name: str, make: Callable[[], bytes], main: bool = False) -> None:
    st.download_button(
        label,
        make,
        file_name=name,
        mime="application/zip" if name.endswith(".zip") else "application/octet-stream",
        on_click="ignore",
        icon=":material/folder_zip:" if main else ":material/download:",
        type="primary" if main else "secondary",
        key=f"download_{label.split(maxsplit=1)[0].strip(',').lower()}",
    )
