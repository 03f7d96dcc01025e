"""What is kept of a generated crystal: one JSON line a sample, so that a killed evaluation goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcd.structures.crystals import check_phase

DETAILED = 10  # samples whose g(r) and per-atom q4, q6 are kept: the paper averages over ten cells
R_MAX, BINS = 2.5, 250  # of g(r), in lattice constants


def measure(atoms: Any, phase: str, size: Sequence[int]) -> dict[str, Any]:
    """The figures of a sample, NaN as None; g(r) and every atom's q4 and q6 of the first ones, for the plots."""
    from gcd.analysis.quality import crystal_quality
    from gcd.analysis.steinhardt import steinhardt

    sample: dict[str, Any] = crystal_quality(atoms, phase, size).as_dict()
    sample = {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in sample.items()
    }
    sample |= {key: atoms.info[key] for key in ("index", "seconds", "device")}
    if sample["index"] < DETAILED and len(atoms):
        q = steinhardt(atoms, (4, 6), check_phase(phase).neighbour_count)
        sample["q4s"], sample["q6s"] = q[4].round(5).tolist(), q[6].round(5).tolist()
        sample["g"] = distribution(atoms).round(4).tolist()
    return sample


def distribution(atoms: Any) -> np.ndarray:
    """g(r) up to R_MAX lattice constants in BINS."""
    from gcd.analysis.rdf import radial_distribution

    return radial_distribution(atoms, R_MAX * atoms.info["lattice_constant"], BINS)[1]


def column(samples: Sequence[dict[str, Any]], name: str) -> np.ndarray:
    """The finite figures of that name."""
    values = np.array([np.nan if sample[name] is None else sample[name] for sample in samples], dtype=float)
    return values[np.isfinite(values)]


def mean(samples: Sequence[dict[str, Any]], name: str) -> float:
    """Their mean, NaN without any."""
    values = column(samples, name)
    return float(values.mean()) if len(values) else float("nan")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The samples of an earlier run, in order; a last line that was cut off by a kill is taken out of the file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    samples: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        try:
            sample = json.loads(line) if line.endswith("\n") else {}
        except json.JSONDecodeError:
            sample = {}
        if sample.get("index") != number:
            path.write_text("".join(lines[:number]), encoding="utf-8")
            break
        samples.append(sample)
    return samples


def append_lines(path: Path, samples: Sequence[dict[str, Any]]) -> None:
    """Add samples to the file."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(sample) + "\n" for sample in samples)
