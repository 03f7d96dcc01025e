"""What there is of a boundary: trained models, and datasets of searches."""

from __future__ import annotations

from gcd.search.dataset import BoundaryDataset
from gcd.search.datasets import named_datasets
from gcd.structures.boundary import Boundary


def models_of(boundary: Boundary) -> list[str]:
    """Names of the checkpoints that paint it, in any metal of its phase and with any repeats.

    Models of many boundaries come last: those that have learnt boundaries of its axis and kind, it or others.
    """
    from gcd.checkpoints import BoundaryCheckpoint, ManyBoundariesCheckpoint, available

    own, many = [], []
    for name, found in available().items():
        if isinstance(found, BoundaryCheckpoint) and _alike(found.boundary, boundary):
            own.append(name)
        elif isinstance(found, ManyBoundariesCheckpoint) and found.phase == boundary.phase:
            many += [name] * (boundary.family in found.families)
    return own + many


def never_seen_by(boundary: Boundary) -> list[str]:
    """Those of `models_of` that have learnt others of its axis and kind, but not it, of no metal."""
    from gcd.checkpoints import ManyBoundariesCheckpoint, available

    there = available()
    found = [(name, there[name]) for name in models_of(boundary)]
    return [n for n, m in found if isinstance(m, ManyBoundariesCheckpoint) and not m.has_learnt(boundary)]


def datasets_of(boundary: Boundary) -> list[str]:
    """Names of the datasets of it, in any metal of its phase and with any repeats."""
    from gcd.places import dataset_folder

    return [name for name, found in named_datasets(str(dataset_folder())).items() if _of(found, boundary)]


def _of(dataset: BoundaryDataset, boundary: Boundary) -> bool:
    try:
        return _alike(dataset.boundary, boundary)
    except (KeyError, ValueError):  # of an older format, or of a boundary that is none
        return False


def _alike(a: Boundary, b: Boundary) -> bool:
    return (a.slug, a.phase) == (b.slug, b.phase)
