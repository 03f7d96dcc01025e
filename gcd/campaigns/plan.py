"""What a campaign will cost, before it is run: tasks, core-seconds and bytes, from costs that were measured.

Where the database holds finished candidates of a job, their own mean is taken instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gcd.campaigns.dask_engine import SMALLEST
from gcd.campaigns.jobs import Job
from gcd.campaigns.spec import Campaign
from gcd.campaigns.store import Row

# Measured on one core with AVX-512 (see docs/results.md, Campaigns); seconds of that core.
PER_CANDIDATE = 0.02  # to build a proposal, carry it and keep it
PER_MD_STEP = 1.1e-6  # an atom and step of molecular dynamics in LAMMPS, EAM tables
PER_RELAXATION = 6e-4  # an atom of a relaxation to 1e-5 eV/Å in LAMMPS, EAM tables
PER_VOXEL = 1.0e-5  # a voxel and evaluation of an in-painting network
PER_CRYSTAL_ATOM = 1.5e-2  # an atom of a sampled crystal, 60 evaluations and decoding
ROW_BYTES, ATOM_BYTES = 1_400, 36  # of the database: a row, and an atom of its structure with its energy


@dataclass(frozen=True)
class Cost:
    """Of a job's candidates that are left."""

    job: Job
    left: int
    seconds: float  # of one core, each
    measured: int  # candidates that the seconds are the mean of; 0 where they come from the table
    structures: bool

    @property
    def core_seconds(self) -> float:
        """Of all."""
        return self.left * self.seconds

    @property
    def bytes(self) -> int:
        """Of the database."""
        return self.left * (ROW_BYTES + (ATOM_BYTES * self.job.atoms if self.structures else 0))


def estimate(job: Job) -> float:
    """Core-seconds of one candidate."""
    size = job.size
    atoms = size.get("atoms", 0)
    seconds = PER_CANDIDATE + PER_MD_STEP * atoms * size.get("md_steps", 0.0)
    seconds += PER_RELAXATION * atoms * size.get("relaxations", 0)
    return seconds + PER_VOXEL * size.get("voxels", 0) + PER_CRYSTAL_ATOM * size.get("crystal_atoms", 0)


def costs(campaign: Campaign, rows: Iterable[Row] = ()) -> list[Cost]:
    """Of every job, what is left of it."""
    done: dict[str, list[float]] = {job.name: [] for job in campaign.jobs}
    for row in rows:
        if row.job in done:
            done[row.job].append(row.seconds)
    found = []
    for job in campaign.jobs:
        known = done[job.name]
        seconds = math.fsum(known) / len(known) if known else estimate(job)
        left = max(0, job.count - len(known))
        found.append(Cost(job, left, seconds, len(known), campaign.keep != "none"))
    return found


def summary(campaign: Campaign, found: list[Cost], threads: int | None) -> dict[str, Any]:
    """The plan in numbers. A target may end a boundary earlier: these are the most."""
    bundle = campaign.running.bundle or SMALLEST
    seconds = math.fsum(cost.core_seconds for cost in found)
    return {
        "name": campaign.name,
        "boundaries": len({cost.job.group for cost in found}),
        "jobs": len(found),
        "candidates": campaign.total,
        "left": sum(cost.left for cost in found),
        "tasks": sum(math.ceil(cost.left / bundle) * (2 if cost.job.prepare else 1) for cost in found),
        "core_seconds": round(seconds, 1),
        "wall_seconds": None if not threads else round(seconds / threads, 1),
        "bytes": sum(cost.bytes for cost in found),
        "targets": campaign.target.any,
        "by_job": [
            {
                "job": cost.job.name,
                "group": cost.job.group,
                "left": cost.left,
                "seconds_each": round(cost.seconds, 3),
                "measured": cost.measured,
                "core_seconds": round(cost.core_seconds, 1),
                "bytes": cost.bytes,
            }
            for cost in found
        ],
    }
