"""The app as a reader meets it: a real server, a real browser, no network.

Pictures are kept where $GCD_SCREENSHOTS says. Times are logged, not asserted.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

DRAWN = ".viewer[data-drawn]"
SMALL = "nx=2&ny=2&nz=2&sampling=Custom&nfe=12"
LONG = "sampling=Custom&nfe=999"


def tell(what: str, begun: float) -> None:
    logging.getLogger(__name__).warning("%s: %.2f s", what, time.perf_counter() - begun)


def generate(page):
    page.get_by_role("button", name="Generate").click()


def wait_for_crystal(page):
    page.locator(DRAWN).wait_for()
    page.wait_for_timeout(1500)  # the first picture of a software renderer


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether a picture shows more than a ground and a few lines."""
    ground = np.median(pixels.reshape(-1, 3), axis=0)
    return float((np.abs(pixels - ground).max(axis=2) > 40).mean()) > 0.03


def test_a_link_into_a_fresh_server_opens_the_whole_app(open_page):
    page = open_page("/crystals?phase=FCC")
    page.get_by_role("heading", name="Crystals").wait_for()
    page.get_by_role("link", name="Home").wait_for()


def test_homes_button_gives_a_drawn_crystal(open_page, shoot):
    page = open_page("/")
    button = page.get_by_role("button", name="Make a crystal now")
    button.wait_for()
    shoot(page, "home-1-before")
    begun = time.perf_counter()
    button.click()
    page.get_by_role("progressbar").wait_for()
    page.wait_for_timeout(700)
    shoot(page, "home-2-condensing")
    wait_for_crystal(page)
    tell("Home's button to a drawn crystal", begun)
    pixels = shoot(page.locator(".viewer .stage"), "home-3-crystal")
    assert is_drawn(pixels)
    shoot(page, "home-4-after")
    page.get_by_text("perfect crystal").wait_for()
    assert page.refused == []


def test_home_leads_to_the_same_crystal_on_its_page(open_page):
    page = open_page("/")
    page.get_by_role("button", name="Make a crystal now").click()
    page.locator(DRAWN).wait_for()
    seed = re.search(r"seed (\d+)", page.locator("main").inner_text()).group(1)
    page.get_by_role("link", name="Look closer").click()
    page.wait_for_url(f"**seed={seed}**")
    page.locator(f'input[aria-label="Seed"][value="{seed}"]').wait_for()


def test_progress_moves_and_voxels_are_shown(open_page, shoot):
    page = open_page(f"/crystals?{LONG}")
    generate(page)
    bar = page.get_by_role("progressbar")
    bar.wait_for()
    page.get_by_text("evaluations").first.wait_for()
    label = page.locator(".condense .label")
    first = label.inner_text()
    page.wait_for_function("first => document.body.innerText.includes('Denoising')", arg=first)
    for _ in range(100):
        if label.inner_text() not in ("", first):
            break
        page.wait_for_timeout(200)
    assert label.inner_text() != first
    assert is_drawn(shoot(page.locator(".condense"), "crystals-condensing"))
    page.get_by_role("button", name="Cancel").click()


def test_cancel_stops_and_the_next_job_runs(open_page):
    page = open_page(f"/crystals?{LONG}")
    generate(page)
    page.get_by_text("Denoising").wait_for()
    begun = time.perf_counter()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled").wait_for()
    tell("Cancel to cancelled", begun)
    page.get_by_label("Evaluations", exact=True).fill("3")
    generate(page)
    page.locator(DRAWN).wait_for()


QUERY = (
    "phase=FCC&element=Ni&a=3.6&nx=2&ny=1&nz=3&count=2&seed=99&sampling=Custom&nfe=6&order=2"
    "&colour=displacement&repeat=2&bonds=false&sample=1&view=Order"
)


def test_a_link_restores_every_control(open_page):
    page = open_page(f"/crystals?{QUERY}")
    generate(page)
    page.locator(DRAWN).wait_for()
    expected = {
        "Lattice constant (Å)": "3.6000", "Cells x": "2", "Cells y": "1", "Cells z": "3", "Samples": "2",
        "Seed": "99", "Evaluations": "6",
    }  # fmt: skip
    for label, value in expected.items():
        assert page.get_by_label(label, exact=True).input_value() == value, label
    for name in ("FCC", "Custom", "2", "displacement"):
        assert page.get_by_role("radio", name=name, exact=True).first.is_checked(), name
    assert page.get_by_role("tab", name="Order").get_attribute("aria-selected") == "true"
    assert page.get_by_role("slider", name="Sample").input_value() == "1"
    assert not page.get_by_label("Bonds").is_checked()
    for part in QUERY.split("&"):
        assert part in page.url, part


def test_changing_a_control_changes_the_address(open_page):
    page = open_page("/crystals")
    page.get_by_role("radio", name="FCC").first.click(force=True)
    page.wait_for_url("**phase=FCC**")


@pytest.fixture
def finished(open_page):
    """A small finished run of two samples."""
    page = open_page(f"/crystals?{SMALL}&count=2&seed=5")
    generate(page)
    page.locator(DRAWN).wait_for()
    return page


def download(page, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile(rf"^{label}")).click()
    found = waiting.value
    return found.suggested_filename, Path(found.path()).read_bytes()


STEM = "bcc-W-2x2x2-seed5-nfe12-order3"


def test_each_download_reads_back(finished, tmp_path):
    from ase.io import read

    from gcd.generate import generate_crystals
    from gcd.structures.formats import read_voxels

    expected = generate_crystals("bcc", count=2, size=(2, 2, 2), seed=5, evaluations=12)
    files = dict(
        download(finished, label) for label in ("extxyz", "CIF", "POSCAR", "LAMMPS data", "Voxels", "Table")
    )
    assert set(files) == {
        f"{STEM}.extxyz", f"{STEM}-sample000.cif", f"{STEM}-sample000.vasp", f"{STEM}-sample000.lammps-data",
        f"{STEM}-sample000.npz", f"{STEM}.csv",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    frames = read(tmp_path / f"{STEM}.extxyz", index=":")
    assert [len(frame) for frame in frames] == [len(atoms) for atoms in expected]
    first = frames[0]
    for ending, form in (("cif", "cif"), ("vasp", "vasp"), ("lammps-data", "lammps-data")):
        again = read(tmp_path / f"{STEM}-sample000.{ending}", format=form)
        assert len(again) == len(first)
        offsets = again.get_scaled_positions() - first.get_scaled_positions()
        offsets -= np.round(offsets)
        assert np.abs(offsets @ first.cell[:]).max(initial=0) < 1e-6, ending
        assert np.abs(again.cell[:] - first.cell[:]).max() < 1e-6, ending
    voxels, grid, _ = read_voxels(tmp_path / f"{STEM}-sample000.npz")
    assert voxels.shape[-3:] == grid.shape == (10, 10, 10)
    rows = list(csv.DictReader(io.StringIO(files[f"{STEM}.csv"].decode())))
    assert [int(row["atoms"]) for row in rows] == [len(frame) for frame in frames]


def test_the_zip_holds_everything(finished):
    name, content = download(finished, "Everything")
    assert name == f"{STEM}.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        recipe = json.loads(archive.read("reproduce.json"))
    assert len(names) == 3 + 2 * 4
    assert "--seed 5" in recipe["command"]
    assert recipe["gcd"]


@pytest.mark.parametrize("view", ["Slices", "Isosurface", "Order", "Condensing", "Table"])
def test_every_view_is_drawn(finished, shoot, view):
    finished.get_by_role("tab", name=view).click()
    panel = finished.get_by_role("tabpanel")
    place = {
        "Condensing": ".condense .cloud",
        "Table": "canvas",
        "Isosurface": ".solid[data-drawn] canvas",
    }.get(view, ".js-plotly-plot")
    panel.locator(place).first.wait_for()
    finished.wait_for_timeout(2500)
    assert shoot(panel, f"view-{view.lower()}").std() > 5


def test_without_the_library_there_is_still_a_3d_view(open_page, shoot):
    page = open_page(f"/crystals?{SMALL}", refuse="3Dmol-min.js")
    generate(page)
    page.get_by_text("3Dmol.js could not be loaded").wait_for()
    page.wait_for_timeout(3000)
    assert is_drawn(shoot(page.locator(".js-plotly-plot").first, "without-3dmol"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_their_width_in_both_themes(open_page, shoot, width, scheme):
    for name, path in {"home": "/", "crystals": f"/crystals?{SMALL}"}.items():
        page = open_page(path, width=width, height=844, scheme=scheme)
        page.get_by_role("button", name=re.compile("Make a crystal|Generate")).click()
        wait_for_crystal(page)
        main = page.locator("main")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), (name, width)
        page.set_viewport_size(
            {"width": width, "height": min(4000, main.evaluate("e => e.scrollHeight") + 40)}
        )
        page.wait_for_timeout(2500)
        pixels = shoot(page, f"{name}-{width}-{scheme}")
        bright = np.median(pixels) > 128
        assert bright == (scheme == "light")
