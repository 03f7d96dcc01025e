"""How far a campaign is, for those who did not start it: from its database, and from what it last said of itself."""

from __future__ import annotations

import math
from typing import Any

from gcd.campaigns.control import Places, read_state
from gcd.campaigns.store import CampaignStore

IDLE = {
    "message": "", "left": 0, "workers": 0, "threads": 0, "busy": 0, "dashboard": "", "seconds": 0.0, "kept": 0,
}  # fmt: skip


def status_of(places: Places) -> dict[str, Any]:
    """As :meth:`gcd.campaigns.run.CampaignRun.state`; counted anew where the campaign is not running.

    Raises:
        StoreError: there is no such campaign, in one sentence.
    """
    said = read_state(places)
    if said.get("groups") is not None and said.get("state") in ("running", "paused"):
        return said
    if said.get("state") == "starting":
        return {
            **IDLE,
            "done": 0,
            "failed": 0,
            "total": 0,
            "distinct": 0,
            "core_seconds": 0.0,
            "groups": [],
            **said,
        }
    return _counted(places, said)


def _counted(places: Places, said: dict[str, Any]) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    failed = done = distinct = 0
    seconds = 0.0
    with CampaignStore(places.store) as store:
        jobs = store.meta["jobs"]
        for about in jobs.values():
            group = groups.setdefault(
                about["group"],
                {
                    "group": about["group"], "title": about.get("title", about["group"]),
                    "boundary": about.get("boundary", ""), "metal": about.get("metal", ""),
                    "potential": about.get("potential", ""), "angle": about.get("angle"), "sigma": about.get("sigma"),
                    "done": 0, "total": 0, "failed": 0, "distinct": 0, "core_seconds": 0.0, "lowest": None,
                    "lowest_name": "", "lowest_by_n": {}, "stopped": "",
                },
            )  # fmt: skip
            group["total"] += int(about.get("count", 0))
        for row in store.rows():
            about = jobs.get(row.job)
            if about is None:
                continue
            group = groups[about["group"]]
            done += 1
            seconds += row.seconds
            group["done"] += 1
            group["core_seconds"] += row.seconds
            if row.error:
                failed += 1
                group["failed"] += 1
            if not math.isfinite(row.egb):
                continue
            if not row.values.get("repeats"):
                distinct += 1
                group["distinct"] += 1
            n = round(row.n, 4)
            group["lowest_by_n"][n] = min(row.egb, group["lowest_by_n"].get(n, math.inf))
            if group["lowest"] is None or row.egb < group["lowest"]:
                group["lowest"], group["lowest_name"] = row.egb, row.name
        name = store.meta.get("campaign", places.spec.stem)
    for known in said.get("groups") or ():
        if known["group"] in groups:
            groups[known["group"]]["stopped"] = known.get("stopped", "")
    for group in groups.values():
        group["lowest_by_n"] = sorted(group["lowest_by_n"].items())
        group["core_seconds"] = round(group["core_seconds"], 2)
    word = said.get("state", "stopped")
    return {
        **IDLE,
        "name": name,
        "state": "stopped" if word == "dead" else word,
        "message": said.get("message", "") or ("Its process was killed." if word == "dead" else ""),
        "done": done,
        "failed": failed,
        "total": sum(group["total"] for group in groups.values()),
        "distinct": distinct,
        "core_seconds": round(seconds, 2),
        "groups": list(groups.values()),
    }
