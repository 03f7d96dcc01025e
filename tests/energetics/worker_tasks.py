"""Functions for the tests' worker processes: they find them by the name of this module."""

from __future__ import annotations

import os
import signal
import sys
import time


def square(x):
    return x * x


def name_of_process():
    return os.getpid()


def fail(text="no such luck"):
    raise ValueError(text)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def die(how="kill"):
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "segfault":
        import ctypes

        ctypes.string_at(0)
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    os._exit(3)


def perhaps_die(x):
    """Every third task takes its worker down."""
    if x % 3 == 2:
        die()
    return x


def chatter():
    """LAMMPS and MPI write where they please; the answers must not be disturbed."""
    os.write(1, b"noise\n")
    os.write(2, b"noise\n")
    return "clear"


def bad_command(slab, potential):
    from gcd.energetics.lammps_session import slab_session

    with slab_session(slab, potential) as session:
        session.lmp.command("this is no command")


def lose_atoms(slab, potential):
    from gcd.energetics.lammps_session import slab_session

    with slab_session(slab, potential) as session:
        session.commands("velocity middle create 1e9 1\nfix move middle nve\ntimestep 0.01\nrun 200")
        return session.energies()


def hang(slab, potential):
    from gcd.energetics.lammps_session import slab_session

    with slab_session(slab, potential) as session:
        session.commands("fix move middle nve\nrun 1000000000")


def modules():
    return set(sys.modules)
