"""The controls of the Grain boundaries page, one function for each place that a boundary can come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.checkpoints import BoundaryCheckpoint, read_checkpoint
from gcd.energetics import lammps
from gcd.energetics.boundary_energy import choose_engine
from gcd.files import StructureFileError
from gcd.generate import boundary_models
from gcd.limits import (
    MAX_EVALUATIONS,
    MAX_PAGE_BOUNDARIES,
    MAX_PAGE_CANDIDATES,
    MAX_PAGE_SEARCH,
    MAX_SEED,
    MAX_UPLOAD_BYTES,
)
from gcd.requests import BoundaryRequest, BuildRequest, ChosenRequest, RelaxationRequest, SearchRequest
from gcd.structures import apart
from gcd.structures.bicrystal_ends import MIN_PAINTED, PAINTED
from gcd.structures.formats import Reading
from pages.parts.boundaries.choice import Choice
from pages.parts.boundaries.data import dataset_of
from pages.parts.boundaries.sampling import REPEATS, recommended

if TYPE_CHECKING:
    from ase import Atoms

SAMPLED, BUILT, CHOSEN = "sample", "build", "search"  # where a boundary comes from; the words of links
SEARCHED, UPLOADED = "find", "upload"
SOURCES = {
    SAMPLED: ":material/auto_awesome: Sample",
    BUILT: ":material/construction: Build",
    SEARCHED: ":material/travel_explore: Search",
    CHOSEN: ":material/search: From search",
    UPLOADED: ":material/upload_file: Your slab",
}
MAX_PAINTED = 40.0  # Å; the slab leaves a little more
RANDOM = "Drawn for each candidate, near that of a structure that the model has learnt from."
KNOWN_MODELS = ("window", "full")  # in this order; others come after them


def pair() -> Any:
    """Room for controls two by two, or one by one where it is narrow."""
    return st.grid(2, min_column_width=100, gap="small")


def asked_of(choice: Choice) -> dict[str, Any]:
    """What every request about the chosen boundary begins with."""
    return {"boundary": choice.word, "metal": choice.metal, "potential": choice.potential}


def sampling(choice: Choice) -> tuple[BoundaryRequest | None, bool]:
    """What to sample, and whether the button was pressed; None, with a sentence, where no model is there."""
    metal, slug = choice.metal, choice.boundary.slug
    models = boundary_models(slug, metal)
    if not models:
        st.warning(
            f"No model has learnt {metal} {choice.boundary.title}: search for its structures, or build one.",
            icon=":material/inventory_2:",
        )
        with st.container(horizontal=True):
            for source in (SEARCHED, BUILT):
                st.button(SOURCES[source], key=f"instead_{source}", on_click=go_to, args=(source,))
        return None, False
    names = sorted(models, key=lambda name: (name not in KNOWN_MODELS, name != KNOWN_MODELS[0], name))
    if st.session_state.get("model") not in (None, *names):
        st.session_state["model"] = names[0]
    model = str(
        st.segmented_control(
            "Model", names, default=names[0], required=True, key="model", bind="query-params"
        )
    )
    st.caption(trained_on(model, models[model]))
    options: dict[str, Any] = {}
    with pair():
        options["count"] = st.number_input(
            "Candidates", 1, MAX_PAGE_CANDIDATES, 4, key="candidates", bind="query-params"
        )
        options["seed"] = st.number_input("Seed", 0, MAX_SEED, 0, key="sample_seed", bind="query-params")
    best = recommended(model, slug, metal)
    custom = st.segmented_control(
        "Sampling", ["Recommended", "Custom"], default="Recommended", required=True, key="gb_sampling",
        bind="query-params",
        help=f"Recommended: {best['evaluations']} evaluations of order {best['order']}, as the model was measured.",
    )  # fmt: skip
    with pair():
        if custom == "Custom":
            options["evaluations"] = st.number_input(
                "Evaluations", 1, MAX_EVALUATIONS, best["evaluations"], key="gb_nfe", bind="query-params",
                help="Of the network, a candidate; a multiple of the solver's order.",
            )  # fmt: skip
            options["order"] = st.selectbox(
                "Solver order", [1, 2, 3], index=best["order"] - 1, key="gb_order", bind="query-params"
            )
        options["painted"] = st.number_input(
            "Painted (Å)", MIN_PAINTED, MAX_PAINTED, round(PAINTED, 1), step=1.0, format="%.1f", key="painted",
            bind="query-params", help="Thickness of the region around the boundary that the model paints.",
        )  # fmt: skip
        cells = st.selectbox(
            "Cell", list(REPEATS), key="gb_cell", bind="query-params",
            help="Copies of the boundary's cell along x and y. The model was trained on 1×1.",
        )  # fmt: skip
    options["repeats"] = REPEATS[cells]
    options["in_plane_shift"] = _shift(choice, default=True)
    a = choice.lattice_constant
    half = a * choice.boundary.spacing
    if not st.toggle(
        "Random spacing of the grains", value=True, key="free_spacing", bind="query-params", help=RANDOM
    ):  # fmt: skip
        options["spacing"] = st.number_input(
            "Spacing (Å)", -round(half, 2), round(half, 2), 0.0, step=0.1, key="spacing", bind="query-params",
            help="By which the upper grain is lifted beyond perfect stacking. Planes repeat every "
            f"{half:.2f} Å, so more would be the same ends with a plane more.",
        )  # fmt: skip
    pressed = st.button(
        "Sample and relax",
        type="primary",
        icon=":material/auto_awesome:",
        key="sample_button",
        width="stretch",
    )
    return BoundaryRequest(**asked_of(choice), model=model, relax=True, **options), pressed


def go_to(source: str) -> None:
    """Another place that a boundary can come from."""
    st.session_state["source"] = source


def trained_on(model: str, name: str) -> str:
    """One sentence on what a model has seen."""
    checkpoint = read_checkpoint(name)
    assert isinstance(checkpoint, BoundaryCheckpoint)
    number = len(checkpoint.learnt.n)
    seen = f"Trained on {number} structures" if number else "Trained"
    window = checkpoint.learnt.window
    if window is not None and None not in window:
        return f"{seen} of {window[0]:g} to {window[1]:g} J/m² alone: it has never seen a boundary of low energy."
    return f"{seen} of every energy that the search found." if model == "full" else f"{seen}."


def building(choice: Choice) -> tuple[BuildRequest, bool]:
    """What to build and relax, and whether the button was pressed."""
    grown = choice.boundary.grown(choice.lattice_constant)
    per_plane = grown.atoms_per_plane
    change = st.number_input(
        "Atoms put in (taken out, if negative)",
        -per_plane, per_plane, 0, key="change", bind="query-params",
        help=f"At the edge of the upper grain, whose planes have {per_plane}; [n] follows.",
    )  # fmt: skip
    shift = _shift(choice, default=False)
    gap = st.number_input(
        "Gap (Å)", -0.2, 3.0, 0.3, step=0.1, key="gap", bind="query-params",
        help="By which the grains are lifted apart beyond the spacing of their planes.",
    )  # fmt: skip
    push, count, seed, pressed = _relaxing()
    request = BuildRequest(
        **asked_of(choice), in_plane_shift=shift or (0.0, 0.0), random_shift=shift is None, gap=float(gap),
        remove=max(0, -change), insert=max(0, change), push=push, count=count, seed=seed,
    )  # fmt: skip
    return request, pressed


def choosing(choice: Choice, on_change: Callable[[], None]) -> tuple[ChosenRequest | None, bool]:
    """Which structure of the search to relax, and whether the button was pressed; None where there is no search."""
    dataset = dataset_of(choice.boundary.slug, choice.metal)
    if dataset is None:
        st.info(
            f"No search of {choice.metal} {choice.boundary.title} came with this installation: run a small one, or "
            "build a boundary.",
            icon=":material/search_off:",
        )
        with st.container(horizontal=True):
            for source in (SEARCHED, BUILT):
                st.button(SOURCES[source], key=f"instead_{source}", on_click=go_to, args=(source,))
        return None, False
    st.session_state["structure"] = min(st.session_state["structure"], len(dataset) - 1)
    structure = st.number_input(
        "Structure", 0, len(dataset) - 1, key="structure", on_change=on_change,
        help="Sorted by [n] and energy. A click on a point of the plot below picks it, too.",
    )  # fmt: skip
    push, count, seed, pressed = _relaxing()
    return ChosenRequest(**asked_of(choice), structure=structure, push=push, count=count, seed=seed), pressed


def searching(choice: Choice) -> tuple[SearchRequest, bool]:
    """What to search for, and whether the button was pressed."""
    with pair():
        count = st.number_input(
            "Candidates", 1, MAX_PAGE_SEARCH, 8, key="search_count", bind="query-params",
            help="Each with a random shift, atoms taken out or put in, most annealed before they are relaxed: some "
            "seconds of one core each. `gcd search` takes any number.",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, MAX_SEED, 0, key="search_seed", bind="query-params")
    low, high = st.select_slider(
        "Molecular dynamics (steps of 2 fs)", [300, 1000, 3000, 10_000, 30_000], (300, 3000), key="search_steps",
        help="Log-uniform between the two, at 1,000 to 2,500 K. Longer runs find lower energies, and cost more.",
    )  # fmt: skip
    pressed = st.button(
        "Search", type="primary", icon=":material/travel_explore:", key="search_button", width="stretch"
    )
    return SearchRequest(**asked_of(choice), count=count, seed=seed, md_steps=(low, high)), pressed


@st.cache_data(max_entries=8, show_spinner="Reading …")
def _read(name: str, data: bytes, elements: str) -> Reading:
    """The structures of an upload, read by a process of its own; StructureFileError in one sentence."""
    return apart.read_apart(data, name, max_bytes=MAX_UPLOAD_BYTES, elements=elements or None)


def uploading(potential: Any) -> tuple[RelaxationRequest | None, list[Atoms], bool]:
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
        "Take off strain", key="rescale", bind="query-params",
        help="Scale the cell in the plane so that the grains have the potential's lattice constant.",
    )  # fmt: skip
    pressed = st.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
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


def _shift(choice: Choice, *, default: bool) -> tuple[float, float] | None:
    """The upper grain's shift along x and y in Å, asked for in edges of the cell; None: at random."""
    random = st.toggle(
        "Random shift of the upper grain", value=default, key="free_shift" if default else "random",
        bind="query-params", help=RANDOM if default else None,
    )  # fmt: skip
    if random:
        return None
    edges = choice.boundary.edges * choice.lattice_constant
    with pair():
        x, y = (
            st.number_input(
                f"Shift along {axis}", 0.0, 1.0, 0.0, step=0.05, key=f"shift_{axis}", bind="query-params",
                help=f"Of the upper grain, in edges of the cell ({edge:.3f} Å).",
            )
            for axis, edge in zip("xy", edges, strict=True)
        )  # fmt: skip
    return round(float(x * edges[0]), 4), round(float(y * edges[1]), 4)


def _relaxing() -> tuple[float, int, int, bool]:
    """The controls that building and choosing share: push, variants, seed, and whether the button was pressed."""
    with pair():
        push = st.number_input(
            "Push (Å)", 0.0, 1.0, 0.0, step=0.1, key="push", bind="query-params",
            help="Atoms near the boundary are moved at random by up to this much.",
        )  # fmt: skip
        count = st.number_input(
            "Variants", 1, MAX_PAGE_BOUNDARIES, 1, key="variants", bind="query-params",
            help="Each with its own choice of atoms, push and random shift.",
        )  # fmt: skip
    seed = st.number_input("Seed", 0, MAX_SEED, 0, key="gb_seed", bind="query-params")
    pressed = st.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
    return float(push), int(count), int(seed), pressed


def say_engine(potential: Any) -> None:
    """Without LAMMPS, say so and what is done instead."""
    if (reason := lammps.missing()) is None:
        return
    try:
        engine = choose_engine("auto", potential)
    except ValueError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    st.caption(f"{reason} Relaxation is done in {engine} instead, which is slower.")
