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

    page.locator(".duet .stage").focus()
    page.keyboard.press("ArrowLeft")
    by_key = page.evaluate(VIEWS)
    assert by_key[0] == pytest.approx(by_key[1], abs=1e-6)
    assert by_key[0] != pytest.approx(turned[0], abs=1e-2)

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


def sigma(page):
    return page.get_by_role("slider", name="Noise on the crystal")


def said(page) -> str:
    return page.locator("[data-testid=stMain]").inner_text()


def test_sigma_changes_the_result_and_the_link_restores_it(open_page):
    page = open_page(f"{QUICK}&sigma=0.1&seed=3&sampler=SDE", height=1000)
    run_both(page)
    assert said(page).count("perfect crystal") == 2
    assert "ideal crystal + σ = 0.1 a" in said(page)
    sigma(page).press("End")
    page.get_by_role("button", name="Run both").click()
    page.get_by_text("ideal crystal + σ = 0.8 a").wait_for()
    page.get_by_text("--initial-sigma 0.8 \\ --sampler sde --steps 20").wait_for()
    assert said(page).count("perfect crystal") == 1  # the voxel model's
    assert "sigma=0.8" in page.url

    again = open_page("/particle_or_voxel" + page.url[page.url.index("?") :], height=1000)
    sigma(again).wait_for()
    assert sigma(again).input_value() == "0.8"
    assert again.get_by_label("Seed").input_value() == "3"
    assert again.get_by_label("Steps").input_value() == "20"
    run_both(again)
    assert "ideal crystal + σ = 0.8 a" in said(again)
    assert said(again).count("perfect crystal") == 1


def test_cancel(open_page):
    page = open_page("/particle_or_voxel?phase=SC&steps=1000&start=Random", height=1000)
    page.get_by_role("button", name="Run both").click()
    page.get_by_text("Particle model: step").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled. Nothing was kept.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(open_page, shoot, scheme):
    page = open_page(f"{QUICK}&sigma=0.1", width=390, height=844, scheme=scheme)
    run_both(page)
    stage = page.locator(".duet .stage")
    stage.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    shoot(page, f"duet-3-phone-{scheme}")
    left, right = np.array_split(shoot(stage, f"duet-4-phone-stage-{scheme}"), 2, axis=1)
    assert min(colours(left), colours(right)) > 0.03
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
