"""Denoising: a structure's way from noise, recorded step by step, to scrub and to play."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from gcd.checkpoints import CheckpointError
from gcd.generate.recording import Recording, load_recording
from gcd.jobs import Job
from gcd.structures.crystals import PHASES
from pages.parts.denoising.form import FORMS
from pages.parts.denoising.run import (
    BOUNDARY,
    PARTICLES,
    VOXELS,
    check_recording,
    python_of,
    run_recording,
)
from pages.shared import frame, status, work
from pages.shared.reproduce import show_python
from pages.viewers.film import film_name, show_film

frame.enter()

SLOT = "denoising_job"
OWN = "My own"
SHIPPED = Path(__file__).parent / "parts" / "denoising" / "recordings"
# kind -> what its films are called, and the files they are in
FILMS = {
    VOXELS: {phase.upper(): phase for phase in PHASES},
    PARTICLES: {phase.upper(): f"particle-{phase}" for phase in PHASES},
    BOUNDARY: {model: f"boundary-{model}" for model in ("window", "full")},
}
KEYS = {VOXELS: "recording", PARTICLES: "particles", BOUNDARY: "boundary"}
here = status.installation()


@st.cache_resource(max_entries=4, show_spinner=False)
def shipped(name: str) -> Recording:
    """A recording that comes with the app."""
    return load_recording(SHIPPED / f"{name}.npz")


def films(kind: str) -> dict[str, str]:
    """The films of a kind that came with this copy: what each is called, and its file."""
    return {title: name for title, name in FILMS[kind].items() if (SHIPPED / f"{name}.npz").is_file()}


def nothing(_: Job) -> None:
    """The progress bar says it all."""


def choose_own(kind: str) -> Recording | None:
    """A recording made here, of the settings asked for; None as long as there is none."""
    with st.form("own"):
        st.caption("Like the last structure that you made, unless changed; any can be followed step by step.")
        settings = FORMS[kind](here)
        pressed = st.form_submit_button(
            "Record", type="primary", icon=":material/movie:", key="record", disabled=settings is None
        )
    if pressed and settings is not None:
        try:
            check_recording(kind, settings)
            what = settings.get("phase") or settings["twist"]
            if work.submit(SLOT, run_recording, label=f"film of {what}", kind=kind, settings=settings):
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
    if not work.show_end(job):
        return None
    return job.result if job.result.about["kind"] == kind else None


def numbers(recording: Recording) -> dict[str, str]:
    """What is worth a large figure."""
    about, counts = recording.about, recording.counts
    if about["kind"] == PARTICLES:
        settled = next(
            (float(t) for t, share in zip(recording.t, recording.matched, strict=True) if share >= 0.9), 0.0
        )
        return {
            "Atoms, always": str(counts[-1]),
            "90 % settled at t": f"{settled:.2f}",
            "Perfect crystal": "yes" if about["perfect"] else "no",
        }
    if about["kind"] == BOUNDARY:
        return {
            "Painted atoms": str(counts[-1]),
            "Most on the way": str(counts.max()),
            "[n]": f"{about['n']:.3f}",
        }
    first = next((float(t) for t, atoms in zip(recording.t, recording.atoms, strict=True) if len(atoms)), 0.0)
    return {
        "Atoms at the end": str(counts[-1]),
        "Most on the way": str(counts.max()),
        "First atoms at t": f"{first:.2f}",
    }


def facts(recording: Recording) -> str:
    """What was recorded, and what the curves count."""
    about = recording.about
    cells = "×".join(map(str, about["size"] if "size" in about else about["repeats"]))
    what = [film_name(about), f"{cells} cells", f"seed {about['seed']}"]
    if about["kind"] == PARTICLES:
        sigma = about["initial_sigma"]
        start = (
            "random positions"
            if sigma is None
            else f"the ideal crystal under noise of {sigma:g} lattice constants"
        )
        what += [f"{about['steps']} steps of the {str(about['sampler']).upper()} from {start}"]
    else:
        spacing = about["spacing" if about["kind"] == VOXELS else "time_spacing"]
        what += [f"{about['evaluations']} evaluations of order {about['order']}, steps even in {spacing}"]
    if about["kind"] == BOUNDARY:
        what[2] += f", candidate {about['index']}"
        if not about["physical"]:
            what.append("not physical at the end: the Grain boundaries page would paint it again")
    region = " of the painted region" if about["kind"] == BOUNDARY else ""
    return (
        f"{', '.join(what)}; weights {about['checkpoint']}, sha256 {str(about['sha256'])[:16]}. An atom is in place "
        f"within a tenth of a bond length of one of the final structure; a voxel{region} is occupied above 0.05 atoms."
    )


st.title("Denoising")
st.caption(
    "Scrub through a structure's way from noise. At every step: what the model expects to come of it, what it has in "
    "hand, and the atoms. The voxel models fix no number of atoms: they appear and vanish. The particle model moves "
    "those that it was given."
)
kind = str(
    st.segmented_control(  # options are what the address bar shows, so they need no other words
        "Model", [kind.capitalize() for kind in FILMS], default=VOXELS.capitalize(), required=True, key="film_of",
        bind="query-params",
    )
).lower()  # fmt: skip
titles = films(kind)
source = str(
    st.segmented_control(
        "Recording", [*titles, OWN], default="BCC" if "BCC" in titles else next(iter(titles), OWN), required=True,
        key=KEYS[kind], bind="query-params", help="Some were recorded in advance; or record one of your own.",
    )
)  # fmt: skip
recording = choose_own(kind) if source == OWN else shipped(titles[source])

if recording is not None:
    with st.container(border=True):
        show_film(recording, key="film")
    left, right = st.columns(2, gap="medium")
    with left:
        with st.grid(3, min_column_width=110):
            for label, value in numbers(recording).items():
                st.metric(label, value)
        st.caption(facts(recording))
    with right:
        show_python(python_of(recording.about))
