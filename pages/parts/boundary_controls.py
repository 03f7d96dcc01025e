"""The controls of the Grain boundaries page, one function for each place that a boundary can come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gcd.energetics import lammps
from gcd.energetics.zhou2004 import lattice_constant
from gcd.generate import boundary_models
from gcd.generate.boundaries import model_of
from gcd.limits import MAX_EVALUATIONS, MAX_PAGE_BOUNDARIES, MAX_PAGE_CANDIDATES, MAX_SEED
from gcd.structures.bicrystal_ends import MIN_PAINTED, PAINTED
from gcd.structures.bicrystals import TWISTS, metal_phase
from pages.parts.boundary_run import (
    BUILT,
    CHOSEN,
    METAL_CHOICES,
    SAMPLED,
    BoundarySettings,
    dataset_of,
    twist_edge,
)
from pages.parts.boundary_sampling import REPEATS, SampleSettings, recommended

SOURCES = {
    SAMPLED: ":material/auto_awesome: Sample",
    BUILT: ":material/construction: Build",
    CHOSEN: ":material/search: From search",
}
MAX_PAINTED = 40.0  # Å; the slab leaves a little more
RANDOM = "Drawn for each candidate, near that of a structure that the model has learnt from."
KNOWN_MODELS = ("window", "full")  # in this order; others come after them


def pair() -> Any:
    """Room for controls two by two, or one by one where it is narrow."""
    return st.grid(2, min_column_width=100, gap="small")


def choose_twist(on_change: Callable[[], None]) -> tuple[str, str]:
    """Twist and metal."""
    twist = st.selectbox(
        "Twist", list(TWISTS), format_func=lambda name: TWISTS[name].title, key="twist", bind="query-params",
        on_change=on_change,
    )  # fmt: skip
    metal = st.selectbox(
        "Metal",
        METAL_CHOICES,
        index=METAL_CHOICES.index("W"),
        format_func=lambda symbol: f"{symbol} ({metal_phase(symbol).name})",
        key="metal",
        bind="query-params",
        on_change=on_change,
        help="Zhou, Johnson and Wadley's embedded-atom potential of 2004.",
    )
    return twist, metal


def sampling(twist: str, metal: str) -> tuple[SampleSettings | None, bool]:
    """What to sample, and whether the button was pressed; None, with a sentence, where no model is there."""
    models = boundary_models(twist, metal)
    if not models:
        title = TWISTS[twist].title
        name = f"boundary-{metal.lower()}-{twist}"
        st.warning(
            f"No model of {metal} {title} is here (a checkpoint like {name}-full under `checkpoints/`): build one, or "
            "choose a boundary that has a model.",
            icon=":material/inventory_2:",
        )
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
    best = recommended(model, twist, metal)
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
            help="Copies of the twist's cell along x and y. The model was trained on 1×1.",
        )  # fmt: skip
    options["repeats"] = REPEATS[cells]
    options["shift"] = _shift(twist, metal, default=True)
    a = lattice_constant(metal)
    if st.toggle(
        "Random spacing of the grains", value=True, key="free_spacing", bind="query-params", help=RANDOM
    ):  # fmt: skip
        options["spacing"] = None
    else:
        options["spacing"] = st.number_input(
            "Spacing (Å)", -round(a / 2, 2), round(a / 2, 2), 0.0, step=0.1, key="spacing", bind="query-params",
            help="By which the upper grain is lifted beyond perfect stacking. Planes repeat every "
            f"{a / 2:.2f} Å, so more would be the same ends with a plane more.",
        )  # fmt: skip
    pressed = st.button(
        "Sample and relax",
        type="primary",
        icon=":material/auto_awesome:",
        key="sample_button",
        width="stretch",
    )
    return SampleSettings(twist, metal, model, **options), pressed


def trained_on(model: str, checkpoint: str) -> str:
    """One sentence on what a model has seen."""
    learnt = model_of("", "", "", checkpoint).learnt
    seen = f"Trained on {len(learnt.n)} structures"
    low, high = learnt.window
    if low is not None and high is not None:
        return f"{seen} of {low:g} to {high:g} J/m² alone: it has never seen a boundary of low energy."
    return f"{seen} of every energy that the search found." if model == "full" else f"{seen}."


def building(twist: str, metal: str) -> tuple[BoundarySettings, bool]:
    """What to build and relax, and whether the button was pressed."""
    per_plane = TWISTS[twist].atoms_per_plane(metal_phase(metal).name)
    options: dict[str, Any] = {
        "change": st.number_input(
            "Atoms put in (taken out, if negative)",
            -per_plane, per_plane, 0, key="change", bind="query-params",
            help=f"Of the first plane of the upper grain, which has {per_plane}; [n] follows.",
        )
    }  # fmt: skip
    shift = _shift(twist, metal, default=False)
    options["random_shift"] = shift is None
    options["shift"] = shift or (0.0, 0.0)
    options["gap"] = st.number_input(
        "Gap (Å)", -0.2, 3.0, 0.3, step=0.1, key="gap", bind="query-params",
        help="By which the grains are lifted apart beyond the spacing of their planes.",
    )  # fmt: skip
    return _relaxing(BUILT, twist, metal, options)


def choosing(twist: str, metal: str, on_change: Callable[[], None]) -> tuple[BoundarySettings | None, bool]:
    """Which structure of the search to relax, and whether the button was pressed; None where there is no search."""
    dataset = dataset_of(twist, metal)
    if dataset is None:
        st.info(
            f"No search of {metal} {TWISTS[twist].title} came with this installation: build a boundary instead.",
            icon=":material/search_off:",
        )
        return None, False
    st.session_state["structure"] = min(st.session_state["structure"], len(dataset) - 1)
    structure = st.number_input(
        "Structure", 0, len(dataset) - 1, key="structure", on_change=on_change,
        help="Sorted by [n] and energy. A click on a point of the plot below picks it, too.",
    )  # fmt: skip
    return _relaxing(CHOSEN, twist, metal, {"structure": structure})


def _shift(twist: str, metal: str, *, default: bool) -> tuple[float, float] | None:
    """The upper grain's shift along x and y in edges of the cell; None: at random."""
    random = st.toggle(
        "Random shift of the upper grain", value=default, key="free_shift" if default else "random",
        bind="query-params", help=RANDOM if default else None,
    )  # fmt: skip
    if random:
        return None
    with pair():
        x, y = (
            st.number_input(
                f"Shift along {axis}", 0.0, 1.0, 0.0, step=0.05, key=f"shift_{axis}", bind="query-params",
                help=f"Of the upper grain, in edges of the cell ({twist_edge(twist, metal):.3f} Å).",
            )
            for axis in "xy"
        )  # fmt: skip
    return x, y


def _relaxing(source: str, twist: str, metal: str, options: dict[str, Any]) -> tuple[BoundarySettings, bool]:
    """The controls that building and choosing share."""
    with pair():
        options["push"] = st.number_input(
            "Push (Å)", 0.0, 1.0, 0.0, step=0.1, key="push", bind="query-params",
            help="Atoms near the boundary are moved at random by up to this much.",
        )  # fmt: skip
        options["variants"] = st.number_input(
            "Variants", 1, MAX_PAGE_BOUNDARIES, 1, key="variants", bind="query-params",
            help="Each with its own choice of atoms, push and random shift.",
        )  # fmt: skip
    options["seed"] = st.number_input("Seed", 0, MAX_SEED, 0, key="gb_seed", bind="query-params")
    pressed = st.button("Relax", type="primary", icon=":material/compress:", key="relax", width="stretch")
    return BoundarySettings(source, twist, metal, **options), pressed


def say_engine() -> None:
    """Without LAMMPS, say so and what is done instead."""
    if (reason := lammps.missing()) is not None:
        st.caption(f"{reason} Relaxation is done in torch instead, which is slower.")
