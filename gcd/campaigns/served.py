"""Campaigns of a server: those in its folder, and how a small one is started there, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

from gcd import limits
from gcd.campaigns.control import Places, read_state
from gcd.campaigns.reading import parse_campaign
from gcd.energetics.engines import cores
from gcd.files import write_text
from gcd.places import campaign_folder

NICENESS = 10  # a server's visitors come first
ACTIVE = ("running", "paused", "starting")


def campaigns_here() -> list[Places]:
    """The campaigns of the server's folder, the one that was touched last first."""
    found = [Places.of(path) for path in campaign_folder().glob("*.toml")]

    def touched(places: Places) -> float:
        return max((p.stat().st_mtime for p in (places.spec, places.state) if p.exists()), default=0.0)

    return sorted(found, key=touched, reverse=True)


def is_active(places: Places) -> bool:
    """Whether its process is there."""
    return read_state(places).get("state") in ACTIVE


def check_small(text: str) -> int:
    """The candidates of a campaign that a page may start; ValueError, in one sentence, for a larger one."""
    campaign = parse_campaign(text, "The campaign", name="page")
    if campaign.total > limits.MAX_PAGE_CAMPAIGN:
        raise ValueError(
            f"{campaign.total:,} candidates are too many to start from a page: the most is "
            f"{limits.MAX_PAGE_CAMPAIGN}. Larger ones are started at the command line."
        )
    if len(campaign.jobs) > limits.MAX_PAGE_CAMPAIGN_JOBS:
        raise ValueError(
            f"{len(campaign.jobs)} boundaries and metals are too many to start from a page: the most is "
            f"{limits.MAX_PAGE_CAMPAIGN_JOBS}."
        )
    return campaign.total


def start_campaign(name: str, text: str) -> Places:
    """Write a campaign's file into the server's folder and run it; it outlives whoever started it.

    Raises:
        ValueError: a name that is none, a campaign that is too large, or as many as may run are running.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", name):
        raise ValueError(f"A campaign's name is letters, digits, - and _, not {name!r}.")
    check_small(text)
    places = Places.of(campaign_folder() / f"{name}.toml")
    if places.spec.exists() and places.spec.read_text(encoding="utf-8") != text:
        raise ValueError(f"There is a campaign {name!r} already: give another name.")
    _check_room(places)
    write_text(places.spec, text)
    run_on_server(places)
    return places


def run_on_server(places: Places) -> None:
    """Run a campaign of the folder, or go on with it; ValueError when as many as may run are running."""
    _check_room(places)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.Popen(  # noqa: S603 - our own command, and the path of a file that was checked
        [sys.executable, "-c", _START, "campaign", str(places.spec), "--workers", str(max(1, cores() - 1))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
    )


_START = f"import os, sys; os.nice({NICENESS}); from gcd.cli import main; sys.exit(main(sys.argv[1:]))"


def _check_room(places: Places) -> None:
    running = [other for other in campaigns_here() if is_active(other)]
    if any(other.spec == places.spec for other in running):
        raise ValueError("This campaign is running.")
    if len(running) >= limits.MAX_PAGE_CAMPAIGNS:
        names = ", ".join(other.spec.stem for other in running)
        raise ValueError(f"The server runs {names}: let it end, or cancel it.")


def summary_of(state: dict[str, Any]) -> str:
    """One line for a list."""
    return f"{state.get('state', 'not run')}, {state.get('done', 0):,} of {state.get('total', 0):,}"


def small_text(
    boundaries: list[str], metals: list[str], ways: list[str], count: int, seed: int, model: str
) -> str:
    """The file of a campaign that a page's form asks for.

    Args:
        boundaries: names, or words such as "all [001] tilts up to Σ13".
        metals: symbols.
        ways: of "search" and "model".
        count: candidates of each boundary and metal, by each way.
        seed: of all chance.
        model: that paints.
    """

    def listed(values: list[str]) -> str:
        return ", ".join('"' + value.replace("\\", "").replace('"', "") + '"' for value in values)

    text = f"boundaries = [{listed(boundaries)}]\nmetals = [{listed(metals)}]\nseeds = [{seed}]\n"
    if "search" in ways:
        text += f'\n[[stage]]\ndo = "search"\ncount = {count}\nmd_steps = [300, 3000]\n'
    if "model" in ways:
        text += f'\n[[stage]]\ndo = "sample boundary"\nmodels = [{listed([model])}]\nrelax = true\ncount = {count}\n'
    return text
