"""What there is of a boundary: trained models, and datasets of searches."""

from __future__ import annotations

from functools import cache

from gcd.search.dataset import BoundaryDataset, DatasetError
from gcd.structures.boundary import Boundary


def models_of(boundary: Boundary) -> list[str]:
    """Names of the checkpoints that paint it, in any metal of its phase and with any repeats."""
    from gcd.checkpoints import BoundaryCheckpoint, available

    return [
        name
        for name, found in available().items()
        if isinstance(found, BoundaryCheckpoint) and _alike(found.boundary, boundary)
    ]


def datasets_of(boundary: Boundary) -> list[str]:
    """Names of the datasets of it, in any metal of its phase and with any repeats."""
    from gcd.places import dataset_folder

    folder = str(dataset_folder())
    return [name for name, found in _datasets(folder).items() if _alike(found, boundary)]


def _alike(a: Boundary, b: Boundary) -> bool:
    return (a.slug, a.phase) == (b.slug, b.phase)


@cache
def _datasets(folder: str) -> dict[str, Boundary]:
    from pathlib import Path

    found = {}
    for path in sorted(Path(folder).glob("*.npz")):
        try:
            found[path.stem] = BoundaryDataset.load(path).boundary
        except (DatasetError, KeyError, ValueError):
            continue
    return found
