"""The wheel, installed into an environment of its own: models, data and the app come along and work anywhere.

The environment borrows the packages that gcd needs from the one that runs the tests; gcd itself is the wheel's.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow


class Elsewhere:
    """A folder with nothing but an empty `checkpoints`, and the environment that gcd is installed in."""

    def __init__(self, folder: Path) -> None:
        self.environment, self.desk, self.home = folder / "venv", folder / "desk", folder / "home"
        (self.desk / "checkpoints").mkdir(parents=True)
        self.env = {
            name: value for name, value in os.environ.items() if not name.startswith(("GCD_", "PYTHON"))
        } | {"XDG_DATA_HOME": str(self.home), "GCD_CACHE": str(folder / "runs")}

    @property
    def packages(self) -> Path:
        (found,) = self.environment.glob("lib/python*/site-packages")
        return found

    def run(self, *words: object, cwd: Path | None = None) -> str:
        command = [str(self.environment / "bin" / str(words[0])), *map(str, words[1:])]
        done = subprocess.run(
            command, cwd=cwd or self.desk, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("gcd-*.whl")
    there = Elsewhere(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(there.environment)], check=True)
    python = str(there.environment / "bin" / "python")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    wheel.unlink()
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (there.packages / "lent.pth").write_text("".join(f"{path}\n" for path in lent), encoding="utf-8")
    (there.packages / "checkpoints").mkdir()  # a stranger's: it must not be taken for gcd's
    return there


def test_the_gcd_that_runs_is_the_wheels(elsewhere):
    out = elsewhere.run(
        "python", "-c", "import gcd.places as p; print(p.__file__, p.INSTALLED, p.app_script())"
    )
    file, installed, script = out.split()
    assert Path(file).is_relative_to(elsewhere.packages)
    assert Path(script).is_relative_to(elsewhere.packages)
    assert installed == "True"


def test_it_makes_a_crystal(elsewhere):
    result = json.loads(
        elsewhere.run("gcd", "sample", "crystal", "--phase", "bcc", "--json").splitlines()[-1]
    )
    (crystal,) = result["structures"]
    assert crystal["perfect"]
    assert (elsewhere.desk / crystal["file"]).is_file()


def test_what_is_trained_stays_out_of_the_package_and_is_found(elsewhere):
    before = sorted(elsewhere.packages.rglob("*.safetensors"))
    elsewhere.run(
        "gcd", "train", "particle", "--phase", "sc", "--name", "mine", "--steps", 1, "--batch-size", 1
    )
    assert (elsewhere.home / "gcd" / "checkpoints" / "mine" / "model.safetensors").is_file()
    assert sorted(elsewhere.packages.rglob("*.safetensors")) == before
    names = elsewhere.run(
        "python", "-c", "from gcd.checkpoints import available; print(*available())"
    ).split()
    assert {"mine", "crystal-bcc", "decoder"} <= set(names)


def test_every_page_opens(elsewhere):
    code = (
        "from streamlit.testing.v1 import AppTest\n"
        "from gcd.places import app_script\n"
        "app = AppTest.from_file(str(app_script()), default_timeout=120).run()\n"
        "assert not app.exception, app.exception\n"
        "for page in sorted(app_script().with_name('pages').glob('*.py')):\n"
        "    if page.name != '__init__.py':\n"
        "        app.switch_page(f'pages/{page.name}').run()\n"
        "        assert not app.exception, (page, app.exception)\n"
        "        print(page.name)\n"
    )
    script = Path(
        elsewhere.run("python", "-c", "from gcd.places import app_script; print(app_script())").strip()
    )
    assert "home.py" in elsewhere.run("python", "-c", code, cwd=script.parent).split()


def test_the_app_answers(elsewhere):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [elsewhere.environment / "bin" / "gcd", "app", "--headless", "--host", "127.0.0.1", "--port", str(port)],
        cwd=elsewhere.desk, env=elsewhere.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(1200):
            try:
                assert urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).read() == b"ok"
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None
                time.sleep(0.1)
        assert '<div id="root">' in urllib.request.urlopen(f"{address}/crystals", timeout=30).read().decode()
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0]
    assert said.splitlines()[0] == f"The app is at {address}; Ctrl+C ends it."
    assert "You can now view" not in said  # Streamlit's greeting, which the app's own settings turn off
