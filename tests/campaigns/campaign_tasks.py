"""Functions for the tests' workers, which find them by the name of this module."""

from __future__ import annotations

import os
import signal
import time


def square(x):
    return x * x


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def act(how):
    """One of the ways in which a task ends."""
    if how == "raise":
        raise ValueError("no such luck")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)
    return "done"


def fill(megabytes):
    return len(bytearray(megabytes * 2**20)) // 2**20


def make_ready(tasks):
    for task in tasks:
        if task["x"] < 0:
            raise ValueError(f"{task['x']} is below 0")
    return [{"more": 10} for _ in tasks]


def add(x, more):
    return x + more


def worker_process(client, which):
    """Process id of one of the cluster's workers."""
    found = client.run(os.getpid)
    return found[sorted(found)[which % len(found)]]
