"""The datasets that this installation has, by boundary and metal."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gcd.places import dataset_folder
from gcd.search.dataset import BoundaryDataset, DatasetError


@cache
def named_datasets(folder: str) -> dict[str, BoundaryDataset]:
    """Name -> dataset of each file of a folder that is one, read once."""
    found = {}
    for path in sorted(Path(folder).glob("*.npz")):
        try:
            found[path.stem] = BoundaryDataset.load(path)
        except DatasetError:
            continue
    return found


@cache
def datasets() -> dict[tuple[str, str], tuple[str, BoundaryDataset]]:
    """(boundary's short name, metal) -> name and dataset of each file of the Zhou potential, read once."""
    found: dict[tuple[str, str], tuple[str, BoundaryDataset]] = {}
    for name, dataset in named_datasets(str(dataset_folder())).items():
        about = dataset.about
        if about.get("potential", "zhou2004") == "zhou2004":
            found.setdefault((about["twist"], about["metal"]), (name, dataset))
    return found
