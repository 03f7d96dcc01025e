"""The job of Denoising: record one crystal, the particle model's structure, or one candidate for a boundary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gcd.checkpoints import read_checkpoint
from gcd.diffusion.samplers import check_evaluations
from gcd.generate.boundaries import checkpoint_of
from gcd.generate.record import record_boundary, record_crystal, record_particles
from gcd.generate.recording import Recording
from gcd.jobs import Report
from gcd.limits import MAX_PAGE_CANDIDATES, check_initial_sigma, check_integer, check_seed
from gcd.particles.samplers import check_sampler
from gcd.structures.crystals import check_phase

VOXELS, PARTICLES, BOUNDARY = "voxels", "particles", "boundary"  # kinds of films; the words of links
MOST_CELLS = 6  # along each edge: FCC has 46,656 voxels then
MOST_STEPS = 60  # that a browser is sent; a particle model's way is thinned to as many

_RECORD: dict[str, Callable[..., Recording]] = {
    VOXELS: record_crystal,
    PARTICLES: record_particles,
    BOUNDARY: record_boundary,
}


def check_recording(kind: str, settings: dict[str, Any]) -> None:
    """ValueError, in one sentence, for what a page does not record; settings as `gcd.generate.record` takes them."""
    if kind not in _RECORD:
        raise ValueError(f"Films are of {', '.join(_RECORD)}, not {kind!r}.")
    check_seed(settings["seed"])
    if kind == BOUNDARY:
        checkpoint_of(settings["twist"], settings["metal"], settings["model"])
        check_integer("the candidate", settings["index"], 0, MAX_PAGE_CANDIDATES - 1)
    else:
        prefix = "crystal" if kind == VOXELS else "particle"
        read_checkpoint(f"{prefix}-{check_phase(settings['phase']).name}")
        check_integer("the number of cells", settings["size"], 1, MOST_CELLS)
    if kind == PARTICLES:
        check_initial_sigma(settings["initial_sigma"])
        check_sampler(settings["sampler"], settings["steps"])
        return
    evaluations, order = settings["evaluations"], settings["order"]
    check_evaluations(evaluations, order, settings["spacing" if kind == VOXELS else "time_spacing"])
    if evaluations // order > MOST_STEPS:
        raise ValueError(
            f"A page records up to {MOST_STEPS} steps, which are {MOST_STEPS * order} evaluations of order {order}, "
            f"not {evaluations}."
        )


def run_recording(report: Report, *, kind: str, settings: dict[str, Any]) -> Recording:
    """The film with these settings."""
    check_recording(kind, settings)
    report(0.0, "Loading the model")

    def on_step(done: int, total: int) -> None:
        report(0.8 * done / total, "Denoising" if done < total else "Finding the atoms of every step")

    return _RECORD[kind](**settings, callback=on_step)


_FUNCTIONS = {VOXELS: "record_crystal", PARTICLES: "record_particles", BOUNDARY: "record_boundary"}
_FIRST = {VOXELS: "phase", PARTICLES: "phase", BOUNDARY: "twist"}
_GIVEN = {
    VOXELS: ("size", "seed", "evaluations", "order", "spacing"),
    PARTICLES: ("size", "initial_sigma", "sampler", "steps", "seed"),
    BOUNDARY: (
        "model", "metal", "repeats", "painted", "in_plane_shift", "spacing", "seed", "index", "evaluations", "order",
        "time_spacing",
    ),
}  # fmt: skip


def python_of(about: dict[str, Any]) -> str:
    """Python that records a film again."""
    kind = str(about["kind"])
    function = _FUNCTIONS[kind]
    given = "\n".join(f"    {name}={_written(about[name])}," for name in _GIVEN[kind])
    return (
        f"from gcd.generate.record import {function}\n\n"
        f'recording = {function}(\n    "{about[_FIRST[kind]]}",\n{given}\n)\nprint(recording.counts)'
    )


def _written(value: Any) -> str:
    """A value as Python, lengths to a millionth of an Å and texts in double quotes."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(one) for one in value)}]"
    if isinstance(value, float):
        return repr(round(value, 6))
    return f'"{value}"' if isinstance(value, str) else repr(value)
