"""Where things lie: beside the package in a checkout, inside it in a wheel, and in a person's own folder."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "_checkpoints").is_dir()  # only a wheel has this; what lies beside it is a stranger's


def checkpoint_folders() -> list[Path]:
    """The folders in which a checkpoint is looked for by its name, the first first.

    $GCD_CHECKPOINTS alone where it is set; else `checkpoints/` of the checkout; else, for an installed gcd, the
    person's own folder and then the models that gcd brought along.
    """
    if chosen := os.environ.get("GCD_CHECKPOINTS"):
        return [Path(chosen)]
    return (
        [user_folder() / "checkpoints", _brought("checkpoints")] if INSTALLED else [_brought("checkpoints")]
    )


def dataset_folder() -> Path:
    """Where the datasets are: $GCD_DATA, else those that gcd brought along."""
    chosen = os.environ.get("GCD_DATA")
    return Path(chosen) if chosen else _brought("data")


def campaign_folder() -> Path:
    """Where the web app looks for campaigns and starts its own: $GCD_CAMPAIGNS, else one of the person's own."""
    chosen = os.environ.get("GCD_CAMPAIGNS")
    return Path(chosen) if chosen else user_folder() / "campaigns"


def app_script() -> Path:
    """The web app's `app.py`, with its pages and settings beside it."""
    return PACKAGE / "_app" / "app.py" if INSTALLED else PACKAGE.parent / "app.py"


def user_folder() -> Path:
    """A folder of the person's own for what gcd keeps for good: $XDG_DATA_HOME/gcd or ~/.local/share/gcd."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "gcd"


def _brought(name: str) -> Path:
    return PACKAGE / f"_{name}" if INSTALLED else PACKAGE.parent / name
