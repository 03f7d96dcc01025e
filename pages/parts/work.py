"""Background work on a page: one runner a device, one owner a browser session, and the panel that shows a job."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st

from gcd.jobs import Job, JobRunner, QueueFullError

POLL_SECONDS = 0.4
POLL_SECONDS_IN_LINE = 1.5  # a class of thirty waits without asking all the time,
POLL_SECONDS_FAR_BACK = 5.0  # and less often far back: every answer takes time from the one who is served
FAR_BACK = 6  # places
PATIENCE_SECONDS = 1.0


def is_public() -> bool:
    """Whether strangers may read this page: then error texts stay in the server's log."""
    return st.get_option("client.showErrorDetails") in ("none", "type", False)


@st.cache_resource(max_entries=8, show_spinner=False)
def runner(device: str = "auto") -> JobRunner:
    """The queue in front of a device, shared by everyone on this server.

    One core is left to the server and to a browser on the same machine: torch's threads wait for each other many
    times in every network evaluation, and one that has to share its core holds up the rest.
    """
    import torch

    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
    return JobRunner(name=f"gcd-{device}", public=is_public())


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda owner: runner().drop_owner(owner))
def owner() -> str:
    """This browser session as an owner of jobs; when it is gone, so are they."""
    return uuid.uuid4().hex


def submit(slot: str, function: Callable[..., Any], *, label: str, **kwargs: Any) -> Job | None:
    """Queue a job and remember it under ``slot`` in this session; what stands against it is shown, and None."""
    previous = current(slot)
    if previous is not None and not previous.ended:
        runner().cancel(previous.id)
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
    return None if job_id is None else runner().get(job_id)


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
    left = "" if job.eta is None or job.seconds < 1.0 else f" · {_duration(job.eta)} left"
    return f"{job.message} · {job.fraction:.0%}{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
