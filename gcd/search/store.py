"""Where a search keeps its candidates: one SQLite file, in which every finished candidate is safe at once.

Each candidate is one transaction, so a search that is killed at any moment leaves whole candidates and a whole file.

Why not `ase.db`, which keeps structures in SQLite too: it guards each write by a lock file of its own. Of 12 writers of
360 atoms killed with SIGKILL (ASE 3.29.0), 6 left that file behind, and each time the next writer waited for it
until it was deleted by hand. No row was lost (55 of 55), but a search would not go on by itself after a kill.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

FORMAT = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS candidates (
    seed INTEGER NOT NULL,          -- of the search
    number INTEGER NOT NULL,        -- 0, 1, ... within that search
    error TEXT NOT NULL,            -- empty, or why there is no structure
    egb REAL,                       -- J/m2
    n REAL,                         -- [n]
    converged INTEGER,
    seconds REAL NOT NULL,          -- of one core
    proposal TEXT NOT NULL,         -- JSON: what was tried
    plane REAL,                     -- z of the boundary, Å
    cell BLOB,                      -- three edges, Å
    positions BLOB,                 -- (N, 3) float64, Å
    energies BLOB,                  -- (N,) float64, eV
    PRIMARY KEY (seed, number)
);
CREATE INDEX IF NOT EXISTS energy ON candidates (n, egb);
"""


class StoreError(ValueError):
    """The file is not a search's store, or belongs to another search; the message is one sentence."""


@dataclass(frozen=True)
class Candidate:
    """One finished candidate: a relaxed structure with its energy, or the reason why there is none."""

    seed: int
    number: int
    proposal: dict[str, Any]
    seconds: float
    error: str = ""
    egb: float = np.nan  # J/m2
    n: float = np.nan
    converged: bool = False
    plane: float = np.nan  # Å
    cell: np.ndarray = field(default_factory=lambda: np.zeros(3), repr=False)  # (3,) Å
    positions: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)), repr=False)  # (N, 3) Å
    energies: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)  # (N,) eV

    @property
    def key(self) -> tuple[int, float]:
        """What makes two candidates the same structure: E_gb to 3 decimals, and [n]."""
        return duplicate_key(self.egb, self.n)


def duplicate_key(egb: float, n: float) -> tuple[int, float]:
    """E_gb in whole mJ/m2, and [n] to 4 decimals."""
    return round(1000.0 * egb), round(n, 4)


class Store:
    """The candidates of one search, or of several with different seeds on the same boundary.

    Args:
        path: of the file; made when it is not there.
        meta: what all candidates share (twist, metal, ...). It is written to a new file, and compared with an old one.
        read_only: only look; the file must be there.

    Raises:
        StoreError: the file is something else, or was made for other ``meta``.
    """

    def __init__(
        self, path: str | os.PathLike[str], meta: dict[str, Any] | None = None, *, read_only: bool = False
    ) -> None:
        self.path = Path(path)
        if read_only and not self.path.is_file():
            raise StoreError(f"There is no search store {str(path)!r}.")
        # Reading a file that a search is writing to needs no more than patience; one whose search was killed while it
        # wrote must first be rolled back, which SQLite does itself, but not through a connection opened read-only.
        address = f"{self.path.absolute().as_uri()}?mode={'rw' if read_only else 'rwc'}"
        try:
            self._db = sqlite3.connect(address, uri=True, timeout=60.0)
            if read_only:
                self._db.execute("PRAGMA query_only = ON")
            else:
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_TABLES)
            self.meta = self._meta(json.loads(json.dumps(meta or {})), read_only)
        except sqlite3.Error as error:
            raise StoreError(f"{str(path)!r} is not a search store that can be used: {error}.") from None

    def _meta(self, wanted: dict[str, Any], read_only: bool) -> dict[str, Any]:
        with self._db:
            if not read_only:
                self._db.execute("BEGIN IMMEDIATE")  # two searches that start at once must not both fill it
            found = {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM meta")}
            if not found and not read_only:
                found = {"format": FORMAT} | wanted
                self._db.executemany(
                    "INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in found.items()]
                )
        if found.get("format") != FORMAT:
            raise StoreError(f"{str(self.path)!r} is not a search store of this version.")
        for key, value in wanted.items():
            if key in found and found[key] != value:
                old, new = _difference(found[key], value)
                raise StoreError(
                    f"{str(self.path)!r} holds a search with {key} {old}, not {new}: use another file."
                )
        return found

    def add(self, candidate: Candidate) -> bool:
        """Keep a candidate; on return it is on disk. False if that number of that seed was there already."""
        done = not candidate.error
        row = (
            candidate.seed,
            candidate.number,
            candidate.error,
            candidate.egb if done else None,
            candidate.n if done else None,
            int(candidate.converged) if done else None,
            candidate.seconds,
            json.dumps(candidate.proposal),
            candidate.plane if done else None,
            _blob(candidate.cell) if done else None,
            _blob(candidate.positions) if done else None,
            _blob(candidate.energies) if done else None,
        )
        with self._db:
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )
        return cursor.rowcount == 1

    def numbers(self, seed: int) -> set[int]:
        """Numbers of the candidates of that seed that are finished, failed ones included."""
        return {
            number for (number,) in self._db.execute("SELECT number FROM candidates WHERE seed = ?", (seed,))
        }

    def energies(self, seed: int | None = None) -> list[tuple[float, float, float]]:
        """(E_gb in J/m2, [n], core-seconds) of every candidate that did not fail, in their order of finishing."""
        query = "SELECT egb, n, seconds FROM candidates WHERE error = '' AND (?1 IS NULL OR seed = ?1) ORDER BY rowid"
        return list(self._db.execute(query, (seed,)))

    def errors(self, seed: int | None = None) -> list[tuple[int, int, str]]:
        """(seed, number, reason) of the candidates that failed."""
        query = "SELECT seed, number, error FROM candidates WHERE error <> '' AND (?1 IS NULL OR seed = ?1)"
        return list(self._db.execute(query, (seed,)))

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM candidates").fetchone()[0])

    def __iter__(self) -> Iterator[Candidate]:
        """Every candidate, in the order in which they finished."""
        with closing(self._db.execute("SELECT * FROM candidates ORDER BY rowid")) as rows:
            for row in rows:
                yield _candidate(row)

    def unique(self) -> list[Candidate]:
        """One candidate of each E_gb (3 decimals) and [n], sorted by [n] and E_gb; converged ones go first."""
        kept: dict[tuple[int, float], Candidate] = {}
        for candidate in self:
            if candidate.error:
                continue
            known = kept.get(candidate.key)
            if known is None or (candidate.converged and not known.converged):
                kept[candidate.key] = candidate
        return sorted(kept.values(), key=lambda c: (c.n, c.egb))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _difference(old: Any, new: Any) -> tuple[Any, Any]:
    """The two values, or of two dicts only what differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        return {key: old.get(key) for key in keys}, {key: new.get(key) for key in keys}
    return old, new


def _blob(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _array(blob: bytes | None) -> np.ndarray:
    return np.frombuffer(blob or b"", dtype="<f8").copy()


def _candidate(row: tuple[Any, ...]) -> Candidate:
    seed, number, error, egb, n, converged, seconds, proposal, plane, cell, positions, energies = row
    return Candidate(
        seed=seed,
        number=number,
        proposal=json.loads(proposal),
        seconds=seconds,
        error=error,
        egb=np.nan if egb is None else egb,
        n=np.nan if n is None else n,
        converged=bool(converged),
        plane=np.nan if plane is None else plane,
        cell=_array(cell),
        positions=_array(positions).reshape(-1, 3),
        energies=_array(energies),
    )
