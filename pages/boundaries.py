"""Grain boundaries: build a twist boundary or pick one that the search found, relax it, compare before and after."""

from dataclasses import asdict

import streamlit as st

from gcd.energetics import lammps
from gcd.jobs import Job
from gcd.limits import MAX_PAGE_BOUNDARIES, MAX_SEED
from gcd.structures.bicrystals import TWISTS, metal_phase
from pages.parts import boundary_results as results
from pages.parts import frame, work
from pages.parts.boundary_run import (
    BUILT,
    CHOSEN,
    METAL_CHOICES,
    BoundaryRun,
    BoundarySettings,
    build_boundary,
    dataset_of,
    run_relaxation,
    twist_edge,
)

frame.enter()

SLOT = "boundaries_job"


@st.cache_data(max_entries=32, show_spinner=False)
def built(settings: dict) -> object:
    """The first boundary of these settings, before relaxation."""
    return build_boundary(BoundarySettings(**settings), 0)


def other_boundary() -> None:
    """Before the page runs again: no more atoms than the new twist has in a plane."""
    state = st.session_state
    most = TWISTS[state["twist"]].atoms_per_plane(metal_phase(state["metal"]).name)
    if abs(state.get("change", 0)) > most:
        state["change"] = max(-most, min(most, state["change"]))


def address() -> None:
    """Keep the chosen structure in the address, by hand: bound widgets do not see that a click on the plot set them."""
    if st.session_state["source"] == CHOSEN:
        st.query_params["structure"] = str(st.session_state["structure"])
    else:
        st.query_params.pop("structure", None)


def choose() -> None:
    """A point of the plot was clicked: show that structure."""
    points = st.session_state["energies"]["selection"]["points"]
    indices = [point["customdata"] for point in points if "customdata" in point]
    if indices:
        index = indices[0][0] if isinstance(indices[0], list) else indices[0]
        st.session_state["structure"] = int(index)
        st.session_state["source"] = CHOSEN
        address()


def stage(job: Job) -> None:
    """Nothing to see while it relaxes but the progress."""


st.title("Grain boundaries")
st.caption(
    "Build a (100) twist boundary, or pick one that the search has found. Relax it, and see what it costs and how its "
    "atoms rearrange."
)
controls, show = st.columns([4, 8], gap="large")

with controls, st.container(border=True):
    twist = st.selectbox(
        "Twist", list(TWISTS), format_func=lambda name: TWISTS[name].title, key="twist", bind="query-params",
        on_change=other_boundary,
    )  # fmt: skip
    metal = st.selectbox(
        "Metal",
        METAL_CHOICES,
        index=METAL_CHOICES.index("W"),
        format_func=lambda symbol: f"{symbol} ({metal_phase(symbol).name})",
        key="metal",
        bind="query-params",
        on_change=other_boundary,
        help="Zhou, Johnson and Wadley's embedded-atom potential of 2004.",
    )
    dataset = dataset_of(twist, metal)
    source = BUILT
    if dataset is not None:
        linked = st.query_params.get("structure", "")
        st.session_state.setdefault("source", CHOSEN if linked.isdecimal() else BUILT)
        st.session_state.setdefault("structure", int(linked) if linked.isdecimal() else 0)
        source = st.segmented_control(
            "Boundary",
            [BUILT, CHOSEN],
            required=True,
            format_func={BUILT: "Build one", CHOSEN: "From the search"}.get,
            key="source",
            on_change=address,
        )
    per_plane = TWISTS[twist].atoms_per_plane(metal_phase(metal).name)
    options = {}
    if source == CHOSEN:
        st.session_state["structure"] = min(st.session_state["structure"], len(dataset) - 1)
        options["structure"] = st.number_input(
            "Structure", 0, len(dataset) - 1, key="structure", on_change=address,
            help="Sorted by [n] and energy. A click on a point of the plot below picks it, too.",
        )  # fmt: skip
    else:
        options["change"] = st.number_input(
            "Atoms put in (taken out, if negative)",
            -per_plane, per_plane, 0, key="change", bind="query-params",
            help=f"Of the first plane of the upper grain, which has {per_plane}; [n] follows.",
        )  # fmt: skip
        options["random_shift"] = st.toggle(
            "Random shift of the upper grain", value=False, key="random", bind="query-params"
        )
        left, right = st.columns(2)
        options["shift"] = tuple(
            column.number_input(
                f"Shift along {axis}", 0.0, 1.0, 0.0, step=0.05, key=f"shift_{axis}", bind="query-params",
                disabled=options["random_shift"],
                help=f"Of the upper grain, in edges of the cell ({twist_edge(twist, metal):.3f} Å).",
            )
            for axis, column in zip("xy", (left, right), strict=True)
        )  # fmt: skip
        options["gap"] = st.number_input(
            "Gap (Å)", -0.2, 3.0, 0.3, step=0.1, key="gap", bind="query-params",
            help="By which the grains are lifted apart beyond the spacing of their planes.",
        )  # fmt: skip
    left, right = st.columns(2)
    options["push"] = left.number_input(
        "Push (Å)", 0.0, 1.0, 0.0, step=0.1, key="push", bind="query-params",
        help="Atoms near the boundary are moved at random by up to this much.",
    )  # fmt: skip
    options["variants"] = right.number_input(
        "Variants", 1, MAX_PAGE_BOUNDARIES, 1, key="variants", bind="query-params",
        help="Each with its own choice of atoms, push and random shift.",
    )  # fmt: skip
    options["seed"] = st.number_input("Seed", 0, MAX_SEED, 0, key="gb_seed", bind="query-params")
    pressed = st.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
    if (reason := lammps.missing()) is not None:
        st.caption(f"{reason} Relaxation is done in torch instead, which is slower.")

settings = BoundarySettings(source=source, twist=twist, metal=metal, **options)
run: BoundaryRun | None = None
index = 0

with show:
    if pressed:
        try:
            label = f"{settings.variants} x {settings.twist} {settings.metal}"
            if work.submit(SLOT, run_relaxation, label=label, settings=asdict(settings.checked())):
                st.rerun()
        except ValueError as error:
            st.error(str(error), icon=":material/error:")
    job = work.current(SLOT)
    if job and not job.ended:
        with st.container(border=True):
            work.watch(SLOT, stage)
    elif job and work.show_end(job):
        run = job.result if job.result.settings == settings else None
    try:
        look = None
        with st.container(border=True):
            place = st.container()
            look = results.show_look()
            with place:
                if run is not None:
                    if len(run.after) > 1:
                        index = (
                            st.slider("Variant", 1, len(run.after), run.best + 1, key=f"variant_{job.id}") - 1
                        )
                    results.show_relaxed(run, index, look)
                else:
                    results.show_built(built(asdict(settings.checked())), metal, look)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")

st.header("Energy against [n]", anchor="energies")
if dataset is None:
    st.caption(
        f"No search of {metal} {TWISTS[twist].title} came with this installation: only your own are drawn."
    )
else:
    st.caption(
        f"{len(dataset)} structures that the search found, filled from 2.6 to 2.8 J/m². Click one to see it above."
    )
results.show_energies(dataset, settings.structure if source == CHOSEN else None, run, choose)
if run is not None:
    if len(run.after) > 1:
        results.show_table(run)
    st.header("Take it home", anchor="downloads")
    left, right = st.columns(2, gap="medium")
    with left:
        results.show_files(run, index)
    with right:
        results.show_recipe(run.settings, index, run.engine)
