"""The atomic graph against counting by hand, and against ASE's neighbour list in small and lopsided cells."""

import numpy as np
import pytest
import torch

from gcd.particles import graph as graphs
from gcd.particles.graph import periodic_graph
from gcd.structures.crystals import PHASES, ideal_positions


def random_positions(batch, atoms, lengths, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, atoms, 3, generator=generator, dtype=torch.float64) * torch.tensor(
        lengths, dtype=torch.float64
    )


def described(graph):
    """The edges as a sorted table: receiver, sender, vector."""
    rows = np.column_stack([graph.receiver, graph.sender, graph.vectors.numpy().round(6) + 0.0])
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.parametrize("phase", PHASES)
def test_an_atom_of_an_ideal_crystal_sees_its_shells(phase):
    entry = PHASES[phase]
    positions = torch.tensor(ideal_positions(phase, 4))[None]
    for index in range(1, len(entry.shells)):
        radius = (entry.shells[index - 1][0] + entry.shells[index][0]) / 2
        graph = periodic_graph(positions, (4.0, 4.0, 4.0), radius)
        counts = torch.bincount(graph.receiver, minlength=positions.shape[1])
        assert set(counts.tolist()) == {sum(count for _, count in entry.shells[:index])}


@pytest.mark.parametrize("lengths", [(4.0, 4.0, 4.0), (1.0, 3.0, 5.0), (0.7, 0.9, 1.1), (2.0, 2.0, 2.0)])
def test_edges_are_those_of_ase(lengths):
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    positions, cutoff = random_positions(1, 5, lengths), 1.6
    graph = periodic_graph(positions, lengths, cutoff)
    atoms = Atoms("H5", positions[0].numpy(), cell=lengths, pbc=True)
    i, j, vectors = neighbor_list("ijD", atoms, cutoff)
    rows = np.column_stack([i, j, vectors.round(6) + 0.0])
    np.testing.assert_allclose(described(graph), rows[np.lexsort(rows.T[::-1])], atol=2e-6)


def test_structures_of_a_batch_do_not_see_each_other(monkeypatch):
    lengths, positions = (2.0, 3.0, 4.0), random_positions(3, 7, (2.0, 3.0, 4.0))
    whole = periodic_graph(positions, lengths, 1.2)
    alone = [periodic_graph(p[None], lengths, 1.2) for p in positions]
    expected = np.concatenate([described(g) + np.array([7 * n, 7 * n, 0, 0, 0]) for n, g in enumerate(alone)])
    np.testing.assert_allclose(described(whole), expected)
    monkeypatch.setattr(graphs, "PAIRS_AT_ONCE", 50)  # a few rows at a time
    in_parts = periodic_graph(positions, lengths, 1.2)
    np.testing.assert_allclose(described(in_parts), expected)
    assert (in_parts.receiver.diff() >= 0).all()


def test_atoms_may_lie_anywhere_in_space():
    lengths, positions = (2.0, 3.0, 4.0), random_positions(1, 6, (2.0, 3.0, 4.0))
    moved = positions + torch.tensor(lengths) * torch.randint(
        -3, 4, (1, 6, 3), generator=torch.Generator().manual_seed(1)
    )
    np.testing.assert_allclose(
        described(periodic_graph(moved, lengths, 1.3)),
        described(periodic_graph(positions, lengths, 1.3)),
        atol=2e-6,
    )


def test_vectors_follow_the_positions():
    positions = random_positions(2, 4, (2.0, 2.0, 2.0)).requires_grad_()
    graph = periodic_graph(positions, (2.0, 2.0, 2.0), 1.2)
    (gradient,) = torch.autograd.grad(graph.vectors[:, 0].square().sum(), positions)
    assert gradient.abs().sum() > 0
