"""Grain boundaries: a workbench on which a boundary is sampled, built, searched for or brought, seen and judged."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from ase import Atoms

from gcd.checkpoints import CheckpointError
from gcd.requests import BoundaryRequest, BuildRequest, ChosenRequest, RepaintRequest, Request
from pages.parts.boundaries import bench, controls, files, results, table
from pages.parts.boundaries.address import from_address, to_address
from pages.parts.boundaries.choice import Choice, choose_boundary
from pages.parts.boundaries.controls import BUILT, CHOSEN, SAMPLED, SEARCHED, UPLOADED, asked_of
from pages.parts.boundaries.data import dataset_of, window_of
from pages.parts.boundaries.looking import what_is_seen
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.relax_forms import building, choosing
from pages.parts.boundaries.repaint import RepaintRun, check_repaint, run_repaint
from pages.parts.boundaries.run import METAL_CHOICES, run_relaxation, structures_of
from pages.parts.boundaries.sample_form import sampling
from pages.parts.boundaries.sampling import check_for_page, run_sampling
from pages.parts.boundaries.search import run_search
from pages.parts.boundaries.search_form import searching
from pages.parts.boundaries.upload_form import uploading
from pages.parts.boundaries.watching import mark, outcome_of, stage
from pages.shared import frame, work

frame.enter()

# one job at a time of each kind is kept
SLOTS = {SAMPLED: "boundary_samples_job", SEARCHED: "boundary_search_job", UPLOADED: "boundary_upload_job"}
SLOT = "boundaries_job"
state = st.session_state


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={BuildRequest: repr, ChosenRequest: repr})
def built(wanted: Any) -> Atoms:
    """The first boundary of a request, before relaxation."""
    return structures_of(wanted)[0]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={BoundaryRequest: repr})
def ends(wanted: BoundaryRequest) -> Atoms:
    """The grains that the first candidate of a request is painted between."""
    return wanted.ends()


def other_boundary() -> None:
    """Before the page runs again: what was seen belongs to the old boundary, and so do atoms put into a plane."""
    state["change"] = 0
    state["seen"] = None


from_address()
state.setdefault("structure", 0)
with st.container(horizontal=True, key="gb_head"):
    st.title("Grain boundaries", width="content")
    source = st.segmented_control(
        "Boundary", list(controls.SOURCES), required=True, format_func=lambda kind: controls.SOURCES[kind],
        key="source", label_visibility="collapsed", width="content",
    )  # fmt: skip
    open_controls = st.toggle("Controls", value=True, key="gb_open", help="The panel on the left.")
places = bench.lay_out(controls=open_controls)

settings: Request | None = None
uploaded: Sequence[Atoms] = ()
pressed = False
with places.form:
    choice: Choice | None = choose_boundary(METAL_CHOICES, other_boundary, geometry=source != UPLOADED)
    try:
        if choice is None:
            pass
        elif source == SAMPLED:
            settings, pressed = sampling(choice, places.button)
        elif source == BUILT:
            settings, pressed = building(choice, places.button)
        elif source == SEARCHED:
            settings, pressed = searching(choice, places.button)
        elif source == UPLOADED:
            settings, uploaded, pressed = uploading(choice.potential, places.button)
        else:
            settings, pressed = choosing(choice, places.button)
    except (ValueError, CheckpointError) as error:
        st.error(str(error), icon=":material/error:")
    if choice is not None:
        controls.say_engine(choice.potential)
metal = choice.metal if choice else "W"
dataset = dataset_of(choice.boundary.slug, metal) if choice and choice.potential is None else None
dataset = None if source == UPLOADED else dataset
slot = SLOTS.get(str(source), SLOT)


def submit(wanted: Any, where: str) -> bool:
    """Queue the job of a request; whether it is in the queue."""
    about = {"slot": where, "wanted": wanted}
    try:
        if isinstance(wanted, BoundaryRequest):
            about |= {"function": run_sampling, "label": f"{wanted.count} x {wanted.boundary} {metal}"}
            check_for_page(wanted)
        elif isinstance(wanted, RepaintRequest):
            about |= {"function": run_repaint, "label": f"repaint {wanted.stem}", "uploaded": uploaded}
            check_repaint(wanted, uploaded)
        elif where == SLOTS[SEARCHED]:
            about |= {"function": run_search, "label": f"search {wanted.boundary} {metal}"}
        else:
            about |= {"function": run_relaxation, "label": f"relax {wanted.stem}", "uploaded": uploaded}
        return work.submit(**about) is not None
    except (ValueError, CheckpointError) as error:
        st.error(str(error), icon=":material/error:")
        return False


def about_this(run: Outcome | None) -> bool:
    """Whether an outcome is about the boundary that is chosen now."""
    if run is None or choice is None:
        return False
    wanted = run.settings
    key = (getattr(wanted, "boundary", None), wanted.metal, str(wanted.potential))
    return key == (choice.word, choice.metal, str(choice.potential))


with places.news:
    if pressed and settings is not None and submit(settings, slot):
        state["seen"] = None
        st.rerun()
    runs = {
        run.noun: run
        for name in (SLOTS[SAMPLED], SLOTS[SEARCHED], SLOT)
        if (run := outcome_of(name)) and about_this(run)
    }
    own = outcome_of(slot)
    if source in (SAMPLED, SEARCHED):
        own = own if about_this(own) else None
    elif own is not None and own.settings != settings:
        own = None
    if source == UPLOADED:
        runs = {} if own is None else {own.noun: own}
    for name in {slot, SLOT}:
        job = work.current(name)
        if job and not job.ended:
            work.watch(name, stage(name, mark(outcome_of(name))))
        elif job and name == slot:
            work.show_end(job)
        elif name == slot and work.was_dropped(slot):
            st.info("The server has dropped this result to make room; the same settings make the same again.")

look = what_is_seen(dataset, runs, own)
with places.stage:
    numbers = st.container()
    drawn = bench.show_look()
    try:
        with numbers:
            if look.seen is not None and dataset is not None:
                file = f"{metal.lower()}-{dataset.about['twist']}-structure{look.seen}"
                results.show_built(dataset.atoms(look.seen), metal, drawn, file)
            elif look.run is not None:
                results.show_outcome(look.run, look.index, drawn)
            elif source == SAMPLED and isinstance(settings, BoundaryRequest):
                results.show_ends(ends(settings), drawn)
            elif source == UPLOADED:
                results.show_upload(uploaded, metal, drawn)
            elif isinstance(settings, BuildRequest):
                results.show_built(built(settings), metal, drawn, settings.stem)
            elif choice is not None:
                example = BuildRequest(**asked_of(choice), gap=0.3)
                results.show_built(built(example), metal, drawn, example.stem)
    except (ValueError, CheckpointError) as error:
        st.error(str(error), icon=":material/error:")
    with st.container(horizontal=True, gap="small"):
        if state["seen"] is not None and own is not None and own.before:
            words = "Back to the candidates" if source == SAMPLED else "Back"
            st.button(words, icon=":material/arrow_back:", on_click=state.update, kwargs={"seen": None})
        relaxing = False
        if look.seen is not None and source != CHOSEN:
            relaxing = st.button("Relax this one", icon=":material/compress:", key="relax_seen")
    if relaxing and choice and submit(ChosenRequest(**asked_of(choice), structure=look.seen or 0), SLOT):
        state["seen"] = ("variant", 0)
        st.rerun()
    if look.run is not None and look.run is own and source in (SAMPLED, SEARCHED):
        results.say_old(own, settings)

with places.plot:
    window = window_of(choice.boundary.slug, metal) if choice and dataset is not None else None
    title = f"{metal} {choice.boundary.title}" if choice else "this boundary"
    results.show_energies(dataset, look.mark, runs, window, title)
    if source == UPLOADED:
        st.caption("Your slab, once it is relaxed.")
    elif dataset is None:
        st.caption(f"No search of {title} came with this installation: only your own are drawn.")
    else:
        filled = f", filled from {window[0]:g} to {window[1]:g} J/m²" if window else ""
        st.caption(f"{len(dataset)} structures that the search found{filled}.")

with places.table:
    if look.run is not None and look.seen is None:
        if isinstance(look.run, RepaintRun):
            st.caption(f"{look.run.title}; 0 is the slab itself")
        if look.run.noun != "variant":
            results.show_summary(look.run, dataset)
        table.show_run(look.run, look.index)
    elif own is not None and own.before:
        table.show_run(own, -1)
    elif dataset is not None:
        table.show_search(dataset, look.seen)

with st.expander("Files and how to make it again", icon=":material/download:", key="gb_drawer"):
    left, right = st.columns(2, gap="medium")
    if look.seen is not None and dataset is not None:
        files.show_seen(dataset, look.seen)
    elif look.run is not None:
        with left:
            files.show_files(look.run, look.index)
        with right:
            files.show_recipe(look.run, look.index)
    else:
        st.caption("Once something is relaxed, or a structure of the search is picked.")
to_address()
