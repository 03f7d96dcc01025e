"""Health: what this server is doing, how much room it has, and the limits it keeps."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from gcd import limits
from gcd.jobs import Job
from pages.shared import frame, status, work

frame.enter()

WORDS = {
    "MAX_ATOMS": "atoms in one structure",
    "MAX_VOXELS": "voxels of one grid",
    "MAX_UPLOAD_BYTES": "size of an upload",
    "MAX_PAGE_COUNT": "samples of one job on a page",
    "MAX_PAGE_VOXELS": "voxels of all samples of such a job",
    "MAX_PAGE_CAMPAIGN": "candidates of a campaign that a page starts",
    "MAX_PAGE_STRUCTURE_ATOMS": "atoms of a structure that a page analyses",
    "MAX_PAGE_STRUCTURE_VOXELS": "voxels of the same",
    "MAX_QUEUED_JOBS": "jobs that wait on one device",
    "MAX_JOBS_PER_OWNER": "jobs of one visitor that wait or run",
    "KEPT_JOBS": "finished jobs whose results are kept",
    "KEPT_RESULT_BYTES": "size of the arrays in them",
}


def limit(name: str) -> str:
    """A limit as one reads it."""
    value = int(getattr(limits, name))
    return f"{value / 2**20:g} MiB" if name.endswith("_BYTES") else f"{value:,}"


def uptime() -> float | None:
    """Seconds since the server's process began, where the system says it."""
    try:
        after_name = Path("/proc/self/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        begun = int(after_name[19]) / os.sysconf("SC_CLK_TCK")  # seconds after the machine
        return float(Path("/proc/uptime").read_text(encoding="utf-8").split()[0]) - begun
    except (OSError, AttributeError, IndexError, ValueError):
        return None


def spoken(seconds: float | None) -> str:
    """A time in its largest unit."""
    if seconds is None:
        return "unknown"
    for unit, length in (("d", 86_400), ("h", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds / 60:,.0f} min"


def memory() -> float | None:
    """Resident memory of the server in MiB, where the system says it."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(text.split("VmRSS:")[1].split()[0]) / 1024
    except (OSError, IndexError, ValueError):
        return None


def row(job: Job, mine: str) -> dict[str, object]:
    """One job, without telling strangers what others make."""
    return {
        "job": job.id,
        "whose": "yours" if job.owner == mine else "someone's",
        "what": job.label if job.owner == mine or not work.is_public() else "",
        "state": job.state,
        "place": job.position or None,
        "done (%)": round(100 * job.fraction),
        "seconds": round(job.seconds, 1),
    }


@st.fragment(run_every=3.0)
def now() -> None:
    """The numbers that change."""
    jobs = work.jobs()
    states = [job.state for job in jobs]
    resident = memory()
    with st.grid(6, min_column_width=120):
        st.metric("Running", states.count("running"))
        st.metric("Waiting", f"{states.count('queued')} of {limits.MAX_QUEUED_JOBS}")
        st.metric("Results kept", f"{sum(job.ended for job in jobs)} of {limits.KEPT_JOBS}")
        st.metric("Memory", "unknown" if resident is None else f"{resident:,.0f} MiB")
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
        st.metric("Load", load, help=f"On {os.cpu_count()} cores.")
        st.metric("Up for", spoken(uptime()))
    if full := states.count("queued") / limits.MAX_QUEUED_JOBS:
        st.progress(min(full, 1.0), text="How full the queue is")
    rows = [row(job, work.owner()) for job in reversed(jobs) if not job.ended][:60]
    if rows:
        st.dataframe(rows, hide_index=True, alt="Jobs that wait or run")
    else:
        st.caption("Nothing waits and nothing runs.")


st.title("Health")
st.caption(
    "What this server is doing now. Visitors take turns, whatever the length of their queues; a visitor who "
    "leaves gives up their place. For monitors, `/_stcore/health` answers `ok`."
)
now()
st.header("Limits", anchor="limits")
st.caption(
    "Set in one place, `gcd/limits.py`, and kept by the command line, the package and the pages alike."
)
st.dataframe(
    [{"limit": words, "value": limit(name), "name": name} for name, words in WORDS.items()],
    hide_index=True, alt="Limits of this server", height="content",
)  # fmt: skip
st.header("This installation", anchor="installation")
status.show_details()
