"""Your structure: an example or a file, encoded, decoded, compared, analysed, and relaxed when it is a slab."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from gcd.jobs import Job
from gcd.limits import MAX_UPLOAD_BYTES
from gcd.structures import apart
from gcd.structures.examples import EXAMPLES
from gcd.structures.formats import FORMATS, Reading
from gcd.structures.orthorhombic import orthorhombic_supercell
from gcd.views.atoms import scene
from gcd.voxels import cell_lengths
from pages.parts.your_structure.results import show_results
from pages.parts.your_structure.run import Origin, grid_of, run_structure, suggested_voxel_size
from pages.shared import frame, status, work
from pages.shared.following import follow
from pages.viewers.atoms import show_atoms

if TYPE_CHECKING:
    from ase import Atoms

frame.enter()
apart.prepare()  # so that an upload finds a process that waits

SLOT = "structure_job"
MOST_DRAWN = 6_000  # atoms
MOST_WORDS = 6  # on how a file was read


@st.cache_data(max_entries=8, show_spinner="Reading …")
def read(name: str, data: bytes, elements: str) -> Reading:
    """The structures of an upload, read by a process of its own; StructureFileError in one sentence."""
    return apart.read_apart(data, name, max_bytes=MAX_UPLOAD_BYTES, elements=elements or None)


def nothing(_: Job) -> None:
    """The progress bar says it all."""


def choose() -> tuple[Origin, Atoms] | None:
    """A structure, of the examples or of a file, and where it is from."""
    uploaded = st.file_uploader(
        "A file of your own", key="upload", max_upload_size=MAX_UPLOAD_BYTES // 2**20,
        help=", ".join(f"{form.title}: {' '.join(form.endings)}" for form in FORMATS.values())
        + "; packed with gzip, bzip2, xz or zip too. What is in the file says its format, not its name.",
    )  # fmt: skip
    if uploaded is None:
        return Origin(chosen), EXAMPLES[chosen]()
    elements = st.text_input(
        "Elements of its types", key="elements", placeholder="W Re", bind="query-params",
        help="Of the types 1, 2, ... of a LAMMPS file or an old POSCAR that names none; else leave it empty.",
    )  # fmt: skip
    try:
        structures = read(uploaded.name, uploaded.getvalue(), elements.strip())
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return None
    for word in structures.words[:MOST_WORDS]:
        st.warning(word, icon=":material/info:")
    if len(structures.words) > MOST_WORDS:
        st.caption(f"And {len(structures.words) - MOST_WORDS:,} more remarks; `gcd analyse` says them all.")
    index = 0
    if len(structures) > 1:
        index = int(
            st.number_input(
                f"Structure (0 to {len(structures) - 1})",
                0,
                len(structures) - 1,
                0,
                key="which",
                bind="query-params",
            )
        )
    return Origin(uploaded.name, uploaded=True, index=index), structures[index]


def fitting(atoms: Atoms) -> Atoms | None:
    """The structure in a cell that the encoder takes, after saying why it was changed; None if there is none."""
    try:
        cell_lengths(atoms)
        return atoms
    except ValueError as error:
        st.warning(str(error), icon=":material/view_in_ar:")
    large = orthorhombic_supercell(atoms)
    if large is None:
        st.info("No orthorhombic supercell was found with each cell vector repeated up to five times.")
        return None
    edges = " × ".join(f"{length:.2f}" for length in large.cell.lengths())
    if st.toggle(
        f"Use the orthorhombic supercell: {len(large):,} atoms, {edges} Å",
        value=True,
        key="supercell",
        bind="query-params",
    ):
        return large
    return None


def fingerprint(atoms: Atoms) -> str:
    """The same for the same structure, and for no other."""
    numbers = np.concatenate([atoms.positions.ravel(), np.ravel(atoms.cell[:]), atoms.numbers])
    return hashlib.sha256(numbers.tobytes() + str(atoms.pbc).encode()).hexdigest()


def facts(atoms: Atoms) -> str:
    """What it is, in one line."""
    lengths, angles = atoms.cell.lengths(), atoms.cell.angles()
    edges = " × ".join(f"{length:.3f}" for length in lengths)
    turned = (
        "" if np.allclose(angles, 90, atol=0.01) else " at " + ", ".join(f"{angle:.1f}°" for angle in angles)
    )
    axes = "".join(axis for axis, periodic in zip("xyz", atoms.pbc, strict=True) if periodic) or "nothing"
    return f"**{atoms.get_chemical_formula()}**, {len(atoms):,} atoms, cell {edges} Å{turned}, periodic along {axes}"


st.title("Your structure")
st.caption(
    "Any structure through the encoder and back: see its voxels, how well the decoder finds the atoms again, "
    "and what the "
    "structure is like. Start with an example, or bring a file; it stays in this server's memory only."
)
controls, show = st.columns([5, 9], gap="medium")
here = status.installation()

with controls, st.container(border=True):
    chosen = str(st.selectbox("Example", list(EXAMPLES), key="example", bind="query-params"))
    picked = choose()
    atoms = fitting(picked[1]) if picked else None
    pressed = False
    voxel_size = 0.8
    if picked and atoms is not None:
        suggested = suggested_voxel_size(atoms)
        follow("voxel_size", suggested, fingerprint(picked[1]))
        voxel_size = float(
            st.number_input(
                "Voxel size L (Å)", 0.1, 5.0, suggested, 0.05, format="%.3f", key="voxel_size", bind="query-params",
                help="A third of the shortest distance between atoms is a good choice.",
            )
        )  # fmt: skip
        ready = status.DECODER in here.checkpoints
        pressed = st.button(
            "Encode, decode, analyse", type="primary", icon=":material/deployed_code:", key="go", width="stretch",
            disabled=not ready,
        )  # fmt: skip
        if not ready:
            st.warning(status.missing_sentence([status.DECODER]), icon=":material/inventory_2:")

identity = ""
if picked and atoms is not None:
    origin = replace(picked[0], supercell=atoms is not picked[1])
    identity = f"{origin} {fingerprint(atoms)} {voxel_size}"
    if pressed:
        try:
            grid_of(atoms, voxel_size)
            if work.submit(
                SLOT,
                run_structure,
                label=f"structure of {len(atoms)} atoms",
                atoms=atoms,
                voxel_size=voxel_size,
                origin=origin,
            ):
                st.session_state["structure_of"] = identity
                st.rerun()
        except ValueError as error:
            show.error(str(error), icon=":material/error:")

with show:
    if picked:
        shown = picked[1] if atoms is None else atoms
        st.markdown(facts(shown))
        with st.container(border=True):
            if len(shown) <= MOST_DRAWN:
                show_atoms(scene(shown, bonds=len(shown) <= 2000), key="structure_atoms", height=400)
            else:
                st.info(f"{len(shown):,} atoms are too many to draw; everything else works.")
    job = work.current(SLOT)
    if job and not job.ended:
        work.watch(SLOT, nothing)
    elif job and st.session_state.get("structure_of") == identity and not work.show_end(job):
        job = None

if job and job.state == "done" and picked and st.session_state.get("structure_of") == identity:
    show_results(job.result, job.id)
elif work.was_dropped(SLOT):
    st.info("The server has dropped this result to make room; the button makes it again.")
