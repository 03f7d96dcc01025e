"""The torch relaxer: the same minima as LAMMPS, alone and in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from slab_examples import rough_slab

from gcd.energetics import lammps, torch_relax
from gcd.energetics.boundary_energy import slab_energy
from gcd.energetics.boundary_plane import make_slab


def by_index(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.index)


@pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
def test_the_same_minima_as_lammps():
    slabs = [make_slab(rough_slab(seed=seed, removed=seed % 10, planes=(11, 11))) for seed in range(4)]
    theirs = by_index(lammps.relax_slabs(slabs, workers=1))
    ours = by_index(torch_relax.relax_slabs(slabs, device="cpu"))
    for slab, a, b in zip(slabs, ours, theirs, strict=True):
        assert slab_energy(slab, a.value.energies) == pytest.approx(
            slab_energy(slab, b.value.energies), abs=1e-4
        )
        assert np.abs(a.value.positions - b.value.positions).max() < 0.01
        assert a.value.evaluations == pytest.approx(b.value.evaluations, rel=0.1)  # the same path
        assert np.allclose(a.value.initial_energies, b.value.initial_energies, atol=1e-5)


def test_batches_change_nothing():
    """Slabs of different size, more than fit at once, one of which converges at once."""
    slabs = [make_slab(rough_slab(seed=s, planes=p)) for s, p in ((0, (9, 9)), (1, (11, 9)), (2, (9, 9)))]
    alone = [next(torch_relax.relax_slabs([slab], device="cpu")) for slab in slabs]
    slabs.append(make_slab(rough_slab(seed=0, planes=(9, 9))))
    together = by_index(torch_relax.relax_slabs(slabs, device="cpu", batch_atoms=450))
    for a, b in zip(alone, together, strict=False):
        assert np.allclose(a.value.positions, b.value.positions, atol=1e-4)
        assert a.value.energies.sum() == pytest.approx(b.value.energies.sum(), abs=1e-6)
    assert np.allclose(together[0].value.positions, together[3].value.positions, atol=1e-4)


def test_metals_are_relaxed_apart():
    slabs = [make_slab(rough_slab(metal=m, planes=(10, 10)), m) for m in ("W", "Fe")]
    outcomes = by_index(torch_relax.relax_slabs(slabs, device="cpu"))
    assert outcomes[0].value.energies.min() < -8.5
    assert -5 < outcomes[1].value.energies.min() < -4


def test_clamps():
    slab = make_slab(rough_slab())
    (outcome,) = torch_relax.relax_slabs([slab], device="cpu")
    moved = outcome.value.positions - slab.positions
    assert np.abs(moved[slab.lower]).max() == 0
    block = moved[slab.upper]
    assert np.abs(block - block.mean(0)).max() < 1e-9
    assert np.abs(block.mean(0)).max() > 1e-3


@pytest.mark.parametrize("evaluations", [1, 30])
def test_the_limit_of_evaluations_is_kept(evaluations):
    slab = make_slab(rough_slab(planes=(9, 9)))
    (outcome,) = torch_relax.relax_slabs([slab], device="cpu", max_evaluations=evaluations)
    assert outcome.value.stopped_by == "max force evaluations"
    assert outcome.value.evaluations <= evaluations + 3
    assert not outcome.value.converged
    assert outcome.value.energies.sum() <= outcome.value.initial_energies.sum()


def test_energies_that_are_no_numbers_are_told():
    slab = make_slab(rough_slab(planes=(9, 9)))
    slab.positions[len(slab.positions) // 2] = slab.positions[len(slab.positions) // 2 + 1]
    slab.positions[3] += 1e200
    outcomes = list(torch_relax.relax_slabs([slab, make_slab(rough_slab(planes=(9, 9)))], device="cpu"))
    assert sum(o.error is None for o in outcomes) >= 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_the_same():
    slabs = [make_slab(rough_slab(seed=s, planes=(9, 9))) for s in range(3)]
    on = {d: by_index(torch_relax.relax_slabs(slabs, device=d)) for d in ("cpu", "cuda")}
    for a, b in zip(on["cpu"], on["cuda"], strict=True):
        assert a.value.energies.sum() == pytest.approx(b.value.energies.sum(), abs=1e-5)
