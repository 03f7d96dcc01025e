"""Files and recipes of the Grain boundaries page: every format of the field, one by one or all in one zip."""

from __future__ import annotations

import csv
import functools
import io
import json
import zipfile
from collections.abc import Callable

import streamlit as st

from gcd.search.dataset import BoundaryDataset
from gcd.structures.formats import FORMATS, words_on
from pages.parts.boundaries.data import dataset_name
from pages.parts.boundaries.outcome import Outcome
from pages.shared.downloads import ending_of, structure_bytes
from pages.shared.reproduce import continued, show_python
from pages.shared.status import installation

SINGLE = ("cif", "vasp", "lammps-data")


def table_bytes(run: Outcome) -> bytes:
    """The table as CSV, with the settings in every row."""
    s = run.settings
    common = {"boundary": getattr(s, "boundary", s.stem), "metal": s.metal} | run.facts
    common |= {name: getattr(s, name) for name in ("model", "painted") if hasattr(s, name)}
    rows = [common | {name.replace(" ", "_"): value for name, value in row.items()} for row in run.table()]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def everything_bytes(run: Outcome) -> bytes:
    """One zip with every boundary before and after, in every format, the table, and how to make it all again."""
    archive = io.BytesIO()
    stem = run.settings.stem
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for state, structures in (("before", list(run.before)), ("after", run.relaxed())):
            if structures:
                file.writestr(f"{stem}-{state}.extxyz", structure_bytes(structures, "extxyz"))
        for index in range(len(run.before)):
            after = None if run.reason(index) else run.after[index]
            for state, atoms in (("before", run.before[index]), ("after", after)):
                for form in SINGLE:
                    if atoms is not None and len(atoms):
                        name = f"{stem}-{run.noun}{index:03d}-{state}{ending_of(form)}"
                        file.writestr(name, structure_bytes(atoms, form))
        file.writestr(f"{stem}.csv", table_bytes(run))
        recipe = {"command": run.command()}
        recipe |= {f"python, {run.noun} {i}": run.python(i) for i in range(len(run.before))}
        file.writestr("reproduce.json", json.dumps(recipe | installation().versions, indent=2) + "\n")
    return archive.getvalue()


def show_files(run: Outcome, index: int) -> None:
    """The buttons; a file is made when its button is pressed."""
    stem, done = run.settings.stem, run.relaxed()
    after = None if run.reason(index) else run.after[index]
    state, shown = ("before", run.before[index]) if after is None else ("after", after)
    with st.container(border=True):
        st.markdown("**Files**")
        _button("Everything, in one zip", f"{stem}.zip", lambda: everything_bytes(run), key="all", main=True)
        with st.container(horizontal=True, gap="small"):
            for name, structures in (("before", list(run.before)), ("after", done)):
                if structures:
                    make = functools.partial(structure_bytes, structures, "extxyz")
                    _button(f"extxyz {name}", f"{stem}-{name}.extxyz", make, key=name)
            for form in SINGLE if len(shown) else ():
                name = f"{stem}-{run.noun}{index:03d}-{state}{ending_of(form)}"
                _button(FORMATS[form].title, name, functools.partial(structure_bytes, shown, form), key=form)
            _button("Table (CSV)", f"{stem}.csv", lambda: table_bytes(run), key="table")
        if not len(shown):
            st.caption("This one holds no atoms: CIF, POSCAR and LAMMPS data cannot hold it.")
        for word in dict.fromkeys(word for form in SINGLE for word in words_on(shown, form)):
            st.caption(word)
        if len(run.before) > 1:
            st.caption(
                f"CIF, POSCAR and LAMMPS data are of {run.noun} {index}, {state} relaxation; the zip holds all."
            )


def show_recipe(run: Outcome, index: int) -> None:
    """How to make it again."""
    with st.container(border=True):
        st.markdown("**Reproduce**")
        lines = "\n".join(continued(line) for line in run.command().splitlines())
        st.code(lines, language="bash", wrap_lines=True)
        st.code(run.python(index), language="python", wrap_lines=True)
        facts = dict(run.facts)
        if name := run.before[index].info.get("checkpoint"):
            sha256 = installation().sha256(name)
            facts |= {"device": run.before[index].info["device"], "weights": f"{name}, sha256 {sha256[:16]}"}
        st.caption(" · ".join(f"{name} {value}" for name, value in (facts | installation().versions).items()))
        again = "relaxes the downloaded file" if lines.startswith("gcd relax") else "makes the same again"
        st.caption(f"The command {again}; the address bar holds this page.")


def show_seen(dataset: BoundaryDataset, structure: int) -> None:
    """The file of a structure of the search, and how to have it in Python."""
    stem = f"{dataset.about['metal'].lower()}-{dataset.about['twist']}-structure{structure}"
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown("**Files**")
        atoms = dataset.atoms(structure)
        for form in ("extxyz", *SINGLE):
            make = functools.partial(structure_bytes, atoms, form)
            _button(FORMATS[form].title, f"{stem}{ending_of(form)}", make, key=f"seen_{form}")
    with right:
        name = dataset_name(dataset.about["twist"], dataset.about["metal"])
        show_python(
            "from gcd.search.dataset import load_dataset\n\n"
            f'atoms = load_dataset("{name}").atoms({structure})\n'
            'print(atoms.info["egb"], atoms.info["n"])',
            command=f"gcd relax {stem}.extxyz --metal {dataset.about['metal']}",
            note="The command relaxes the downloaded extxyz; the address bar holds this page.",
        )


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
