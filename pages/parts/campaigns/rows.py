"""What a campaign's database holds, read once for each state of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from gcd.campaigns.report import kind_of_failure
from gcd.campaigns.store import CampaignStore, StoreError

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Kept:
    """Energies and failures of a campaign so far."""

    by_group: dict[str, list[tuple[float, float, str]]] = field(default_factory=dict)  # [n], J/m2, name
    failures: dict[str, int] = field(default_factory=dict)
    groups_of: dict[str, str] = field(default_factory=dict)  # of jobs


def kept(store: str) -> Kept:
    """Of a database as it is now; nothing where there is none yet."""
    path = Path(store)
    if not path.is_file():
        return Kept()
    stat = path.stat()
    return _kept(store, stat.st_mtime_ns, stat.st_size)


@st.cache_data(max_entries=8, show_spinner=False)
def _kept(store: str, changed: int, size: int) -> Kept:
    by_group: dict[str, list[tuple[float, float, str]]] = {}
    failures: Counter[str] = Counter()
    try:
        with CampaignStore(store) as opened:
            groups = {name: str(about["group"]) for name, about in opened.meta["jobs"].items()}
            for row in opened.rows():
                if row.error:
                    failures[kind_of_failure(row.error)] += 1
                elif math.isfinite(row.egb) and math.isfinite(row.n):
                    by_group.setdefault(groups.get(row.job, row.job), []).append((row.n, row.egb, row.name))
    except StoreError:  # it is just being made
        return Kept()
    return Kept(by_group, dict(failures.most_common(20)), groups)


@st.cache_data(max_entries=32, show_spinner=False)
def structure(store: str, name: str) -> tuple[Atoms, dict[str, Any]] | None:
    """A candidate's structure and what its job says; None where it is not there."""
    with CampaignStore(store) as opened:
        for row in opened.rows():
            if row.name == name:
                return opened.atoms(row), dict(opened.meta["jobs"].get(row.job, {}))
    return None


@st.cache_data(max_entries=6, show_spinner=False)
def export(store: str, form: str, changed: int) -> bytes:
    """A download: csv, extxyz or html."""
    import tempfile

    from gcd.campaigns.export import export_csv, export_extxyz
    from gcd.campaigns.report import write_report

    write: dict[str, Any] = {"csv": export_csv, "extxyz": export_extxyz, "html": write_report}
    with tempfile.TemporaryDirectory() as folder, CampaignStore(store) as opened:
        path = Path(folder) / f"campaign.{form}"
        write[form](opened, path)
        return path.read_bytes()
