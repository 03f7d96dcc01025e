"""The Health page: it says what runs and what waits, and tells strangers nothing of each other."""

from __future__ import annotations

import threading

import pytest
import streamlit as st

from gcd import limits
from pages.shared import work
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


def test_a_job_survives_that_the_caches_of_all_are_emptied():
    done, started = threading.Event(), threading.Event()

    def work_on(report) -> str:
        started.set()
        assert done.wait(SOON)
        report(0.5)  # would end it here, were it cancelled
        return "made"

    try:
        app = open_app("health")
        job = work.runner().submit(work_on, label="mine", owner="test session id")
        assert started.wait(SOON)
        st.cache_data.clear()
        st.cache_resource.clear()
        done.set()
        assert job.wait(SOON)
        assert (job.state, job.result) == ("done", "made")
        app.run()
        assert {metric.label: metric.value for metric in app.metric}["Results kept"].startswith("1 ")
    finally:
        done.set()
