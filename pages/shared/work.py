"""Background work on a page: one runner a device, one owner a browser session, and the panel that shows a job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gcd.jobs import Job, JobRunner, QueueFullError
from gcd.runners import runner_of

POLL_SECONDS = 0.4
POLL_SECONDS_IN_LINE = 1.5  # a class of thirty waits without asking all the time,
POLL_SECONDS_FAR_BACK = 5.0  # and less often far back: every answer takes time from the one who is served
FAR_BACK = 6  # places
PATIENCE_SECONDS = 1.0
MISSED_SECONDS = 10.0  # without a connection, before a visitor counts as gone

_missed_since: dict[str, float] = {}  # visitors with jobs who are not connected, and since when


def is_public() -> bool:
    """Whether strangers may read this page: then error texts stay in the server's log."""
    return st.get_option("client.showErrorDetails") in ("none", "type", False)


def runner(device: str = "auto") -> JobRunner:
    """The queue in front of a device, shared by everyone on this server, and in nobody's power.

    One core is left to the server and to a browser on the same machine: torch's threads wait for each other many
    times in every network evaluation, and one that has to share its core holds up the rest.
    """
    import torch

    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
    return runner_of(device, public=is_public(), present=is_present)


def owner() -> str:
    """This browser session as an owner of jobs: by the server's own knowledge, as anything that a browser says or a
    cache holds is in the power of others.
    """
    context = get_script_run_ctx()
    return "" if context is None else context.session_id


def is_present(owner: str) -> bool:
    """Whether a browser session is connected, or was when last asked: connections break and come again."""
    if not runtime.exists() or runtime.get_instance().is_active_session(owner):
        _missed_since.pop(owner, None)
        return True
    now = time.monotonic()
    if now - _missed_since.setdefault(owner, now) < MISSED_SECONDS:
        return True
    _missed_since.pop(owner, None)
    return False


def jobs() -> list[Job]:
    """Everybody's remembered jobs, oldest first, without those of visitors who have left."""
    runner().drop_absent()
    return runner().jobs()


def submit(slot: str, function: Callable[..., Any], *, label: str, **kwargs: Any) -> Job | None:
    """Queue a job and remember it under ``slot`` in this session; what stands against it is shown, and None."""
    previous = current(slot)
    if previous is not None and not previous.ended:
        runner().cancel(previous.id)
    _cancel_lost()
    try:
        job = runner().submit(function, label=label, owner=owner(), **kwargs)
    except QueueFullError as error:
        st.error(str(error), icon=":material/hourglass_disabled:")
        return None
    st.session_state[slot] = job.id
    return job


def current(slot: str) -> Job | None:
    """This session's latest job under ``slot``; None if there is none, or the server has dropped it."""
    job_id = st.session_state.get(slot)
    job = None if job_id is None else runner().get(job_id)
    return job if job is not None and job.owner == owner() else None


def _cancel_lost() -> None:
    """Cancel this session's jobs that it knows no more, as after it has cleared its cache: nobody could see them."""
    known = [value for value in st.session_state.to_dict().values() if isinstance(value, int)]
    for job in runner().jobs(owner()):
        if job.id not in known:
            runner().cancel(job.id)


def was_dropped(slot: str) -> bool:
    """Whether there was a job under ``slot`` whose result the server no longer holds."""
    return st.session_state.get(slot) is not None and current(slot) is None


def watch(slot: str, draw: Callable[[Job], None]) -> None:
    """Follow a job that waits or runs: progress, time left, Cancel, and ``draw`` for its preview.

    Polls in a fragment of its own; when the job ends, the whole page is run once more to show the result.
    """
    every = _interval(current(slot))
    st.fragment(_panel, run_every=every, key=f"{slot}_panel")(slot, draw, every)


def _interval(job: Job | None) -> float:
    if job is None or job.state != "queued":
        return POLL_SECONDS
    return POLL_SECONDS_IN_LINE if job.position <= FAR_BACK else POLL_SECONDS_FAR_BACK


def _cancel(job_id: int) -> None:
    runner().cancel(job_id)


def _panel(slot: str, draw: Callable[[Job], None], every: float) -> None:
    job = current(slot)
    if job is not None and job.cancelling:
        job.wait(PATIENCE_SECONDS)  # most steps are short: then the end shows at once
    if job is None or job.ended or _interval(job) != every:
        st.rerun()  # with the result, or to ask more or less often from now on
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.fraction, text=_words(job))
        st.button(
            "Cancel",
            icon=":material/stop_circle:",
            key=f"{slot}_cancel",
            disabled=job.cancelling,
            width="content",
            on_click=_cancel,
            args=(job.id,),
        )
    draw(job)


def show_end(job: Job) -> bool:
    """Say how a job ended if it did not end well; whether there is a result, be it a part of what was asked for."""
    if job.state == "failed":
        st.error(job.error, title="This run failed", icon=":material/error:")
        if job.details:
            with st.expander("Details"):
                st.code(job.details, language=None)
    elif job.state == "cancelled":
        kept = "Nothing was kept." if job.result is None else "What was finished is kept."
        st.info(f"Cancelled. {kept}", icon=":material/stop_circle:")
    return job.state == "done" or job.result is not None


def _words(job: Job) -> str:
    if job.cancelling:
        return "Stopping …"
    if job.state == "queued":
        ahead = job.position - 1
        wait = "next in line" if ahead == 0 else f"{ahead} before yours in line"
        return f"Waiting for the device: {wait}"
    unsure = (
        job.eta is None or job.seconds < 1.0 or job.fraction < 0.05
    )  # too little is done to say how long the rest takes
    left = "" if unsure or job.eta is None else f" · {_duration(job.eta)} left"
    return f"{job.message} · {job.fraction:.0%}{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
