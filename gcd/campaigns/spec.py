"""What a campaign's file asks for: jobs, when a boundary is done, and how it is run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gcd.campaigns.jobs import Job

KEEP = ("all", "distinct", "none")  # whose structures go into the database
_BYTES = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]?)i?B?", re.IGNORECASE)


class SpecError(ValueError):
    """The file asks for something that there is not; one sentence with the line."""


@dataclass(frozen=True)
class Target:
    """When a boundary is done before all its candidates are; none of them when None.

    Attributes:
        still: candidates for which its lowest E_gb must have stood still.
        windows: LOW:HIGH:COUNT or LOW:HIGH:COUNT:N,... that must be full, as for `gcd search`.
        core_seconds: that it may cost.
    """

    still: int | None = None
    windows: tuple[str, ...] = ()
    core_seconds: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.still is not None or bool(self.windows) or self.core_seconds is not None


@dataclass(frozen=True)
class Running:
    """How it is run; nothing of it changes a candidate."""

    bundle: int | None = None  # candidates a task of Dask; by default 10 to 50, as their cost says
    in_flight: int = 4  # bundles a worker
    retries: int = 2
    timeout: float = 900.0  # seconds a candidate
    memory: int | None = None  # bytes a candidate


@dataclass(frozen=True)
class Campaign:
    """All that a campaign's file asks for, checked."""

    name: str
    jobs: tuple[Job, ...]
    target: Target = field(default_factory=Target)
    running: Running = field(default_factory=Running)
    keep: str = "all"
    text: str = field(default="", repr=False)

    @property
    def total(self) -> int:
        """Candidates."""
        return sum(job.count for job in self.jobs)


def parse_bytes(text: Any) -> int:
    """Bytes of "2 GB" or of a whole number."""
    match = _BYTES.fullmatch(str(text).strip())
    if match is None or isinstance(text, bool):
        raise ValueError(f"Memory is written as '2 GB', not {text!r}.")
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))
