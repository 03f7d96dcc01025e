"""A real server and a real, headless Chromium that reaches nothing but that server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
)  # fmt: skip
PATIENCE = 120_000  # ms; a slow machine without a GPU draws WebGL in software


@pytest.fixture
def fresh_server() -> Iterator[None]:
    """For pages run without a browser: no caches and no jobs from one test to the next."""
    import streamlit as st

    from pages.shared import work
    from tests.pages.driver import SOON

    st.cache_data.clear()
    st.cache_resource.clear()
    work.runner().close(SOON)
    yield
    work.runner().close(SOON)
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a free port of this machine, with the repository's own checkpoints."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(log) as address:
        yield address
        assert "Traceback" not in log.read_text(), log.read_text()


@contextmanager
def serving(log: Path) -> Iterator[str]:
    """The address of a server that is started for as long, and writes a log."""
    from gcd.checkpoints import available

    wanted = {"decoder", "crystal-sc", "crystal-bcc", "crystal-fcc"}
    if missing := wanted - set(available()):
        pytest.skip(f"no checkpoint {', '.join(sorted(missing))}")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
        "--server.address", "127.0.0.1", "--server.port", str(port), "--server.fileWatcherType", "none",
    ]  # fmt: skip
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # busy with what the last test left behind
            process.kill()
            process.wait(20)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium; skipped where there is none."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(server: str, chromium) -> Iterator[Callable]:
    """open_page(path, width, height, scheme, refuse) -> a page that can reach the server only.

    What else it asked for is in ``page.refused``; addresses that contain ``refuse`` are turned down as well.
    """
    contexts = []

    def open_(
        path: str = "/", *, width: int = 1280, height: int = 900, scheme: str = "light", refuse: str = ""
    ):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.refused, page.broken = [], []

        def guard(route) -> None:
            url = route.request.url
            if not url.startswith((server, "data:", "blob:")):
                page.refused.append(url)
                route.abort()
            elif refuse and refuse in url:
                route.abort()
            else:
                route.continue_()

        context.route("**/*", guard)
        page.on("pageerror", lambda error: page.broken.append(str(error)))
        page.goto(server + path)
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            assert page.broken == []
            # 3Dmol.js where set-up could not bring it along; nothing else may leave this machine
            assert [url for url in page.refused if "/3dmol@" not in url] == []
        context.close()


@pytest.fixture
def shoot(tmp_path: Path, request: pytest.FixtureRequest) -> Callable:
    """shoot(page or locator, name) -> its pixels (H, W, 3); kept in $GCD_SCREENSHOTS, else a temporary folder."""
    folder = Path(os.environ.get("GCD_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def shoot_(target, name: str) -> np.ndarray:
        from PIL import Image

        path = folder / f"{name}.png"
        target.screenshot(path=str(path))
        return np.asarray(Image.open(path).convert("RGB"))

    return shoot_
