"""A progress bar on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

WIDTH = 30


class ProgressBar:
    """A bar that redraws itself on a terminal; elsewhere a line for each tenth, so that logs stay short.

    Used as a context manager: the line is ended when the block is left.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.started = time.monotonic()
        self.drawn_at = 0.0
        self.tenth = 0
        self.open_line = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.open_line:
            print(file=sys.stderr)

    def update(self, done: float, total: float, note: str = "") -> None:
        """Show ``done`` of ``total``, the time left, and a note."""
        fraction = min(1.0, done / total) if total else 1.0
        now = time.monotonic()
        if sys.stderr.isatty():
            if now - self.drawn_at < 0.1 and fraction < 1:
                return
            self.drawn_at, self.open_line = now, True
            print(f"\r\x1b[K{self._line(fraction, now, note)}", end="", file=sys.stderr, flush=True)
        elif int(10 * fraction) > self.tenth:
            self.tenth = int(10 * fraction)
            print(self._line(fraction, now, note), file=sys.stderr, flush=True)

    def _line(self, fraction: float, now: float, note: str) -> str:
        full = round(WIDTH * fraction)
        elapsed = now - self.started
        left = f"{elapsed / fraction * (1 - fraction):.0f} s left" if 0 < fraction < 1 else f"{elapsed:.1f} s"
        bar = "#" * full + "-" * (WIDTH - full)
        return " ".join(
            part for part in (self.label, f"[{bar}]", f"{100 * fraction:3.0f} %", left, note) if part
        )
