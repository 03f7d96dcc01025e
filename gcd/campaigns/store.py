"""Where a campaign keeps its candidates: one database that ASE reads (`ase.db`), on SQLite or PostgreSQL.

Each candidate is a row: its atoms, and as key-value pairs its name, boundary, metal, potential, E_gb, [n] and seconds,
or the reason why it failed. What all candidates of a job share (request, seed, versions, hashes) is in the database's
metadata. A bundle is one transaction. There is one writer, told by a lock that dies with it; ASE's own lock file, which
a killed writer leaves behind, is not used.
"""

from __future__ import annotations

import fcntl
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.campaigns.work import Found

FORMAT = 1
SERVERS = ("postgresql://", "postgres://")


class StoreError(ValueError):
    """The database cannot be used, or belongs to something else; the message is one sentence."""


class StoreFullError(StoreError):
    """It cannot be written just now: the disk is full, or somebody else holds it."""


@dataclass(frozen=True)
class Entry:
    """A candidate to keep: what was found, or why there is nothing."""

    name: str
    about: Mapping[str, Any] = field(repr=False)  # of its job
    found: Found | None = None
    error: str = ""
    seconds: float = 0.0
    repeats: str = ""  # name of the candidate whose structure it has
    shells: tuple[float, ...] = ()
    with_structure: bool = True


@dataclass(frozen=True)
class Row:
    """What is known of a kept candidate, without its atoms."""

    id: int
    name: str
    values: Mapping[str, Any] = field(repr=False)  # the key-value pairs

    @property
    def job(self) -> str:
        """Name of its job."""
        return self.name.rpartition("/")[0]

    @property
    def number(self) -> int:
        """Of the candidate within its job."""
        return int(self.name.rpartition("/")[2])

    @property
    def error(self) -> str:
        """Why it failed; empty when it did not."""
        return str(self.values.get("error", ""))

    @property
    def egb(self) -> float:
        """J/m2; nan where there is none."""
        return float(self.values.get("egb", np.nan))

    @property
    def n(self) -> float:
        """[n]; nan where there is none."""
        return float(self.values.get("n", np.nan))

    @property
    def seconds(self) -> float:
        """Of one core."""
        return float(self.values.get("seconds", 0.0))

    @property
    def shells(self) -> tuple[float, ...]:
        """What tells its structure from others of the same energy."""
        return tuple(float(v) for v in str(self.values.get("shells", "")).split())


class CampaignStore:
    """The candidates of a campaign.

    Args:
        place: a file, or the URL of a PostgreSQL database.
        write: whether rows are added; a second writer is refused. A file is made when it is not there.

    Raises:
        StoreError: in one sentence.
    """

    def __init__(self, place: str | Path, *, write: bool = False) -> None:
        self.place = str(place)
        self.shown = re.sub(r"(?<=:)[^:/@]*(?=@)", "***", self.place)  # without a password
        self.is_server = self.place.startswith(SERVERS)
        self._lock: Any = None
        if not self.is_server:
            path = Path(self.place)
            if not write and not path.is_file():
                raise StoreError(f"There is no campaign's database {self.place!r}.")
            if write:
                self._lock = _writer(path)
        try:
            self._db = _connect(self.place, self.is_server)
            self.meta = self._meta()
            if self.is_server and write:
                self._lock = _server_writer(self.place, self.shown)
        except BaseException:
            self.close()
            raise

    def _meta(self) -> dict[str, Any]:
        try:
            known = dict(self._db.metadata)
            count = len(self._db)
        except _failures(self.is_server, ValueError, KeyError) as error:
            words = " ".join(str(error).split())
            raise StoreError(f"{self.shown!r} is no campaign's database that can be used: {words}.") from None
        if "gcd_campaign" not in known:
            if count:
                raise StoreError(f"{self.shown!r} is a database of something else: name another file.")
            return {"gcd_campaign": FORMAT, "jobs": {}}
        if known["gcd_campaign"] > FORMAT:
            raise StoreError(f"{self.shown!r} was written by a newer gcd.")
        return known

    def describe(self, **about: Any) -> None:
        """Write what all candidates share; jobs are added to those that are there."""
        jobs = {**self.meta["jobs"], **about.pop("jobs", {})}
        meta = json.loads(json.dumps({**self.meta, **about, "jobs": jobs}, default=str))
        with _told(self.shown):
            self._db.metadata = meta
        self.meta = meta

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep candidates; on return all of them are on disk, or none. :class:`StoreFullError` when it cannot be."""
        with _told(self.shown), self._transaction():
            for entry in entries:
                self._write(entry)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One connection that commits at the end; closed without that it leaves nothing behind, on any database."""
        db = self._db
        db.__enter__()
        try:
            yield
            db.connection.commit()
        finally:
            db.connection.close()
            db.connection = None

    def _write(self, entry: Entry) -> None:
        from ase import Atoms

        about, found = entry.about, entry.found
        pairs: dict[str, Any] = {"name": entry.name}
        pairs |= {key: about[key] for key in ("verb", "boundary", "metal", "potential") if about.get(key)}
        pairs |= {"seed": int(about.get("seed", 0)), "seconds": round(float(entry.seconds), 4)}
        data: dict[str, Any] = {}
        atoms = Atoms()
        if found is None:
            pairs["error"] = entry.error[:500] or "It failed without a word."
        else:
            pairs |= {"egb": float(found.egb)} if np.isfinite(found.egb) else {}
            pairs |= {"n": round(float(found.n), 6)} if np.isfinite(found.n) else {}
            pairs |= {"converged": bool(found.converged)}
            pairs |= {key: value for key, value in found.more.items() if key not in pairs}
            pairs |= {"repeats": entry.repeats} if entry.repeats else {}
            pairs |= {"shells": " ".join(f"{v:g}" for v in entry.shells)} if entry.shells else {}
            data = {"proposal": dict(found.proposal), "plane": float(found.plane)}
            if entry.with_structure:
                atoms = found.atoms.copy()
                atoms.info = {}
                energies = found.atoms.arrays.get("energy")
                data |= {} if energies is None else {"energies": energies.astype("<f4")}
        self._db.write(atoms, key_value_pairs=pairs, data=data)

    def remove(self, ids: Sequence[int]) -> None:
        """Take rows out, such as those of candidates that shall be tried again."""
        with _told(self.shown):
            self._db.delete(list(ids))

    def rows(self) -> Iterator[Row]:
        """Every candidate in the order in which they came, without atoms."""
        if self.is_server:
            for row in self._db.select(columns=["id", "key_value_pairs"], include_data=False):
                yield Row(row.id, row.key_value_pairs["name"], dict(row.key_value_pairs))
            return
        with _told(self.shown, reading=True), self._db.managed_connection() as connection:
            for number, pairs in connection.execute("SELECT id, key_value_pairs FROM systems ORDER BY id"):
                values = json.loads(pairs)
                yield Row(number, values["name"], values)

    def atoms(self, row: Row) -> Atoms:
        """A candidate's structure, with what is known of it in ``info`` and ``arrays["energy"]`` in eV."""
        found = self._db.get(id=row.id)
        atoms: Atoms = found.toatoms()
        data = dict(found.data)
        values = {key: value for key, value in row.values.items() if key != "shells"}
        atoms.info = values | {"plane": data.get("plane", np.nan), "proposal": data.get("proposal", {})}
        if "energies" in data:
            atoms.set_array("energy", np.asarray(data["energies"], dtype=float), float, ())
        return atoms

    def __len__(self) -> int:
        return len(self._db)

    def close(self) -> None:
        """Let go of it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connect(place: str, is_server: bool) -> Any:
    from ase.db import connect

    if not is_server:
        return connect(place, type="db", use_lock_file=False)
    try:
        return connect(place, use_lock_file=False)
    except ImportError:
        raise StoreError(
            "A PostgreSQL database needs ASE's other backends (pip install ase-db-backends)."
        ) from None


def _writer(path: Path) -> Any:
    """An open lock file that says who writes; the system lets go of it when its process ends, however that is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.writer").open("w")
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror}): choose another place."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreError(
            f"Another process runs the campaign of {str(path)!r}: let it end, or cancel it."
        ) from None
    return lock


def _server_writer(place: str, shown: str) -> Any:
    """A connection that holds the server's lock of writers; it goes with its process as well."""
    import psycopg2

    lock = psycopg2.connect(place)
    with lock.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('gcd campaign'))")
        if not cursor.fetchone()[0]:
            lock.close()
            raise StoreError(f"Another process runs the campaign of {shown!r}: let it end, or cancel it.")
    return lock


def _failures(is_server: bool, *more: type[Exception]) -> tuple[type[Exception], ...]:
    """What a database raises when it cannot do what it was asked, and more."""
    if not is_server:
        return (sqlite3.Error, OSError, *more)
    from psycopg2 import Error

    return (Error, OSError, *more)


class _told:
    """Turns a database's errors into one sentence."""

    def __init__(self, place: str, *, reading: bool = False) -> None:
        self.place, self.reading = place, reading

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _failures(self.place.startswith(SERVERS))):
            words = " ".join(str(error).split())
            if self.reading:
                raise StoreError(f"{self.place!r} cannot be read: {words}.") from None
            raise StoreFullError(
                f"{self.place!r} cannot be written just now ({words}): nothing that it holds is lost."
            ) from None
