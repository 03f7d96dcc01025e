"""The syntax of CIF, which gemmi parses: blocks and tags, and what can be saved of files that break its rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gcd.limits import MAX_CIF_WORDS

WANTED = ("_cell", "_atom_site_", "_space_group", "_symmetry", "_chemical_formula", "_gcd_")
STARTS = ("_", "loop_", "data_")
REPAIRS = 12  # times that text behind a whole structure is cut off


def blocks(text: str, say: Callable[[str], None]) -> list[tuple[str, dict[str, list[str]]]]:
    """Name and tags of every block of a CIF: tags in lower case, dots as underscores, quotes taken off the values.

    Args:
        text: the file.
        say: takes each word that a person should see, of what is left out because it is broken.

    Raises:
        ValueError: text that is no CIF, is too long, or whose list of atom sites breaks off.
    """
    from gemmi import cif

    if "data_" not in text.lower():
        raise ValueError("it has no data_ block")
    _check_words(text)
    text = _from_first_block(text, say)
    text = text.encode("ascii", "replace").decode()  # CIF is ASCII; letters beyond stand in names of authors
    for _ in range(REPAIRS):
        try:
            document = cif.read_string(text, 0)
            break
        except (ValueError, RuntimeError) as error:
            text = _repaired(text, str(error), say)
    else:
        raise ValueError("its syntax is broken in many places")
    return [(block.name, _tags(block)) for block in document]


def _from_first_block(text: str, say: Callable[[str], None]) -> str:
    """The text without words before its first block, which some programs write there."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        line = text[at:end].strip()
        if line[:5].lower() == "data_":
            return text[at:]
        if line and not line.startswith("#"):
            say("words before its first block are not read")
            later = text.lower().find("\ndata_", at)
            return text[later + 1 :] if later >= 0 else text
        at = end
    return text


def _check_words(text: str) -> None:
    """ValueError for more words than any structure has: each takes the parser 60 bytes."""
    blank = np.frombuffer(text.encode(), dtype=np.uint8) <= ord(" ")
    words = int((blank[:-1] & ~blank[1:]).sum())
    if words > MAX_CIF_WORDS:
        raise ValueError(f"it has {words:,} words, the most that is read is {MAX_CIF_WORDS:,}")


def _tags(block: Any) -> dict[str, list[str]]:
    """Tag, in lower case and with dots as underscores, to its values."""
    from gemmi.cif import as_string

    tags: dict[str, list[str]] = {}
    for item in block:
        if item.pair is not None:
            tag = item.pair[0].lower().replace(".", "_")
            if tag.startswith(WANTED):
                tags.setdefault(tag, [as_string(item.pair[1]) or item.pair[1]])
        elif item.loop is not None:
            names = [tag.lower().replace(".", "_") for tag in item.loop.tags]
            if any(name.startswith(WANTED) for name in names):
                values, width = item.loop.values, len(names)
                for column, name in enumerate(names):
                    if name.startswith(WANTED):
                        tags.setdefault(name, [as_string(v) or v for v in values[column::width]])
    return tags


def _repaired(text: str, error: str, say: Callable[[str], None]) -> str:
    """The text with a group's name put in quotes, or without what is broken behind a whole list of atom sites."""
    place = re.match(r"string:(\d+):(\d+)", error)
    if not place:
        raise ValueError(error.partition(": ")[2] or error)
    lines = text.split("\n")
    row = int(place.group(1)) - 1
    words = lines[row].split() if row < len(lines) else []
    if len(words) > 2 and words[0].startswith("_") and words[1][0] not in "'\";#_" and "'" not in lines[row]:
        lines[row] = f"{words[0]} '{' '.join(words[1:])}'"
        return "\n".join(lines)
    row = min(row, len(lines) - 1)
    if "unterminated" in error and words[:1] and words[0].startswith("_"):  # a quote over several lines
        end = next((i for i in range(row + 1, len(lines)) if lines[i].lower().startswith(STARTS)), len(lines))
        return "\n".join([*lines[:row], f"{words[0]} ?", *lines[end:]])
    if "in loop" in error:
        return _without_loop(lines, row, say)
    head, lost = "\n".join(lines[:row]).lower(), lines[row].lower()
    if not any(word in head for word in ("_atom_site_fract_x", "_atom_site.fract_x")) or "_atom_site" in lost:
        raise ValueError(f"line {row + 1}: {error.partition(': ')[2].rstrip(' *_')}")
    say(f"its syntax is broken at line {row + 1:,}, behind the atoms: the rest is not read")
    return "\n".join(lines[:row]) + "\n"


def _without_loop(lines: list[str], row: int, say: Callable[[str], None]) -> str:
    """The text without a loop that breaks off, unless it is that of the atoms."""
    end = row + 1
    while end < len(lines) and lines[end].strip()[:1] in ("_", "#", ""):
        end += 1
    header = "".join(lines[row:end]).lower()
    while end < len(lines) and not lines[end].lower().lstrip().startswith(STARTS):
        end += 1
    if "_atom_site_fract" in header or "_atom_site.fract" in header or "_cartn_x" in header:
        raise ValueError(
            f"line {row + 1}: it is truncated, or a value is missing: the list of atom sites breaks off"
        )
    say(f"a loop breaks off, that of line {row + 1:,}: it is not read")
    return "\n".join([*lines[:row], *lines[end:]])
