"""Jobs of the Grain boundaries page: what one has left, and what is drawn while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from gcd.jobs import Job
from pages.parts.boundaries.outcome import Outcome
from pages.shared import work
from pages.viewers.painting import show_painting

REDRAW_SECONDS = 3.0  # between two drawings of the whole page while a job runs


def outcome_of(slot: str) -> Outcome | None:
    """What a job has left, or has finished so far."""
    job = work.current(slot)
    return None if job is None else job.result if job.ended else job.kept


def mark(run: Outcome | None) -> tuple[int, int]:
    """Changes whenever there is more to show."""
    return (0, 0) if run is None else (len(run.before), run.finished)


def stage(slot: str, shown: tuple[int, int]) -> Callable[[Job], None]:
    """What to draw while a job runs; when there is more to show, the whole page is drawn again, now and then."""
    st.session_state["drawn_at"] = time.monotonic()

    def draw(job: Job) -> None:
        if job.preview is not None:
            show_painting(job.preview, key=f"{slot}_stage", run=job.id)
        if mark(job.kept) != shown and time.monotonic() - st.session_state["drawn_at"] > REDRAW_SECONDS:
            st.rerun()

    return draw
