"""Write the numbers of README.md and docs/ from the tables in results/, or check that they are the same.

python scripts/numbers_in_prose.py            write
python scripts/numbers_in_prose.py --check    say what differs, and fail if anything does

In a document, ``<!--= key -->37 to 51<!--/-->`` is a number that this script writes; docs/numbers.toml says of each
key which rows of which table it comes from, and how it is said. To put a new one in, write the key with anything behind
it, add it to docs/numbers.toml, and run this.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"(<!--= *([\w.-]+) *-->)(.*?)(<!--/-->)", re.DOTALL)
FIELD = re.compile(r"\{([^{}]+)\}")
Row = Mapping[str, str]

OVER_ROWS: dict[str, Callable[[list[str]], str]] = {
    "min": lambda values: min(values, key=float),
    "max": lambda values: max(values, key=float),
    "sum": lambda values: f"{sum(map(float, values)):g}",
}


def tables(path: Path) -> list[list[Row]]:
    """The tables of a CSV or Markdown file; a column whose name comes again is called `name#2` and so on."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return [list(csv.DictReader(file))]
    found: list[list[Row]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", path.read_text(encoding="utf-8"), re.MULTILINE):
        names, _, *rows = (
            [cell.strip() for cell in line.strip(" |").split(" |")] for line in block.splitlines()
        )
        unique = [
            name if name not in names[:i] else f"{name}#{names[: i + 1].count(name)}"
            for i, name in enumerate(names)
        ]
        found.append([dict(zip(unique, row, strict=False)) for row in rows])
    return found


def say(template: str, rows: Sequence[Row]) -> str:
    """The template with its fields filled in: `{column}`, `{column|.4f}`, `{column|upper}`, `{column|min|.1f}`."""

    def fill(match: re.Match[str]) -> str:
        column, *how = match[1].split("|")
        values = [row[column] for row in rows]
        if how and how[0] in OVER_ROWS:
            value = OVER_ROWS[how.pop(0)](values)
        elif len(set(values)) == 1:
            value = values[0]
        else:
            raise ValueError(f"{{{match[1]}}} is one number, and there are {len(rows)} rows: {values}.")
        if how:
            value = value.upper() if how[0] == "upper" else format(float(value), how[0])
        return value

    return FIELD.sub(fill, template)


def number(how: Mapping[str, Any], results: Path) -> str:
    """What docs/numbers.toml says of one key, as text.

    Raises:
        ValueError: no row, or a pattern that is not in the file.
    """
    path = results / how["file"]
    if "pattern" in how:
        match = re.search(how["pattern"], path.read_text(encoding="utf-8"))
        if match is None:
            raise ValueError(f"{path.name} holds nothing like {how['pattern']!r}.")
        return match[1]
    rows = tables(path)[how.get("table", 1) - 1]
    where = {
        column: value if isinstance(value, list) else [value]
        for column, value in how.get("where", {}).items()
    }
    rows = [row for row in rows if all(row[column] in values for column, values in where.items())]
    if not rows:
        raise ValueError(f"{path.name} has no row with {how.get('where')}.")
    if "row" not in how:
        return say(how["say"], rows)
    lines = [say(how["row"], [row]) for row in rows]
    return "\n" + "\n".join([how["head"].rstrip("\n"), *lines]) + "\n"


def written(text: str, values: Callable[[str], str]) -> str:
    """A document with every marked number as it is in the tables."""
    return MARK.sub(lambda m: m[1] + values(m[2]) + m[4], text)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check all documents; 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where prose and results differ"
    )
    args = parser.parse_args(arguments)
    hows = tomllib.loads((root / "docs" / "numbers.toml").read_text(encoding="utf-8"))
    used: set[str] = set()
    differences = []

    def value(key: str) -> str:
        used.add(key)
        if key not in hows:
            raise ValueError(f"docs/numbers.toml has no {key!r}.")
        return number(hows[key], root / "results")

    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        new = written(text, value)
        if new == text:
            continue
        if args.check:
            pairs = zip(MARK.findall(text), MARK.findall(new), strict=True)
            differences += [
                f"{path.name}, {old[1]}: {old[2].strip()!r} is {now[2].strip()!r}"
                for old, now in pairs
                if old != now
            ]
        else:
            path.write_text(new, encoding="utf-8")
    differences += [f"docs/numbers.toml: {key} is used nowhere" for key in hows if key not in used]
    for line in differences:
        print(line, file=sys.stderr)
    return int(bool(differences))


if __name__ == "__main__":
    raise SystemExit(main())
