"""The structure behind a point of a campaign's plots."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from gcd.campaigns.store import StoreError
from gcd.structures.bicrystals import as_fraction
from gcd.views.boundaries import boundary_scene
from pages.parts.campaigns import rows
from pages.shared.downloads import structure_bytes
from pages.viewers.atoms import show_atoms

HEIGHT = 460  # pixels


def show_structure(store: str, name: str) -> None:
    """Draw it, with its numbers and a download."""
    st.subheader("The structure of that point", anchor="structure")
    try:
        found = rows.structure(store, name)
    except StoreError as error:
        st.error(str(error), icon=":material/error:")
        return
    if found is None or not len(found[0]):
        st.info("The database does not hold this structure: the campaign was asked not to keep it.")
        return
    atoms, about = found
    info = atoms.info
    with st.grid(4, min_column_width=110):
        st.metric("E_gb (J/m²)", f"{info.get('egb', math.nan):.4f}")
        st.metric("[n]", as_fraction(float(info.get("n", math.nan))))
        st.metric("Atoms", f"{len(atoms):,}")
        st.metric("Core-seconds", f"{info.get('seconds', 0.0):.1f}")
    st.caption(f"{about.get('title', '')}, {about.get('metal', '')}, {about.get('potential', '')}: `{name}`")
    energies = atoms.arrays.get("energy")
    bulk = float(np.median(energies)) if energies is not None else 0.0
    plane = float(info.get("plane", atoms.positions[:, 2].mean()))
    values = energies if energies is not None else np.zeros(len(atoms))
    show_atoms(boundary_scene(atoms, values, bulk, plane, name=name), key="campaign_atoms", height=HEIGHT)
    bare = atoms.copy()
    bare.info = {key: value for key, value in info.items() if isinstance(value, int | float | str)}
    st.download_button(
        "This structure (extxyz)", structure_bytes(bare, "extxyz"), f"{name.replace('/', '-')}.extxyz",
        icon=":material/download:", on_click="ignore", key="campaign_one",
    )  # fmt: skip
