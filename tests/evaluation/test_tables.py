"""Tables for programs and for people."""

from __future__ import annotations

from gcd.evaluation.tables import markdown, read_csv, write_csv


def test_csv_comes_back(tmp_path):
    rows = [{"phase": "sc", "rms": 0.123456789, "n": 3}, {"phase": "bcc", "rms": float("nan"), "n": 4}]
    write_csv(tmp_path / "t.csv", rows)
    assert read_csv(tmp_path / "t.csv") == [
        {"phase": "sc", "rms": "0.123457", "n": "3"},
        {"phase": "bcc", "rms": "nan", "n": "4"},
    ]
    assert read_csv(tmp_path / "none.csv") == []


def test_markdown_shows_the_columns_asked_for():
    rows = [{"a": 1.50001, "b": float("nan"), "c": -1e-9, "d": "x"}]
    assert markdown(rows, {"a": "A", "b": "B", "c": "C"}) == "| A | B | C |\n|---|---|---|\n| 1.5 | - | 0 |\n"
