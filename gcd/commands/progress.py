"""A progress bar on stderr, drawn by tqdm."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

FORMAT = "{desc} |{bar:30}| {percentage:3.0f} % [{elapsed}<{remaining}{postfix}]"


class ProgressBar:
    """A bar that redraws itself on a terminal; elsewhere a line for each tenth, so that logs stay short.

    Used as a context manager: the line is ended when the block is left.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.started = time.monotonic()
        self.tenth = 0
        self.bar: tqdm | None = (
            None  # begun with the first step, so that nothing is drawn of work that is refused
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def update(self, done: float, total: float, note: str = "") -> None:
        """Show ``done`` of ``total``, the time left, and a note."""
        fraction = min(1.0, done / total) if total else 1.0
        if sys.stderr.isatty():
            if self.bar is None:
                self.bar = tqdm(total=1.0, desc=self.label, bar_format=FORMAT, file=sys.stderr)
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(fraction - self.bar.n)
        elif int(10 * fraction) > self.tenth:
            self.tenth = int(10 * fraction)
            elapsed = time.monotonic() - self.started
            print(
                tqdm.format_meter(
                    fraction, 1.0, elapsed, prefix=self.label, bar_format=FORMAT, postfix=note, ascii=True
                ),
                file=sys.stderr,
                flush=True,
            )
