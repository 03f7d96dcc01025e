"""Home: one button that makes a crystal now, what each page is for, and what is installed."""

import secrets

import streamlit as st

from gcd.jobs import Job
from gcd.requests import CrystalRequest
from gcd.structures.crystals import PHASES
from gcd.views.atoms import scene
from pages.parts.home import pictures
from pages.shared import frame, status, work
from pages.shared.crystal_run import CrystalRun, run_crystals
from pages.viewers import condense
from pages.viewers.atoms import show_atoms

frame.enter()

SLOT = "home_job"
STAGE_HEIGHT = 430
TURNS = ("bcc", "fcc", "sc")  # one after the other, as often as the button is pressed

here = status.installation()
phases = [name for name in TURNS if name in here.phases]
pressed_before = st.session_state.setdefault("home_turns", 0)
phase = phases[pressed_before % len(phases)] if phases else None
job = work.current(SLOT)


def settings_now() -> CrystalRequest:
    """A small crystal of the phase whose turn it is, from a seed of this moment."""
    assert phase is not None
    return CrystalRequest(phase, seed=secrets.randbelow(1_000_000))


def stage(running: Job) -> None:
    """Noise until the first estimate arrives, then the voxels as they condense."""
    if running.preview is None:
        condense.show_noise(key="home_stage")
    else:
        condense.show_live(running.preview, key="home_stage")


def show_crystal(run: CrystalRun) -> None:
    """The finished crystal and the few numbers that say how good it is."""
    (sample,) = run.samples
    atoms = sample.atoms
    show_atoms(scene(atoms), key="home_atoms", height=STAGE_HEIGHT)


def show_numbers(run: CrystalRun) -> None:
    """The few numbers that say how good it is, and where to go on."""
    (sample,) = run.samples
    s, info = run.settings, sample.atoms.info
    verdict = (
        ":green-badge[:material/check: perfect crystal]" if sample.perfect else ":orange-badge[not perfect]"
    )
    st.markdown(f"{verdict} {PHASES[s.phase].title}, {s.element}, seed {s.seed}")
    with st.grid(3, min_column_width=100):
        st.metric(
            "Atoms", len(sample.atoms), help=f"The ideal crystal of this cell has {info['expected_atoms']}."
        )
        st.metric(
            "Off site",
            f"{100 * sample.rms_displacement:.1f} %",
            help="Rms, of the nearest-neighbour distance.",
        )
        st.metric("Made in", f"{info['seconds']:.1f} s")
    st.page_link(
        "pages/crystals.py",
        label="Look closer on the Crystals page",
        icon=":material/arrow_forward:",
        query_params=s.to_address(),
    )


words, show = st.columns([6, 7], gap="large")
with words:
    st.space("medium")
    st.title("Crystals out of noise")
    st.markdown(
        "A diffusion model on voxels starts from plain noise and lets a crystal condense out of it. "
        "The atoms are not placed: they appear, and how many there are is for the model to decide."
    )
    pressed = st.button(
        "Make another crystal" if job and job.ended else "Make a crystal now",
        icon=":material/auto_awesome:",
        type="primary",
        key="make",
        disabled=phase is None or bool(job and not job.ended),
    )
    if phase is None:
        st.warning(status.missing_sentence(here.missing), icon=":material/inventory_2:")
    if pressed and phase is not None:
        wanted = settings_now()
        st.session_state["home_turns"] += 1
        job = work.submit(SLOT, run_crystals, label=f"{wanted.phase} 4x4x4", wanted=wanted)
        st.rerun()
    numbers = st.container()

with show, st.container(border=True, height="content"):
    if job and not job.ended:
        work.watch(SLOT, stage)
    elif job and work.show_end(job):
        show_crystal(job.result)
        with numbers:
            show_numbers(job.result)
    else:
        condense.show_noise(key="home_stage")
        st.caption("Random noise: what every crystal here starts from.", text_alignment="center")

st.header("What you can do here", anchor="pages")
with st.grid("auto", min_column_width=300):
    for card in pictures.PAGES:
        with st.container(border=True, height="stretch"):
            st.image(card.picture, width="stretch", alt=card.alt)
            st.page_link(card.page.path, label=f"**{card.page.title}**", icon=card.page.icon)
            st.markdown(card.purpose)
    with st.container(border=True, height="stretch"):
        st.code(pictures.PYTHON, language="python", wrap_lines=True)
        st.code(pictures.COMMAND, language="bash", wrap_lines=True)
        st.markdown("**Python and the command line**")
        st.markdown(
            "Everything that the pages do, by the same code: put it in a script, a notebook or a queue on a cluster. "
            "Each result on a page comes with the line that makes it again."
        )

st.header("This installation", anchor="installation")
status.show_details()
