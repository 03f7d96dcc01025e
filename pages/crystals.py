"""Crystals: choose, watch the voxels condense, inspect against the ideal crystal, take home."""

from dataclasses import asdict

import streamlit as st

from gcd.checkpoints import CheckpointError
from gcd.generate import fast_settings
from gcd.jobs import Job
from gcd.limits import (
    MAX_CELLS_PER_AXIS,
    MAX_EVALUATIONS,
    MAX_LATTICE_CONSTANT,
    MAX_PAGE_COUNT,
    MAX_SEED,
    MIN_LATTICE_CONSTANT,
)
from gcd.requests import CrystalRequest
from gcd.structures.crystals import PHASES, lattice_constant_of
from gcd.views.voxels import FRAME_VOXELS, drawn_shape
from pages.parts.crystals.elements import ELEMENTS
from pages.parts.crystals.results import show_results
from pages.shared import frame, status, work
from pages.shared.crystal_run import check_for_page, run_crystals
from pages.viewers import condense

frame.enter()

SLOT = "crystals_job"
HOME_SLOT = "home_job"  # of the crystal made on Home, which its link asks to see here
FULL = {"evaluations": 60, "order": 3}

here = status.installation()


def refill(*, new_phase: bool) -> None:
    """Before the page runs again: the element that goes with the phase, the lattice constant that goes with both."""
    state = st.session_state
    if new_phase:
        state["element"] = PHASES[state["phase"].lower()].default_element
    state["a"] = lattice_constant_of(state["phase"].lower(), state["element"])


def stage(job: Job) -> None:
    """Noise until the first estimate arrives, then the voxels as they condense."""
    if job.preview is None:
        condense.show_noise(key="crystals_stage", shape=noise_shape)
    else:
        condense.show_live(job.preview, key="crystals_stage")


def latest(wanted: CrystalRequest | None) -> Job | None:
    """This page's job; but the one on Home, where that has made what the controls say and this page has not."""
    own, brought = work.current(SLOT), work.current(HOME_SLOT)
    if own is not None and (not own.ended or (own.result is not None and own.result.settings == wanted)):
        return own
    if brought is not None and brought.state == "done" and brought.result.settings == wanted:
        return brought
    return own


st.title("Crystals")
st.caption(
    "Generate crystals of one phase, watch them condense, and compare them with the ideal one, atom by atom."
)
controls, show = st.columns([5, 9], gap="medium")

with controls, st.container(border=True):
    phase = st.segmented_control(  # options are what the address bar shows, so they need no other words
        "Phase",
        [name.upper() for name in PHASES],
        default="BCC",
        required=True,
        key="phase",
        bind="query-params",
        on_change=refill,
        kwargs={"new_phase": True},
        help=", ".join(f"{name.upper()}: {entry.title.lower()}" for name, entry in PHASES.items()),
    )
    phase = str(phase).lower()
    element = st.selectbox(
        "Element",
        ELEMENTS,
        index=ELEMENTS.index(PHASES[phase].default_element),
        key="element",
        bind="query-params",
        on_change=refill,
        kwargs={"new_phase": False},
    )
    model = here.checkpoints.get(f"crystal-{phase}")
    fast = {n: fast_settings(model, (n, n, n)) for n in (4, 6, 8)}
    measured = ", ".join(f"{setting.evaluations} for {n}x{n}x{n}" for n, setting in fast.items() if setting)
    quality = st.segmented_control(
        "Sampling",
        ["Fast", "Full", "Custom"] if measured else ["Full", "Custom"],
        default="Full",
        required=True,
        key="sampling",
        bind="query-params",
        help="Full: 60 evaluations of the network a crystal, as in the paper. "
        + (f"Fast: the fewest that were measured to be as good, {measured}." if measured else ""),
    )
    with st.form("crystals", border=False):
        solver = FULL
        if quality == "Custom":
            left, right = st.columns([4, 5], gap="small")
            solver = {
                "evaluations": left.number_input(
                    "Evaluations", 1, MAX_EVALUATIONS, 60, key="nfe", bind="query-params",
                    help="A multiple of the solver's order.",
                ),
                "order": right.segmented_control(
                    "Solver order", [1, 2, 3], default=3, required=True, key="order", bind="query-params"
                ),
            }  # fmt: skip
        a = st.number_input(
            "Lattice constant (Å)",
            MIN_LATTICE_CONSTANT,
            MAX_LATTICE_CONSTANT,
            lattice_constant_of(phase, element),
            step=0.01,
            format="%.4f",
            key="a",
            bind="query-params",
            help="From tables. The model knows no lengths: it only scales the cell.",
        )
        nx, ny, nz = (
            int(
                column.number_input(
                    f"Cells {axis}", 1, MAX_CELLS_PER_AXIS, 4, key=f"n{axis}", bind="query-params"
                )
            )
            for axis, column in zip("xyz", st.columns(3, gap="small"), strict=True)
        )
        if quality == "Fast":
            found = fast_settings(model, (nx, ny, nz))
            solver = asdict(found) if found else FULL
        left, right = st.columns(2, gap="small")
        count = left.number_input("Samples", 1, MAX_PAGE_COUNT, 1, key="count", bind="query-params")
        seed = right.number_input("Seed", 0, MAX_SEED, 0, key="seed", bind="query-params")
        pressed = st.form_submit_button(
            "Generate", type="primary", icon=":material/auto_awesome:", key="generate", width="stretch"
        )
    if phase not in here.phases:
        needed = [name for name in here.missing if name in ("decoder", f"crystal-{phase}")]
        st.warning(status.missing_sentence(needed), icon=":material/inventory_2:")

settings, refused = None, ""
noise_shape: tuple[int, ...] = (20, 20, 20)
try:
    settings = CrystalRequest(
        phase, element, float(a), (nx, ny, nz), count, seed,
        evaluations=solver["evaluations"], order=solver["order"],
    )  # fmt: skip
    noise_shape = drawn_shape(settings.grid.shape, FRAME_VOXELS)
except ValueError as error:
    refused = str(error)

with show:
    if pressed and settings is None:
        st.error(refused, icon=":material/error:")
    elif pressed and settings is not None:
        try:
            check_for_page(settings, here.phases)
            label = f"{settings.count} x {settings.phase} {nx}x{ny}x{nz}"
            if work.submit(SLOT, run_crystals, label=label, wanted=settings):
                st.rerun()
        except (ValueError, CheckpointError) as error:
            st.error(str(error), icon=":material/error:")
    job = latest(settings)
    if job and not job.ended:
        with st.container(border=True):
            work.watch(SLOT, stage)
    elif not (job and work.show_end(job)):
        if work.was_dropped(SLOT):
            st.info(
                "The server has dropped this result to make room; the same settings make the same crystals again."
            )
        with st.container(border=True):
            condense.show_noise(key="crystals_stage", shape=noise_shape)
            st.caption("Random noise: press Generate and watch it condense.", text_alignment="center")

if job and job.state == "done":
    show_results(job.result, show)
