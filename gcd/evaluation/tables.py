"""Tables in results/: as CSV for programs and as Markdown for people."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gcd.files import write_text


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a row; columns in the order of the first row's keys."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _number(value) for key, value in row.items()} for row in rows)
    write_text(path, text.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table that was written before; none when there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def markdown(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    """A table of the columns that ``titles`` names."""
    lines = ["| " + " | ".join(titles.values()) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(_words(row[key]) for key in titles) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def typed(row: Mapping[str, str], kind: type) -> dict[str, Any]:
    """A row of a CSV with its numbers as numbers, as the dataclass `kind` has them."""
    kinds: dict[str, Any] = {"int": int, "float": float}
    return {
        name: kinds.get(str(field.type), str)(row[name])
        for name, field in kind.__dataclass_fields__.items()  # type: ignore[attr-defined]
    }


def merged(
    path: Path, new: Sequence[Mapping[str, Any]], key: Sequence[str], kind: type
) -> list[dict[str, Any]]:
    """The rows of a table that was written before and the new ones, which replace old rows of the same key."""
    replaced = {tuple(str(row[name]) for name in key) for row in new}
    old = [typed(row, kind) for row in read_csv(path) if tuple(row[name] for name in key) not in replaced]
    return [*old, *map(dict, new)]


def _number(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _words(value: Any) -> str:
    if isinstance(value, float):
        text = "-" if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return str(value)
