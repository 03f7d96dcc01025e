"""Which boundary, of which metal, in which potential: the first controls of the Grain boundaries page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.energetics.potential import Potential, find_potential
from gcd.generate import boundary_models
from gcd.requests.boundary import boundary_word, reference_phase
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.csl import AXES, boundaries
from pages.parts.boundaries.data import dataset_of

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

MAX_SIGMA = {"001": 41, "110": 33, "111": 33}  # of the list; any other boundary goes by its directions
LIST, OWN = "The list", "My own"
ZHOU, FILE = "Zhou 2004", "A file"
KINDS = {"Twist": "twist", "Tilt": "tilt"}
LOWER, UPPER = "1 3 0; 0 0 1; 3 -1 0", "-1 3 0; 0 0 1; 3 1 0"


@dataclass(frozen=True)
class Choice:
    """What the first controls say."""

    boundary: Boundary
    word: str  # that `find_boundary` reads
    metal: str
    potential: Potential | None  # None: Zhou 2004

    @property
    def lattice_constant(self) -> float:
        """Å, in the potential."""
        return find_potential(self.potential).lattice_constant(self.metal, self.boundary.phase)

    @property
    def single(self) -> str:
        """The cell in words."""
        return cell_words(self.boundary, self.lattice_constant)


def cell_words(boundary: Boundary, lattice_constant: float) -> str:
    """Edges in Å and atoms a plane."""
    x, y = boundary.edges * lattice_constant
    return f"{x:.1f} × {y:.1f} Å, {boundary.atoms_per_plane} atoms a plane"


def choose_boundary(
    metals: Sequence[str], on_change: Callable[[], None], *, geometry: bool = True
) -> Choice | None:
    """Potential, metal and boundary; None, with a sentence, where they make none.

    Without geometry, for a slab that has its own, only the potential is asked for.
    """
    try:
        potential = _potential()
        if not geometry:
            symbol = find_potential(potential).elements[0] if potential is not None else "W"
            boundary = find_boundary("sigma5", reference_phase(symbol, find_potential(potential)))
            return Choice(boundary, "sigma5", symbol, potential)
        metal, phase = _metal(metals, potential, on_change)
        return _boundary(metal, phase, potential, on_change)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return None


def _potential() -> Potential | None:
    kind = st.segmented_control(
        "Potential", [ZHOU, FILE], default=ZHOU, required=True, key="potential",
        help="Zhou, Johnson and Wadley's embedded-atom potential of 2004, or a file of your own: eam/alloy, eam/fs, "
        "funcfl, or LAMMPS's pair_style and pair_coeff lines with the files that they name.",
    )  # fmt: skip
    if kind != FILE:
        return None
    files = st.file_uploader(
        "Potential file", accept_multiple_files=True, key="potential_files",
        help="One EAM file, or a file with pair lines and those that they name. It is read, never run.",
    )  # fmt: skip
    if not files:
        st.caption("Zhou 2004 until a file is here.")
        return None
    potential = uploaded_potential(files)
    st.caption(f"{potential.name}: {', '.join(potential.elements) or 'any element'}")
    return potential


def uploaded_potential(files: Sequence[UploadedFile]) -> Potential:
    """The potential of uploaded files; ValueError, in one sentence, when they hold none."""
    from gcd.energetics.eam_file import EamFile
    from gcd.energetics.lammps_lines import LammpsLines, has_pair_lines

    texts = {file.name: file.getvalue().decode(errors="replace") for file in files}
    lines = [name for name, text in texts.items() if has_pair_lines(text)]
    if lines:
        others = {name: text for name, text in texts.items() if name != lines[0]}
        return LammpsLines(texts[lines[0]], name=lines[0], files=others)
    if len(texts) > 1:
        raise ValueError(
            f"Of {', '.join(texts)} none holds pair_style lines: give one EAM file, or such lines too."
        )
    ((name, text),) = texts.items()
    return EamFile(text, name)


def _metal(
    metals: Sequence[str], potential: Potential | None, on_change: Callable[[], None]
) -> tuple[str, str]:
    usual = find_potential(potential)
    options = [m for m in metals if not usual.elements or m in usual.elements]
    if not options:
        raise ValueError(
            f"The potential {usual.name} is for {', '.join(usual.elements)}: none of them is bcc or fcc."
        )
    if st.session_state.get("metal") not in (None, *options):
        st.session_state["metal"] = options[0]
    metal = st.selectbox(
        "Metal",
        options,
        index=options.index("W") if "W" in options else 0,
        format_func=lambda symbol: f"{symbol} ({reference_phase(symbol, usual)})",
        key="metal",
        on_change=on_change,
    )
    return metal, reference_phase(metal, usual)


def _boundary(metal: str, phase: str, potential: Potential | None, on_change: Callable[[], None]) -> Choice:
    state = st.session_state
    how = st.segmented_control(
        "Boundary from", [LIST, OWN], default=LIST, required=True, key="boundary_from",
        on_change=on_change,
    )  # fmt: skip
    if how == OWN:
        with st.container():
            lower = st.text_input(
                "Lower grain: directions along x; y; z", LOWER, key="lower", on_change=on_change,
                help="Three whole-number crystal directions, orthogonal and right-handed; z crosses the boundary.",
            )  # fmt: skip
            upper = st.text_input("Upper grain", UPPER, key="upper", on_change=on_change)
        boundary = find_boundary(f"lower={lower}; upper={upper}", phase)
        choice = Choice(boundary, boundary_word(boundary), metal, potential)
        st.caption(f"{boundary.title}: {choice.single}")
        return choice
    axis = st.segmented_control(
        "Axis", list(AXES), default="001", required=True, key="axis",
        format_func=lambda a: f"[{a}]", on_change=on_change,
    )  # fmt: skip
    kind = st.segmented_control(
        "Kind",
        list(KINDS),
        default="Twist",
        required=True,
        key="kind",
        on_change=on_change,
    )
    titles = listed(phase, str(axis), KINDS[str(kind)])
    if state.get("boundary") not in titles:
        state["boundary"] = next(iter(titles))
    slug = st.selectbox(
        "Boundary", list(titles), format_func=lambda name: titles[name], key="boundary", on_change=on_change
    )
    choice = Choice(find_boundary(slug, phase), slug, metal, potential)
    there = [f"model {name}" for name in boundary_models(slug, metal)]
    there += ["search data"] if dataset_of(slug, metal) else []
    known = ", ".join(there) if there and potential is None else "no model and no search data yet"
    st.caption(f"{choice.single}: {known}")
    return choice


@st.cache_data(max_entries=24, show_spinner=False)
def listed(phase: str, axis: str, kind: str) -> dict[str, str]:
    """The boundaries of the list: short name -> title."""
    return {b.slug: b.title for b in boundaries(phase, axis, kind, MAX_SIGMA[axis])}


def from_address(address: Mapping[str, str]) -> dict[str, Any]:
    """What an address says of the boundary, as session state: ``boundary=s5-310-001``, or the older ``twist=...``."""
    text = address.get("boundary") or address.get("twist")
    if not text:
        return {}
    symbol = re.match(r"[A-Z][a-z]?", address.get("metal", "W"))
    try:
        phase = reference_phase(symbol[0] if symbol else "W", find_potential(None))
        boundary = find_boundary(text, phase)
    except ValueError:
        return {}
    axis = "".join(str(abs(v)) for v in sorted(boundary.axis, key=abs))
    axis = {"011": "110"}.get(axis, axis)
    kind = {"twist": "Twist", "symmetric tilt": "Tilt"}.get(boundary.kind)
    if kind and axis in AXES and boundary.slug in listed(phase, axis, KINDS[kind]):
        return {"boundary_from": LIST, "axis": axis, "kind": kind, "boundary": boundary.slug}
    rows = ["; ".join(" ".join(map(str, d)) for d in grain) for grain in (boundary.lower, boundary.upper)]
    return {"boundary_from": OWN, "lower": rows[0], "upper": rows[1]}
