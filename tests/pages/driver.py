"""What the tests of single pages share: a page run without a browser, and the figures it shows."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import plotly.io as pio
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app.py"
SOON = 120.0  # seconds; none of them is meant to be spent


def open_app(page: str, **query: str) -> AppTest:
    """The app on one of its pages, opened through a link with that query."""
    app = AppTest.from_file(str(APP), default_timeout=SOON)
    app.run()
    app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    """The app, which has not failed."""
    assert not app.exception, app.exception
    return app


def numbers(app: AppTest) -> dict[str, str]:
    """The metrics shown, by their labels."""
    return {metric.label: metric.value for metric in app.metric}


def component(app: AppTest, name: str) -> dict[str, Any]:
    """The data of the one browser component of that name."""
    (found,) = (c.proto for c in app.get("bidi_component") if c.proto.component_name.endswith(name))
    return json.loads(found.json)


def on_stage(app: AppTest) -> list[dict[str, Any]]:
    """What the stage of the Grain boundaries page draws: a title and a scene a panel."""
    return component(app, "gcd_stage")["panels"]


def on_map(app: AppTest) -> dict[str, Any]:
    """What the map of the Grain boundaries page draws."""
    return component(app, "gcd_map")


def bond_order(app: AppTest) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the one figure of q4 and q6 shows: (N, 2) atoms, and the ideal crystals' rings by their names."""
    figures = [pio.from_json(chart.proto.spec) for chart in app.get("plotly_chart")]
    (figure,) = (f for f in figures if str(f.layout.xaxis.title.text).startswith("q<sub>4"))
    points, rings = [], {}
    for trace in figure.data:
        places = np.column_stack([_array(trace.x), _array(trace.y)])
        if trace.text is None:
            points.append(places)
        else:
            rings |= dict(zip(trace.text, places, strict=True))
    return np.concatenate(points), rings


def _array(values) -> np.ndarray:
    """Numbers of a figure as it is sent: a list, or plotly's bytes."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"])).astype(float)
    return np.asarray(values, float)
