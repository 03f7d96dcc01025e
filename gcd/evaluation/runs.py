"""Where runs are kept: one file of JSON lines for each boundary, method and seed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Line:
    """A finished candidate; E_gb is None where there is no relaxed structure."""

    number: int
    seconds: float  # core-seconds of the run when it was done
    n: float
    egb: float | None  # J/m2
    converged: bool
    restarts: int
    failure: str
    about: dict[str, Any]

    @property
    def physical(self) -> bool:
        """Whether there was something to relax."""
        return self.egb is not None or self.failure.startswith("relaxing: ")


class RunFile:
    """The JSON lines of one run: a header, then candidates. A line that was cut short is dropped.

    Raises ValueError, in one sentence, when the file is of something else.
    """

    def __init__(self, path: str | os.PathLike[str], header: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        wanted = None if header is None else json.loads(json.dumps({"format": FORMAT} | dict(header)))
        whole = self.path.read_bytes() if self.path.is_file() else b""
        whole = whole[: whole.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in whole.splitlines()]
        if not rows and wanted is None:
            raise ValueError(f"There is no run in {str(path)!r}.")
        self.header: dict[str, Any] = rows[0] if rows else wanted or {}
        if wanted is not None and self.header != wanted:
            keys = [k for k in {**self.header, **wanted} if self.header.get(k) != wanted.get(k)]
            raise ValueError(
                f"{str(path)!r} holds a run with another {' and '.join(keys)}: use another folder to keep this one in."
            )
        self.lines = [Line(**row) for row in rows[1:]]
        if wanted is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("r+b" if self.path.is_file() else "wb") as file:
                file.truncate(len(whole))
            if not rows:
                self._write(wanted)

    @property
    def spent(self) -> float:
        """Core-seconds of the run so far."""
        return self.lines[-1].seconds if self.lines else 0.0

    def add(self, line: Line) -> None:
        """Keep a candidate; on return it is on disk."""
        self.lines.append(line)
        self._write(asdict(line))

    def _write(self, row: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def run_file(folder: str | os.PathLike[str], case: str, name: str, seed: int, weights: str = "") -> Path:
    """Where a run is kept; those of a model say by the beginning of its weights' sha256 which one it was."""
    return Path(folder) / case / f"{name}{'-' if weights else ''}{weights[:8]}-{seed}.jsonl"


def read_runs(
    keep: str | os.PathLike[str], cases: Iterable[str], weights: str | None = None
) -> dict[str, dict[str, dict[int, RunFile]]]:
    """All runs in a folder: case -> method -> seed -> run.

    Args:
        keep: the folder.
        cases: their names.
        weights: sha256 of the model whose runs are wanted; those of others are left out. None: every run that no
            model was asked in.
    """
    found: dict[str, dict[str, dict[int, RunFile]]] = {}
    for case in cases:
        runs = found.setdefault(case, {})
        for path in sorted((Path(keep) / case).glob("*.jsonl")):
            run = RunFile(path)
            if run.header["settings"].get("sha256") in (None, weights):
                runs.setdefault(run.header["method"], {})[int(run.header["seed"])] = run
    return found
