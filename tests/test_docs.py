"""The documentation holds: commands and Python run, links lead somewhere, its pages are those of the app."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gcd.checkpoints import available
from pages.shared.index import INDEX

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
USERS = [path for path in DOCS if path.name not in ("architecture.md", "results.md")]
needs_models = pytest.mark.skipif(
    not {"decoder", "crystal-sc", "crystal-bcc", "crystal-fcc"} <= set(available()), reason="no checkpoints"
)


def blocks(path: Path, language: str) -> list[str]:
    """The contents of a file's code blocks in that language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def with_blocks(language: str) -> list[Path]:
    return [path for path in USERS if blocks(path, language)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which ``gcd`` is on the path."""
    command = tmp_path / "bin" / "gcd"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gcd "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


@needs_models
@pytest.mark.parametrize("path", with_blocks("sh"), ids=lambda path: path.name)
def test_commands_run(path, desk):
    script = "set -e\n" + "\n".join(blocks(path, "sh"))
    done = subprocess.run(["bash", "-c", script], cwd=desk, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@needs_models
@pytest.mark.parametrize("path", with_blocks("python"), ids=lambda path: path.name)
def test_python_runs(path, desk):
    for code in blocks(path, "python"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("path", [*DOCS, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_pages_that_are_described_are_those_of_the_app():
    titles = {entry.title for entry in INDEX.values()}
    described = set(
        re.findall(
            r"^\| \*\*([^*]+)\*\*", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert described == titles


def test_every_document_for_users_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in index for path in DOCS if path.name != "README.md")


def names_of(path: Path) -> set[str]:
    """What a document says can be imported: in its Python, and in backticks in its sentences."""
    text = path.read_text(encoding="utf-8")
    found = set(re.findall(r"`(gcd(?:\.\w+)+)", text))
    for module, names in re.findall(r"from (gcd[\w.]*) import ([\w, ]+)", text):
        found |= {f"{module}.{name.strip()}" for name in names.split(",")}
    return found | set(re.findall(r"\b(gcd\.\w+)\(", text))


@pytest.mark.parametrize("path", [*DOCS, ROOT / "README.md"], ids=lambda path: path.name)
def test_every_name_that_is_written_can_be_imported(path):
    for name in names_of(path):
        assert pkgutil.resolve_name(name) is not None


def test_the_page_of_python_names_something():
    assert len(names_of(ROOT / "docs" / "python.md")) > 5
