"""Threads sleep while they wait, wherever the house is entered; what a person has set stands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY", "OMP_NUM_THREADS")


def run(code, **settings):
    environment = {k: v for k, v in os.environ.items() if k not in NAMES}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )


def policy_after(code, **settings):
    return run(f"import os; {code}; print(os.environ.get('OMP_WAIT_POLICY'))", **settings).stdout.split()[-1]


@pytest.mark.parametrize("door", ["import gcd", "import gcd.cli", "from pages.shared import frame, status"])
def test_every_door_lets_threads_sleep(door):
    assert policy_after(door) == "PASSIVE"


@pytest.mark.parametrize(
    "settings",
    [
        {"OMP_WAIT_POLICY": "ACTIVE"},
        {"GOMP_SPINCOUNT": "1000"},
        {"KMP_BLOCKTIME": "200"},
        {"OMP_NUM_THREADS": "2"},
    ],
)
def test_what_a_person_has_set_stands(settings):
    code = f"import gcd; assert {settings!r}.items() <= dict(os.environ).items()"
    expected = settings.get("OMP_WAIT_POLICY", "PASSIVE" if "OMP_NUM_THREADS" in settings else "None")
    assert policy_after(code, **settings) == expected


def test_nothing_is_said_once_torch_is_there():
    assert policy_after("import sys; sys.modules['torch'] = sys; import gcd") == "None"


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings libgomp on Linux alone")
def test_torch_s_own_threads_hear_of_it():
    heard = run("import gcd, torch", OMP_DISPLAY_ENV="VERBOSE").stderr
    deaf = run("import torch, gcd", OMP_DISPLAY_ENV="VERBOSE").stderr
    if "GOMP_SPINCOUNT" not in deaf:
        pytest.skip("this torch has another OpenMP library")
    assert "GOMP_SPINCOUNT = '0'" in heard
    assert "GOMP_SPINCOUNT = '0'" not in deaf
