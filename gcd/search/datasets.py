"""The datasets that this installation has, by boundary and metal."""

from __future__ import annotations

from functools import cache

from gcd.places import dataset_folder
from gcd.search.dataset import BoundaryDataset, DatasetError


@cache
def datasets() -> dict[tuple[str, str], tuple[str, BoundaryDataset]]:
    """(boundary's short name, metal) -> name and dataset of each file of the Zhou potential, read once."""
    found: dict[tuple[str, str], tuple[str, BoundaryDataset]] = {}
    folder = dataset_folder()
    for path in sorted(folder.glob("*.npz")) if folder.is_dir() else []:
        try:
            dataset = BoundaryDataset.load(path)
        except DatasetError:
            continue
        about = dataset.about
        if about.get("potential", "zhou2004") == "zhou2004":
            found.setdefault((about["twist"], about["metal"]), (path.stem, dataset))
    return found
