"""The Grain boundaries page as a reader meets it: a real server, a real browser, no network.

Pictures are kept where $GCD_SCREENSHOTS says.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gcd.checkpoints import available
from gcd.search.dataset import DatasetError, load_dataset

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

MODEL = "boundary-w-sigma5-window"
DRAWN = ".viewer[data-drawn]"
MAP = ".st-key-gb_map canvas"
STAGE = ".st-key-gb_stage_view .viewer .stage"
DRAWER = "Files and how to make it again"
needs_model = pytest.mark.skipif(MODEL not in available(), reason=f"no checkpoint {MODEL}")
SAMPLE = "source=sample&model=window&candidates=4&gb_sampling=Custom&gb_nfe=12"
SAMPLING, RELAXING = "Sample and relax", "Relax"
AFTER = re.compile("^After")


@pytest.fixture
def dataset():
    """The dataset that comes with the repository."""
    try:
        return load_dataset()
    except DatasetError as error:
        pytest.skip(str(error))


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether a picture shows more than a ground and a few lines."""
    ground = np.median(pixels.reshape(-1, 3), axis=0)
    return float((np.abs(pixels - ground).max(axis=2) > 40).mean()) > 0.03


def drawn(page, number: int = 1) -> list[str]:
    """What the viewers show, as soon as so many of them have drawn."""
    page.locator(DRAWN).nth(number - 1).wait_for()
    page.wait_for_timeout(1500)  # the first picture of a software renderer
    return page.locator(DRAWN).evaluate_all("all => all.map(one => one.dataset.drawn)")


def redrawn(page, old: str) -> None:
    """Wait until the first viewer shows something else."""
    page.locator(f'{DRAWN}:not([data-drawn="{old}"])').first.wait_for()


def points(page, name: str) -> list[dict]:
    """The marks of one kind on the map, with their places in pixels of its canvas."""
    return page.evaluate(
        "name => (window.gcdMap?.marks ?? []).filter(m => window.gcdMap.data.groups[m.g].label === name)",
        name,
    )


def point_at(page, x: float, y: float) -> None:
    """Move the pointer to a place of the map, in pixels of its canvas."""
    canvas = page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)


def click_map(page, x: float, y: float) -> None:
    """Click a place of the map."""
    point_at(page, x, y)
    page.mouse.down()
    page.mouse.up()


def click_point(page, name: str, number: int) -> None:
    """Click one mark."""
    assert eventually(page, lambda: len(points(page, name)) > number)
    page.wait_for_timeout(500)  # until the page above has found its height
    mark = points(page, name)[number]
    click_map(page, mark["px"], mark["py"])


def open_drawer(page) -> None:
    page.get_by_text(DRAWER).click()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def eventually(page, check) -> bool:
    """Whether it holds within half a minute: what is seen follows what was done a little later."""
    for _ in range(60):
        if check():
            return True
        page.wait_for_timeout(500)
    return False


def wait_for_end(page) -> None:
    """A job that was seen running has ended."""
    page.get_by_role("progressbar").wait_for(state="detached")


def number_of(page, label: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has_text=label).first
    return metric.get_by_test_id("stMetricValue").inner_text().strip()


def download(page, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    found = waiting.value
    return found.suggested_filename, Path(found.path()).read_bytes()


def test_a_click_on_the_plot_draws_that_structure(dataset, open_page, shoot):
    page = open_page("/boundaries?source=search")
    before = drawn(page)
    lowest = int(dataset.egb.argmin())
    click_point(page, "search", lowest)
    page.wait_for_url(re.compile(r"structure=[1-9]"))  # 0 stands there before the click
    number = int(re.search(r"structure=(\d+)", page.url).group(1))
    assert number != 0
    redrawn(page, before[0])
    assert float(number_of(page, "E_gb")) == pytest.approx(dataset.egb[number], abs=6e-4)
    page.wait_for_timeout(1500)
    assert is_drawn(shoot(page.locator(STAGE).first, "boundaries-chosen"))


def test_a_built_boundary_is_relaxed_compared_and_taken_home(open_page, shoot):
    page = open_page("/boundaries?source=build&change=-8&gb_seed=1&random=true")
    drawn(page)
    press(page, RELAXING)
    page.get_by_text(AFTER).first.wait_for()
    assert len(set(drawn(page, 2))) == 2
    for number, name in enumerate(("before", "after")):
        assert is_drawn(shoot(page.locator(STAGE).nth(number), f"boundaries-{name}"))
    assert float(number_of(page, "E_gb")) < 4.0
    assert number_of(page, "[n]") == "1/5"
    open_drawer(page)
    name, content = download(page, "Everything")
    assert name == "w-sigma5-atoms-8-seed1.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {f"{name[:-4]}-after.extxyz", f"{name[:-4]}.csv", "reproduce.json"} < set(archive.namelist())


@needs_model
def test_candidates_are_sampled_relaxed_plotted_and_drawn(dataset, open_page, shoot):
    page = open_page(f"/boundaries?{SAMPLE}")
    drawn(page)
    assert eventually(page, lambda: is_drawn(shoot(page.locator(STAGE).first, "boundaries-ends")))
    press(page, SAMPLING)
    page.locator(".painting[data-painted]").wait_for()
    shoot(page, "boundaries-painting")
    wait_for_end(page)
    drawn(page, 2)
    assert eventually(page, lambda: len(points(page, "sampled")) >= 2)
    page.wait_for_timeout(3000)  # the last drawing of the whole page
    best, shown = drawn(page, 2), number_of(page, "E_gb")
    assert float(shown) < 3.2
    shoot(page, "boundaries-sampled")
    tops = [mark["py"] for mark in points(page, "sampled")]
    if np.ptp(tops) > 5:  # a worse candidate is one click away
        click_point(page, "sampled", int(np.argmin(tops)))
        page.wait_for_url("**candidate=**")
        redrawn(page, best[0])
        assert eventually(page, lambda: float(number_of(page, "E_gb")) > float(shown))
    drawn(page, 2)
    last = page.locator(STAGE).nth(1)
    assert eventually(page, lambda: is_drawn(shoot(last, "boundaries-candidate")))


@needs_model
def test_cancel_while_sampling(open_page):
    page = open_page(f"/boundaries?{SAMPLE.replace('gb_nfe=12', 'gb_nfe=999')}")
    press(page, SAMPLING)
    page.locator(".painting[data-painted]").wait_for()
    press(page, "Cancel")
    page.get_by_text("Nothing was kept").wait_for()
    page.get_by_label("Evaluations", exact=True).fill("3")
    page.get_by_role("button", name=SAMPLING).click()  # and the next job runs
    page.locator(".painting[data-painted]").wait_for()


@needs_model
def test_cancel_while_relaxing_keeps_the_candidates(open_page):
    page = open_page(f"/boundaries?{SAMPLE.replace('candidates=4', 'candidates=60')}")
    drawn(page)
    press(page, SAMPLING)
    page.get_by_text(re.compile(r"of 60 painted, \d+ relaxed")).first.wait_for()
    page.get_by_role("button", name="Cancel", exact=True).dispatch_event(
        "click"
    )  # the page is redrawn all the time
    page.get_by_text("What was finished is kept").wait_for()
    open_drawer(page)
    page.get_by_role("button", name="extxyz before").wait_for()  # drawn below it, a little later


QUERY = (
    "source=sample&model=window&candidates=7&sample_seed=12&gb_sampling=Custom&gb_nfe=20&gb_order=2&painted=26.0"
    "&free_shift=false&shift_x=0.3&free_spacing=false&spacing=0.2&part=Whole+slab&cells=3×3"
)


@needs_model
def test_a_link_restores_every_control(open_page):
    page = open_page(f"/boundaries?{QUERY}")
    drawn(page)
    expected = {
        "Candidates": "7", "Seed": "12", "Evaluations": "20", "Painted (Å)": "26.0", "Shift along x": "0.30",
        "Spacing (Å)": "0.20",
    }  # fmt: skip
    for label, value in expected.items():
        assert page.get_by_label(label, exact=True).input_value() == value, label
    for name in ("window", "Custom", "Whole slab", "3×3"):
        assert page.get_by_role("radio", name=name, exact=True).first.is_checked(), name
    assert number_of(page, "Spacing") == "+0.20"


def test_the_mark_nearest_to_the_pointer_is_the_one_that_opens(dataset, open_page):
    page = open_page("/boundaries?source=search", height=800)
    drawn(page)
    marks = [(m["index"], m["px"], m["py"]) for m in points(page, "search")]
    places = np.array([mark[1:] for mark in marks])
    rng = np.random.default_rng(0)
    tried, right = [], []
    for number in rng.permutation(len(marks)):
        off = places[number] + 3.0 * np.array([[np.cos(a), np.sin(a)] for a in rng.uniform(0, 2 * np.pi, 12)])
        nearest = np.linalg.norm(places[None] - off[:, None], axis=2).argmin(axis=1)
        if (nearest == number).any():  # else others lie nearer than 3 pixels all around
            tried.append((marks[number][0], off[np.flatnonzero(nearest == number)[0]]))
    for index, place in tried[:50]:
        point_at(page, *place)
        right.append(page.evaluate("window.gcdMap.over?.index") == index)  # ringed: a click opens it
    assert right == [True] * 50
    for index, place in tried[:3]:
        click_map(page, *place)
        page.wait_for_url(f"**structure={index}")
        assert eventually(page, lambda i=index: number_of(page, "E_gb") == f"{dataset.egb[i]:.3f}")


def test_controls_reach_the_address_after_clicks_and_back_brings_the_structure_back(dataset, open_page):
    page = open_page("/boundaries?source=build", height=800)
    drawn(page)
    for number in (40, 300):
        click_point(page, "search", number)
        page.wait_for_url(re.compile(f"structure={points(page, 'search')[number]['index']}$"))
    page.get_by_role("radio", name="Whole slab", exact=True).click()
    page.wait_for_url("**part=Whole+slab**")
    page.get_by_role("radio", name="3×3", exact=True).click()
    page.wait_for_url("**cells=3**")
    for _ in range(3):
        page.go_back()
        page.wait_for_timeout(1000)
    assert "cells" not in page.url
    first = points(page, "search")[40]["index"]
    assert page.url.endswith(f"structure={first}")
    assert eventually(page, lambda: number_of(page, "E_gb") == f"{dataset.egb[first]:.3f}")
    assert page.get_by_role("radio", name="Boundary", exact=True).is_checked()


def test_a_row_of_the_table_shows_its_structure(dataset, open_page):
    page = open_page("/boundaries?source=search&structure=5", height=800)
    drawn(page)
    grid = page.locator(".st-key-gb_rows [data-testid=stDataFrame]").bounding_box()
    page.mouse.click(grid["x"] + 18, grid["y"] + 35 * 2.5)  # below the head: the second row's mark
    page.wait_for_url("**structure=1")
    assert eventually(page, lambda: number_of(page, "E_gb") == f"{dataset.egb[1]:.3f}")


def test_the_workbench_is_one_screen(dataset, open_page, shoot):
    page = open_page("/boundaries?source=search&structure=96", height=800)
    drawn(page)
    parts = {
        "button": page.get_by_role("button", name=RELAXING, exact=True), "stage": page.locator(STAGE).first,
        "map": page.locator(MAP), "table": page.locator(".st-key-gb_rows [data-testid=stDataFrame]"),
    }  # fmt: skip
    for name, part in parts.items():
        box = part.bounding_box()
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= 800, name
        assert box["x"] + box["width"] <= 1280, name
    shoot(page, "workbench-1280")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_timeout(2000)
    assert page.locator(".st-key-gb_stage").bounding_box()["width"] >= 900
    shoot(page, "workbench-1920")
    page.get_by_text("Controls", exact=True).click()
    parts["button"].wait_for(state="hidden")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(2000)
    tops = [
        page.locator(f".st-key-{name}").bounding_box()["y"]
        for name in ("gb_head", "gb_stage", "gb_plot", "gb_rows")
    ]
    assert tops == sorted(tops)
    assert page.locator("main").evaluate("e => e.scrollWidth <= e.clientWidth + 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_width_in_both_themes(open_page, shoot, width, scheme):
    page = open_page("/boundaries?source=build&change=-8", width=width, height=844, scheme=scheme)
    drawn(page)
    press(page, RELAXING)
    page.get_by_text(AFTER).first.wait_for()
    drawn(page, 2)
    main = page.locator("main")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    height = min(4500, main.evaluate("e => e.scrollHeight") + 40)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(2500)
    pixels = shoot(page, f"boundaries-{width}-{scheme}")
    assert (np.median(pixels) > 128) == (scheme == "light")
