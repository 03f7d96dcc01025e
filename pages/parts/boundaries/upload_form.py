"""The form that takes a slab of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.files import StructureFileError
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_PAGE_CANDIDATES, MAX_SEED, MAX_UPLOAD_BYTES
from gcd.requests import RelaxationRequest, RepaintRequest
from gcd.structures import apart
from gcd.structures.formats import Reading
from pages.parts.boundaries.controls import RELAX, REPAINT, pair

if TYPE_CHECKING:
    from ase import Atoms
    from streamlit.delta_generator import DeltaGenerator


@st.cache_data(max_entries=8, show_spinner="Reading …")
def _read(name: str, data: bytes, elements: str) -> Reading:
    """The structures of an upload, read by a process of its own; StructureFileError in one sentence."""
    return apart.read_apart(data, name, max_bytes=MAX_UPLOAD_BYTES, elements=elements or None)


def _repainting() -> dict[str, Any]:
    """What a repaint asks for."""
    with pair():
        count = st.number_input(
            "Candidates",
            1,
            MAX_PAGE_CANDIDATES,
            key="repaints",
            help="Thicknesses of the painted middle take turns.",
        )
        seed = st.number_input("Seed", 0, MAX_SEED, key="repaint_seed")
    move = st.toggle(
        "Move the upper grain too", key="repaint_move",
        help="As a block: a shift in the plane and an opening, drawn for all candidates but every third.",
    )  # fmt: skip
    anyway = st.toggle(
        "Anyway",
        key="repaint_anyway",
        help="Also where the model was never trained on anything like the boundary.",
    )
    return {"count": int(count), "seed": int(seed), "move": move, "anyway": anyway}


def uploading(potential: Any, place: DeltaGenerator) -> tuple[RelaxationRequest | None, list[Atoms], bool]:
    """A slab of one's own: what relaxes or repaints it, its structures, and whether the button was pressed."""
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
    verb = st.segmented_control(
        "What to do", [RELAX, REPAINT], required=True, key="own_verb",
        help="Relax it as it is; or paint its middle anew with the diffusion model, many times, relax each, and see "
        "which is lowest. Its grains stay as they are.",
    )  # fmt: skip
    repainting = _repainting() if verb == REPAINT else None
    label, icon = ("Relax", "compress") if repainting is None else ("Repaint it", "format_paint")
    key = "relax" if repainting is None else "repaint"
    pressed = place.button(label, type="primary", icon=f":material/{icon}:", key=key, width="stretch")
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
    given = {"potential": potential, "rescale": rescale, "elements": tuple(elements.split()) or None}
    files = (uploaded.name,)
    request = (
        RelaxationRequest(files, **given)
        if repainting is None
        else RepaintRequest(files, **given, **repainting)
    )
    if repainting is not None and len(structures) > 1:
        st.caption("Of a file with several structures the first is repainted; the command line takes all.")
    try:
        return replace(request, metal=request.metal_of(structures[0])), structures, pressed
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return None, structures, False
