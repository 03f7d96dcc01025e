"""Grain boundaries: sample, build or search for them, or bring a slab; relax it, compare before and after."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from ase import Atoms

from gcd.checkpoints import CheckpointError
from gcd.generate import boundary_models
from gcd.jobs import Job
from gcd.requests import BoundaryRequest, BuildRequest, ChosenRequest, Request
from gcd.views.boundaries import SEARCH, Points
from pages.parts.boundaries import choice as choices
from pages.parts.boundaries import controls, files, results
from pages.parts.boundaries.choice import Choice, choose_boundary
from pages.parts.boundaries.controls import BUILT, CHOSEN, SAMPLED, SEARCHED, UPLOADED
from pages.parts.boundaries.data import dataset_of, window_of
from pages.parts.boundaries.outcome import Outcome
from pages.parts.boundaries.relax_forms import building, choosing
from pages.parts.boundaries.run import METAL_CHOICES, run_relaxation, structures_of
from pages.parts.boundaries.sample_form import sampling
from pages.parts.boundaries.sampling import check_for_page, run_sampling
from pages.parts.boundaries.search import run_search
from pages.parts.boundaries.search_form import searching
from pages.parts.boundaries.upload_form import uploading
from pages.shared import frame, work
from pages.viewers.painting import show_painting

frame.enter()

# one job at a time of each kind is kept
SLOTS = {SAMPLED: "boundary_samples_job", SEARCHED: "boundary_search_job", UPLOADED: "boundary_upload_job"}
SLOT = "boundaries_job"
# J/m2: what a diamond of the plot covers; plotly takes the smaller of two marks under the pointer
HIDDEN = 0.035
REDRAW_SECONDS = 3.0  # between two drawings of the whole page while a job runs
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
    """Before the page runs again: no more atoms than the new boundary has in a plane."""
    state["change"] = 0
    address()


def address() -> None:
    """Keep what a click on the plot can choose in the address, by hand: bound widgets do not see it."""
    source = state["source"]
    wanted = {"source": source}
    if state.get("boundary_from", choices.LIST) == choices.LIST and "boundary" in state:
        wanted["boundary"] = str(state["boundary"])
    if source == CHOSEN:
        wanted["structure"] = str(state["structure"])
    elif source == SAMPLED and state["seen_structure"] is not None:
        wanted["structure"] = str(state["seen_structure"])
    elif source == SAMPLED and state["picked"] is not None:
        wanted["candidate"] = str(state["picked"])
    st.query_params.pop("twist", None)  # of older links; boundary says it now
    for name in ("source", "boundary", "structure", "candidate"):
        if name not in wanted:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]


def from_address() -> None:
    """What the address says, once, when the page is opened."""

    def number(name: str) -> int | None:
        text = st.query_params.get(name, "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    structure = number("structure")
    source = st.query_params.get("source")
    if source not in controls.SOURCES:
        source = CHOSEN if structure is not None else SAMPLED if boundary_models() else BUILT
    state["source"] = source
    state.update(choices.from_address(st.query_params))
    state["structure"] = structure or 0
    state["seen_structure"] = structure if source == SAMPLED else None  # of the search, while sampling
    state["picked"] = number("candidate")  # candidate that the reader wants to see; None: the best so far


def candidate_over(index: int) -> int | None:
    """The candidate drawn over a structure of the search, where one hides it: that is what the reader has clicked."""
    run, dataset = outcome_of(SLOTS[SAMPLED]), dataset_of(state.get("boundary", ""), state["metal"])
    if run is None or dataset is None or not same_boundary(run.settings):
        return None
    n, egb = run.energies()
    apart = np.where(np.abs(n - dataset.n[index]) < 1e-3, np.abs(egb - dataset.egb[index]), np.inf)
    apart = np.nan_to_num(apart, nan=np.inf)
    return int(apart.argmin()) if apart.min(initial=np.inf) < HIDDEN else None


def choose() -> None:
    """A point of the plot was clicked: show that structure."""
    points = state["energies"]["selection"]["points"]
    chosen = [point["customdata"] for point in points if len(point.get("customdata") or ()) == 2]
    if not chosen:
        return
    kind, index = chosen[0][0], int(chosen[0][1])
    if kind == SEARCH and (above := candidate_over(index)) is not None:
        kind, index = "candidate", above
    if kind == "candidate":
        state["source"], state["picked"], state["seen_structure"] = SAMPLED, index, None
    elif kind in ("variant", "proposal"):
        state[f"picked_{kind}"] = index
    elif state["source"] == SAMPLED:
        state["seen_structure"] = index
    else:
        state["source"], state["structure"] = CHOSEN, index
    address()


def pick(noun: str) -> None:
    """The slider was moved."""
    state["picked" if noun == "candidate" else f"picked_{noun}"] = state[f"slider_{noun}"]
    address()


def leave_search(source: str) -> None:
    """Back from a structure of the search, to the candidates or to relaxing it."""
    if source == CHOSEN:
        state["structure"] = state["seen_structure"]
    state["source"], state["seen_structure"] = source, None
    address()


def outcome_of(slot: str) -> Outcome | None:
    """What a job has left, or has finished so far."""
    job = work.current(slot)
    return None if job is None else job.result if job.ended else job.kept


def mark(run: Outcome | None) -> tuple[int, int]:
    """Changes whenever there is more to show."""
    return (0, 0) if run is None else (len(run.before), run.finished)


def stage(slot: str, shown: tuple[int, int]) -> Callable[[Job], None]:
    """What to draw while a job runs; when there is more to show, the whole page is drawn again, now and then."""
    state["drawn_at"] = time.monotonic()

    def draw(job: Job) -> None:
        if job.preview is not None:
            show_painting(job.preview, key=f"{slot}_stage", run=job.id)
        if mark(job.kept) != shown and time.monotonic() - state["drawn_at"] > REDRAW_SECONDS:
            st.rerun()

    return draw


def index_of(run: Outcome, picked: int | None) -> int:
    """The structure that is looked at: the one picked, else the best; a slider where there are several."""
    last = len(run.before) - 1
    index = run.best if picked is None else min(picked, last)
    if last > 0:
        key = f"slider_{run.noun}"
        state[key] = index
        st.slider(run.noun.capitalize(), 0, last, key=key, on_change=pick, args=(run.noun,))
    return index


if "source" not in state:
    from_address()
st.title("Grain boundaries")
st.caption(
    "Let a diffusion model paint new boundaries, build one, search for its structures, or bring a slab of your own. "
    "Relax it, and see what it costs and how its atoms rearrange."
)
source = st.segmented_control(
    "Boundary", list(controls.SOURCES), required=True, format_func=lambda kind: controls.SOURCES[kind], key="source",
    on_change=address, label_visibility="collapsed",
)  # fmt: skip
panel, show = st.columns([5, 9], gap="medium")


def same_boundary(settings: Any) -> bool:
    """Whether a job was about the boundary that is chosen now."""
    if choice is None:
        return False
    key = (getattr(settings, "boundary", None), settings.metal, str(settings.potential))
    return key == (choice.word, choice.metal, str(choice.potential))


settings: Request | None = None
uploaded: Sequence[Atoms] = ()
pressed = False
with panel, st.container(border=True):
    choice: Choice | None = choose_boundary(METAL_CHOICES, other_boundary, geometry=source != UPLOADED)
    try:
        if choice is None:
            pass
        elif source == SAMPLED:
            settings, pressed = sampling(choice, st.container())
        elif source == BUILT:
            settings, pressed = building(choice, st.container())
        elif source == SEARCHED:
            settings, pressed = searching(choice, st.container())
        elif source == UPLOADED:
            settings, uploaded, pressed = uploading(choice.potential, st.container())
        else:
            settings, pressed = choosing(choice, st.container(), address)
    except (ValueError, CheckpointError) as error:
        st.error(str(error), icon=":material/error:")
    if choice is not None:
        controls.say_engine(choice.potential)
metal = choice.metal if choice else "W"
dataset = dataset_of(choice.boundary.slug, metal) if choice and choice.potential is None else None
slot = SLOTS.get(str(source), SLOT)


def submit(wanted: Any) -> Job | None:
    """The job of a request."""
    if isinstance(wanted, BoundaryRequest):
        label = f"{wanted.count} x {wanted.boundary} {metal}"
        return work.submit(slot, run_sampling, label=label, wanted=check_for_page(wanted))
    if source == SEARCHED:
        return work.submit(slot, run_search, label=f"search {wanted.boundary} {metal}", wanted=wanted)
    return work.submit(slot, run_relaxation, label=f"relax {wanted.stem}", wanted=wanted, uploaded=uploaded)


with show:
    if pressed and settings is not None:
        try:
            if submit(settings):
                state["picked" if source == SAMPLED else "picked_variant"] = None
                state["picked_proposal"] = None
                state["seen_structure"] = None
                address()
                st.rerun()
        except (ValueError, CheckpointError) as error:
            st.error(str(error), icon=":material/error:")
    sampled, searched = (outcome_of(SLOTS[kind]) for kind in (SAMPLED, SEARCHED))
    sampled = sampled if sampled is not None and same_boundary(sampled.settings) else None
    searched = searched if searched is not None and same_boundary(searched.settings) else None
    relaxed = outcome_of(SLOTS[UPLOADED] if source == UPLOADED else SLOT)
    if relaxed is not None and relaxed.settings != settings:
        relaxed = None
    run = sampled if source == SAMPLED else searched if source == SEARCHED else relaxed
    job = work.current(slot)
    if job and not job.ended:
        with st.container(border=True):
            work.watch(slot, stage(slot, mark(outcome_of(slot))))
    elif job:
        work.show_end(job)
    elif work.was_dropped(slot):
        st.info("The server has dropped this result to make room; the same settings make the same again.")

    index, seen = 0, None
    ring: tuple[float, float] | None = None
    try:
        with st.container(border=True):
            place = st.container()
            look = results.show_look()
            with place:
                if source == SAMPLED and state["seen_structure"] is not None and dataset is not None:
                    seen = min(state["seen_structure"], len(dataset) - 1)
                    ring = (float(dataset.n[seen]), float(dataset.egb[seen]))
                    st.markdown(f"**Structure {seen} of the search**, as the search left it")
                    results.show_built(dataset.atoms(seen), metal, look)
                    with st.container(horizontal=True):
                        back = "Back to the candidates" if run and run.before else "Back"
                        st.button(back, icon=":material/arrow_back:", on_click=leave_search, args=(SAMPLED,))
                        st.button(
                            "Relax this one",
                            icon=":material/compress:",
                            on_click=leave_search,
                            args=(CHOSEN,),
                        )
                elif run is not None and run.before:
                    if source in (SAMPLED, SEARCHED):
                        results.show_summary(run, dataset)
                    picked = state["picked"] if source == SAMPLED else state.get(f"picked_{run.noun}")
                    index = index_of(run, picked)
                    n, egb = (float(values[index]) for values in run.energies())
                    ring = (n, egb)
                    results.show_outcome(run, index, look)
                elif source == SAMPLED and isinstance(settings, BoundaryRequest):
                    if not (job and not job.ended):
                        results.show_ends(ends(settings), look)
                elif source == UPLOADED:
                    results.show_upload(uploaded, metal, look)
                elif isinstance(settings, BuildRequest | ChosenRequest):
                    atoms = built(settings)
                    if source == CHOSEN:
                        ring = (atoms.info["n"], atoms.info["egb"])
                    results.show_built(atoms, metal, look)
                elif choice is not None:
                    example = BuildRequest(**controls.asked_of(choice), gap=0.3)
                    results.show_built(built(example), metal, look)
    except (ValueError, CheckpointError) as error:
        st.error(str(error), icon=":material/error:")

st.header("Energy against [n]", anchor="energies")
title = choice.boundary.title if choice else "this boundary"
window = window_of(choice.boundary.slug, metal) if choice and dataset is not None else None
if source == UPLOADED:
    st.caption("Your slab, once it is relaxed.")
elif dataset is None:
    st.caption(f"No search of {metal} {title} came with this installation: only your own are drawn.")
else:
    filled = f", filled from {window[0]:g} to {window[1]:g} J/m²" if window else ""
    st.caption(f"{len(dataset)} structures that the search found{filled}. Click a point to see it above.")
others = {}
if source != UPLOADED:
    if sampled is not None:
        others["sampled"] = Points("candidate", *sampled.energies(), lowest=True)
    if searched is not None:
        others["searched here"] = Points("proposal", *searched.energies(), lowest=True)
if relaxed is not None:
    others["relaxed here"] = Points("variant", *relaxed.energies())
results.show_energies(None if source == UPLOADED else dataset, ring, others, choose, window)
if seen is not None and dataset is not None:
    st.header("Take it home", anchor="downloads")
    files.show_seen(dataset, seen)
elif run is not None and run.before:
    if len(run.before) > 1:
        results.show_table(run)
    st.header("Take it home", anchor="downloads")
    left, right = st.columns(2, gap="medium")
    with left:
        files.show_files(run, index)
    with right:
        files.show_recipe(run, index)
