"""Proposals: drawn from seed and number alone, within their ranges, and built as they say."""

import numpy as np
import pytest

from gcd.search.proposals import Recipe, build_proposal, draw_proposal
from gcd.structures.bicrystals import TWISTS, twist_bicrystal

SIGMA5 = TWISTS["sigma5"]


def draw(count, recipe=None, **arguments):
    return [draw_proposal(SIGMA5, "W", 7, number, recipe or Recipe(), **arguments) for number in range(count)]


def test_the_same_number_is_the_same_proposal():
    assert draw(5) == draw(5)
    assert len(set(draw(50))) == 50
    assert draw_proposal(SIGMA5, "W", 8, 0, Recipe()) != draw(1)[0]


def test_proposals_stay_within_the_recipe():
    proposals = draw(400)
    edge = np.sqrt(10) * 3.164849
    assert all(0 <= s <= edge + 1e-4 for p in proposals for s in p.shift)
    assert all(p.steps == 0 or 300 <= p.steps <= 30_000 for p in proposals)
    assert all(1000 <= p.temperature <= 2500 for p in proposals)
    assert not any(p.removed and p.inserted for p in proposals)
    still = sum(p.steps == 0 for p in proposals) / len(proposals)
    assert still == pytest.approx(0.15, abs=0.06)
    short = sum(0 < p.steps < 3000 for p in proposals) / sum(p.steps > 0 for p in proposals)
    assert short == pytest.approx(0.5, abs=0.08)  # half of a log-uniform range lies below its geometric mean


def test_every_n_is_tried_or_only_those_asked_for():
    assert {round(build_n(p), 4) for p in draw(300)} == {k / 10 for k in range(10)}
    assert {round(build_n(p), 4) for p in draw(60, surplus=[1, 3])} == {0.1, 0.3}


def build_n(proposal):
    return ((proposal.inserted - proposal.removed) % 10) / 10


def test_the_bicrystal_is_the_one_that_was_proposed():
    for proposal in draw(6):
        atoms = build_proposal(proposal, SIGMA5, "W", Recipe())
        assert atoms.info["n"] == pytest.approx(build_n(proposal))
        assert (atoms.info["removed"], atoms.info["inserted"]) == (proposal.removed, proposal.inserted)
        assert np.array_equal(atoms.positions, build_proposal(proposal, SIGMA5, "W", Recipe()).positions)


def test_only_atoms_near_the_plane_are_pushed_and_not_too_far():
    proposal = draw(1)[0]
    pushed = build_proposal(proposal, SIGMA5, "W", Recipe())
    still = build_proposal(proposal, SIGMA5, "W", Recipe(push=0.0))
    difference = pushed.positions - still.positions
    difference[:, :2] -= np.rint(difference[:, :2] / still.cell[0, 0]) * still.cell[0, 0]
    length = np.linalg.norm(difference, axis=1)
    near = np.abs(still.positions[:, 2] - still.info["plane"]) < 5.0
    assert length.max() <= 0.3 + 1e-9
    assert np.all(length[~near] < 1e-9)
    assert np.all(length[near] > 0)
    assert len(twist_bicrystal("sigma5", "W")) == 360


@pytest.mark.parametrize(
    "wrong",
    [{"steps": (0, 10)}, {"steps": (100, 10)}, {"temperature": (0.0, 10.0)}, {"still_share": 1.5}],
)
def test_senseless_recipes_are_refused(wrong):
    with pytest.raises(ValueError):
        Recipe(**wrong)
