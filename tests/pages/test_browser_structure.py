"""Your structure and Health as a reader meets them: a real server, a real browser, no network."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gcd.structures.crystals import ideal_crystal

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

DRAWN = ".viewer[data-drawn]"


def number_of(page, label: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has_text=label).first
    return metric.get_by_test_id("stMetricValue").inner_text().strip()


def upload(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def analyse(page) -> None:
    page.get_by_role("button", name="Encode, decode, analyse").click()
    page.get_by_role("heading", name="Through the voxels and back").wait_for()


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether a picture shows more than a ground and a few lines."""
    ground = np.median(pixels.reshape(-1, 3), axis=0)
    return float((np.abs(pixels - ground).max(axis=2) > 40).mean()) > 0.03


def test_an_example_goes_through_the_voxels_and_back(open_page, shoot):
    page = open_page("/your_structure?example=Copper+with+a+vacancy")
    page.locator(DRAWN).wait_for()
    analyse(page)
    assert number_of(page, "Atoms matched") == "255 of 255"
    assert number_of(page, "Too many") == "0"
    assert float(number_of(page, "Largest error").split()[0]) < 0.01
    page.locator(".js-plotly-plot .heatmaplayer image").nth(2).wait_for()
    page.wait_for_timeout(1500)  # the first picture of a software renderer
    assert is_drawn(shoot(page.locator(".viewer .stage"), "structure-atoms"))
    assert is_drawn(shoot(page.locator(".js-plotly-plot").first, "structure-slice"))
    page.get_by_role("tab", name="Worst atoms").click()
    page.get_by_text("error (Å)").first.wait_for(state="attached")
    page.wait_for_url("**structure_view=Worst*")


def test_a_file_is_read_compared_and_taken_home(open_page, tmp_path):
    from ase.io import read

    atoms = ideal_crystal("fcc", 2)
    atoms.rattle(0.05, seed=1)
    atoms.write(tmp_path / "copper.cif")
    page = open_page("/your_structure?structure_view=Analysis")
    upload(page, "copper.cif", (tmp_path / "copper.cif").read_bytes())
    page.get_by_text("32 atoms").first.wait_for()
    analyse(page)
    assert number_of(page, "Atoms matched") == "32 of 32"
    assert number_of(page, "Mean coordination") == "12.00"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Decoded: extended XYZ").click()
    assert waiting.value.suggested_filename == "copper-decoded.extxyz"
    again = read(waiting.value.path(), format="extxyz")
    assert sorted(again.get_chemical_symbols()) == sorted(atoms.get_chemical_symbols())


def test_a_bad_upload_gets_a_sentence_and_the_next_one_works(open_page):
    page = open_page("/your_structure")
    page.locator(DRAWN).wait_for()
    upload(page, "broken.cif", b"PK\x03\x04" + bytes(100))
    page.get_by_text("zip archive that cannot be unpacked").wait_for()
    assert page.get_by_role("button", name="Encode, decode, analyse").count() == 0
    page.get_by_role("button", name=re.compile("^Remove")).click()
    page.get_by_role("button", name="Encode, decode, analyse").wait_for()


def test_health_counts_what_runs(open_page, shoot):
    worker = open_page("/crystals?sampling=Custom&nfe=999")
    worker.get_by_role("button", name="Generate").click()
    worker.get_by_text("Denoising").first.wait_for()
    page = open_page("/health")
    running = page.get_by_test_id("stMetric").filter(has_text="Running").filter(has_text=re.compile("1$"))
    running.wait_for()
    page.get_by_text("someone's").first.wait_for(state="attached")
    shoot(page, "health-busy")
    worker.get_by_role("button", name="Cancel").click()
    page.get_by_text("Nothing waits and nothing runs").wait_for()
    assert number_of(page, "Running") == "0"
