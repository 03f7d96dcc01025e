"""Colours and layout that every figure shares.

Backgrounds are transparent and text takes the colour of the page's theme, so that one figure reads on light and dark.
The colours of lines are Okabe and Ito's (told apart by colour-blind readers), in tones that stand out on both.
"""

from __future__ import annotations

from typing import Any

GENERATED = "#2E86C1"  # blue: what a model made
IDEAL = "#E08E0B"  # orange: the perfect crystal
OTHERS = ("#D5602A", "#1E9E77", "#B5679C", "#7A8B8B")  # vermilion, green, purple, grey: further curves
ATOM_RING = "#5FD4E8"  # cyan: decoded atoms on top of voxels

# Magma: perceptually even, dark for empty; reads without colour, too. Written out because Streamlit's theme takes the
# first colours of the built-in one (#000004) for place holders of its own and replaces them.
VOXEL_SCALE = [
    [i / 8, colour]
    for i, colour in enumerate(
        ("#02010a", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fbfcbf")
    )
]
# For atoms coloured by a value: blue, sand, vermilion stay apart for colour-blind readers and on light and dark ground.
VALUE_SCALE = ["#3A8DC8", "#E9DDB0", "#D1500B"]

# What stays out of the bar of buttons on a figure: the first uploads the figure to a stranger's server.
HIDDEN_BUTTONS = ("sendChartToCloud", "sendDataToCloud", "select2d", "lasso2d", "autoScale2d")


MOVING_BUTTONS = ("zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d")


def config(file_name: str = "figure", *, only_download: bool = False) -> dict[str, Any]:
    """Options for showing a figure: no share button, no logo, and a named, sharp image to download.

    ``only_download`` leaves out the buttons that zoom and pan, for small figures whose title they would cover.
    """
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": [*HIDDEN_BUTTONS, *(MOVING_BUTTONS if only_download else ())],
        "showSendToCloud": False,
        "toImageButtonOptions": {"format": "png", "filename": file_name, "scale": 3},
        "responsive": True,
    }


BUTTONS = 32  # pixels at the top of a figure; a phone always shows its buttons there


def layout(**changes: Any) -> dict[str, Any]:
    """Layout options common to the figures, with ``changes`` on top; the legend lies below the buttons."""
    height = float(changes.get("height", 360))
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": BUTTONS + 4, "b": 8},
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "yref": "container", "y": 1 - BUTTONS / height,
            "yanchor": "top",
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#8A9A9A", "activecolor": "#1F8F94"},
        "hoverlabel": {"align": "left"},
    } | changes  # fmt: skip


def colour_bar(title: str) -> dict[str, Any]:
    """A flat colour bar along the bottom of a figure, below the axis and its title."""
    return {
        "orientation": "h", "thickness": 10, "outlinewidth": 0, "yref": "container", "y": 0.0, "yanchor": "bottom",
        "nticks": 5, "title": {"text": title, "side": "bottom"},
    }  # fmt: skip
