"""README and docs agree with the tables in results/ to the digit, and a difference would be seen."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "numbers_in_prose.py"


@pytest.fixture(scope="module")
def prose():
    spec = importlib.util.spec_from_file_location("numbers_in_prose", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the documents and of the tables."""
    shutil.copy(ROOT / "README.md", tmp_path)
    for folder, endings in (("docs", ("md", "toml")), ("results", ("csv", "md"))):
        (tmp_path / folder).mkdir()
        for ending in endings:
            for path in (ROOT / folder).glob(f"*.{ending}"):
                shutil.copy(path, tmp_path / folder)
    return tmp_path


def test_prose_and_results_agree(prose, capsys):
    assert prose.main(["--check"]) == 0, capsys.readouterr().err


def test_a_result_that_changes_is_seen_and_written(prose, house, capsys):
    table = house / "results" / "boundary-w-sigma5-window-1x1-nfe8.md"
    table.write_text(table.read_text().replace("| 2.2968 | 51 |", "| 2.2968 | 58 |"))
    assert prose.main(["--check"], house) == 1
    assert "README.md, window-ground: '37 to 51' is '37 to 58'" in capsys.readouterr().err
    assert prose.main([], house) == 0
    assert "37 to 58<!--/--> times" in (house / "README.md").read_text()
    assert prose.main(["--check"], house) == 0


def test_a_number_that_is_edited_by_hand_is_seen(prose, house, capsys):
    readme = house / "README.md"
    readme.write_text(
        readme.read_text().replace("<!--= window-ground-cost -->", "<!--= window-ground-cost -->2.1 or ")
    )
    assert prose.main(["--check"], house) == 1
    assert "window-ground-cost" in capsys.readouterr().err


def test_a_row_that_is_gone_or_a_key_that_is_unknown_is_an_error(prose, house):
    readme = house / "README.md"
    readme.write_text(readme.read_text() + "<!--= nothing -->1<!--/-->")
    with pytest.raises(ValueError, match="no 'nothing'"):
        prose.main(["--check"], house)


def test_several_rows_are_not_said_as_one(prose):
    with pytest.raises(ValueError, match="2 rows"):
        prose.say("{a}", [{"a": "1"}, {"a": "2"}])
    assert prose.say("{a|min} to {a|max|.1f}", [{"a": "10"}, {"a": "9"}]) == "9 to 10.0"
