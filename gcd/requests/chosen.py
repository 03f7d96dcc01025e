"""Structures of a boundary's search data, as they are or pushed about, to be relaxed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.boundary import OfBoundary
from gcd.requests.build import MAX_PUSH
from gcd.requests.request import asked

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.search.dataset import BoundaryDataset


@dataclass(frozen=True)
class ChosenRequest(OfBoundary):
    """One structure of the search data, as often as wanted, each pushed about by itself; lengths in Å."""

    verb: ClassVar[str] = "relax"
    function: ClassVar[str] = "load_dataset"
    result: ClassVar[str] = "structures"

    structure: int = asked(default=0, address=("structure",))
    push: float = asked(default=0.0, address=("push",), parse=parse.number("push in Å", 0.0, MAX_PUSH))
    count: int = asked(default=1, address=("variants",), parse=parse.count)
    seed: int = common.seed("gb_seed")

    def __post_init__(self) -> None:
        """Check everything; ValueError where there is no search data of that boundary."""
        super().__post_init__()
        limits.check_count(self.count)
        limits.check_seed(self.seed)
        if not (limits.is_finite(self.push) and 0.0 <= self.push <= MAX_PUSH):
            raise ValueError(f"Atoms can be pushed by up to {MAX_PUSH:g} Å, not {self.push:g}.")
        limits.check_integer("the structure", self.structure, 0, len(self.dataset) - 1)

    @property
    def dataset(self) -> BoundaryDataset:
        """The search data of the boundary."""
        from gcd.search.datasets import datasets

        entry = datasets().get((self.geometry.slug, self.metal))
        if entry is None:
            raise ValueError(f"There is no dataset of {self.metal} {self.boundary} here.")
        return entry[1]

    @property
    def stem(self) -> str:
        """Metal, boundary, structure and seed."""
        return f"{self.slug}-structure{self.structure}-seed{self.seed}"

    def structures(self) -> list[Atoms]:
        """All of them."""
        from gcd.structures.bicrystals import push_atoms

        made = []
        for index in range(self.count):
            atoms = self.dataset.atoms(self.structure)
            if self.push:
                rng = np.random.default_rng([self.seed, index])
                push_atoms(atoms, atoms.info["plane"], self.push, rng)
            made.append(atoms)
        return made

    def python_of(self, index: int) -> str:
        """Python that gives one of them as ``atoms``."""
        from gcd.search.datasets import datasets

        name = datasets()[self.geometry.slug, self.metal][0]
        lines = ["from gcd.search.dataset import load_dataset"]
        if self.push:
            lines = ["import numpy as np", *lines, "from gcd.structures.bicrystals import push_atoms"]
        lines += ["", f'atoms = load_dataset("{name}").atoms({self.structure})']
        if self.push:
            lines += [
                f"rng = np.random.default_rng([{self.seed}, {index}])",
                f'push_atoms(atoms, atoms.info["plane"], {self.push!r}, rng)',
            ]
        return "\n".join(lines)
