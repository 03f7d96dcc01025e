"""Voxels to atoms: three networks, the merging of their estimates, and the yardstick they have to beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gcd.checkpoints import available, load_decoder
from gcd.evaluation.decoder import KINDS, evaluate_decoder
from gcd.evaluation.decoder_limits import informed_count_errors, isolated_atom_floor, lone_atom_count_floor
from gcd.training.decoder_structures import Sample, random_addition
from gcd.voxels.decoder import (
    Decoder,
    DecoderConfig,
    candidates_in,
    centre_of_mass_decode,
    decode,
    neighbourhoods,
)
from gcd.voxels.encoder import encode
from gcd.voxels.fitting import fit_positions, interpolated, log_bayes_factors
from gcd.voxels.grid import Grid
from gcd.voxels.merging import merge_estimates
from gcd.voxels.scan import scan_for_atoms
from gcd.voxels.selection import UNSEEN, Candidates, Selection, measures_of, pairs_of

torch.set_num_threads(1)
BOX = Grid((12, 10, 14), (12.0, 10.0, 14.0))
SLAB = Grid((8, 8, 16), (6.4, 6.4, 12.8), (True, True, False))
trained = pytest.mark.skipif("decoder" not in available(), reason="no trained decoder in checkpoints/")


@pytest.fixture(scope="module")
def untrained() -> Decoder:
    torch.manual_seed(0)
    decoder = Decoder()
    for module in (decoder.denoise, decoder.classify, decoder.displace):
        torch.nn.init.normal_(module.head.weight, std=0.1)
    return decoder.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return load_decoder()


def voxels_of(positions, grid) -> torch.Tensor:
    return encode(torch.as_tensor(np.atleast_2d(positions), dtype=torch.float32), grid)


# --- The networks ---------------------------------------------------------------------------------------------------


def test_the_joint_filter_is_the_stem_then_the_depthwise_convolution(untrained):
    C = torch.rand(2, 6, 7, 5)
    module = untrained.classify
    padded = F.pad(C[:, None], [2] * 6, mode="circular")
    stem = module.stem(padded)
    h = module.depthwise(stem).permute(0, 2, 3, 4, 1)
    h = module.contract(F.gelu(module.expand(module.norm(h))))
    x = stem[:, :, 1:-1, 1:-1, 1:-1].permute(0, 2, 3, 4, 1)
    torch.testing.assert_close(untrained.logits(C), module.head(x + h)[..., 0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("shift", [(1, 0, 0), (0, 3, 0), (5, 2, 7)])
def test_rolled_voxels_give_rolled_output_on_periodic_axes(untrained, shift):
    C = torch.rand(1, 9, 6, 8)
    rolled = untrained(C.roll(shift, (1, 2, 3)))
    for there, here in zip(rolled, untrained(C), strict=True):
        torch.testing.assert_close(there, here.roll(shift, (-3, -2, -1)), atol=1e-5, rtol=1e-4)


def test_an_open_axis_ends_in_vacuum(untrained):
    C = torch.rand(1, 6, 6, 8)
    open_z = untrained(C, (True, True, False))
    longer = untrained(F.pad(C, [4, 4]), (True, True, False))
    for short, long in zip(open_z[1:], longer[1:], strict=True):
        # The denoiser may put something into the vacuum next to the end, which the other two see: compare further in.
        torch.testing.assert_close(short[..., 2:-2], long[..., 6:-6], atol=1e-5, rtol=1e-4)


def test_an_open_axis_does_not_see_the_other_end(untrained):
    C = torch.rand(1, 6, 6, 12)
    changed = C.clone()
    changed[..., -1] += 1
    for a, b in zip(untrained(C, (True, True, False)), untrained(changed, (True, True, False)), strict=True):
        torch.testing.assert_close(a[..., :4], b[..., :4])


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 5), (7, 30, 4)])
def test_any_grid_goes(untrained, shape):
    output = untrained(torch.rand(2, *shape))
    assert output.denoised.shape == output.logits.shape == (2, *shape)
    assert output.displacement.shape == (2, 3, *shape)
    assert neighbourhoods(torch.rand(2, *shape), (True, True, False)).shape == (2, *shape, 5, 5, 5)


def test_displacements_are_the_same_whether_asked_for_everywhere_or_somewhere(untrained):
    C = torch.rand(1, 6, 6, 6)
    somewhere = torch.rand(C.shape) > 0.7
    everywhere = untrained.displacements(C, torch.ones_like(somewhere)).view(1, 6, 6, 6, 3)
    torch.testing.assert_close(untrained.displacements(C, somewhere), everywhere[somewhere])


# --- Merging --------------------------------------------------------------------------------------------------------

MERGING = {
    "shape": (12, 12, 12),
    "periodic": (True, True, True),
    "link": 0.6,
    "absorb": 1.4,
    "minimum_evidence": 0.4,
}


def merged_by_mass(estimates, mass, **settings) -> np.ndarray:
    return merge_estimates(estimates, mass, mass, **settings)


def test_estimates_of_one_atom_merge_across_the_cell_s_face():
    estimates = np.array([[11.95, 6.0, 0.05], [0.05, 6.0, 11.95]])
    merged = merged_by_mass(estimates, np.array([0.5, 0.5]), **MERGING)
    assert len(merged) == 1
    assert np.allclose((merged + 6) % 12, [[6, 0, 6]], atol=1e-9)


def test_an_open_axis_does_not_merge_across():
    estimates = np.array([[6, 6, 0.0], [6, 6, 11.9]])
    merged = merged_by_mass(estimates, np.ones(2), **(MERGING | {"periodic": (True, True, False)}))
    assert np.allclose(merged[np.argsort(merged[:, 2])], estimates)


def test_light_clusters_are_no_atoms():
    merged = merged_by_mass(np.array([[2.0, 2, 2], [7, 7, 7]]), np.array([0.9, 0.2]), **MERGING)
    assert np.allclose(merged, [[2, 2, 2]])


def test_stray_estimates_between_two_atoms_do_not_chain_them():
    ends = np.array([[3.0, 6, 6]] * 3 + [[5.6, 6, 6]] * 3)
    stray = np.array([[3.0 + 0.5 * i, 6, 6] for i in range(1, 6)])
    mass = np.array([0.3] * 6 + [0.05] * 5)
    merged = merged_by_mass(np.concatenate([ends, stray]), mass, **(MERGING | {"link": 0.45}))
    assert len(merged) == 2
    assert np.abs(np.sort(merged[:, 0]) - [3.0, 5.6]).max() < 0.1


def test_an_atom_in_two_halves_is_counted_once():
    merged = merged_by_mass(np.array([[5.0, 6, 6], [5.8, 6, 6]]), np.array([0.5, 0.5]), **MERGING)
    assert np.allclose(merged, [[5.4, 6, 6]])


def test_nothing_merges_to_nothing():
    assert merged_by_mass(np.empty((0, 3)), np.empty(0), **MERGING).shape == (0, 3)


# --- The fit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)], ids=["periodic", "open z"])
def test_the_fit_finds_clean_positions_again(periodic):
    rng = np.random.default_rng(0)
    grid = Grid((14, 14, 14), (14.0, 14.0, 14.0), periodic)
    atoms = random_addition(rng, 2.6, 1.0, edge=14).positions
    if not periodic[2]:
        atoms = atoms[(atoms[:, 2] > 0) & (atoms[:, 2] < 13)]
    C = voxels_of(atoms, grid)[0].double().numpy()
    start = atoms + rng.normal(0, 0.03, atoms.shape)
    start[:, 2] = start[:, 2].clip(0, None if periodic[2] else 13)
    fit = fit_positions(start, C, periodic=periodic, error=0.07)
    assert np.abs(fit.positions - atoms).max() < 0.01
    assert np.sqrt(((fit.positions - atoms) ** 2).sum(1).mean()) < 1e-3
    assert np.abs(fit.residual).max() < 0.01
    assert fit.gain.min() > 100


def test_an_atom_that_is_not_there_loses_likelihood():
    atoms = np.array([[3.2, 4.1, 5.7], [8.0, 9.0, 2.5]])
    C = voxels_of(atoms[:1], BOX)[0].double().numpy() + np.random.default_rng(0).normal(0, 0.05, BOX.shape)
    fit = fit_positions(atoms, C, periodic=(True, True, True), error=0.07)
    assert fit.gain[0] > 10
    assert fit.gain[1] < 0


def test_the_fit_of_nothing_is_nothing():
    fit = fit_positions(np.empty((0, 3)), np.zeros(BOX.shape), periodic=(True, True, True), error=0.07)
    assert fit.positions.shape == (0, 3)
    assert fit.gain.shape == fit.strength.shape == log_bayes_factors(fit, (True, True, True)).shape == (0,)


@pytest.mark.parametrize("periodic", [(True, True, True), (True, False, False)], ids=["periodic", "open"])
def test_the_bayes_factor_is_the_sum_of_likelihoods_over_places_nearby(periodic):
    grid = Grid((8, 8, 8), (8.0, 8.0, 8.0), periodic)
    atoms = np.array([[7.7, 0.0, 6.9], [2.4, 3.5, 3.55], [5.0, 5.9, 0.2]])
    C = voxels_of(atoms, grid)[0].double().numpy() + np.random.default_rng(1).normal(0, 0.05, grid.shape)
    fit = fit_positions(atoms, C, periodic=periodic, error=0.07)
    steps = 0.1 * np.arange(-4, 5)
    for a, r in enumerate(fit.positions):
        others = voxels_of(np.delete(fit.positions, a, axis=0), grid)[0].double().numpy()
        places = r + np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
        places = places[(np.array(periodic) | ((places >= 0) & (places <= 7))).all(1)]
        index = torch.arange(len(places))
        one = encode(
            torch.tensor(places) % (8.0 if all(periodic) else 1e9),
            grid,
            structure_index=index,
            count=len(index),
        )
        without = ((C - others) ** 2).sum()
        with_it = ((C - others - one.numpy()) ** 2).sum((1, 2, 3))
        total = np.exp((without - with_it) / (2 * fit.sigma**2)).sum() * 0.1**3
        assert log_bayes_factors(fit, periodic)[a] == pytest.approx(np.log(total), abs=1e-3)


def test_the_noise_is_found_beside_many_atoms():
    atoms = random_addition(np.random.default_rng(0), 2.6, 1.0, edge=16).positions
    C = voxels_of(atoms, Grid((16,) * 3, (16.0,) * 3))[0].double().numpy()
    C += np.random.default_rng(0).normal(0, 0.05, C.shape)
    fit = fit_positions(atoms, C, periodic=(True, True, True), error=1.0)
    assert fit.sigma == pytest.approx(0.05, rel=0.03)


def test_fields_are_read_between_voxels_by_the_encoder_s_shares():
    field = np.random.default_rng(0).random(BOX.shape)
    assert interpolated(field, np.array([[3.0, 4, 5]]), (True, True, True))[0] == pytest.approx(
        field[3, 4, 5]
    )
    between = interpolated(field, np.array([[11.25, 4, 5]]), (True, True, True))[0]
    assert between == pytest.approx(0.75 * field[11, 4, 5] + 0.25 * field[0, 4, 5])


# --- The scan -------------------------------------------------------------------------------------------------------

SCAN = {"periodic": (True, True, False), "least_gain": 5.0, "apart": 1.4}


def test_the_scan_finds_what_is_left_and_nothing_else():
    rng = np.random.default_rng(0)
    atoms = np.array([[11.7, 9.6, 6.1], [3.5, 4.5, 12.9], [6.2, 2.0, 0.1]])
    C = voxels_of(atoms, Grid(BOX.shape, BOX.lengths, SCAN["periodic"]))[0].double().numpy()
    found = scan_for_atoms(C + rng.normal(0, 0.03, C.shape), np.empty((0, 3)), 0.03, **SCAN)
    assert len(found) == 3
    offset = np.abs(atoms[:, None] - found[None]) % [12, 10, 99]
    assert np.minimum(offset, [12, 10, 99] - offset).max(-1).min(1).max() < 0.4
    assert len(scan_for_atoms(C, atoms[:1], 0.03, **SCAN)) == 2
    assert len(scan_for_atoms(np.zeros(BOX.shape), np.empty((0, 3)), 0.03, **SCAN)) == 0


def test_a_grid_one_voxel_thick_can_be_scanned():
    assert scan_for_atoms(np.zeros((4, 4, 1)), np.empty((0, 3)), 0.03, **SCAN).shape == (0, 3)


# --- The selection --------------------------------------------------------------------------------------------------


def some_candidates(positions, factor=20.0) -> Candidates:
    one = np.ones(len(positions))
    return Candidates(positions, positions, factor * one, 30 * one, 3 * one, 0.05)


def log_odds(selection, positions, shape=BOX.shape, periodic=(True, True, True), factor=20.0) -> np.ndarray:
    pairs = pairs_of(positions, shape, periodic)
    return selection(measures_of(some_candidates(positions, factor)), pairs).detach().numpy()


@pytest.fixture(scope="module")
def selection() -> Selection:
    torch.manual_seed(0)
    selection = Selection(16, 2)
    torch.nn.init.normal_(selection.head[-1].weight)
    return selection


def test_an_untrained_selection_asks_for_as_much_as_a_lone_atom_needs():
    places = np.random.default_rng(0).uniform(0, BOX.shape, (5, 3))
    assert (log_odds(Selection(16, 2), places, factor=UNSEEN + 1) > 0).all()
    assert (log_odds(Selection(16, 2), places, factor=UNSEEN - 1) < 0).all()


def test_shifted_turned_and_repeated_structures_are_judged_alike(selection):
    places = np.random.default_rng(0).uniform(0, BOX.shape, (20, 3))
    first = log_odds(selection, places)
    assert first.std() > 0.01
    shifted = log_odds(selection, (places + np.array([3.3, 7.7, 1.2])) % BOX.shape)
    turned = log_odds(selection, places[:, [1, 2, 0]], (10, 14, 12))
    twice = np.concatenate([places, places + np.array([12.0, 0, 0])])
    repeated = log_odds(selection, twice, (24, 10, 14))
    for other in (shifted, turned, repeated[:20], repeated[20:]):
        np.testing.assert_allclose(first, other, atol=1e-3)


def test_an_open_axis_has_no_neighbours_across(selection):
    ends = np.array([[6.0, 5, 0.5], [6, 5, 13]])
    lone = log_odds(selection, ends[:1], periodic=(False, False, False))
    assert log_odds(selection, ends, periodic=(False, False, False))[0] == pytest.approx(lone[0])
    assert log_odds(selection, ends)[0] != pytest.approx(lone[0], abs=1e-4)


def test_neighbours_cannot_outvote_clear_voxels(selection):
    for context in (-1e4, 1e4):
        biased = Selection(16, 2)
        torch.nn.init.constant_(biased.head[-1].bias, context)
        places = np.array([[1.0, 2, 3]])
        assert log_odds(biased, places, factor=1000.0) > 0
        assert log_odds(biased, places, factor=-1000.0) < 0


# --- The yardstick --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [BOX, SLAB], ids=["periodic", "open z"])
def test_the_centre_of_mass_of_an_isolated_atom_is_exact(grid):
    rng = np.random.default_rng(0)
    for _ in range(50):
        inside = (np.array(grid.shape) - np.where(grid.periodic, 0, 1)) * np.array(grid.voxel_size)
        atom = rng.uniform(0, inside)
        found = centre_of_mass_decode(voxels_of(atom, grid), grid)[0]
        assert len(found) == 1
        assert np.abs(found[0] - atom).max() < 1e-5


@pytest.mark.parametrize("atom", [(0, 0, 0), (5, 5, 5), (11.5, 0.5, 13.5), (3.5, 4, 4)])
def test_the_yardstick_counts_atoms_on_voxel_centres_and_faces_once(atom):
    found = centre_of_mass_decode(voxels_of(atom, BOX), BOX)[0]
    assert np.allclose(found, [atom], atol=1e-5)


def test_the_floor_of_a_lone_atom_lies_above_what_a_smooth_bound_says():
    # The Cramér-Rao bound, which knows nothing of the kinks of Eq. 1, is 0.100 L at a noise of 0.05.
    assert 0.11 < isolated_atom_floor(0.05, count=300) < 0.14


def test_the_best_count_of_sparse_atoms_errs_as_the_rule_for_a_lone_one_says():
    rng = np.random.default_rng(0)
    samples = [random_addition(rng, 2.6, 0.05, edge=10) for _ in range(60)]
    per_atom = informed_count_errors(samples, 2.6, draws=4).sum() / sum(len(s.positions) for s in samples)
    density = np.mean([len(s.positions) for s in samples]) / 10**3
    assert 1 / 3 < per_atom / lone_atom_count_floor(density, count=30_000) < 3


def test_atoms_that_leave_no_room_for_others_are_never_extra():
    crystal = Sample(3.0 * np.stack(np.meshgrid(*[np.arange(4)] * 3), -1).reshape(-1, 3) + 0.5, (12, 12, 12))
    missed, extra = informed_count_errors([crystal], 2.9).sum(0)
    assert extra == 0
    assert missed < 1e-4


# --- At the door ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [lambda v, g: decode(Decoder(), v, g), centre_of_mass_decode], ids=["decoder", "yardstick"]
)
def test_voxels_off_the_grid_not_finite_or_too_large_are_refused(method):
    with pytest.raises(ValueError, match=r"shape \(B, 12, 10, 14\), not \(1, 12, 10, 13\)"):
        method(torch.zeros(1, 12, 10, 13), BOX)
    with pytest.raises(ValueError, match="finite"):
        method(torch.full((1, 12, 10, 14), float("nan")), BOX)
    for largest in (1e38, -1e38):
        with pytest.raises(ValueError, match=r"from -50,000 to 50,000 atoms, .* not -?1e\+38\."):
            method(torch.full((1, 12, 10, 14), largest), BOX)
    assert len(method(torch.zeros(0, 12, 10, 14), BOX)) == 0


# --- The trained decoder --------------------------------------------------------------------------------------------


@trained
def test_empty_voxels_hold_no_atoms(decoder):
    assert [len(found) for found in decode(decoder, torch.zeros(2, *BOX.shape), BOX)] == [0, 0]


@trained
def test_two_atoms_2_6_voxels_apart_stay_two(decoder):
    rng = np.random.default_rng(0)
    axis = rng.normal(size=(300, 3))
    axis *= 2.6 / np.linalg.norm(axis, axis=1, keepdims=True)
    first = rng.uniform(0, BOX.shape, (300, 3))
    positions = np.stack([first, first + axis], axis=1).reshape(-1, 3)
    index = torch.arange(300).repeat_interleave(2)
    voxels = encode(torch.as_tensor(positions, dtype=torch.float32), BOX, structure_index=index, count=300)
    assert [len(found) for found in decode(decoder, voxels, BOX)] == [2] * 300


@trained
def test_voxels_of_another_size_along_each_axis(decoder):
    grid = Grid((12, 10, 14), (9.6, 10.0, 12.6))
    atom = np.array([1.3, 9.8, 12.5])
    found = decode(decoder, voxels_of(atom, grid), grid)[0]
    assert found.shape == (1, 3)
    assert np.abs(found[0] - atom).max() < 0.05


@trained
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_bars_on_structures_never_trained_on(decoder, kind):
    rows = evaluate_decoder(decoder, count=10, seed=11, kinds=[kind])
    by = {(row.decoder, row.noise): row for row in rows}
    clean, noisy, yardstick = by["learned", 0.0], by["learned", 0.05], by["centre of mass", 0.05]
    assert clean.right_number == 10
    assert clean.missed == clean.extra == 0
    assert clean.rms <= 0.005
    assert (
        noisy.missed + noisy.extra <= 2
    )  # of 600 to 2,600 atoms; the best possible test errs once in some 5,000
    assert noisy.rms_coordinate <= 0.08
    assert noisy.rms < yardstick.rms
    assert noisy.missed + noisy.extra < yardstick.missed + yardstick.extra


@trained
@pytest.mark.parametrize("weight", [None, 0.5])
def test_evidence_is_probability_and_mass_by_their_weight(decoder, weight):
    """A lone atom of clean voxels: mass 1, which counts twice unless the configuration says otherwise."""
    config = decoder.config if weight is None else replace(decoder.config, evidence_of_mass=weight)
    asked = Decoder(config)
    asked.load_state_dict(decoder.state_dict())
    (found,) = candidates_in(asked.eval(), voxels_of([5.3, 4.6, 7.4], BOX), BOX)
    estimates = found.estimates
    certain = estimates.probability[tuple(estimates.voxels.T)]
    assert estimates.mass.sum() == pytest.approx(1.0, abs=0.02)
    assert (estimates.evidence - certain).sum() == pytest.approx(
        (weight or 2.0) * estimates.mass.sum(), rel=1e-5
    )
    assert len(found.merged) == 1


@trained
def test_the_decoder_that_is_shipped_has_the_evidence_that_a_new_one_starts_with(decoder):
    assert decoder.config.evidence_of_mass == DecoderConfig().evidence_of_mass == 2.0
