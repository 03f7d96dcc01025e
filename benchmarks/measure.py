"""What the benchmarks share: timing, tables, and what this machine is."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch


def seconds(work: Callable[[], object], *, least: float = 0.5, repeats: int = 5, warm_up: int = 1) -> float:
    """Wall-clock seconds of the fastest of at least `repeats` calls, over at least `least` seconds.

    The fastest, because other programs can only add to it.
    """
    return together([work], least=least, repeats=repeats, warm_up=warm_up)[0]


def together(
    works: Sequence[Callable[[], object]], *, least: float = 0.5, repeats: int = 5, warm_up: int = 1
) -> list[float]:
    """As `seconds`, for several pieces of work in turn, so that a noisy moment strikes all of them alike."""
    for work in works:
        for _ in range(warm_up):
            work()
    times: list[list[float]] = [[] for _ in works]
    while len(times[0]) < repeats or sum(times[0]) < least:
        for work, taken in zip(works, times, strict=True):
            _synchronize()
            begin = time.perf_counter()
            work()
            _synchronize()
            taken.append(time.perf_counter() - begin)
    return [min(taken) for taken in times]


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
    """Print a Markdown table, the first column to the left and the others to the right."""
    cells = [[str(c) for c in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *others = (
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    print(f"\n### {title}\n")
    print(line(cells[0]))
    print("|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|")
    for row in cells[1:]:
        print(line(row))
    if note:
        print(f"\n{note}")


def machine() -> str:
    """One line on what is measured: processor, threads, versions."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    flags = ""
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        models = [row.split(":", 1)[1].strip() for row in text.splitlines() if row.startswith("model name")]
        name = models[0] if models else name
        found = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f" {f}" in text]
        flags = f" ({', '.join(found)})" if found else ""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return (
        f"{name}{flags}{gpu}, {torch.get_num_threads()} threads; "
        f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}"
    )


def quantity(value: float, digits: int = 3) -> str:
    """A number with a few significant digits and thousands separated."""
    if value == 0:
        return "0"
    magnitude = int(np.floor(np.log10(abs(value))))
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def percent(part: float) -> str:
    """A ratio as a whole number of percent."""
    return f"{100 * part:.0f} %"
