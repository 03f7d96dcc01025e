"""Unrelaxed bicrystals of a boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.boundary import LONGEST_SHIFT, OfBoundary, shift_pair
from gcd.requests.request import Listener, asked
from gcd.structures.bicrystals import working_cell
from gcd.structures.boundary import Boundary

if TYPE_CHECKING:
    from ase import Atoms

MAX_PUSH = 1.0  # Å


@dataclass(frozen=True)
class BuildRequest(OfBoundary):
    """What `gcd build` takes: grains shifted, opened, with atoms taken out or put in; lengths in Å.

    Structure i draws its atoms, its push and, if asked for, its shift from (seed, i). ValueError for what is not legal.
    """

    verb: ClassVar[str] = "build"
    function: ClassVar[str] = "BuildRequest"
    result: ClassVar[str] = "structures"

    in_plane_shift: tuple[float, float] = asked(
        "--shift", default=(0.0, 0.0), nargs=2, metavar=("X", "Y"),
        parse=parse.number("in-plane shift in Å", -LONGEST_SHIFT, LONGEST_SHIFT),
        help="of the upper grain in Å (default 0 0)",
    )  # fmt: skip
    random_shift: bool = asked(
        "--random-shift", default=False, help="a shift of the upper grain drawn for each structure"
    )
    gap: float | None = asked(
        "--gap", default=None, address=("gap",), metavar="A", parse=parse.number("gap in Å", -10.0, 50.0),
        help="Å by which the grains are lifted apart beyond the spacing of their planes (default: 0, or as "
        "little as keeps them off each other)",
    )  # fmt: skip
    remove: int = asked(
        "--remove", default=0, metavar="K", parse=parse.whole("the number of atoms to remove", 0, limits.MAX_ATOMS),
        help="atoms taken at random out of the upper grain's edge (default 0)",
    )  # fmt: skip
    insert: int = asked(
        "--insert", default=0, metavar="K", parse=parse.whole("the number of atoms to insert", 0, limits.MAX_ATOMS),
        help="atoms put between the grains (default 0)",
    )  # fmt: skip
    push: float = asked(
        "--push", default=0.0, address=("push",), metavar="A", parse=parse.number("push in Å", 0.0, MAX_PUSH),
        help="Å by up to which atoms near the boundary are moved at random (default 0)",
    )  # fmt: skip
    vacuum: float | None = asked(
        "--vacuum", default=None, metavar="A", parse=parse.number("vacuum in Å", 0.0, 1e3),
        help="Å below the lowest and above the highest plane (default 2.3)",
    )  # fmt: skip
    planes: tuple[int, int] | None = common.planes()
    repeats: tuple[int, int] | None = common.repeats()
    lattice_constant: float | None = common.lattice_constant("potential")
    count: int = asked(
        "--count", default=1, address=("variants",), parse=parse.count, metavar="N",
        help="structures, each with its own choice of atoms, push and random shift (default 1)",
    )  # fmt: skip
    seed: int = common.seed("gb_seed")

    def __post_init__(self) -> None:
        """Check what does not need the structure itself."""
        super().__post_init__()
        limits.check_count(self.count)
        limits.check_seed(self.seed)
        if not (limits.is_finite(self.push) and 0.0 <= self.push <= MAX_PUSH):
            raise ValueError(f"Atoms can be pushed by up to {MAX_PUSH:g} Å, not {self.push:g}.")
        if self.remove and self.insert:
            raise ValueError("Either remove atoms from the boundary or insert some, not both.")
        self.settle(in_plane_shift=shift_pair("in-plane shift", self.in_plane_shift))
        common.settle_pairs(self)

    @property
    def stem(self) -> str:
        """Metal, boundary, change of atoms and seed."""
        return f"{self.slug}-atoms{self.insert - self.remove:+d}-seed{self.seed}"

    @property
    def lattice(self) -> float:
        """Lattice constant in Å."""
        from gcd.energetics.potential import find_potential

        if self.lattice_constant is not None:
            return self.lattice_constant
        return find_potential(self.potential).lattice_constant(self.metal, self.geometry.phase)

    @property
    def cell(self) -> Boundary:
        """The boundary with its repeats."""
        return working_cell(self.geometry, self.lattice, self.repeats)

    @property
    def edge_lengths(self) -> np.ndarray:
        """(2,) Å of the cell."""
        return self.cell.edges * self.lattice

    def structure(self, index: int = 0) -> Atoms:
        """One of them."""
        from gcd.structures.bicrystals import bicrystal, opened, push_atoms

        more = {name: value for name in ("planes", "vacuum") if (value := getattr(self, name)) is not None}

        def attempt(gap: float) -> Atoms:
            rng = np.random.default_rng([self.seed, index])
            shift = self.in_plane_shift
            if self.random_shift:
                x, y = rng.random(2) * self.edge_lengths
                shift = (float(x), float(y))
            atoms = bicrystal(
                self.cell,
                self.lattice,
                self.metal,
                in_plane_shift=shift,
                gap=gap,
                remove=self.remove,
                insert=self.insert,
                rng=rng,
                **more,
            )
            if self.push:
                push_atoms(atoms, atoms.info["plane"], self.push, rng)
            return atoms

        return opened(attempt, 0.0)[0] if self.gap is None else attempt(self.gap)

    def structures(self) -> list[Atoms]:
        """All of them."""
        return [self.structure(index) for index in range(self.count)]

    def run(self, listener: Listener | None = None) -> list[Atoms]:
        """All of them; the listener is told of each."""
        made = []
        for index in range(self.count):
            made.append(self.structure(index))
            if listener is not None:
                listener.made(made[-1])
        return made

    def command(self, out: str | None = None) -> str:
        """As of any request, into one extxyz file."""
        return super().command(f"{self.stem}.extxyz" if out is None else out)

    def python_of(self, index: int) -> str:
        """Python that builds one of them as ``atoms``."""
        return f"from gcd.requests import BuildRequest\n\natoms = {self.call('')[:-1]}).structure({index})"

    def python(self) -> str:
        """Python that builds the same."""
        return f"from gcd.requests import BuildRequest\n\n{self.result} = {self.call('')}.run()"
