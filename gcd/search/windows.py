"""What a search is asked to fill: ranges of E_gb and [n] that shall hold so many different structures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gcd.search.store import duplicate_key

# An [n] whose lowest energy lies above a window after so many tries is taken for unable to reach it.
TRIES = 15


@dataclass(frozen=True)
class Window:
    """``count`` different structures with ``low`` <= E_gb <= ``high`` (J/m2), at any [n] or at those of ``n``."""

    count: int
    low: float = 0.0
    high: float = math.inf
    n: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a window that nothing fits through."""
        if not self.low <= self.high or self.count < 0:
            raise ValueError(f"A window needs a lowest energy below its highest, and a count; not {self}.")
        if self.n is not None and not all(0 <= n < 1 for n in self.n):
            raise ValueError(f"[n] lies from 0 to 1, 1 excluded, not {self.n}.")

    @classmethod
    def parse(cls, text: str) -> Window:
        """From LOW:HIGH:COUNT or LOW:HIGH:COUNT:N,N,..., as the command line takes it."""
        parts = text.split(":")
        try:
            least, most, number, *where = parts
            low, high = float(least or 0.0), float(most or math.inf)
            n = (
                tuple(_number(value) for (values,) in [where] for value in values.split(","))
                if where
                else None
            )
            count = int(number)
        except (ValueError, ZeroDivisionError):
            raise ValueError(
                f"A window is LOW:HIGH:COUNT or LOW:HIGH:COUNT:N,N,... such as 2.6:2.8:40:1/10,3/10, not {text!r}."
            ) from None
        return cls(count, low, high, n)

    def holds(self, egb: float, n: float) -> bool:
        """Whether a structure lies inside."""
        inside = self.n is None or any(abs(n - wanted) < 1e-3 for wanted in self.n)
        return inside and self.low <= egb <= self.high


class Tally:
    """What a search has found: different structures, the lowest energy at each [n], and how full the windows are."""

    def __init__(self, windows: Sequence[Window] = ()) -> None:
        self.windows = tuple(windows)
        self.lowest: dict[float, float] = {}
        self.filled = [0] * len(self.windows)
        self._keys: set[tuple[int, float]] = set()
        self._tries: dict[float, int] = defaultdict(int)

    @property
    def unique(self) -> int:
        """Structures that differ in E_gb (3 decimals) or [n]."""
        return len(self._keys)

    @property
    def full(self) -> bool:
        """Whether there are windows, and all of them are full."""
        return bool(self.windows) and all(map(self._full, range(len(self.windows))))

    def add(self, egb: float, n: float) -> bool:
        """Count a structure; whether it is a new one."""
        n = round(n, 4)
        self._tries[n] += 1
        self.lowest[n] = min(egb, self.lowest.get(n, math.inf))
        key = duplicate_key(egb, n)
        if key in self._keys:
            return False
        self._keys.add(key)
        for i, window in enumerate(self.windows):
            self.filled[i] += window.holds(egb, n)
        return True

    def surplus(self, per_plane: int) -> list[int] | None:
        """Atoms beyond whole planes that are worth trying for the windows still open; None for any."""
        wanted = [w for i, w in enumerate(self.windows) if not self._full(i)]
        if not wanted:
            return None
        numbers = {k for w in wanted for k in self._candidates(w, per_plane)}
        return sorted(numbers) or None

    def _candidates(self, window: Window, per_plane: int) -> Iterable[int]:
        for k in range(per_plane):
            n = round(k / per_plane, 4)
            if window.n is not None and not any(abs(n - wanted) < 1e-3 for wanted in window.n):
                continue
            hopeless = self._tries[n] >= TRIES and self.lowest.get(n, math.inf) > window.high
            if window.n is not None or not hopeless:
                yield k

    def _full(self, i: int) -> bool:
        return self.filled[i] >= self.windows[i].count


def _number(text: str) -> float:
    over, _, under = text.partition("/")
    return float(over) / float(under or 1)
