"""What travels to a worker: potentials as text with their crystals, and an engine for inside its processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gcd.energetics.engines import Outcome, Stopped

if TYPE_CHECKING:
    from gcd.energetics.potential import Potential


@dataclass(frozen=True)
class CarriedPotential:
    """A potential without any path of this machine, and the crystals that need not be computed again."""

    text: str
    crystals: tuple[tuple[str, str, Any], ...] = field(default=(), repr=False)  # element, phase, Crystal

    @classmethod
    def of(cls, potential: Potential, metal: str) -> CarriedPotential:
        """Of a potential, for one metal; ValueError when it cannot be told as text."""
        potential.crystal(metal)
        known = potential.__dict__.get("_crystals", {})
        mine = tuple((element, phase, known[element, phase]) for element, phase in known if element == metal)
        return cls(potential.to_text(), mine)

    def unpacked(self) -> Potential:
        """The potential itself, one a process."""
        return _unpacked(self.text, self.crystals)


@lru_cache(maxsize=8)
def _unpacked(text: str, crystals: tuple[tuple[str, str, Any], ...]) -> Potential:
    from gcd.energetics.potential import potential_from_text

    potential = potential_from_text(text)
    if crystals:
        known = potential.__dict__.setdefault("_crystals", {})
        known.update({(element, phase): crystal for element, phase, crystal in crystals})
    return potential


class Here:
    """Runs tasks in this very process, for those who are in a worker's process already; an Engine."""

    def run(
        self,
        function: Callable[..., Any],
        tasks: Iterable[Mapping[str, Any]],
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Outcome]:
        """An outcome for each task, in order."""
        for index, task in enumerate(tasks):
            if cancelled is not None and cancelled():
                raise Stopped
            begin = time.monotonic()
            try:
                value, error = function(**task), None
            except Exception as problem:
                value, error = None, " ".join(str(problem).split()) or type(problem).__name__
            yield Outcome(index, value, error, time.monotonic() - begin)
