"""What all tests share: torch uses the machine's cores once, and hypothesis never fails on a slow machine."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "gcd", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("gcd")


@pytest.fixture(scope="session", autouse=True)
def torch_threads() -> None:
    """The machine's default number of threads, shared out where pytest runs in several processes."""
    import torch

    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240)
