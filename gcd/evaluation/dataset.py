"""What the boundary dataset holds: a table by [n], the E_gb-[n] plot, and every energy computed anew from the atoms."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gcd.files import atomic_file
from gcd.search.dataset import BoundaryDataset

PLANES_APART = 0.9  # Å, at least, for planes of atoms that can be told from each other
TRAINING_WINDOW = (2.6, 2.8)  # J/m2: what the paper's in-painting model is trained on
# Lowest E_gb (J/m2) at each [n] of earlier searches with this potential, by twist and metal.
KNOWN_LOWEST: dict[tuple[str, str], Mapping[float, float]] = {
    ("sigma5", "W"): {
        0.0: 2.980, 0.1: 2.634, 0.2: 2.297, 0.3: 2.590, 0.4: 2.469,
        0.5: 2.808, 0.6: 3.055, 0.7: 3.298, 0.8: 3.374, 0.9: 3.285,
    }
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """The structures at one [n]; energies in J/m2."""

    n: float
    structures: int
    in_window: int  # with TRAINING_WINDOW[0] <= E_gb <= TRAINING_WINDOW[1]
    lowest: float
    known: float  # lowest of earlier searches; nan where there were none
    median: float
    highest: float


@dataclass(frozen=True)
class Check:
    """The dataset held against itself: energies and [n] computed anew from the stored positions."""

    structures: int
    distinct: int  # by E_gb to 3 decimals and [n]
    largest_energy_error: float  # J/m2
    largest_force: float  # eV/Å on a free atom
    wrong_n: int
    shortest_distance: float  # Å


def evaluate_dataset(dataset: BoundaryDataset) -> list[Row]:
    """One row for each [n]."""
    known = KNOWN_LOWEST.get((dataset.about["twist"], dataset.about["metal"]), {})
    rows = []
    for n in np.unique(dataset.n):
        egb = dataset.egb[dataset.n == n]
        low, high = TRAINING_WINDOW
        rows.append(
            Row(
                n=float(n),
                structures=len(egb),
                in_window=int(((egb >= low) & (egb <= high)).sum()),
                lowest=float(egb.min()),
                known=known.get(round(float(n), 4), float("nan")),
                median=float(np.median(egb)),
                highest=float(egb.max()),
            )
        )
    return rows


def check_dataset(dataset: BoundaryDataset) -> Check:
    """Compute every E_gb, force and [n] anew from the stored positions, with the analytic potential."""
    from gcd.energetics.boundary_energy import slab_energy
    from gcd.energetics.boundary_plane import make_slab, minimum_distance
    from gcd.energetics.neighbours import neighbour_pairs
    from gcd.energetics.slab import n_fraction
    from gcd.energetics.zhou2004 import Zhou2004
    from gcd.search.store import duplicate_key

    potential = Zhou2004(dataset.about["metal"])
    energy_error, force, wrong, shortest = 0.0, 0.0, 0, np.inf
    boundary, per_plane = dataset.boundary, int(dataset.about["atoms_per_plane"])
    apart = boundary.spacing * float(dataset.cell[0] / boundary.edges[0])
    for index in range(len(dataset)):
        atoms = dataset.atoms(index)
        slab = make_slab(atoms, dataset.about["metal"], plane=float(dataset.arrays["plane"][index]))
        positions, pairs = neighbour_pairs(atoms, potential.cutoff)
        energies, forces = potential.energies_and_forces(positions, pairs)
        egb = slab_energy(slab, energies.numpy())
        energy_error = max(energy_error, abs(egb - float(dataset.egb[index])))
        # The upper grain came along with the boundary, so atoms near the clamps may be counted to either side.
        free = np.abs(slab.positions[:, 2] - slab.plane) < 18.0
        force = max(force, float(forces[free].norm(dim=1).max()))
        # Planes of high indices cannot be told from one another in a relaxed slab: there all atoms are counted.
        n = n_fraction(slab) if apart > PLANES_APART else len(atoms) / per_plane % 1.0
        wrong += abs((n - float(dataset.n[index]) + 0.5) % 1.0 - 0.5) > 1e-3
        shortest = min(shortest, minimum_distance(atoms))
    keys = {duplicate_key(egb, n) for egb, n in zip(dataset.egb, dataset.n, strict=True)}
    return Check(len(dataset), len(keys), energy_error, force, wrong, shortest)


def markdown(rows: list[Row]) -> str:
    """The table as a person reads it."""
    low, high = TRAINING_WINDOW
    lines = [
        f"| [n] | structures | {low:g} to {high:g} J/m2 | lowest E_gb | known lowest | median | highest |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.n:g} | {r.structures} | {r.in_window} | {r.lowest:.4f} | "
        f"{'' if np.isnan(r.known) else f'{r.known:.3f}'} | {r.median:.3f} | {r.highest:.3f} |"
        for r in rows
    ]
    total = sum(r.structures for r in rows)
    window = sum(r.in_window for r in rows)
    lowest = min(r.lowest for r in rows)
    lines.append(f"| all | {total} | {window} | {lowest:.4f} | | | {max(r.highest for r in rows):.3f} |")
    return "\n".join(lines)


def words(check: Check) -> str:
    """The check in one sentence."""
    return (
        f"Computed anew from the stored positions: {check.distinct} of {check.structures} structures distinct, E_gb to "
        f"{check.largest_energy_error:.1e} J/m2, largest force on a free atom {check.largest_force:.1e} eV/Å, "
        f"{check.wrong_n} with another [n], shortest distance {check.shortest_distance:.2f} Å."
    )


def as_json(rows: list[Row], check: Check | None = None) -> dict[str, Any]:
    """The table, and the check if it was made, for `--json`."""
    table = [asdict(row) | {"known": None if np.isnan(row.known) else row.known} for row in rows]
    return {"rows": table} | ({"check": asdict(check)} if check else {})


def plot(dataset: BoundaryDataset, path: str | os.PathLike[str]) -> Path:
    """Write the E_gb-[n] plot as an image; its format follows from the name."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    low, high = TRAINING_WINDOW
    inside = (dataset.egb >= low) & (dataset.egb <= high)
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    axes.axhspan(low, high, color="#E08E0B", alpha=0.15, lw=0, label=f"{low:g} to {high:g} J/m²")
    style: dict[str, Any] = {"s": 16, "linewidths": 0.8, "edgecolors": "#2E86C1"}
    axes.scatter(dataset.n[~inside], dataset.egb[~inside], facecolors="none", **style)
    axes.scatter(dataset.n[inside], dataset.egb[inside], facecolors="#2E86C1", **style)
    lowest = dataset.lowest()
    axes.plot(
        list(lowest), list(lowest.values()), "_", color="#D5602A", ms=16, mew=2, label="lowest at each [n]"
    )
    axes.set(xlabel="[n]", ylabel="E_gb (J/m²)", xticks=sorted(lowest))
    axes.set_title(f"{len(dataset)} structures of {dataset.about['metal']} {dataset.boundary.title}")
    axes.legend(frameon=False)
    path = Path(path)
    with atomic_file(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=150, metadata={"Software": None})
    plt.close(figure)
    return path
