"""Relaxation: slabs a second of LAMMPS and torch, one by one and together, and whether they end in the same minima."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.measure import quantity, table
from gcd.energetics import lammps
from gcd.energetics.boundary_energy import relax_boundaries
from gcd.energetics.calculator import elastic_constants
from gcd.energetics.engines import cores
from gcd.structures.bicrystals import push_atoms, twist_bicrystal

if TYPE_CHECKING:
    from ase import Atoms

SLABS = 40
SAME = 1e-3  # J/m2


def rough_slabs(count: int) -> list[Atoms]:
    """Unrelaxed Sigma5 boundaries of tungsten: random shifts, 0 to 9 atoms taken out, atoms pushed by up to 0.3 Å."""
    rng = np.random.default_rng(0)
    slabs = []
    for number in range(count):
        shift = rng.uniform(0.0, 10.0, 2)
        atoms = twist_bicrystal(
            "sigma5", "W", in_plane_shift=(shift[0], shift[1]), gap=0.3, remove=number % 10, rng=rng
        )
        push_atoms(atoms, atoms.info["plane"], 0.3, rng)
        slabs.append(atoms)
    return slabs


def run(quick: bool = False) -> None:
    """All tables."""
    _elastic()
    slabs = rough_slabs(6 if quick else SLABS)
    ways: list[tuple[str, dict[str, Any]]] = []
    if lammps.available():
        ways.append(("LAMMPS, 1 process", {"engine": "lammps", "workers": 1}))
        if cores() > 1:
            ways.append((f"LAMMPS, {cores()} processes", {"engine": "lammps", "workers": cores()}))
    else:
        print(f"\n{lammps.missing()}")
    torches: list[tuple[str, dict[str, Any]]] = [
        ("torch, CPU, one by one", {"engine": "torch", "device": "cpu", "batch_atoms": 1}),
        ("torch, CPU, together", {"engine": "torch", "device": "cpu"}),
    ]
    if torch.cuda.is_available():
        torches.append(("torch, GPU, one by one", {"engine": "torch", "device": "cuda", "batch_atoms": 1}))
        torches.append(("torch, GPU, together", {"engine": "torch", "device": "cuda"}))
    ways += torches
    taken: dict[str, float] = {}
    relaxed: dict[str, list[Atoms]] = {}
    for name, settings in ways:
        relax_boundaries(slabs[:1], max_evaluations=5, **settings)  # files read, kernels loaded
        begin = time.perf_counter()
        relaxed[name] = relax_boundaries(slabs, **settings)
        taken[name] = time.perf_counter() - begin
    first = ways[0][0]
    reference = np.array([atoms.info["egb"] for atoms in relaxed[first]])
    rows = []
    for name, _ in ways:
        egb = np.array([atoms.info["egb"] for atoms in relaxed[name]])
        rows.append(
            [
                name,
                quantity(len(slabs) / taken[name]),
                quantity(taken[name] / len(slabs)),
                f"{quantity(taken[first] / taken[name])} x",
                quantity(float(np.mean([atoms.info["force_evaluations"] for atoms in relaxed[name]]))),
                f"{int((np.abs(egb - reference) < SAME).sum())} of {len(slabs)}",
            ]
        )
    table(
        f"Relaxation of {len(slabs)} rough Σ5 boundaries of W, {min(map(len, slabs))} to {max(map(len, slabs))} atoms",
        ["how", "slabs a second", "s a slab", "speed", "evaluations a slab", f"E_gb within {SAME:g} J/m2"],
        rows,
        f"Speed and E_gb against {first}; starting the processes is counted. "
        f"torch on {torch.get_num_threads()} threads; load of this machine {os.getloadavg()[0]:.1f} at the end.",
    )
    if first.startswith("LAMMPS"):
        _other_minima(relaxed[first], relaxed["torch, CPU, together"])


def _elastic() -> None:
    rows = [
        [metal, *(quantity(c, 4) for c in elastic_constants(metal).values())] for metal in ("W", "Mo", "Cu")
    ]
    table("Elastic constants, GPa", ["metal", "C11", "C12", "C44"], rows)


def _other_minima(ours: list[Atoms], theirs: list[Atoms]) -> None:
    """Where the two relaxers disagree: is each end a minimum for the other one too?"""
    rows = []
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if abs(a.info["egb"] - b.info["egb"]) < SAME:
            continue
        a_in_torch, b_in_lammps = (
            relax_boundaries(atoms, engine=engine, device="cpu")[0].info["egb"]
            for atoms, engine in ((a, "torch"), (b, "lammps"))
        )
        energies = (a.info["egb"], a_in_torch, b.info["egb"], b_in_lammps)
        rows.append([number, *(f"{energy:.4f}" for energy in energies)])
    if rows:
        table(
            "Different minima, E_gb in J/m2",
            ["slab", "LAMMPS", "then torch", "torch", "then LAMMPS"],
            rows,
            "Each relaxer leaves the other's structure where it is: both are minima.",
        )


if __name__ == "__main__":
    run()
