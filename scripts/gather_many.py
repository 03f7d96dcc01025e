"""Gather searches into a collection: python scripts/gather_many.py bcc FOLDER [FOLDER ...] --out FILE.npz.

Of the stores (*.db) of each folder the distinct, converged structures are taken. For bcc the dataset of tungsten's Σ5
twist, data/w-sigma5.npz, comes along. What data/held-out.toml names is refused.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from gcd.search.collection import REACH, BoundaryCollection, HeldOut, Member, Part, collect
from gcd.search.dataset import BoundaryDataset
from gcd.search.store import Store
from gcd.structures.boundary import Boundary

ROOT = Path(__file__).resolve().parent.parent


def of_store(path: Path, highest: float) -> Part:
    """Distinct converged structures of one search, those not far above the lowest."""
    with Store(path, read_only=True) as store:
        found = [c for c in store.unique() if c.converged]
        limit = min(c.egb for c in found) + highest
        kept = [c for c in found if c.egb <= limit]
        boundary = Boundary.from_dict(store.meta["boundary"])
        candidates = sum(1 for _ in store)
        seconds = sum(c.seconds for c in store)
        record = {"candidates": candidates, "core_seconds": round(seconds), "recipe": store.meta["recipe"]}
        member = _member(boundary, store.meta["metal"], kept[0].cell[:2], record | {"file": path.name})
        shifted = [c.positions - np.array([0.0, 0.0, c.plane]) for c in kept]
        return Part(member, [c.egb for c in kept], [c.n for c in kept], shifted)


def of_dataset(path: Path) -> Part:
    """All structures of a dataset of one boundary."""
    data = BoundaryDataset.load(path)
    member = _member(data.boundary, data.about["metal"], data.cell[:2], {"file": path.name})
    planes = data.arrays["plane"]
    shifted = [data.positions(i) - np.array([0.0, 0.0, planes[i]]) for i in range(len(data))]
    return Part(member, data.egb.tolist(), data.n.tolist(), shifted)


def _member(boundary: Boundary, metal: str, cell: np.ndarray, record: dict[str, object]) -> Member:
    a = float(cell[0] / boundary.edges[0])
    return Member(boundary, metal, a, np.array(cell), round(REACH * a, 3), "zhou2004", dict(record))


def main() -> None:
    """Write the collection and print a line a boundary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=("bcc", "fcc"))
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--highest", type=float, default=2.0, help="J/m2 above the lowest of a boundary (default 2)"
    )
    given = parser.parse_args()
    parts = [of_dataset(ROOT / "data/w-sigma5.npz")] if given.phase == "bcc" else []
    for folder in given.folders:
        for path in sorted(folder.glob("*.db")):
            with Store(path, read_only=True) as store:
                if Boundary.from_dict(store.meta["boundary"]).phase != given.phase:
                    continue
            parts.append(of_store(path, given.highest))
    HeldOut.read(given.phase, ROOT / "data/held-out.toml").refuse(part.member for part in parts)
    collection: BoundaryCollection = collect(given.phase, parts)
    collection.save(given.out)
    for m, member in enumerate(collection.members):
        here = collection.of(m)
        across, up = member.boundary.repeats
        print(
            f"{member.metal} {member.boundary.slug} {across}x{up}: {len(here)} structures, "
            f"{len(np.unique(collection.n[here]))} [n], lowest {collection.egb[here].min():.4f} J/m2"
        )
    print(f"{len(collection)} structures, {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
