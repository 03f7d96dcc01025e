"""Sampling with a model of many boundaries, an untrained one: what is asked, told, given and refused."""

import numpy as np
import pytest

from gcd.generate import boundary_ends, boundary_models, generate_boundaries
from gcd.generate.painting import Painter, Wish
from gcd.requests import BoundaryRequest


def paint(boundary="s5-210-001", **more):
    return generate_boundaries(boundary, model="any", restarts=0, **{"count": 1} | more)


def test_it_paints_every_boundary_of_the_phase(many_model):
    assert boundary_models("s13-320-001", "Ta") == {"any": "boundary-bcc"}
    assert boundary_models("s5-210-001", "Cu") == {}
    (atoms,) = paint("s13-320-001", metal="Ta")
    info = atoms.info
    assert (info["model"], info["boundary"], info["metal"], info["learnt"]) == (
        "any",
        "s13-320-001",
        "Ta",
        False,
    )
    assert info["repeats"] == [1, 3]
    assert paint("s5-310-001", metal="Fe")[0].info["learnt"]


def test_what_is_unlike_all_that_was_learnt_is_refused_until_told(many_model):
    with pytest.raises(
        ValueError, match=r"never trained on anything like .*\[110\] symmetric tilt.*--anyway"
    ):
        paint("s9-221-110")
    (atoms,) = paint("s9-221-110", anyway=True)
    assert atoms.info["boundary"] == "s9-221-110"
    with pytest.raises(ValueError, match="There is no model 'any' of the boundary Cu s5-210-001"):
        paint("s5-210-001", metal="Cu")


def test_the_network_sees_the_painted_middle_and_nothing_far_away(many_model):
    from gcd.checkpoints import read_checkpoint
    from gcd.generate.boundary_models import candidate_ends
    from gcd.structures.boundary_names import find_boundary

    found = read_checkpoint("boundary-bcc")
    ends = candidate_ends(found, find_boundary("sigma5"), "W")
    painter = Painter.load(found, device="cpu")
    start, stop = painter.seen(ends)
    assert stop - start == found.frame < ends.grid.shape[2]
    low, high = ends.layers
    assert high - low == found.painted_layers[1] - 4
    assert abs((start + stop) - (low + high)) <= 2
    assert start < low < high < stop


def test_ends_are_shifted_anywhere_in_the_cell_after_which_the_pattern_repeats(many_model):
    shifts = [boundary_ends("sigma5", model="any", index=i).info["in_plane_shift"] for i in range(40)]
    spacings = [boundary_ends("sigma5", model="any", index=i).info["spacing"] for i in range(40)]
    assert len({tuple(s) for s in shifts}) == 40
    plane = 3.165 / 2
    assert -plane / 2 <= min(spacings) < -0.3 * plane
    assert 0.3 * plane < max(spacings) <= plane / 2


def test_ends_leave_room_for_the_n_asked_for(many_model):
    """An atom more in a plane's share takes as much more room; a whole plane is the same ends again."""
    from gcd.checkpoints import read_checkpoint
    from gcd.generate.boundary_models import candidate_ends
    from gcd.structures.boundary_names import find_boundary

    found, boundary, plane = read_checkpoint("boundary-bcc"), find_boundary("sigma5"), 3.165 / 2
    lifts = [
        candidate_ends(found, boundary, "W", n=n, index=3).atoms.info["spacing"] for n in (0.0, 0.1, 0.4, 0.9)
    ]
    for n, lift in zip((0.1, 0.4, 0.9), lifts[1:], strict=True):
        assert (lift - lifts[0]) / plane % 1 == pytest.approx(n, abs=1e-3)


def test_same_seed_same_candidate_whatever_the_batch(many_model):
    together = paint(count=3, seed=4)
    alone = paint(count=1, seed=4, first=2)
    assert np.allclose(together[2].positions, alone[0].positions)
    assert together[2].info["index"] == alone[0].info["index"] == 2


def test_wishes_are_kept_with_the_candidate(many_model):
    made = paint(count=3, n="all", low_energy=True, guidance=2.0, attempts=1)
    per_plane = made[0].info["atoms_per_plane"]
    assert [a.info["asked_n"] for a in made] == [k / per_plane for k in range(3)]
    assert made[0].info["asked_rank"] == 0.05
    assert made[0].info["guidance"] == 2.0
    assert "asked_n" not in paint()[0].info


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"n": 1.5}, 'The \\[n\\] asked for is a number from 0 up to but not 1, or "all", not 1.5'),
        ({"n": "1/0"}, "not '1/0'"),
        ({"n": "half"}, "not 'half'"),
        ({"n": 0.17}, r"A cell of .* atoms a plane has \[n\] of 0, .*, not 0.17"),
        ({"low_energy": 2.0}, "The rank of the energy asked for is from 0"),
        ({"n": 0.0, "guidance": 11}, "The guidance weight is from 0 to 10, not 11"),
    ],
)
def test_a_wish_that_cannot_be_is_named(many_model, more, message):
    with pytest.raises(ValueError, match=message):
        paint(**more)


def test_a_model_of_one_boundary_takes_no_wishes(boundary_model):
    with pytest.raises(ValueError, match=r"cannot be asked for \[n\] or low energy"):
        generate_boundaries("sigma5", model="test", n=0.2)


def test_a_request_asks_for_all_of_it(many_model):
    request = BoundaryRequest("s5-210-001", count=2, n="0,1/6", low_energy=True, guidance=1.5)
    assert request.model == "any"
    command = request.command()
    assert "--model any" in command
    assert "--n 0,1/6 --low-energy --guidance 1.5" in command
    assert request.stem == "w-s5-210-001-any-n0-1of6-low-seed0"
    with pytest.raises(ValueError, match="not 'x'"):
        BoundaryRequest("s5-210-001", n="x")


def test_a_wish_goes_through_the_values_in_turn():
    wish = Wish("0, 1/5")
    assert [wish.n_of(i, 10) for i in range(4)] == [0.0, 0.2, 0.0, 0.2]
    assert Wish("all").n_of(13, 10) == 0.3
    assert Wish().n_of(3, 10) is None


def test_a_candidate_is_painted_again_until_it_has_the_n_asked_for(many_model, monkeypatch):
    """Which attempt hits is up to the model; here the third is made to."""
    from gcd.generate import painting

    tried = []
    real = painting.Painter.paint

    def paint_and_count(self, ends, indices, *, attempt=0, report=None):
        made, voxels = real(self, ends, indices, attempt=attempt, report=report)
        tried.append((attempt, tuple(indices), ends[0].atoms.info["spacing"]))
        for atoms in made:
            hits = attempt == 2 or atoms.info["index"] == 0
            atoms.info |= {"physical": True, "n": atoms.info["asked_n"] if hits else 0.77}
        return made, voxels

    monkeypatch.setattr(painting.Painter, "paint", paint_and_count)
    made = paint(count=2, n=[0.0])
    assert [(a, i) for a, i, _ in tried] == [(0, (0, 1)), (1, (1,)), (2, (1,))]
    assert len({spacing for *_, spacing in tried}) == 3
    assert [atoms.info.get("attempts", 1) for atoms in made] == [1, 3]
    assert [atoms.info["index"] for atoms in made] == [0, 1]
