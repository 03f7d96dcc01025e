"""Tables of painted boundaries: counting, medians, prices, and the likeness to what was learnt."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gcd.evaluation.boundaries import (
    Candidate,
    Price,
    as_json,
    likeness_to,
    markdown,
    plot,
    price_of_search,
    summary,
    summary_markdown,
    tabulate,
)
from gcd.search.dataset import BoundaryDataset

NAN = float("nan")
GOOD = Candidate(1, 0, True, 0, True, 0.2, 2.298, 5.0, False, 0.9, 0.1, 0.3, "")


def candidate(**changes):
    return dataclasses.replace(GOOD, **changes)


BAD = candidate(
    physical=False, relaxed=False, egb=NAN, matched=NAN, restarts=3, failure="two atoms are too close"
)
SOME = [GOOD, candidate(egb=2.2984, restarts=1), candidate(n=0.4, egb=2.6), candidate(n=0.9, egb=3.4), BAD]


def test_shares_answers_and_their_price():
    result = summary(SOME, Price(8.0, 2.0), ("sigma5", "W"))
    assert result["candidates"] == 5
    assert result["physical"] == 0.8
    assert result["at_once"] == 0.6
    assert result["relaxed"] == 0.8
    assert result["distinct"] == 3  # two of them have the same E_gb to 3 decimals
    assert result["0.2"] == {"lowest": 2.298, "hits": 2, "core_seconds_each": 5.0}
    assert result["0.4"] == {"lowest": 2.6, "hits": 0, "core_seconds_each": None}


def test_rows_stand_beside_the_search(small_dataset):
    rows = {r.n: r for r in tabulate(SOME, BoundaryDataset.load(small_dataset))}
    assert rows[0.2].candidates == 2
    assert rows[0.2].median == pytest.approx(2.2982)
    assert (rows[0.2].search_lowest, rows[0.4].candidates) == (2.5, 1)
    assert np.isnan(rows[0.3].lowest)
    assert rows[0.3].search_lowest == 3.1
    text = markdown(list(rows.values()))
    assert "nan" not in text
    assert "| 0.3 | 0 | 0 |  | 3.1000 |" in text


def test_the_summary_names_the_search_as_well():
    by_seed = {"1": summary(SOME, Price(8.0, 2.0), ("sigma5", "W"))}
    search = {"candidates": 10, "core_seconds": 30.0, "0.2": {"hits": 1, "core_seconds_each": 30.0},
              "0.4": {"hits": 0, "core_seconds_each": None}}  # fmt: skip
    text = summary_markdown(by_seed, search)
    assert (
        "| 1 | 5 | 60.0 % | 80.0 % | 80.0 % | 3 | 0 | 2.2980 | 2 | 5.00 | 2.6000 | 0 |  | 8.0 | 2.0 |" in text
    )
    assert "1 of 10 candidates, 30 core-s each" in text


def test_the_price_of_a_search_is_all_its_time_over_its_hits(small_dataset):
    prices = price_of_search([small_dataset.parent / "search.db"])
    assert prices["candidates"] == 3
    assert prices["core_seconds"] == 3.0
    assert prices["0.2"] == {"hits": 0, "core_seconds_each": None}


def test_a_training_structure_is_recognised_and_another_n_has_none(small_dataset):
    data = BoundaryDataset.load(small_dataset)
    likeness = likeness_to(data, range(len(data)))
    atoms = data.atoms(1)
    atoms.positions[:, :2] += [1.7, 3.3]
    assert likeness(atoms)[0] == pytest.approx(1.0, abs=0.02)
    atoms.info["n"] = 0.6
    assert likeness(atoms) == (0.0, pytest.approx(NAN, nan_ok=True))


def test_json_has_no_nan_and_the_plot_is_written(small_dataset, tmp_path):
    assert as_json([BAD])[0]["egb"] is None
    path = plot(SOME, BoundaryDataset.load(small_dataset), [0], "a title", tmp_path / "p.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
