"""The search data that this installation has of a boundary."""

from __future__ import annotations

from gcd.search.dataset import BoundaryDataset
from gcd.search.datasets import datasets


def dataset_of(boundary: str, metal: str) -> BoundaryDataset | None:
    """The dataset of that boundary in the Zhou potential; None when there is none."""
    entry = datasets().get((boundary, metal))
    return entry[1] if entry else None


def dataset_name(boundary: str, metal: str) -> str:
    """Its name, as `load_dataset` takes it."""
    return datasets()[boundary, metal][0]
