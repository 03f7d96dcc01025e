"""Bringing 3Dmol.js along: quiet where it works, harmless where it cannot."""

from __future__ import annotations

import importlib.util
import stat
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch_3dmol.py"


@pytest.fixture
def fetch():
    spec = importlib.util.spec_from_file_location("fetch_3dmol", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fetch


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """npm(code) -> puts an npm on the path that runs this Python in the folder it is called in."""

    def put(code: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "npm"
        program.write_text(f"#!{sys.executable}\n{code}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))

    return put


PACK = """
import io, tarfile
with tarfile.open("3dmol-2.5.5.tgz", "w:gz") as tar:
    content = b"the library"
    member = tarfile.TarInfo("package/build/3Dmol-min.js")
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
"""


def test_the_library_is_put_in_its_place(fetch, npm, tmp_path):
    npm(PACK)
    target = tmp_path / "static" / "3Dmol-min.js"
    assert fetch(target) == ""
    assert target.read_bytes() == b"the library"
    assert list(target.parent.iterdir()) == [target]


def test_without_npm_there_is_one_line_and_no_file(fetch, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = tmp_path / "static" / "3Dmol-min.js"
    assert "CDN" in fetch(target)
    assert not target.exists()


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "pass", "open('3dmol.tgz', 'w').write('not a tar')"])
def test_an_npm_that_fails_harms_nothing(fetch, npm, tmp_path, code):
    npm(code)
    target = tmp_path / "static" / "3Dmol-min.js"
    line = fetch(target)
    assert "CDN" in line
    assert "\n" not in line
    assert not target.exists()
