"""Denoising: a crystal's way from noise, recorded step by step, to scrub and to play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from gcd.checkpoints import CheckpointError
from gcd.generate.recording import Recording, load_recording
from gcd.jobs import Job
from gcd.limits import MAX_EVALUATIONS, MAX_SEED
from gcd.structures.crystals import PHASES
from pages.parts import frame, status, work
from pages.parts.film import show_film
from pages.parts.recording_run import MOST_CELLS, check_recording, run_recording
from pages.parts.reproduce import show_python

frame.enter()

SLOT = "denoising_job"
FILM = "film"
OWN = "My own"
SHIPPED = Path(__file__).parent / "recordings"
here = status.installation()


@st.cache_resource(max_entries=3, show_spinner=False)
def shipped(phase: str) -> Recording:
    """A recording that comes with the app."""
    return load_recording(SHIPPED / f"{phase}.npz")


def nothing(_: Job) -> None:
    """The progress bar says it all."""


def moved() -> None:
    """Where the film stands goes into the address bar."""
    step = getattr(st.session_state.get(FILM), "step", None)
    if isinstance(step, int):
        st.query_params["step"] = str(step)


def step_asked(last: int) -> int:
    """The step that the address asks for; the first one when it asks for none that there is."""
    asked = st.query_params.get("step", "")
    return int(asked) if asked.isdecimal() and len(asked) < 5 and int(asked) <= last else 0


def choose_own() -> Recording | None:
    """A recording made here, of the settings asked for; None as long as there is none."""
    last = work.current("crystals_job")
    like = last.result.settings if last and last.state == "done" and last.result is not None else None
    options = [name.upper() for name in here.phases]
    if not options:
        st.warning(status.missing_sentence(here.missing), icon=":material/inventory_2:")
        return None
    with st.form("own"):
        st.caption(
            "As your last crystal was made, unless changed."
            if like
            else "Any crystal can be followed step by step."
        )
        phase = st.segmented_control(
            "Phase", options, default=like.phase.upper() if like and like.phase.upper() in options else options[0],
            required=True, key="own_phase", bind="query-params",
        )  # fmt: skip
        cells = st.slider(
            "Cells along each edge", 1, MOST_CELLS, min(max(like.size), MOST_CELLS) if like else 4, key="own_cells",
            bind="query-params",
        )  # fmt: skip
        left, right = st.columns(2, gap="small")
        seed = left.number_input(
            "Seed", 0, MAX_SEED, like.seed if like else 0, key="own_seed", bind="query-params"
        )
        nfe = right.number_input("Evaluations", 1, MAX_EVALUATIONS, 30, key="own_nfe", bind="query-params")
        left, right = st.columns(2, gap="small")
        order = left.segmented_control(
            "Order", [1, 2, 3], default=1, required=True, key="own_order", bind="query-params"
        )
        spacing = right.segmented_control(
            "Steps even in", ["t", "lambda"], default="t", required=True, key="own_spacing", bind="query-params",
            help="The Crystals page steps evenly in lambda; evenly in t shows more of how atoms appear.",
        )  # fmt: skip
        pressed = st.form_submit_button("Record", type="primary", icon=":material/movie:", key="record")
    settings: dict[str, Any] = {
        "phase": str(phase).lower(), "cells": int(cells), "seed": int(seed), "evaluations": int(nfe),
        "order": int(order or 1), "spacing": str(spacing),
    }  # fmt: skip
    if pressed:
        try:
            check_recording(**settings)
            if work.submit(SLOT, run_recording, label=f"film of {settings['phase']}", **settings):
                st.rerun()
        except (ValueError, CheckpointError) as error:
            st.error(str(error), icon=":material/error:")
    job = work.current(SLOT)
    if job and not job.ended:
        work.watch(SLOT, nothing)
        return None
    if job is None:
        if work.was_dropped(SLOT):
            st.info("The server has dropped this recording to make room; the button makes it again.")
        return None
    return job.result if work.show_end(job) else None


st.title("Denoising")
st.caption(
    "Scrub through a crystal's way from noise. At every step: what the model expects the crystal to be, the "
    "noisy voxels "
    "it has in hand, and the atoms that the decoder would find. Their number is nowhere fixed: atoms appear and vanish."
)
source = str(
    st.segmented_control(
        "Recording", [*(name.upper() for name in PHASES), OWN], default="BCC", required=True, key="recording",
        bind="query-params", help="One crystal of each phase was recorded in advance; or record one of your own.",
    )
)  # fmt: skip
recording = choose_own() if source == OWN else shipped(source.lower())

if recording is not None:
    with st.container(border=True):
        show_film(recording, key=FILM, step=step_asked(len(recording.t) - 1), on_step=moved)
    about = recording.about
    left, right = st.columns(2, gap="medium")
    with left:
        final = len(recording.atoms[-1])
        first = next(
            (float(t) for t, atoms in zip(recording.t, recording.atoms, strict=True) if len(atoms)), 0.0
        )
        with st.grid(3, min_column_width=110):
            st.metric("Atoms at the end", final)
            st.metric("Most on the way", int(recording.counts.max()))
            st.metric("First atoms at t", f"{first:.2f}")
        st.caption(
            f"{str(about['phase']).upper()}, {'×'.join(map(str, about['size']))} cells, seed {about['seed']}, "
            f"{about['evaluations']} evaluations of order {about['order']}, steps even in {about['spacing']}; "
            f"weights {about['checkpoint']}, sha256 {str(about['sha256'])[:16]}. An atom is in place within a "
            "tenth of a "
            "bond length of one of the final crystal; a voxel is occupied above 0.05 atoms."
        )
    with right:
        show_python(
            "from gcd.generate.recording import record_crystal\n\n"
            f'recording = record_crystal(\n    "{about["phase"]}", size={tuple(about["size"])}, seed={about["seed"]},\n'
            f'    evaluations={about["evaluations"]}, order={about["order"]}, spacing="{about["spacing"]}",\n)\n'
            "print(recording.counts)"
        )
