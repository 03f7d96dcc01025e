"""Any ASE calculator as a potential: an object, or "package.module:Class", with keywords in brackets if need be."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.potential import Potential, Static

if TYPE_CHECKING:
    from ase import Atoms


class AseCalculator(Potential):
    """A calculator that somebody else wrote. Crystal, cut-off and energies per atom are found by asking it."""

    engines = ("ase",)
    why_not = "Only the ase engine relaxes with an ASE calculator."
    told_cutoff = None
    elements: tuple[str, ...] = ()

    def __init__(self, calculator: Any) -> None:
        """ValueError, in one sentence, when the calculator cannot be imported or made."""
        self.spec = calculator if isinstance(calculator, str) else None
        self.calculator = _make(calculator) if isinstance(calculator, str) else calculator
        self.name = self.spec or type(self.calculator).__name__
        if hasattr(self.calculator, "implemented_properties"):
            self.per_atom = "energies" in self.calculator.implemented_properties
        else:
            self.per_atom = False

    def statics(self, structures: Sequence[Atoms]) -> list[Static]:
        """One after the other; energies of atoms where the calculator has them and they add up."""
        results = []
        for atoms in structures:
            copy = atoms.copy()
            copy.calc = self.calculator
            try:
                energy = float(copy.get_potential_energy())
                forces = np.array(copy.get_forces(), dtype=float)
                energies = self._energies(copy, energy)
            except Exception as error:
                reason = " ".join(str(error).split())[:200] or type(error).__name__
                raise ValueError(f"The calculator {self.name} failed: {reason}") from error
            results.append(Static(energy, forces, energies))
        return results

    def _energies(self, atoms: Atoms, energy: float) -> np.ndarray | None:
        if not self.per_atom:
            return None
        try:
            energies = np.array(atoms.get_potential_energies(), dtype=float)
        except Exception:  # it said that it could, and cannot
            self.per_atom = False
            return None
        adds_up = energies.shape == (len(atoms),) and abs(energies.sum() - energy) < 1e-3 * len(atoms)
        return energies if adds_up else None

    def to_text(self) -> str:
        """Its import; ValueError for an object, which cannot be carried as text."""
        if self.spec is None:
            raise ValueError(f"{self.name} is an object: name it as package.module:Class to have it as text.")
        return json.dumps({"kind": "ase", "spec": self.spec})

    @property
    def key(self) -> str:
        """As :meth:`to_text`, with the version of its package; nothing for an object: it is not kept in the cache."""
        if self.spec is None:
            return ""
        module = import_module(self.spec.split(":")[0].split(".")[0])
        return f"{self.to_text()} {getattr(module, '__version__', '')}"


def _make(spec: str) -> Any:
    where, _, rest = spec.partition(":")
    name, bracket, arguments = rest.partition("(")
    try:
        keywords = _keywords(arguments[:-1]) if bracket else {}
    except (SyntaxError, ValueError):
        raise ValueError(
            f"The keywords of {spec!r} must be numbers, words in quotes, True, False or None."
        ) from None
    try:
        made = getattr(import_module(where), name)
    except ImportError as error:
        raise ValueError(f"The calculator {spec!r} cannot be imported: {error}.") from None
    except AttributeError:
        raise ValueError(f"The calculator {spec!r} cannot be imported: {where} has no {name}.") from None
    try:
        calculator = made(**keywords)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"The calculator {spec!r} cannot be made: {reason}") from error
    if not hasattr(calculator, "get_potential_energy"):
        raise ValueError(f"{spec!r} is no ASE calculator.")
    return calculator


def _keywords(text: str) -> dict[str, Any]:
    call = ast.parse(f"f({text})", mode="eval").body
    if not isinstance(call, ast.Call) or call.args:
        raise ValueError
    return {str(k.arg): ast.literal_eval(k.value) for k in call.keywords if k.arg}
