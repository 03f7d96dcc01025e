"""What the player of trajectories is given."""

import json

import numpy as np

from gcd.views.trajectory import SHADES, Moment, trajectories


def film(values=(0.0, 0.25, 0.9, np.nan)):
    positions = np.arange(12.0).reshape(4, 3)
    one = Moment(positions, np.array(values), "t = 1.00")
    two = Moment(positions[:2], np.array(values[:2]), "t = 0.00")
    return trajectories(
        {"a": [one, two], "b": []}, lengths=(4.0, 5.0, 6.0), spacing=2.0, value_label="off site"
    )


def test_panels_hold_every_moment_with_its_own_number_of_atoms():
    a, b = film()["panels"]
    assert (a["title"], b["title"], b["frames"]) == ("a", "b", [])
    assert [len(frame["shades"]) for frame in a["frames"]] == [4, 2]
    assert a["frames"][0]["xyz"] == list(range(12))
    assert [frame["label"] for frame in a["frames"]] == ["t = 1.00", "t = 0.00"]


def test_all_panels_share_one_scale_that_ends_where_it_says():
    drawn = film()
    assert drawn["panels"][0]["frames"][0]["shades"] == [0, round((SHADES - 1) / 2), SHADES - 1, SHADES - 1]
    assert drawn["legend"] == {"low": 0.0, "high": 0.5, "label": "off site"}
    assert len(drawn["palette"]) == SHADES


def test_the_same_film_has_the_same_id_and_is_plain_json():
    assert film()["id"] == film()["id"] != film((0.0, 0.1, 0.2, 0.3))["id"]
    json.dumps(film(), allow_nan=False)
    assert len(film()["edges"]) == 12
