"""Structures of a phase, asked of its particle model, the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.request import Listener, Request, asked
from gcd.structures.crystals import (
    PHASES,
)

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.particles.samplers import Restart


@dataclass(frozen=True)
class ParticleRequest(Request):
    """What `gcd sample particle` and `gcd.generate_particles` take; ValueError for what is not legal.

    ``initial_sigma`` is in lattice constants, None for random positions; ``lattice_constant`` in Å.
    """

    verb: ClassVar[str] = "sample particle"
    function: ClassVar[str] = "generate_particles"
    result: ClassVar[str] = "structures"

    phase: str = common.phase()
    initial_sigma: float | None = asked(
        "--initial-sigma", default=None, address=("sigma",), metavar="S",
        parse=parse.number("initial sigma", 0.0, limits.MAX_INITIAL_SIGMA),
        help="start from the ideal crystal under Gaussian displacements, in lattice constants "
        "(default: from random positions)",
    )  # fmt: skip
    sampler: str = asked(
        "--sampler", default="ode", address=("sampler",), choices=("ode", "sde", "restart"), always=True,
        help="probability-flow ODE, reverse SDE, or the ODE with restarts (default ode)",
    )  # fmt: skip
    steps: int = asked(
        "--steps", default=128, address=("steps",), metavar="K", always=True,
        parse=parse.whole("the number of steps", 1, limits.MAX_EVALUATIONS),
        help="evaluations of the network a structure; restarts come on top (default 128)",
    )  # fmt: skip
    restarts: int = asked(
        "--restarts", default=4, address=("restarts",), metavar="N",
        parse=parse.whole("the number of restarts", 1, limits.MAX_RESTARTS),
        help="how often the restart sampler goes back into noise (default 4)",
    )  # fmt: skip
    restart_time: float = asked(
        "--restart-time", default=0.4, address=("restart_time",), metavar="T",
        parse=parse.number("restart time", 1e-3, 1.0),
        help="the time, from 0 to 1, that it goes back to (default 0.4)",
    )  # fmt: skip
    element: str | None = common.element()
    lattice_constant: float | None = common.lattice_constant("element")
    size: tuple[int, int, int] = asked(
        "--size", default=(4, 4, 4), parse=parse.cells, nargs="+", metavar="N",
        help=f"supercell in conventional cells: X Y Z, or one number for a cube (1 to {limits.MAX_CELLS_PER_AXIS}; "
        "default 4 4 4)",
    )  # fmt: skip
    count: int = asked(
        "--count", default=1, parse=parse.count, metavar="N",
        help=f"how many structures (1 to {limits.MAX_COUNT:,}; default 1)",
    )  # fmt: skip
    seed: int = common.seed()
    checkpoint: str | None = asked(
        "--checkpoint", default=None, metavar="C", help="name or folder of the model (default particle-PHASE)"
    )
    first: int = 0  # index of the first sample, so that a long series can be made in parts
    device: str = common.device()

    def __post_init__(self) -> None:
        """Check everything, and fill in what follows from the phase."""
        from gcd.particles.samplers import check_sampler

        common.settle_crystal(self)
        self.settle(initial_sigma=limits.check_initial_sigma(self.initial_sigma))
        check_sampler(self.sampler, self.steps)
        _ = self.restart  # checks itself
        limits.check_particles(self.count, self.atoms)

    @property
    def atoms(self) -> int:
        """In one structure."""
        nx, ny, nz = self.size
        return nx * ny * nz * PHASES[self.phase].atoms_per_cell

    @property
    def restart(self) -> Restart:
        """Of the restart sampler."""
        from gcd.particles.samplers import Restart

        return Restart(self.restarts, self.restart_time)

    @property
    def start(self) -> str:
        """Where it starts, in words."""
        sigma = self.initial_sigma
        return "random positions" if sigma is None else f"ideal crystal + σ = {sigma:g} a"

    @property
    def how(self) -> str:
        """Start, sampler and steps, for the names of files."""
        start = "random" if self.initial_sigma is None else f"sigma{self.initial_sigma:g}"
        return f"{start}-{self.restart.label(self.sampler, self.steps)}"

    @property
    def model(self) -> str:
        """The checkpoint's name or folder."""
        return self.checkpoint or f"particle-{self.phase}"

    @property
    def stem(self) -> str:
        """Phase, seed, start, sampler and steps."""
        return f"{self.phase}-seed{self.seed}-{self.how}"

    def run(self, listener: Listener | None = None) -> list[Atoms]:
        """The structures; the listener is told of `gcd.generate.ParticleProgress`, and of each one's start as made."""
        from gcd.generate.particles import make_particles

        return make_particles(self, listener)
