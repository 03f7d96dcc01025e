"""The form that takes a slab of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.files import StructureFileError
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_UPLOAD_BYTES
from gcd.requests import RelaxationRequest
from gcd.structures import apart
from gcd.structures.formats import Reading

if TYPE_CHECKING:
    from ase import Atoms
    from streamlit.delta_generator import DeltaGenerator


@st.cache_data(max_entries=8, show_spinner="Reading …")
def _read(name: str, data: bytes, elements: str) -> Reading:
    """The structures of an upload, read by a process of its own; StructureFileError in one sentence."""
    return apart.read_apart(data, name, max_bytes=MAX_UPLOAD_BYTES, elements=elements or None)


def uploading(potential: Any, place: DeltaGenerator) -> tuple[RelaxationRequest | None, list[Atoms], bool]:
    """A slab of one's own: what relaxes it, its structures, and whether the button was pressed."""
    uploaded = st.file_uploader(
        "A bicrystal of your own", key="slab", max_upload_size=MAX_UPLOAD_BYTES // 2**20,
        help="CIF, POSCAR, extxyz, LAMMPS data or dump, from any tool: a slab or a periodic pile, the boundary across "
        "x, y or z. It stays in this server's memory only.",
    )  # fmt: skip
    elements = st.text_input(
        "Elements of its types", key="slab_elements", placeholder="as in the file",
        help="For LAMMPS files that name none: one symbol a type, such as W or Cu Ni.",
    )  # fmt: skip
    rescale = st.toggle(
        "Take off strain", key="rescale",
        help="Scale the cell in the plane so that the grains have the potential's lattice constant.",
    )  # fmt: skip
    pressed = place.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
    if uploaded is None:
        return None, [], False
    try:
        reading = _read(uploaded.name, uploaded.getvalue(), elements)
    except (StructureFileError, ValueError) as error:
        st.error(str(error), icon=":material/error:")
        return None, [], False
    for word in reading.words:
        st.warning(word, icon=":material/info:")
    structures = list(reading)[:MAX_PAGE_BOUNDARIES]
    if not structures or not len(structures[0]):
        st.error("The file holds no atoms.", icon=":material/error:")
        return None, [], False
    request = RelaxationRequest(
        (uploaded.name,), potential=potential, rescale=rescale, elements=tuple(elements.split()) or None
    )
    try:
        return replace(request, metal=request.metal_of(structures[0])), structures, pressed
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return None, structures, False
