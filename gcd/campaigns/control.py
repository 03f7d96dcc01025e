"""A running campaign's two small files: what it says of itself, and what it is told (pause, go on, cancel)."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcd.campaigns.store import SERVERS
from gcd.files import write_text

RUN, PAUSE, CANCEL = "run", "pause", "cancel"
WORDS = (RUN, PAUSE, CANCEL)
LOOK_SECONDS = 0.5  # between two looks at what it is told


@dataclass(frozen=True)
class Places:
    """Where a campaign's files are: its own, the database, and the two small ones beside it."""

    spec: Path
    store: str

    @classmethod
    def of(cls, spec: str | Path, store: str | None = None) -> Places:
        """By default everything lies beside the campaign's file."""
        spec = Path(spec)
        return cls(spec, store or str(spec.with_suffix(".db")))

    @property
    def _beside(self) -> Path:
        return self.spec if self.store.startswith(SERVERS) else Path(self.store)

    @property
    def state(self) -> Path:
        """What it says of itself."""
        return self._beside.with_suffix(".state.json")

    @property
    def control(self) -> Path:
        """What it is told."""
        return self._beside.with_suffix(".control")


class Control:
    """What a campaign is told, looked at now and then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._word, self._looked = RUN, 0.0

    def word(self) -> str:
        """One of :data:`WORDS`."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            try:
                told = self.path.read_text(encoding="utf-8").strip()
            except OSError:
                told = RUN
            self._word = told if told in WORDS else RUN
        return self._word

    def clear(self) -> None:
        """Forget what was told to an earlier run."""
        self.path.unlink(missing_ok=True)


def tell(places: Places, word: str) -> None:
    """Tell a running campaign to pause, to run on, or to end."""
    if word not in WORDS:
        raise ValueError(f"A campaign is told {', '.join(WORDS)}, not {word!r}.")
    write_text(places.control, word)


def write_state(places: Places, state: dict[str, Any]) -> None:
    """Say how it gets on; a disk that is full is told elsewhere."""
    known = {"pid": os.getpid(), "host": socket.gethostname(), "updated": time.time()}
    try:
        write_text(places.state, json.dumps(state | known))
    except ValueError:
        return


def read_state(places: Places) -> dict[str, Any]:
    """What a campaign last said of itself; "dead" stands under state where its process is gone without a word."""
    try:
        state: dict[str, Any] = json.loads(places.state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    here = state.get("host") == socket.gethostname()
    if (
        here
        and state.get("state") in ("running", "paused", "starting")
        and not _alive(int(state.get("pid", 0)))
    ):
        state["state"] = "dead"
    return state


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    except OSError:
        return True
