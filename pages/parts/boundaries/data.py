"""The search data that this installation has of a boundary."""

from __future__ import annotations

from gcd.checkpoints import BoundaryCheckpoint, read_checkpoint
from gcd.generate import boundary_models
from gcd.search.dataset import BoundaryDataset
from gcd.search.datasets import datasets


def dataset_of(boundary: str, metal: str) -> BoundaryDataset | None:
    """The dataset of that boundary in the Zhou potential; None when there is none."""
    entry = datasets().get((boundary, metal))
    return entry[1] if entry else None


def dataset_name(boundary: str, metal: str) -> str:
    """Its name, as `load_dataset` takes it."""
    return datasets()[boundary, metal][0]


def window_of(boundary: str, metal: str) -> tuple[float, float] | None:
    """The range of E_gb (J/m2) that one of the boundary's models was held to in training; None where none was."""
    for name in boundary_models(boundary, metal).values():
        found = read_checkpoint(name)
        low, high = found.learnt.window if isinstance(found, BoundaryCheckpoint) else (None, None)
        if low is not None and high is not None:
            return float(low), float(high)
    return None
