"""What a reader waits for, in a real browser without a network: the first paint of each page, and a film's next step.

python -m benchmarks.browser [--visits 3] [--steps 50]

Starts a server, opens each page once so that everything is loaded, and then again in fresh browser sessions with empty
caches. The scrubber is moved by key presses: the time runs from the browser's own time stamp of the event to the frame
that shows the new step. WebGL is drawn in software, as on a machine without a GPU.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.load import server
from benchmarks.measure import machine, table

FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000  # ms
FILMS = ("recording=SC", "recording=BCC", "recording=FCC", "film_of=Boundary&boundary=window")

# Kept: the browser's time stamp of each step asked for, and the time at which the frame that shows it is done.
WATCH = """(film) => {
  window.gcdTimes = []
  const channel = new MessageChannel()
  let begun = 0
  channel.port1.onmessage = () => window.gcdTimes.push(performance.now() - begun)
  film.querySelector(".scrub").addEventListener("input", (event) => {
    begun = event.timeStamp
    requestAnimationFrame(() => channel.port2.postMessage(0))
  })
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def find_chromium() -> str | None:
    """Where a Chromium is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; SystemExit, in one sentence, where there is none."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        raise SystemExit(f"There is no browser: install one of {', '.join(NAMES)}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def visit(browser: Any, address: str, path: str) -> Iterator[Any]:
    """A page of the app in a session of its own, which reaches nothing but the app."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route(
        "**/*",
        lambda route: (
            route.continue_() if route.request.url.startswith((address, "data:", "blob:")) else route.abort()
        ),
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address + path, wait_until="commit")
    yield page
    context.close()


def paints(browser: Any, address: str, entry: Any) -> tuple[float, float, float]:
    """Seconds from asking for a page to its first paint, to its title, and to the end of its script."""
    begun = time.perf_counter()
    with visit(browser, address, "/" if entry.name == "home" else f"/{entry.name}") as page:
        page.locator("main h1").first.wait_for()
        title = time.perf_counter() - begun
        page.locator('[data-test-script-state="notRunning"]').first.wait_for(state="attached")
        whole = time.perf_counter() - begun
        return float(page.evaluate(PAINTED) or 0.0) / 1000, title, whole


def scrubs(browser: Any, address: str, film: str, steps: int) -> list[float]:
    """Milliseconds from each key press on a film's scrubber to its picture, in order of size."""
    with visit(browser, address, f"/denoising?{film}") as page:
        page.locator(".film[data-step]").wait_for()
        page.wait_for_timeout(1500)
        page.locator(".film").evaluate(WATCH)
        scrub = page.locator(".film .scrub")
        last = int(scrub.get_attribute("max"))
        for step in range(steps):
            there = step % (2 * last) < last  # to the end and back
            scrub.press("ArrowRight" if there else "ArrowLeft")
            page.wait_for_function("n => window.gcdTimes.length === n", arg=step + 1)
        return sorted(page.evaluate("window.gcdTimes"))


def measure_pages(browser: Any, address: str, visits: int) -> None:
    """Print what a reader waits for on every page."""
    from pages.shared.index import INDEX

    rows = []
    for entry in INDEX.values():
        paints(browser, address, entry)  # everything is loaded then
        seen = [paints(browser, address, entry) for _ in range(visits)]
        medians = [statistics.median(column) for column in zip(*seen, strict=True)]
        rows.append([entry.title, *(f"{seconds:.2f} s" for seconds in medians)])
        print(*rows[-1], file=sys.stderr, flush=True)
    table(f"Pages, median of {visits} visits", ["", "first paint", "title", "all"], rows)


def measure_films(browser: Any, address: str, steps: int) -> None:
    """Print how long a film's next step takes."""
    rows = []
    for film in FILMS:
        times = scrubs(browser, address, film, steps)
        rows.append([film, f"{statistics.median(times):.0f} ms", f"{times[-1]:.0f} ms"])
        print(*rows[-1], file=sys.stderr, flush=True)
    table(f"A film's next step, {steps} of them", ["", "median", "longest"], rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--visits", type=int, default=3, help="to each page, after a first one; 0: only the films"
    )
    parser.add_argument("--steps", type=int, default=50, help="of each film; 0: only the pages")
    arguments = parser.parse_args()
    print(machine(), f"load average {os.getloadavg()[0]:.1f} before", flush=True)
    with server() as (_, port), chromium() as browser:
        address = f"http://127.0.0.1:{port}"
        if arguments.visits:
            measure_pages(browser, address, arguments.visits)
        if arguments.steps:
            measure_films(browser, address, arguments.steps)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
