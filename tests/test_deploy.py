"""The container's recipe and serving on a sub-path, as far as they can be checked without a container."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_container_copies_what_there_is_and_all_that_the_app_needs():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        source for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE) for source in line.split()
    }
    assert all((ROOT / source).exists() for source in copied), copied
    assert {"app.py", "gcd", "pages", "checkpoints", "data", ".streamlit", "requirements.txt"} <= copied
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert not copied & set(ignored)


def test_the_container_runs_as_nobody_in_particular():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    assert "HEALTHCHECK" in text


def test_the_app_is_served_on_a_sub_path():
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.address",
        "127.0.0.1", "--server.port", str(port),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"STREAMLIT_SERVER_BASE_URL_PATH": "lab/gcd"},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/lab/gcd/"
    try:
        for _ in range(1200):
            try:
                assert urllib.request.urlopen(address + "_stcore/health", timeout=5).read() == b"ok"
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None
                time.sleep(0.1)
        page = urllib.request.urlopen(address + "how_it_works", timeout=30).read().decode()
        assert '<div id="root">' in page
        if (ROOT / "static" / "3Dmol-min.js").is_file():
            script = urllib.request.urlopen(address + "app/static/3Dmol-min.js", timeout=30)
            assert script.status == 200
    finally:
        process.terminate()
        process.wait(30)
