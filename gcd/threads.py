"""How torch's threads wait for each other: asleep, so that a core which others hold does not stop them all."""

from __future__ import annotations

import os
import sys

# What a person may have set to decide this: by OpenMP's own name, or by that of one of its two libraries.
DECIDED = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")


def let_threads_sleep() -> None:
    """Ask OpenMP, before torch loads it, that threads which wait give up their core at once.

    By default they spin for a while. Where another program holds a core, the one that spins keeps off it the very
    thread that it waits for, at every one of a network's many loops: a crystal took ten times as long.

    OpenMP reads the environment once, when torch is imported: later this does nothing. What is set there already
    stands, and the number of threads is not touched. Processes started from here inherit it.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in DECIDED):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
