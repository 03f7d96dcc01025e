"""The Campaigns page: what is there, how it gets on, what it can be told, and what stands behind a point."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pages.driver import checked, numbers, open_app

sys.path.insert(0, str(Path(__file__).parents[1] / "campaigns"))

pytestmark = pytest.mark.usefixtures("fresh_server")
TEXT = 'boundaries = ["sigma5", "sigma41"]\n[[stage]]\ndo = "build"\ncount = 6\nremove = 2\nrandom_shift = true\n'


def pretend(work, number):
    """A built slab with an energy that a relaxation could have given; one fails."""
    from gcd.campaigns.work import Found

    if number == 5:
        raise ValueError("It took longer than 900 s and was stopped.")
    atoms = work.built.structure(number)
    atoms.set_array("energy", np.full(len(atoms), -8.7))
    return Found(atoms, 1.0, 2.5 + 0.1 * number, atoms.info["n"], True, atoms.info["plane"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CAMPAIGNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def campaign(folder):
    """A small campaign that has ended; its places."""
    from helpers import InlineBundles

    from gcd.campaigns.control import Places
    from gcd.campaigns.reading import read_campaign
    from gcd.campaigns.run import CampaignRun
    from gcd.campaigns.store import CampaignStore

    places = Places.of(folder / "small.toml")
    places.spec.write_text(TEXT)
    with CampaignStore(places.store, write=True) as store:
        CampaignRun(read_campaign(places.spec), store, InlineBundles(each=pretend), places=places).go()
    return places


def test_a_server_without_campaigns_says_how_to_begin(folder):
    app = open_app("campaigns")
    assert any("no campaign on this server yet" in info.value for info in app.info)
    assert any(button.label == "Start" for button in app.button)


def test_a_campaign_that_has_ended_shows_its_energies_and_failures(campaign):
    app = open_app("campaigns")
    shown = numbers(app)
    assert (shown["State"], shown["Done"], shown["Failed"]) == ("Done", "12 of 12", "2")
    table = app.dataframe[0].value
    assert list(table["lowest E_gb (J/m²)"]) == [2.5, 2.5]
    assert list(table["progress"]) == [1.0, 1.0]
    assert any(
        "900" not in str(frame.value) and "It took longer" in str(frame.value) for frame in app.dataframe
    )
    assert not any(button.label in ("Pause", "Cancel", "Resume") for button in app.button)


def test_one_that_runs_is_paused_and_ended_from_the_page(campaign):
    state = json.loads(campaign.state.read_text()) | {"state": "running", "pid": os.getpid()}
    campaign.state.write_text(json.dumps(state))
    app = open_app("campaigns", campaign="small")
    assert not any(button.label == "Pause" for button in app.button)  # a stranger's
    app.session_state["campaigns_started"] = {"small"}
    checked(app.run())
    press(app, "Pause")
    assert campaign.control.read_text() == "pause"
    campaign.state.write_text(json.dumps(state | {"state": "paused"}))
    checked(app.run())
    press(app, "Go on")
    assert campaign.control.read_text() == "run"
    press(app, "Cancel")
    assert campaign.control.read_text() == "cancel"


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    checked(app.run())


def test_one_whose_process_was_killed_says_so_and_can_be_resumed(campaign):
    state = json.loads(campaign.state.read_text()) | {"state": "running", "pid": 2**22 + 1}
    campaign.state.write_text(json.dumps(state))
    app = open_app("campaigns")
    assert numbers(app)["State"] == "Stopped"
    app.session_state["campaigns_started"] = {"small"}
    checked(app.run())
    assert any("was killed" in warning.value for warning in app.warning)
    assert any(button.label == "Resume" for button in app.button)


def test_the_form_refuses_what_is_too_large_or_unknown(folder):
    app = open_app("campaigns")
    app.number_input(key="campaign_count").set_value(400)
    press(app, "Start")
    assert any("too many to start from a page" in error.value for error in app.error)
    app.number_input(key="campaign_count").set_value(3)
    app.multiselect(key="campaign_metals").set_value(["Ne"])
    press(app, "Start")
    assert any("'Ne'" in error.value and "line" not in error.value for error in app.error)
    assert not list(folder.glob("*.toml"))


def test_starting_writes_the_file_and_runs_it_in_a_process_of_its_own(folder, monkeypatch):
    from gcd.campaigns import served

    begun = []
    monkeypatch.setattr(served.subprocess, "Popen", lambda command, **how: begun.append((command, how)))
    monkeypatch.setattr("pages.parts.campaigns.starting.time.sleep", lambda _: None)
    app = open_app("campaigns")
    app.text_input(key="campaign_name").set_value("mine")
    app.number_input(key="campaign_count").set_value(2)
    press(app, "Start")
    assert (folder / "mine.toml").is_file()
    ((command, how),) = begun
    assert command[3:5] == ["campaign", str(folder / "mine.toml")]
    assert how["start_new_session"]
