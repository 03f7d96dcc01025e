"""What one visitor cannot do to another, tried over the websocket with messages made by hand."""

from __future__ import annotations

import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from gcd.limits import MAX_HELD_BYTES, MAX_UPLOAD_BYTES
from pages.shared.index import INDEX
from tests.pages.conftest import serving
from tests.pages.visitor import Visitor, again, visiting

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100.0  # seconds for a job on a slow machine; none of them is meant to be spent
SERVED = 10.0  # seconds; git's answers to what is sent meanwhile would take minutes
MANY = 2000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of these tests' own: what they send is told in its log."""
    with serving(tmp_path_factory.mktemp("tried") / "log.txt") as address, visiting(address):
        yield address


@pytest.fixture
def victim(server: str) -> Iterator[Visitor]:
    """Somebody whose crystals are being made."""
    with visiting(server, "crystals", "count=2&sampling=Custom&order=3&nfe=30") as visitor:
        visitor.press("Generate")
        assert visitor.shown("progress"), visitor.text()
        yield visitor


def result_of(visitor: Visitor) -> None:
    """Wait for the crystals, as a browser does, and see them."""
    end = time.monotonic() + PATIENCE
    while visitor.shown("progress") and time.monotonic() < end:
        visitor.hear(lambda: False, 0.4)
        visitor.run()
    said = visitor.text()
    assert "Cancelled" not in said
    assert "has dropped this result" not in said
    assert [metric for metric in visitor.shown("metric") if metric.label.startswith("Atoms")], said


def test_a_job_survives_what_another_visitor_sends(server, victim):
    job_number = running(server)
    with visiting(server, "crystals") as stranger:
        for message in (
            {"clear_cache": True}, {"stop_script": True}, {"load_git_info": True}, {"set_run_on_save": True},
            {"debug_shutdown_runtime": True}, {"debug_disconnect_websocket": True}, {"app_heartbeat": True},
        ):  # fmt: skip
            stranger.send(**message)
        forged = (
            WidgetState(
                id="crystals_job", int_value=job_number
            ),  # where a session keeps the number of its job
            WidgetState(id="$$ID-0-crystals_job", int_value=job_number),
            WidgetState(id="crystals_job_cancel", trigger_value=True),
            *(WidgetState(id=button.id, trigger_value=True) for button in victim.shown("button")),
        )
        stranger.run(query=f"crystals_job={job_number}&owner={victim.session_id}", widgets=forged)
        assert not stranger.shown("progress")
        assert not stranger.shown("metric")
        stranger.send(clear_cache=True)
        stranger.run()
    with visiting(server) as garbage:
        garbage.socket.send(b"\xff" * 1000)
        assert garbage.hear(lambda: False, 1.0) is False  # the server hangs up
    result_of(victim)


def test_a_job_survives_that_its_visitor_s_connection_breaks(server, victim):
    session = victim.session_id
    with again(server, victim):
        assert victim.session_id == session
        result_of(victim)


def running(server: str) -> int:
    """The number of the job that runs, of Health."""
    with visiting(server, "health") as visitor:
        tables = [pa.ipc.open_stream(one.arrow_data.data).read_all() for one in visitor.shown("dataframe")]
    (jobs,) = (table.to_pylist() for table in tables if "job" in table.column_names)
    return next(int(row["job"]) for row in jobs if row["state"] == "running")


def test_no_message_keeps_the_others_waiting(server):
    with visiting(server, "health") as visitor, visiting(server, "health") as stranger:
        for _ in range(MANY):
            stranger.send(load_git_info=True)
            stranger.send(clear_cache=True)
        assert visitor.run() < SERVED
        stranger.hear(lambda: False, 0.5)
        assert not [one for one in stranger.others if one.WhichOneof("type") == "git_info_changed"]


def test_a_file_is_had_only_by_its_own_visitor(server, victim):
    result_of(victim)
    button = victim.shown("download_button")[0]
    with visiting(server, "crystals") as stranger:
        request = stranger.request_file(button.deferred_file_id, victim.session_id)
        assert "Invalid session" in request.error_msg
        assert not request.deferred_file.url
        assert "Failed" in stranger.request_file("0" * 32, stranger.session_id).error_msg
    answer = victim.request_file(button.deferred_file_id, victim.session_id)
    assert re.fullmatch(r"/media/[0-9a-f]{32}\.\w+", answer.deferred_file.url)  # 128 bits of its content
    with urllib.request.urlopen(server + answer.deferred_file.url, timeout=PATIENCE) as file:
        assert file.read(2) == b"PK"
    for path in (
        "/media/",
        "/media/1",
        "/media/../app.py",
        "/app/static/../app.py",
        "/app/static/../pages/home.py",
    ):
        assert b"streamlit as st" not in got(server + path), path


def test_a_visitor_s_uploads_do_not_fill_the_memory(server):
    size = MAX_UPLOAD_BYTES - 2**20  # with room for what goes around it
    with visiting(server, "your_structure") as visitor:
        for _ in range(MAX_HELD_BYTES // size + 3):
            visitor.upload("a.cif", b" " * size)
        assert size <= held(server) <= MAX_HELD_BYTES


def held(server: str) -> int:
    """Bytes of all uploads, of the server's own count."""
    counted = got(f"{server}/_stcore/metrics?families=cache_memory_bytes").decode()
    found = re.search(r'"UploadedFileManager".* (\d+)', counted)
    return int(found[1]) if found else 0


def got(address: str) -> bytes:
    """What a GET brings; nothing if it is refused."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.read()
    except urllib.error.HTTPError:
        return b""


def test_no_page_tells_where_it_runs(server):
    named = [re.escape(path) for path in (str(ROOT), str(Path.home())) if len(path) > 3]
    named.append(
        rf"(?<![\w/+=\\]){re.escape(socket.gethostname())}(?![\w/+=])"
    )  # and not a part of what is encoded
    with visiting(server) as visitor:
        for page in INDEX:
            visitor.run(page)
            said = visitor.text() + "".join(map(str, visitor.others)) + visitor.began
            assert re.findall("|".join(named), said) == [], page
