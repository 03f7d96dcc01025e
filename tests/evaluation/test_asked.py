"""What a model paints when it is asked: shares that count right, and the verb from end to end with an untrained one."""

import json

import pytest

from gcd.cli import main
from gcd.evaluation.asked import against_known, effect, painting
from gcd.evaluation.runs import Line, RunFile


def line(number, n, egb, asked=None, **changes):
    good = {"converged": egb is not None, "restarts": 0, "failure": "" if egb else "nothing"}
    about = {} if asked is None else {"asked": asked}
    return Line(number=number, seconds=2.0 * (number + 1), n=n, egb=egb, about=about, **(good | changes))


def run_of(path, lines):
    file = RunFile(path, {"settings": {}})
    for entry in lines:
        file.add(entry)
    return file


def test_right_is_the_n_asked_for_of_all_candidates_and_counts_round_the_plane(tmp_path):
    lines = [
        line(0, 0.0, 2.5, asked=0.0),
        line(1, 0.9, 2.4, asked=0.0, restarts=2),  # one atom of ten off, round the plane
        line(2, 0.3, 2.3, asked=0.5),
        line(3, 0.2, None, asked=0.2),  # right, but not physical
    ]
    row = painting(run_of(tmp_path / "r.jsonl", lines), "case", "[n]", 1.0, 10)
    assert (row.right, row.near) == (0.25, 0.5)
    assert (row.at_once, row.physical) == (0.5, 0.75)
    assert (row.lowest, row.median, row.seconds_each) == (2.3, 2.4, 2.0)


def test_low_energy_is_compared_at_equal_n_alone():
    plain = [line(i, 0.2, 2.6 + 0.1 * i) for i in range(3)] + [line(i, 0.4, 3.0) for i in range(3)]
    low = [line(i, 0.2, 2.5) for i in range(3)] + [line(i, 0.6, 2.0) for i in range(9)]
    found = effect(low, plain, "case", 2.0)
    assert (found.n_compared, found.n_lower) == (1, 1)
    assert found.mean == pytest.approx(2.5 - 2.7)
    assert effect(plain, low, "case", 2.0).n_lower == 0
    assert effect(low[:2], plain, "case", 2.0).n_compared == 0


def test_learnt_boundaries_stand_beside_what_was_learnt_from(tmp_path):
    row = painting(run_of(tmp_path / "r.jsonl", [line(0, 0.0, 2.5)]), "w-x-1x1", "", 0.0, 10)
    (known,) = against_known([row], {"w-x-1x1": 2.4})
    assert known["above"] == pytest.approx(0.1)
    (new,) = against_known([row], {})
    assert new["learnt"] != new["learnt"]


def test_the_verb_asks_a_model_and_goes_on_from_what_is_kept(
    many_model, small_collection, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("gcd.generate.painting.ATTEMPTS", 2)
    common = [
        "--boundaries",
        "W:sigma5",
        "--keep",
        str(tmp_path / "keep"),
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
        "--json",
    ]
    asked = ["evaluate", "boundaries", "--asked", "--guidance", "2", "--count", "1", *common]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(r["wish"], r["attempts"]) for r in told["rows"]] == [
        ("[n]", 1), ("[n] and low energy", 1), ("[n], again until it comes", 2)
    ]  # fmt: skip
    assert all(r["candidates"] == 1 for r in told["rows"])
    assert (tmp_path / "boundaries-bcc-asked.png").is_file()
    kept = {p: p.read_bytes() for p in (tmp_path / "keep").rglob("*.jsonl")}
    assert len(kept) == 3
    assert all(
        "asked" in row["about"] for text in kept.values() for row in map(json.loads, text.splitlines()[1:])
    )
    assert main(asked) == 0
    assert {p: p.read_bytes() for p in (tmp_path / "keep").rglob("*.jsonl")} == kept

    each = [
        "evaluate",
        "boundaries",
        "--each",
        "large",
        "--count",
        "1",
        "--learnt",
        str(small_collection),
        *common,
    ]
    assert main(each) == 0
    assert (tmp_path / "boundaries-bcc-large.csv").read_text().splitlines()[1].startswith("w-sigma5-1x1,1,")

    held = [
        "evaluate",
        "boundaries",
        "--held-out",
        "--methods",
        "model",
        "--budget",
        "0.1",
        "--seeds",
        "1",
        *common,
    ]
    assert main(held) == 0
    capsys.readouterr()
    assert "model, [n] spread" in (tmp_path / "held-out-bcc.md").read_text()
    assert main([*held, "--tables", "--budget", "9999"]) == 2
    assert "has spent 9999 core-s" in capsys.readouterr().err
