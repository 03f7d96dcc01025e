"""Which line of a TOML file a key or a value stands on, for sentences about what is wrong there."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\"' -]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")


class Lines:
    """The lines of a file's keys. A table is named by its header, with its number where there are several: stage, 0."""

    def __init__(self, text: str) -> None:
        self.text = text.splitlines()
        self.headers: dict[tuple[str, int], int] = {}
        self.keys: dict[tuple[str, int, str], int] = {}
        table, number = "", 0
        counts: dict[str, int] = {}
        for line, words in enumerate(self.text, start=1):
            if header := _HEADER.match(words):
                table = header[2]
                number = counts.get(table, 0)
                counts[table] = number + 1
                self.headers[table, number] = line
            elif key := _KEY.match(words):
                self.keys.setdefault((table, number if table else 0, key[1].strip('"')), line)

    def table(self, name: str, number: int = 0) -> int:
        """Line of a table's header; 1 where there is none."""
        return self.headers.get((name, number), 1)

    def key(self, name: str, number: int, key: str) -> int:
        """Line of a key of a table ("" for the file's own); of the table where the key is written in another way."""
        return self.keys.get((name, number, key), self.table(name, number))

    def value(self, name: str, number: int, key: str, value: object) -> int:
        """Line of one value of a key's list, or of the key."""
        begin = self.key(name, number, key)
        if isinstance(value, str):
            for line in range(begin, len(self.text) + 1):
                words = self.text[line - 1]
                if line > begin and (_HEADER.match(words) or _KEY.match(words)):
                    break
                if f'"{value}"' in words or f"'{value}'" in words:
                    return line
        return begin
