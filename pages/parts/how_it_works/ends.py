"""Why the ends are enough: a boundary that was never learnt, painted between two grains that say which it is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gcd.checkpoints import ManyBoundariesCheckpoint, read_checkpoint
from gcd.generate import boundary_models
from gcd.generate.record import record_boundary
from gcd.generate.recording import Recording
from gcd.structures.boundary_names import find_boundary
from gcd.views.diffusion import cells_figure
from gcd.views.style import config
from pages.shared import status
from pages.shared.reproduce import show_python

BOUNDARIES = (
    ("s13-320-001", "W"),
    ("sigma29", "W"),
    ("s9-114-110", "W"),
    ("s5-310-001", "Ta"),
    ("s5-310-001", "W"),
)
EVALUATIONS = 8
AROUND = 9  # voxel layers beyond the painted ones that are drawn


@st.cache_data(max_entries=8, show_spinner="Painting")
def painted(boundary: str, metal: str, seed: int, sha256: str) -> Recording:
    """One candidate with every step of its way; computed anew for other weights."""
    return record_boundary(boundary, model="any", metal=metal, seed=seed, evaluations=EVALUATIONS, order=1)


def cut(recording: Recording, step: int, layers: tuple[int, int]) -> np.ndarray:
    """(X, Z) atoms a voxel of one layer of y, around what is painted: the state, or at the last step the result."""
    low, high = layers
    around = slice(max(0, low - AROUND), high + AROUND)
    state = recording.state[step, :, 0, around].astype(float) / 255
    return np.asarray((2 * state - 1) * recording.reach)


@st.fragment
def show_ends() -> None:
    """Two grains, noise between them, and what the network makes of it."""
    st.markdown(
        "A model of many boundaries is never told which boundary it paints. It is shown the **clean voxels of the two "
        "grains** at every step, and they say all there is to know: how either crystal is turned, how they are shifted "
        "against each other, how much room there is. So it can paint a boundary that it has never seen: only the "
        "grains have to be of a kind that it knows."
    )
    options = {f"{metal} {find_boundary(name).title}": (name, metal) for name, metal in BOUNDARIES}
    found = boundary_models(*BOUNDARIES[0]).get("any")
    if found is None or status.DECODER not in status.installation().checkpoints:
        st.warning(
            "There is no model of many boundaries here: put one under `checkpoints/`.",
            icon=":material/inventory_2:",
        )
        return
    left, right = st.columns([3, 1], gap="small", vertical_alignment="bottom")
    name, metal = options[left.selectbox("Boundary", list(options), key="ends_boundary", bind="query-params")]
    seed = int(right.number_input("Seed", 0, 9999, 0, key="ends_seed", bind="query-params"))
    checkpoint = read_checkpoint(found)
    assert isinstance(checkpoint, ManyBoundariesCheckpoint)
    if checkpoint.has_learnt(find_boundary(name), metal):
        st.badge("learnt", icon=":material/school:", color="blue")
    else:
        st.badge("never seen", icon=":material/travel_explore:", color="green")
    recording = painted(name, metal, seed, checkpoint.sha256)
    low, high = recording.about["layers"]
    step = int(st.slider("Step", 0, EVALUATIONS, EVALUATIONS // 2, key="ends_step", bind="query-params"))
    given = cut(recording, 0, (low, high)).copy()
    inside = slice(min(low, AROUND), min(low, AROUND) + high - low)
    given[:, inside] = 0.0
    shown = (
        ("What is given: the ends", given, "ends"),
        (f"What is painted, at step {step} of {EVALUATIONS}", cut(recording, step, (low, high)), "state"),
        ("What comes out", cut(recording, EVALUATIONS, (low, high)), "result"),
    )
    top = float(np.abs(shown[2][1]).max())
    for column, (title, values, key) in zip(st.columns(3, gap="medium"), shown, strict=True):
        with column:
            st.markdown(title, text_alignment="center")
            st.plotly_chart(
                cells_figure(values, top=top, height=420), key=f"ends_{key}",
                config=config(f"{name}-{key}", only_download=True),
                alt=f"{title}: one layer of voxels across the boundary {metal} {name}",
            )  # fmt: skip
    st.caption(
        f"One layer of voxels, the boundary across the middle; {high - low} of the layers are painted. "
        f"{len(recording.atoms[-1])} atoms were painted, [n] = {recording.about['n']:.3g}; how many there would be, "
        "nobody said. What is painted is a proposal: its energy is known after relaxation."
    )
    show_python(
        "from gcd.generate.record import record_boundary\n\n"
        f'recording = record_boundary("{name}", model="any", metal="{metal}", seed={seed}, '
        f"evaluations={EVALUATIONS}, order=1)\nprint(recording.counts)"
    )
