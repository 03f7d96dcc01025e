"""Crystals and grain boundaries from a grand canonical (voxel) diffusion model.

The verbs are here; they are imported when first used, so that `import gcd` is quick and a bare training machine
needs no more than the room it trains in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gcd.threads import let_threads_sleep

if TYPE_CHECKING:
    from gcd.energetics.boundary_energy import relax_boundaries
    from gcd.generate import (
        generate_boundaries,
        generate_crystals,
        generate_particles,
        generate_relaxed_boundaries,
        repaint,
    )

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "generate_boundaries",
    "generate_crystals",
    "generate_particles",
    "generate_relaxed_boundaries",
    "relax_boundaries",
    "repaint",
]

_HOMES = {
    "generate_boundaries": "gcd.generate",
    "generate_crystals": "gcd.generate",
    "generate_particles": "gcd.generate",
    "generate_relaxed_boundaries": "gcd.generate",
    "relax_boundaries": "gcd.energetics.boundary_energy",
    "repaint": "gcd.generate.repainting",
}

let_threads_sleep()  # here, because whoever comes through a door of the house imports this before torch


def __getattr__(name: str) -> Any:
    """The verb of that name, from the room where it lives."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gcd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
