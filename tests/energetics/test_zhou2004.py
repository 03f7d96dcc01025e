"""The potential: known crystals, forces against finite differences, and its smooth end."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from ase.build import bulk

from gcd.energetics.metals import METALS, check_metal
from gcd.energetics.neighbours import neighbour_pairs
from gcd.energetics.zhou2004 import Zhou2004, cohesive_energy, lattice_constant

# Lattice constant (Å) and cohesive energy (eV) that the potential is known to have.
CRYSTALS = {
    "W": (3.164849, -8.759994),
    "Mo": (3.150138, -6.810003),
    "Ta": (3.302538, -8.090002),
    "Fe": (2.865952, -4.289998),
    "Cu": (3.614960, -3.539995),
    "Al": (4.050200, -3.580002),
    "Ni": (3.519619, -4.449997),
}


CUBIC = [metal for metal, entry in METALS.items() if entry.structure != "hcp"]


def rattled(metal, repeat=3, noise=0.1, seed=0):
    """A supercell with every atom off its site."""
    atoms = bulk(metal, METALS[metal].structure, a=lattice_constant(metal), cubic=True) * repeat
    atoms.rattle(noise, seed=seed)
    return atoms


@pytest.mark.parametrize("metal", CRYSTALS)
def test_lattice_constant_and_cohesive_energy(metal):
    a, energy = CRYSTALS[metal]
    assert lattice_constant(metal) == pytest.approx(a, abs=1e-5)
    assert cohesive_energy(metal) == pytest.approx(energy, abs=1e-5)


@pytest.mark.parametrize("metal", CUBIC)
def test_the_lattice_constant_is_a_minimum(metal):
    entry, a = METALS[metal], lattice_constant(metal)
    potential = Zhou2004(metal)

    def energy(a):
        x, pairs = neighbour_pairs(bulk(metal, entry.structure, a=a), potential.cutoff)
        return float(potential.energies(x, pairs)[0])

    assert energy(a) == pytest.approx(cohesive_energy(metal), abs=1e-10)
    assert energy(a) < min(energy(a - 1e-3), energy(a + 1e-3))


@pytest.mark.parametrize("metal", METALS)
def test_an_atom_alone_has_no_energy(metal):
    potential = Zhou2004(metal)
    assert potential.embedding(torch.zeros(1, dtype=torch.float64)).item() == 0
    assert potential.embedding(torch.full((1,), 1e-9, dtype=torch.float64)).item() == pytest.approx(
        0, abs=2e-6
    )


@pytest.mark.parametrize("metal", METALS)
def test_embedding_joins_its_pieces(metal):
    """To the six digits to which the parameters are printed."""
    potential, p = Zhou2004(metal), METALS[metal].p
    for joint in (p["rho_low"] * p["rho_e"], p["rho_e"], p["rho_high"] * p["rho_e"]):
        rho = torch.tensor([joint - 1e-9, joint + 1e-9], dtype=torch.float64)
        low, high = potential.embedding(rho).tolist()
        assert low == pytest.approx(high, abs=1e-6)


def test_functions_are_those_of_the_paper():
    """phi, f and F of tungsten written out once more, at distances of the first three shells."""
    p, potential = METALS["W"].p, Zhou2004("W")
    for r in (2.6, 2.74, 3.2, 4.5):
        x = r / p["re"]
        phi = p["A"] * math.exp(-p["alpha"] * (x - 1)) / (1 + (x - p["kappa"]) ** 20) - p["B"] * math.exp(
            -p["beta"] * (x - 1)
        ) / (1 + (x - p["lambda"]) ** 20)
        f = p["fe"] * math.exp(-p["beta_1"] * (x - 1)) / (1 + (x - p["lambda_1"]) ** 20)
        at = torch.tensor([r], dtype=torch.float64)
        assert potential.pair(at).item() == pytest.approx(phi, rel=1e-12)
        assert potential.density(at).item() == pytest.approx(f, rel=1e-12)
    rho = 1.3 * p["rho_e"]
    F = p["Fe"] * (1 - p["eta"] * math.log(rho / p["rho_s"])) * (rho / p["rho_s"]) ** p["eta"]
    assert potential.embedding(torch.tensor([rho], dtype=torch.float64)).item() == pytest.approx(F, rel=1e-12)


@pytest.mark.parametrize("metal", METALS)
def test_density_is_a_multiple_of_the_attraction(metal):
    """What `pair_and_density` relies on."""
    p = METALS[metal].p
    assert (p["beta_1"], p["lambda_1"]) == (p["beta"], p["lambda"])


@pytest.mark.parametrize("metal", METALS)
def test_derivatives_of_the_pair_functions(metal):
    potential = Zhou2004(metal)
    r = torch.linspace(0.4 * potential.cutoff, 1.05 * potential.cutoff, 2000, dtype=torch.float64)
    h = 1e-6
    _, _, d_phi, d_f = potential.terms(r)
    after, before = potential.terms(r + h), potential.terms(r - h)
    assert torch.allclose(d_phi, (after[0] - before[0]) / (2 * h), atol=1e-7)
    assert torch.allclose(d_f, (after[1] - before[1]) / (2 * h), atol=1e-7)


@pytest.mark.parametrize("metal", ["W", "Cu"])
@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
def test_forces_are_minus_the_gradient(metal, periodic):
    potential, atoms = Zhou2004(metal), rattled(metal, repeat=2, noise=0.2)
    atoms.pbc = periodic
    _, forces = potential.energies_and_forces(*neighbour_pairs(atoms, potential.cutoff))
    step = 1e-4
    for atom in (0, 7, len(atoms) - 1):
        for axis in range(3):
            energies = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.positions[atom, axis] += sign * step
                energies.append(potential.energies(*neighbour_pairs(moved, potential.cutoff))[0].item())
            expected = -(energies[0] - energies[1]) / (2 * step)
            assert forces[atom, axis].item() == pytest.approx(expected, abs=1e-6)


def test_forces_add_up_to_nothing():
    potential = Zhou2004("W")
    _, forces = potential.energies_and_forces(*neighbour_pairs(rattled("W"), potential.cutoff))
    assert forces.sum(0).abs().max() < 1e-10


def test_energy_does_not_change_with_the_frame():
    potential, atoms = Zhou2004("W"), rattled("W")
    turned = atoms.copy()
    turned.rotate(33, (1, 2, 3), rotate_cell=True)
    turned.positions += (0.3, 7.1, -2.2)
    turned.positions = turned.positions[::-1]
    one, other = (potential.energies(*neighbour_pairs(a, potential.cutoff)).item() for a in (atoms, turned))
    assert one == pytest.approx(other, abs=1e-9)


def test_a_batch_is_its_structures_one_by_one():
    potential = Zhou2004("W")
    structures = [rattled("W", repeat=r, seed=r) for r in (1, 2, 3)]
    structures[1].pbc = (True, True, False)
    x, pairs = neighbour_pairs(structures, potential.cutoff)
    atomic, forces = potential.energies_and_forces(x, pairs)
    together = potential.energies(x, pairs)
    begin = 0
    for k, atoms in enumerate(structures):
        alone = potential.energies_and_forces(*neighbour_pairs(atoms, potential.cutoff))
        part = slice(begin, begin + len(atoms))
        assert torch.allclose(atomic[part], alone[0], atol=1e-11)
        assert torch.allclose(forces[part], alone[1], atol=1e-11)
        assert together[k].item() == pytest.approx(alone[0].sum().item(), abs=1e-9)
        begin += len(atoms)


def test_the_cache_sized_pieces_change_nothing(monkeypatch):
    potential, atoms = Zhou2004("W"), rattled("W")
    x, pairs = neighbour_pairs(atoms, potential.cutoff)
    whole = potential.energies_and_forces(x, pairs)
    monkeypatch.setattr("gcd.energetics.zhou2004.CHUNK", 100)
    pieces = potential.energies_and_forces(x, pairs)
    assert torch.allclose(whole[0], pieces[0], atol=1e-12)
    assert torch.allclose(whole[1], pieces[1], atol=1e-12)


@pytest.mark.parametrize("metal", METALS)
def test_everything_goes_to_zero_at_the_cut_off(metal):
    potential = Zhou2004(metal)
    at_the_end = potential.terms(
        torch.tensor([potential.cutoff, 1.01 * potential.cutoff], dtype=torch.float64)
    )
    assert torch.stack(at_the_end).abs().max() == 0
    just_before = potential.terms(torch.tensor([0.9999 * potential.cutoff], dtype=torch.float64))
    assert torch.stack(just_before).abs().max() < 1e-6


@pytest.mark.parametrize("metal", ["Cu", "Al", "Ni"])
def test_a_bare_cut_would_jump(metal):
    """The trap itself: with the authors' cut-off a crystal that breathes by 1e-6 loses its fifth shell."""
    potential = Zhou2004(metal)
    bare = math.sqrt(5) * METALS[metal].p["re"]
    energies = []
    for scale in (1 - 1e-4, 1 + 1e-4):
        crystal = bulk(metal, "fcc", a=scale * bare / math.sqrt(5) * math.sqrt(2))
        x, pairs = neighbour_pairs(crystal, bare)
        r = pairs.distances(x)
        kept = replace(pairs, i=pairs.i[r < bare], j=pairs.j[r < bare], shift=pairs.shift[r < bare])
        energies.append(potential.energies(x, kept).item())
        whole = potential.energies(*neighbour_pairs(crystal, potential.cutoff)).item()
        assert whole == pytest.approx(cohesive_energy(metal), abs=1e-6)
    assert abs(energies[1] - energies[0]) > 5e-6


def test_the_table_has_16_metals():
    assert len(METALS) == 16
    assert check_metal("w").symbol == "W"


@pytest.mark.parametrize("metal", ["Xx", "U", "", None, 74])
def test_other_metals_are_refused_by_name(metal):
    with pytest.raises(ValueError, match="the metals are Cu, Ag"):
        Zhou2004(metal)


def test_atoms_on_top_of_each_other_give_no_nan():
    potential, atoms = Zhou2004("W"), rattled("W", repeat=2)
    atoms.positions[1] = atoms.positions[0] + (1e-3, 0, 0)
    energies, forces = potential.energies_and_forces(*neighbour_pairs(atoms, potential.cutoff))
    assert torch.isfinite(energies).all()
    assert torch.isfinite(forces).all()
