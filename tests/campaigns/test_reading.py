"""A campaign's file: what it means, and one sentence with its line for what it cannot mean."""

from __future__ import annotations

import pytest

from gcd.campaigns.families import boundaries_meant
from gcd.campaigns.reading import parse_campaign, read_campaign
from gcd.campaigns.spec import SpecError, parse_bytes

TEXT = """# two boundaries x two metals
boundaries = [
    "sigma5",
    "s5-310-001",
]
metals = ["W", "Mo"]

[[stage]]
do = "build"
count = 3
planes = [3, 3]
remove = 2

[[stage]]
do = "build"
count = 2
planes = [3, 4]
seeds = [0, 7]

[target]
still = 100

[run]
memory = "2 GB"
"""


def parsed(text=TEXT):
    return parse_campaign(text, "two.toml", name="two")


def test_every_stage_is_asked_of_every_boundary_metal_and_seed():
    campaign = parsed()
    assert len(campaign.jobs) == 4 + 8
    assert campaign.total == 4 * 3 + 8 * 2
    assert len({job.group for job in campaign.jobs}) == 4
    assert campaign.running.memory == 2 * 1024**3
    assert campaign.target.still == 100


def test_names_say_the_same_whenever_the_file_is_read_and_change_with_what_is_asked():
    names = [job.name for job in parsed().jobs]
    assert names == [job.name for job in parsed().jobs]
    assert len(set(names)) == len(names)
    assert names == [job.name for job in parsed(TEXT.replace("count = 3", "count = 30")).jobs]
    assert not set(names[:4]) & {job.name for job in parsed(TEXT.replace("remove = 2", "remove = 3")).jobs}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("count = 3", "cuont = 3", 10, "has no 'cuont'"),
        ('"s5-310-001"', '"s5-311-001"', 4, "no symmetric tilt"),
        ('"Mo"', '"Xx"', 6, "'Xx'"),
        ("metals =", "metls =", 6, "no 'metls'"),
        ("[target]", 'potentials = ["nope"]\n[target]', 20, "no potential 'nope'"),
        ("remove = 2", "remove = -2", 12, "not -2"),
        ("seeds = [0, 7]", "seeds = [0, -7]", 18, "not -7"),
        ("still = 100", "still = 0", 21, "not 0"),
        ("[run]", "[rnu]", 23, "no 'rnu'"),
        ('"2 GB"', '"much"', 24, "'2 GB'"),
        ('do = "build"', 'do = "bulid"', 9, "not 'bulid'"),
        ("count = 3", "count = 0", 10, "not 0"),
        ("planes = [3, 4]", "planes = [3]", 17, "planes are two whole numbers"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old, new, line, words):
    with pytest.raises(SpecError) as caught:
        parsed(TEXT.replace(old, new, 1))
    told = str(caught.value)
    assert told.startswith(f"two.toml, line {line}: ")
    assert words in told
    assert "\n" not in told


def test_a_file_that_is_not_toml_or_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SpecError, match="is not TOML"):
        parsed("boundaries = [")
    with pytest.raises(SpecError, match="no campaign file"):
        read_campaign(tmp_path / "none.toml")


def test_a_campaign_without_stages_or_asking_twice_for_the_same_is_refused():
    with pytest.raises(SpecError, match="at least one"):
        parsed('boundaries = ["sigma5"]')
    with pytest.raises(SpecError, match="an earlier one does"):
        parsed('[[stage]]\ndo = "build"\nboundary = "sigma5"\n' * 2)


@pytest.mark.parametrize(
    "words",
    ["all [001] tilts up to Σ13", "all 001 tilts up to 13", {"axis": "001", "kind": "tilt", "max_sigma": 13}],
)
def test_families_are_meant_by_words_and_by_tables(words):
    found = boundaries_meant(words, "bcc")
    assert {b.slug for b in found} >= {"s5-310-001", "s5-210-001", "s13-510-001"}
    assert all(b.kind == "symmetric tilt" and b.sigma <= 13 for b in found)


def test_families_that_mean_nothing_say_how_they_are_written():
    with pytest.raises(ValueError, match=r"all \[001\] tilts up to Σ29"):
        boundaries_meant("all the nice ones", "bcc")
    with pytest.raises(ValueError, match="no 'sigma'"):
        boundaries_meant({"sigma": 5}, "bcc")


def test_a_model_that_is_not_there_is_told_with_its_line():
    text = 'boundaries = ["s5-310-001"]\n[[stage]]\ndo = "sample boundary"\nmodels = ["nonesuch"]\n'
    with pytest.raises(SpecError, match=r"line 4: There is no model 'nonesuch'"):
        parsed(text)


def test_bytes_are_written_with_units():
    assert parse_bytes("1.5 GiB") == 3 * 2**29
    assert parse_bytes(1000) == 1000
