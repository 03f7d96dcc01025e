"""The page that compares both models as a reader meets it: a real server, a real browser, no network."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

DRAWN = ".duet[data-drawn]"
VIEWS = "gcdDuetGrid[0].map((viewer) => viewer.getView().slice(4))"
QUICK = "/particle_or_voxel?phase=SC&steps=20"


@pytest.fixture(scope="module", autouse=True)
def both_models():
    from gcd.checkpoints import available

    if not {"particle-sc", "crystal-sc", "decoder"} <= set(available()):
        pytest.skip("no particle-sc, crystal-sc and decoder")


def run_both(page):
    page.get_by_role("button", name="Run both").click()
    page.get_by_text("Radial distribution").wait_for()
    page.locator(DRAWN).wait_for()
    page.wait_for_timeout(2000)  # the first picture of a software renderer


def colours(pixels: np.ndarray) -> float:
    """Share of a picture that is neither its ground nor grey."""
    ground = np.median(pixels.reshape(-1, 3), axis=0)
    return float((np.abs(pixels - ground).max(axis=2) > 40).mean())


def test_both_crystals_are_drawn_turned_together_and_played(open_page, shoot):
    page = open_page(f"{QUICK}&sigma=0.1", width=1280, height=1000)
    run_both(page)
    pixels = shoot(page.locator(".duet .stage"), "duet-1-both")
    left, right = np.array_split(pixels, 2, axis=1)
    assert min(colours(left), colours(right)) > 0.03
    shoot(page, "duet-2-page")

    stage = page.locator(".duet .stage").bounding_box()
    x, y = stage["x"] + stage["width"] / 4, stage["y"] + stage["height"] / 2
    before = page.evaluate(VIEWS)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 30, steps=4)
    page.mouse.up()
    page.wait_for_timeout(1000)
    turned = page.evaluate(VIEWS)
    assert turned[0] == pytest.approx(turned[1], abs=1e-6)
    assert turned[0] != pytest.approx(before[0], abs=1e-2)

    counts = page.locator(".duet .count")
    assert counts.all_inner_texts()[0].startswith("64 atoms")
    page.get_by_role("slider", name="step").fill("0")
    page.wait_for_timeout(800)
    voxel, particle = counts.all_inner_texts()
    assert int(voxel.split()[0]) < 64  # the voxel model's atoms appear on the way
    assert particle.startswith("64 atoms")
    page.get_by_role("button", name="play").click()
    for _ in range(100):
        if int(page.locator(".duet").get_attribute("data-step")) > 3:
            break
        page.wait_for_timeout(100)
    assert int(page.locator(".duet").get_attribute("data-step")) > 3
    assert page.refused == []
