"""Curves: what is drawn is what was given, with units on the axes and the ideal crystal marked."""

from __future__ import annotations

import numpy as np
import pytest

from gcd.analysis.steinhardt import steinhardt
from gcd.structures.crystals import PHASES, ideal_crystal
from gcd.views.curves import MAX_POINTS, loss_figure, rdf_figure, steinhardt_figure
from gcd.views.style import config


def named(figure, name):
    (trace,) = (trace for trace in figure.data if trace.name == name)
    return trace


def test_rdf_shows_its_curves_and_the_shells_within_reach():
    r, g = np.linspace(0, 5, 50), np.random.default_rng(0).random(50) * 4
    figure = rdf_figure({"generated": (r, g)}, shells=[(2.0, 8), (2.3, 6), (9.0, 12)])
    np.testing.assert_allclose(named(figure, "generated").y, g)
    labels = named(figure, "neighbours in the shell")
    assert list(labels.text) == ["8", "6"]
    assert labels.y[1] > labels.y[0] or labels.x[1] - labels.x[0] > 0.25
    assert figure.layout.xaxis.title.text == "distance r (Å)"


def test_crowded_shell_labels_are_staggered():
    r = np.linspace(0, 10, 50)
    heights = named(
        rdf_figure({"a": (r, r)}, shells=[(5.0, 1), (5.1, 2), (5.2, 3), (8.0, 4)]), "neighbours in the shell"
    ).y
    assert heights[0] == heights[2] == heights[3] < heights[1]


def test_rdf_of_nothing_is_an_empty_figure():
    figure = rdf_figure({"generated": (np.zeros(0), np.zeros(0))}, shells=[(2.0, 8)])
    assert len(named(figure, "generated").x) == 0


def test_steinhardt_marks_the_ideal_phase():
    points = (np.full(10, 0.5), np.full(10, 0.6))
    figure = steinhardt_figure({"generated": points}, neighbours=8, phase="bcc")
    ideal = named(figure, "ideal")
    assert (ideal.x[0], ideal.y[0]) == pytest.approx((PHASES["bcc"].q4, PHASES["bcc"].q6), abs=1e-6)
    assert [trace.name for trace in figure.data] == [
        "generated",
        "ideal",
    ]  # eight of FCC's twelve say nothing


def test_steinhardt_marks_every_crystal_by_the_rule_of_the_points():
    crystals = {name: steinhardt(ideal_crystal(name, 3), (4, 6), "voronoi") for name in PHASES}
    points = {name: (q[4], q[6]) for name, q in crystals.items()}
    rings = named(steinhardt_figure(points, neighbours="voronoi"), "ideal crystals")
    for name, x, y in zip(rings.text, rings.x, rings.y, strict=True):
        q4, q6 = points[name.lower()]
        assert (x, y) == pytest.approx((q4.mean(), q6.mean()), abs=1e-6)
    assert len(rings.text) == len(PHASES)


def test_steinhardt_thins_many_points():
    many = np.random.default_rng(0).random(9 * MAX_POINTS + 1)
    assert (
        len(named(steinhardt_figure({"generated": (many, many)}, neighbours="voronoi"), "generated").x)
        <= MAX_POINTS
    )


def test_losses_are_logarithmic_unless_told_otherwise():
    steps = np.arange(1, 5)
    assert loss_figure({"train": (steps, 1.0 / steps)}).layout.yaxis.type == "log"
    assert loss_figure({"train": (steps, 1.0 / steps)}, log=False).layout.yaxis.type == "linear"


@pytest.mark.parametrize("button", ["sendChartToCloud", "sendDataToCloud"])
def test_no_button_uploads_a_figure(button):
    assert button in config()["modeBarButtonsToRemove"]
