"""What a job of the Grain boundaries page leaves behind, or has finished so far: structures before and after."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Outcome(ABC):
    """Structures in their order, with what became of each."""

    settings: Any  # the request: metal, potential, stem
    before: tuple[Atoms, ...] = ()
    after: tuple[
        Atoms | None, ...
    ] = ()  # those that failed say why in info["error"]; None: not relaxed (yet)
    engine: str = ""
    seconds: float = 0.0

    noun = "structure"

    def energies(self) -> tuple[np.ndarray, np.ndarray]:
        """[n] and E_gb (J/m2) of each structure, nan where it has none."""
        info: list[dict[str, Any]] = [
            {} if atoms is None or "error" in atoms.info else atoms.info for atoms in self.after
        ]
        n, egb = (np.array([i.get(name, np.nan) for i in info], dtype=float) for name in ("n", "egb"))
        return n, egb

    def reason(self, index: int) -> str:
        """Why a structure has no energy; empty if it has one."""
        atoms = self.after[index]
        return "Not relaxed yet." if atoms is None else str(atoms.info.get("error", ""))

    def fraction(self, index: int) -> float | None:
        """[n] of a structure as relaxed, else as it was; None where nobody knows."""
        for atoms in (self.after[index], self.before[index]):
            if atoms is not None and "n" in atoms.info:
                return round(float(atoms.info["n"]), 6)
        return None

    @property
    def best(self) -> int:
        """Index of the lowest E_gb; 0 if there is none."""
        egb = self.energies()[1]
        return int(np.nanargmin(egb)) if np.isfinite(egb).any() else 0

    @property
    def finished(self) -> int:
        """Structures that have an end, good or bad."""
        return sum(atoms is not None for atoms in self.after)

    @property
    def failed(self) -> int:
        """Structures that could not be relaxed."""
        return sum(atoms is not None and "error" in atoms.info for atoms in self.after)

    def relaxed(self) -> list[Atoms]:
        """Those that were relaxed."""
        return [atoms for atoms in self.after if atoms is not None and "error" not in atoms.info]

    @abstractmethod
    def command(self) -> str:
        """The lines that make it again."""

    @abstractmethod
    def python(self, index: int) -> str:
        """Python that makes one of them again."""

    @property
    def facts(self) -> dict[str, str]:
        """What else a reader needs to make it again: the seed, the engine, the potential."""
        found = {"seed": str(self.settings.seed)} if hasattr(self.settings, "seed") else {}
        potential = self.settings.potential
        return found | {
            "engine": self.engine,
            "potential": "zhou2004" if potential is None else str(potential),
        }

    @abstractmethod
    def table(self) -> list[dict[str, Any]]:
        """One row a structure."""
