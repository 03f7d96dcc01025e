"""Where models, datasets and the app are looked for, in a checkout and installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcd import checkpoints, places

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def installed(tmp_path, monkeypatch, untrained_models) -> Path:
    """An installed gcd with the untrained models inside, an empty `checkpoints` beside it, a person's own folder."""
    package = tmp_path / "site-packages" / "gcd"
    package.mkdir(parents=True)
    (package.parent / "checkpoints").mkdir()
    (package.parent / "data").mkdir()
    (package / "_checkpoints").symlink_to(untrained_models)
    monkeypatch.setattr(places, "PACKAGE", package)
    monkeypatch.setattr(places, "INSTALLED", True)
    monkeypatch.delenv("GCD_CHECKPOINTS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return package


def test_a_checkout_keeps_everything_beside_the_package(monkeypatch):
    monkeypatch.delenv("GCD_CHECKPOINTS", raising=False)
    monkeypatch.delenv("GCD_DATA", raising=False)
    assert places.checkpoint_folders() == [ROOT / "checkpoints"]
    assert places.dataset_folder() == ROOT / "data"
    assert places.app_script() == ROOT / "app.py"


def test_an_empty_folder_beside_an_installed_package_hides_nothing(installed, untrained_models):
    assert set(checkpoints.available()) == {
        path.parent.name for path in untrained_models.glob("*/config.json")
    }
    assert places.dataset_folder() == installed / "_data"
    assert places.app_script() == installed / "_app" / "app.py"


def test_an_installed_gcd_writes_to_the_persons_folder_and_reads_there_first(installed, tmp_path):
    own = tmp_path / "home" / "gcd" / "checkpoints"
    assert checkpoints.checkpoints_folder() == own
    name = next(iter(checkpoints.available()))
    (own / name).mkdir(parents=True)  # no model in it yet: the one that came along is still found
    assert checkpoints.checkpoint_folder(name) == installed / "_checkpoints" / name
    (own / name / "config.json").write_text("{}")
    assert checkpoints.checkpoint_folder(name) == own / name


def test_a_missing_name_is_answered_with_both_folders(installed, tmp_path):
    with pytest.raises(
        checkpoints.CheckpointError, match=r"There is no checkpoint 'none' in .* or .*; there are "
    ):
        checkpoints.checkpoint_folder("none")


def test_a_chosen_folder_is_the_only_one(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CHECKPOINTS", str(tmp_path))
    assert places.checkpoint_folders() == [tmp_path]
    monkeypatch.setenv("GCD_CHECKPOINTS", "")  # as good as not set: not the working folder
    assert len(places.checkpoint_folders()) == 2
