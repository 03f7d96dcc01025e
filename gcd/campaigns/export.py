"""A campaign's candidates as files of others: extended XYZ, a table, and the datasets that a model is trained on."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gcd.campaigns.store import CampaignStore, Row
from gcd.files import atomic_file

FORMATS = ("extxyz", "csv", "npz")
COLUMNS = (
    "name", "verb", "boundary", "metal", "potential", "seed", "egb", "n", "converged", "seconds", "repeats", "error",
)  # fmt: skip


def distinct_rows(rows: Iterable[Row]) -> list[Row]:
    """Those with an energy that repeat no other one."""
    return [row for row in rows if math.isfinite(row.egb) and not row.values.get("repeats")]


def export_csv(store: CampaignStore, path: Path) -> int:
    """A line for every candidate, failed ones with their reason; how many there are."""
    count = 0
    with atomic_file(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        table = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for row in store.rows():
            table.writerow(row.values)
            count += 1
    return count


def export_extxyz(store: CampaignStore, path: Path, *, distinct: bool = True) -> int:
    """Every distinct structure, or every one; how many there are. They are written one by one, however many."""
    from ase.io import write

    rows = list(store.rows())
    chosen = distinct_rows(rows) if distinct else [row for row in rows if not row.error]
    count = 0
    with atomic_file(path) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        for row in chosen:
            atoms = store.atoms(row)
            if not len(atoms):
                continue
            atoms.info = {k: v for k, v in atoms.info.items() if k != "proposal"}
            if "energy" in atoms.arrays:  # ASE's word for the column; "energy" would be read as the total
                atoms.set_array("energies", atoms.arrays.pop("energy"))
            write(text, atoms, format="extxyz")
            count += 1
    return count


def export_datasets(store: CampaignStore, folder: Path, *, highest: float = np.inf) -> list[dict[str, Any]]:
    """A dataset (npz) for each boundary and metal, as `gcd train boundary` reads it; what was written, or why not."""
    from gcd.search.dataset import DatasetError, build_dataset

    written: list[dict[str, Any]] = []
    groups: dict[str, list[Row]] = {}
    jobs = store.meta["jobs"]
    for row in distinct_rows(store.rows()):
        about = jobs.get(row.job, {})
        if about.get("directions") and row.values.get("converged"):
            groups.setdefault(about["group"], []).append(row)
    for group, rows in groups.items():
        about = jobs[rows[0].job]
        try:
            with tempfile.TemporaryDirectory() as scratch:
                paths = _as_searches(store, rows, Path(scratch))
                dataset = build_dataset(paths, highest=highest)
        except (DatasetError, ValueError) as error:
            written.append({"group": group, "file": None, "structures": 0, "why": str(error)})
            continue
        name = f"{about['metal'].lower()}-{about['boundary'].replace(',', '-')}"
        if about["potential"] != "zhou2004":
            name += "-" + "".join(c if c.isalnum() or c in "._" else "-" for c in about["potential"])[:40]
            dataset.about["potential"] = about["potential"]
        path = folder / f"{name}.npz"
        dataset.save(path)
        written.append({"group": group, "file": str(path), "structures": len(dataset), "why": ""})
    return written


def _as_searches(store: CampaignStore, rows: list[Row], folder: Path) -> list[Path]:
    """The rows as search stores, one for each cell that they have: what datasets are made of."""
    from gcd.search.store import Candidate, Store
    from gcd.structures.boundary import Boundary
    from gcd.structures.boundary_names import twist_name

    jobs = store.meta["jobs"]
    repeats = [tuple(jobs[row.job].get("repeats") or (1, 1)) for row in rows]
    usual = max(set(repeats), key=repeats.count)
    path = folder / "search.db"
    meta: dict[str, Any] | None = None
    kept: list[Candidate] = []
    for row, cells in zip(rows, repeats, strict=True):
        atoms = store.atoms(row)
        if cells != usual or not len(atoms):
            continue
        about = jobs[row.job]
        boundary = Boundary.from_dict(about["directions"] | {"repeats": list(usual)})
        if meta is None:
            meta = {
                "twist": twist_name(boundary), "metal": about["metal"], "atoms_per_plane": boundary.atoms_per_plane,
                "recipe": about.get("request", {}), "boundary": boundary.to_dict(),
            }  # fmt: skip
        energies = atoms.arrays.get("energy")
        kept.append(
            Candidate(
                int(row.values["seed"]), len(kept), dict(atoms.info["proposal"]), row.seconds, "", row.egb, row.n,
                True, float(atoms.info["plane"]), atoms.cell.lengths(), atoms.positions,
                np.zeros(len(atoms)) if energies is None else energies,
            )
        )  # fmt: skip
    with Store(path, meta or {}) as made:
        for candidate in kept:
            made.add(candidate)
    return [path]


def lowest_structures(store: CampaignStore, key: Callable[[Row], str]) -> dict[str, Row]:
    """The candidate of lowest E_gb for each value of a key, such as its group."""
    best: dict[str, Row] = {}
    for row in store.rows():
        if math.isfinite(row.egb):
            name = key(row)
            if name not in best or row.egb < best[name].egb:
                best[name] = row
    return best
