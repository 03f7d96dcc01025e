"""The workbench's frame: controls, stage, map and table on one screen, each in its place at every width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# The bench begins below the page's title and the row of sources; what is below the stage is the table.
TABLE_HEIGHT = 164  # pixels
STAGE_HEIGHT = "clamp(15rem, calc(100vh - 30.5rem), 44rem)"
MAP_HEIGHT = "clamp(14rem, calc(100vh - 30.5rem), 46rem)"
NARROW = "64rem"  # of the window: below it everything stands in one column

_STYLE = f"""<style>
[data-testid="stMainBlockContainer"]:has(.st-key-gb_bench) {{ padding: 3.9rem 1.1rem 1rem; max-width: none; }}
.st-key-gb_head h1 {{ font-size: 1.5rem; padding: 0; white-space: nowrap; }}
.st-key-gb_head {{ align-items: center; }}
.st-key-gb_bench [data-testid="stMetricValue"] {{ font-size: 1.05rem; line-height: 1.3; }}
.st-key-gb_bench [data-testid="stMetricLabel"] {{ font-size: 0.75rem; }}
.st-key-gb_bench [data-testid="stMetricDelta"] {{ font-size: 0.75rem; }}
.st-key-gb_bench {{ align-items: stretch; gap: 0.8rem; flex-wrap: nowrap; }}
.st-key-gb_bench > div:has(> .st-key-gb_controls) {{ flex: 0 0 15.5rem; min-width: 0; width: 15.5rem; }}
.st-key-gb_bench > div:has(> .st-key-gb_main) {{ flex: 1 1 0; min-width: 0; }}
.st-key-gb_form {{ max-height: calc(100vh - 12.5rem); overflow-y: auto; overflow-x: hidden; padding: 2px 4px; }}
.st-key-gb_form, .st-key-gb_controls {{ gap: 0.5rem; }}
.st-key-gb_main {{ gap: 0.5rem; }}
.st-key-gb_top {{ gap: 0.8rem; flex-wrap: nowrap; align-items: flex-start; }}
.st-key-gb_top > div:has(> .st-key-gb_stage) {{ flex: 12 1 0; min-width: 0; }}
.st-key-gb_top > div:has(> .st-key-gb_plot) {{ flex: 5 1 0; min-width: 15rem; }}
.st-key-gb_stage, .st-key-gb_plot {{ gap: 0.35rem; }}
.st-key-gb_stage [data-testid="stMetric"] {{ padding: 0; }}
.st-key-gb_stage [data-testid="stButtonGroup"] button {{ min-height: 1.7rem; padding: 0.1rem 0.5rem;
  font-size: 0.8rem; }}
@media (max-width: {NARROW}) {{
  .st-key-gb_bench, .st-key-gb_top {{ flex-direction: column; flex-wrap: nowrap; }}
  .st-key-gb_bench > div:has(> .st-key-gb_controls), .st-key-gb_bench > div:has(> .st-key-gb_main),
  .st-key-gb_top > div:has(> .st-key-gb_stage), .st-key-gb_top > div:has(> .st-key-gb_plot) {{
    flex: none; width: 100%; }}
  .st-key-gb_form {{ max-height: none; }}
  .st-key-gb_head {{ flex-wrap: wrap; overflow-x: clip; }}
  .st-key-gb_head > * {{ max-width: 100%; overflow-x: auto; }}
  .st-key-gb_bench {{ overflow-x: clip; }}
}}
</style>"""
_WITHOUT_CONTROLS = """<style>.st-key-gb_bench > div:has(> .st-key-gb_controls) { display: none; }</style>"""


@dataclass(frozen=True)
class Bench:
    """Where things go."""

    button: DeltaGenerator  # the form's button, always in sight
    form: DeltaGenerator
    news: DeltaGenerator  # progress and what went wrong, over the stage
    stage: DeltaGenerator
    plot: DeltaGenerator
    table: DeltaGenerator


def lay_out(*, controls: bool) -> Bench:
    """The places of the workbench; without controls they are out of sight, and keep what was set."""
    st.html(_STYLE if controls else _STYLE + _WITHOUT_CONTROLS)
    bench = st.container(horizontal=True, key="gb_bench")
    panel = bench.container(key="gb_controls")
    button = panel.container()
    form = panel.container(key="gb_form")
    main = bench.container(key="gb_main")
    news = main.container()
    top = main.container(horizontal=True, key="gb_top")
    return Bench(
        button, form, news, top.container(key="gb_stage"), top.container(key="gb_plot"),
        main.container(key="gb_rows"),
    )  # fmt: skip


def show_look() -> dict[str, Any]:
    """How bicrystals are drawn: the controls, and what they say as arguments for the scene."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        part = st.segmented_control(
            "Show", ["boundary", "slab"], default="boundary", required=True, key="part",
            format_func={"boundary": "Boundary", "slab": "Whole slab"}.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        cells = st.segmented_control(
            "Repeat (display only)", [1, 2, 3], default=2, required=True, format_func=lambda n: f"{n}×{n}",
            key="cells", label_visibility="collapsed", help="Periodic copies in the plane, for display only.",
        )  # fmt: skip
        bonds = st.toggle(
            "Bonds", value=False, key="gb_bonds", help="Small balls and sticks; else spheres that touch."
        )
    return {"whole": part == "slab", "repeats": (int(cells or 1),) * 2, "bonds": bonds, "filling": not bonds}
