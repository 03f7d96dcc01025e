"""The pages that teach and take structures, in a real browser; no network."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser


def test_a_dragged_particle_changes_the_voxels_and_the_address(open_page, shoot):
    page = open_page("/how_it_works?particles=1%202;%204.5%204.5")
    board = page.locator(".playground .board")
    board.locator("circle").nth(1).wait_for()
    cells = board.locator("text")
    assert cells.nth(8 * 1 + 2).text_content() == "1.00"
    box = board.bounding_box()
    cell = box["width"] / 8
    page.mouse.move(box["x"] + 1.5 * cell, box["y"] + 5.5 * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + 3 * cell, box["y"] + 2 * cell, steps=4)
    page.mouse.up()
    page.wait_for_url("**particles=2.5*")
    page.get_by_text("2.0000").first.wait_for()
    assert shoot(board, "playground").std() > 5
    board.locator("circle").first.press("Delete")
    page.get_by_text("1.0000").first.wait_for()
    assert page.refused == []


# A step is drawn in the event that asks for it; the browser shows it with its next frame.
SCRUB = """(film) => {
  const scrub = film.querySelector(".scrub"), times = []
  for (let n = 0; n < 50; n++) {
    const begun = performance.now()
    scrub.value = (n * 7) % (Number(scrub.max) + 1)
    scrub.dispatchEvent(new Event("input"))
    if (film.dataset.step !== scrub.value) throw new Error("another step is shown")
    film.querySelector(".solid").getContext("2d").getImageData(0, 0, 1, 1)
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)
}"""


def test_scrubbing_a_film_draws_each_step_at_once(open_page, shoot):
    page = open_page("/denoising?recording=FCC&step=3")
    page.locator(".film[data-step='3']").wait_for()
    times = page.locator(".film").evaluate(SCRUB)
    logging.getLogger(__name__).warning(
        "scrub to picture: median %.0f ms, longest %.0f ms", times[25], times[-1]
    )
    page.locator(".film .scrub").fill("4")
    page.wait_for_url("**step=4*")
    assert shoot(page.locator(".film .solid"), "film-solid").std() > 5
    assert shoot(page.locator(".film .curves"), "film-curves").std() > 5
    shoot(page, "denoising-1280-light")
    page.set_viewport_size({"width": 390, "height": 1900})
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(1500)
    main = page.locator("main")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    shoot(page, "denoising-390-dark")
    assert page.refused == []


def test_a_film_is_looked_at_as_its_address_says(open_page, shoot):
    how = "step=5&level=12&atoms=false&slices=state&layer_2=3&turned=0.2"
    page = open_page(f"/denoising?film_of=Boundary&boundary=window&{how}")
    film = page.locator(".film[data-step='5']")
    film.wait_for()
    assert film.locator(".level").input_value() == "12"
    assert film.locator(".slices input").nth(1).input_value() == "3"
    assert film.locator("input[value=state]").is_checked()
    assert not film.locator(".atoms").is_checked()
    film.locator(".level").fill("20")
    page.wait_for_url("**level=20*")
    film.locator(".slices input").first.fill("7")
    page.wait_for_url("**layer_1=7*")
    film.locator(".atoms").check()
    page.wait_for_url("**atoms=true*")
    page.reload()
    film.wait_for()
    assert film.locator(".level").input_value() == "20"
    assert film.locator(".slices input").first.input_value() == "7"
    assert film.locator(".atoms").is_checked()
    assert shoot(film.locator(".solid"), "film-boundary").std() > 5
    assert page.refused == []
