"""Crystals of a phase, asked of its voxel model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.request import Listener, Request, asked
from gcd.structures.crystals import (
    crystal_grid,
)

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.grid import Grid


FULL = (60, 3)  # evaluations and order of the paper


@dataclass(frozen=True)
class CrystalRequest(Request):
    """What `gcd sample crystal` and `gcd.generate_crystals` take; lengths in Å. ValueError for what is not legal.

    ``element`` and ``lattice_constant`` left out are the phase's usual ones, and filled in; ``device`` says where
    tensors are computed and nothing about the crystal.
    """

    verb: ClassVar[str] = "sample crystal"
    function: ClassVar[str] = "generate_crystals"
    result: ClassVar[str] = "crystals"

    phase: str = common.phase()
    element: str | None = common.element("element")
    lattice_constant: float | None = common.lattice_constant("element", "a")
    size: tuple[int, int, int] = asked(
        "--size", default=(4, 4, 4), address=("nx", "ny", "nz"), parse=parse.cells, nargs="+", metavar="N",
        always=True,
        help=f"supercell in conventional cells: X Y Z, or one number for a cube (1 to {limits.MAX_CELLS_PER_AXIS}; "
        "default 4 4 4)",
    )  # fmt: skip
    count: int = asked(
        "--count", default=1, address=("count",), parse=parse.count, metavar="N", always=True,
        help=f"how many crystals (1 to {limits.MAX_COUNT:,}; default 1)",
    )  # fmt: skip
    seed: int = common.seed()
    evaluations: int = asked(
        "--nfe", default=60, address=("nfe",), parse=parse.evaluations, metavar="N", always=True,
        help="evaluations of the network a sample, a multiple of the order (default 60, of order 3)",
    )  # fmt: skip
    order: int = asked(
        "--order", default=3, address=("order",), parse=parse.order, choices=(1, 2, 3), always=True,
        help="order of DPM-Solver (default 3)",
    )  # fmt: skip
    time_spacing: str = asked(
        "--spacing", default="lambda", choices=("lambda", "t", "t-quadratic"), keyword="spacing",
        help="spacing of the solver's times (default lambda, the logarithm of the signal-to-noise ratio)",
    )  # fmt: skip
    checkpoint: str | None = asked(
        "--checkpoint", default=None, metavar="C", help="name or folder of the model (default crystal-PHASE)"
    )
    first: int = asked(
        "--first", default=0, metavar="I", parse=parse.whole("the index of the first sample", 0, limits.MAX_SEED),
        help="index of the first crystal, so that a long series can be made in parts (default 0)",
    )  # fmt: skip
    device: str = common.device()

    def __post_init__(self) -> None:
        """Check everything, and fill in what follows from the phase."""
        from gcd.diffusion.samplers import check_evaluations

        common.settle_crystal(self)
        check_evaluations(self.evaluations, self.order, self.time_spacing)
        limits.check_total(self.count, self.grid.count)

    @property
    def grid(self) -> Grid:
        """The voxels that will be sampled."""
        assert self.lattice_constant is not None
        return crystal_grid(self.phase, self.size, self.lattice_constant)

    @property
    def model(self) -> str:
        """The checkpoint's name or folder."""
        return self.checkpoint or f"crystal-{self.phase}"

    @property
    def stem(self) -> str:
        """Phase, element, cells, seed, evaluations and order."""
        cells = "x".join(map(str, self.size))
        return f"{self.phase}-{self.element}-{cells}-seed{self.seed}-nfe{self.evaluations}-order{self.order}"

    def run(self, listener: Listener | None = None) -> list[Atoms]:
        """The crystals; the listener is told of `gcd.generate.Progress` and the voxels of each batch."""
        from gcd.generate.crystals import make_crystals

        return make_crystals(self, listener)

    def to_address(self) -> dict[str, str]:
        """As of any request; the page writes phases in capitals, and solver settings under Custom."""
        parts = super().to_address() | {"phase": self.phase.upper()}
        if (self.evaluations, self.order) == FULL:
            return {key: value for key, value in parts.items() if key not in ("nfe", "order")}
        return parts | {"sampling": "Custom"}

    @classmethod
    def from_address(cls, address: Mapping[str, str]) -> CrystalRequest:
        """As of any request; Full is 60 evaluations, and Fast the fewest measured to be as good at that size."""
        given = dict(address)
        sampling = given.pop("sampling", "Full")
        if sampling not in ("Full", "Fast", "Custom"):
            raise ValueError(f"sampling is one of Full, Fast, Custom, not {sampling!r}.")
        if sampling != "Custom":
            given.pop("nfe", None)
            given.pop("order", None)
        request = super().from_address(given)
        return request.fast() if sampling == "Fast" else request

    def fast(self) -> CrystalRequest:
        """The same with the fewest evaluations that the checkpoint was measured to be good with at this size.

        Raises:
            ValueError: the checkpoint says none.
        """
        from dataclasses import replace

        from gcd.checkpoints import read_checkpoint
        from gcd.generate.voxel_model import fast_settings

        found = fast_settings(read_checkpoint(self.model), self.size)
        if not found:
            raise ValueError(
                f"The checkpoint {self.model!r} has no fast setting: give the evaluations and the order."
            )
        return replace(self, evaluations=found.evaluations, order=found.order)
