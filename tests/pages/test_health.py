"""The Health page: it says what runs and what waits, and tells strangers nothing of each other."""

from __future__ import annotations

import threading

import pytest

from gcd import limits
from pages.parts import work
from tests.pages.driver import SOON, open_app

pytestmark = pytest.mark.usefixtures("fresh_server")


def test_an_idle_server_says_so():
    app = open_app("health")
    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers["Running"] == "0"
    assert numbers["Waiting"] == f"0 of {limits.MAX_QUEUED_JOBS}"
    assert any("Nothing waits" in caption.value for caption in app.caption)


def test_the_limits_are_those_of_the_package():
    values = {row["name"]: row["value"] for row in open_app("health").dataframe[0].value.to_dict("records")}
    assert values["MAX_UPLOAD_BYTES"] == "20 MiB"


def test_a_stranger_s_job_is_counted_but_not_named():
    done = threading.Event()
    try:
        work.runner().submit(lambda **_: done.wait(SOON), label="a secret alloy", owner="a stranger")
        app = open_app("health")
        assert {metric.label: metric.value for metric in app.metric}["Running"] == "1"
        text = str(app.dataframe[0].value)
        assert "someone's" in text
        assert "secret" not in text
    finally:
        done.set()
