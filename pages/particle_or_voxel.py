"""Particle or voxel: the same phase from both models, side by side, and how much disorder each can undo."""

import numpy as np
import streamlit as st

from gcd.checkpoints import CheckpointError
from gcd.jobs import Job
from gcd.limits import MAX_EVALUATIONS, MAX_RESTARTS, MAX_SEED
from gcd.requests import ParticleRequest
from gcd.structures.crystals import PHASES, lattice_constant_of
from pages.parts.particle_or_voxel.results import show_both, show_comparison
from pages.parts.particle_or_voxel.run import check_for_page, run_duet
from pages.shared import frame, status, work
from pages.viewers.duet import show_duet

frame.enter()

SLOT = "duet_job"
RANDOM, NOISY = "Random", "Crystal + noise"
SAMPLERS = {"ODE": "ode", "SDE": "sde", "Restart": "restart"}

here = status.installation()
phases = [phase for phase in here.phases if f"particle-{phase}" in here.checkpoints]


def stage(job: Job) -> None:
    """Both models as far as they are."""
    if job.preview is not None:
        show_duet(job.preview, key="duet_stage")
    else:
        st.caption("Loading the models …")


st.title("Particle or voxel")
st.caption(
    "A particle model moves a fixed number of atoms; the voxel model lets atoms appear and vanish until a crystal is "
    "there. Give the particle model as much help as you like, and see from which disorder on it gets stuck."
)
controls, show = st.columns([5, 10], gap="medium")

with controls, st.container(border=True):
    with st.form("duet", border=False):
        names = [phase.upper() for phase in phases or PHASES]
        phase = st.segmented_control(
            "Phase", names, default=names[0], required=True, key="phase", bind="query-params"
        )
        st.markdown("**Particle model**")
        start = st.segmented_control(
            "Start from",
            [NOISY, RANDOM],
            default=NOISY,
            required=True,
            key="start",
            bind="query-params",
            help="The voxel model always starts from plain noise.",
        )
        sigma = st.slider(
            "Noise on the crystal σ (lattice constants)",
            0.0, 0.8, 0.3, 0.05, key="sigma", bind="query-params",
            help="Every coordinate of every atom of the ideal crystal is displaced at random by σ. Not used when it "
            "starts from random positions.",
        )  # fmt: skip
        sampler = st.segmented_control(
            "Sampler", list(SAMPLERS), default="ODE", required=True, key="sampler", bind="query-params",
            help="Probability-flow ODE, reverse SDE, or the ODE with restarts: back into noise and down again, as "
            "often as given below.",
        )  # fmt: skip
        left, right = st.columns(2, gap="small")  # row by row, so that a phone keeps their order
        steps = left.number_input("Steps", 1, MAX_EVALUATIONS, 128, key="steps", bind="query-params")
        seed = right.number_input("Seed", 0, MAX_SEED, 0, key="seed", bind="query-params")
        left, right = st.columns(2, gap="small")
        restarts = left.number_input(
            "Restarts", 1, MAX_RESTARTS, ParticleRequest.restarts, key="restarts", bind="query-params",
            help="Of the restart sampler, with 25 steps each. 64 back to t = 0.5 heal what four to 0.4 leave.",
        )  # fmt: skip
        back_to = right.number_input(
            "Back to t", 0.05, 1.0, ParticleRequest.restart_time, 0.05, key="restart_time", bind="query-params",
            help="The time, from 0 to 1, that the restart sampler goes back to.",
        )  # fmt: skip
        pressed = st.form_submit_button(
            "Run both", type="primary", icon=":material/compare:", key="run", width="stretch"
        )
    if not phases:
        lacking = [f"particle-{name}" for name in PHASES if f"particle-{name}" not in here.checkpoints]
        st.warning(status.missing_sentence(here.missing + lacking), icon=":material/inventory_2:")

with show:
    if pressed:
        try:
            wanted = ParticleRequest(
                str(phase).lower(),
                initial_sigma=None if start == RANDOM else float(np.round(sigma, 3)),
                sampler=SAMPLERS[str(sampler)],
                steps=int(steps),
                seed=int(seed),
                restarts=int(restarts),
                restart_time=float(np.round(back_to, 3)),
            )
            if work.submit(SLOT, run_duet, label=wanted.stem, wanted=check_for_page(wanted, phases)):
                st.rerun()
        except (ValueError, CheckpointError) as error:
            st.error(str(error), icon=":material/error:")
    job = work.current(SLOT)
    if job and not job.ended:
        with st.container(border=True):
            work.watch(SLOT, stage)
    elif job and work.show_end(job):
        show_both(job.result)
    else:
        if work.was_dropped(SLOT):
            st.info("The server has dropped this result to make room; the same settings make the same again.")
        a = lattice_constant_of(str(phase).lower())
        st.info(
            f"Press **Run both**: {PHASES[str(phase).lower()].title.lower()}, a = {a:.3f} Å, 4×4×4 cells, from both "
            "models; you can play how each came about.",
            icon=":material/compare:",
        )

if job and job.state == "done":
    show_comparison(job.result)
