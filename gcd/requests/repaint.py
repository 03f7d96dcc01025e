"""Slabs of one's own, their middle painted anew and relaxed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.relaxation import RelaxationRequest
from gcd.requests.request import Listener, asked

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.generate.own_slabs import Recast

COUNT = 32
MAX_PAINTED = 200.0  # Å


@dataclass(frozen=True)
class RepaintRequest(RelaxationRequest):
    """What `gcd repaint` and `gcd.repaint` take, beside the structures; ValueError for what is not legal."""

    verb: ClassVar[str] = "repaint"
    function: ClassVar[str] = "repaint"
    result: ClassVar[str] = "repainted"

    count: int = asked(
        "--count", default=COUNT, address=("repaints",), parse=parse.count, metavar="N", always=True,
        help=f"candidates a slab (1 to {limits.MAX_COUNT:,}; default {COUNT})",
    )  # fmt: skip
    painted: tuple[float, ...] | None = asked(
        "--painted", default=None, nargs="+", metavar="Å",
        parse=parse.number("painted thickness in Å", 0.0, MAX_PAINTED),
        help="thicknesses of the painted middle, taken in turn (default: up to three that the slab has room for)",
    )  # fmt: skip
    move: bool = asked(
        "--move", default=False,
        help="also move the upper grain as a block: a shift and an opening drawn for all candidates but every third",
    )  # fmt: skip
    repeats: tuple[int, int] | None = common.repeats("what makes each edge 8 Å long")
    anyway: bool = asked(
        "--anyway",
        default=False,
        help="go on where the model was never trained on anything like the boundary",
    )
    checkpoint: str | None = asked(
        "--checkpoint", default=None, metavar="C", help="name or folder of another model"
    )
    evaluations: int | None = asked(
        "--nfe", default=None, parse=parse.evaluations, metavar="N",
        help="evaluations of the network a candidate (default: what the model was measured with)",
    )  # fmt: skip
    seed: int = common.seed("repaint_seed")

    def __post_init__(self) -> None:
        """Check everything but the files, which are read when it runs."""
        super().__post_init__()
        limits.check_count(self.count)
        limits.check_seed(self.seed)
        if self.repeats is not None:
            self.settle(repeats=common.whole_pair("repeats", self.repeats, limits.MAX_CELLS_PER_AXIS))
        if self.painted is not None:
            several = [self.painted] if limits.is_finite(self.painted) else self.painted
            self.settle(painted=tuple(_thickness(value) for value in several))
            if not self.painted:
                raise ValueError("Name at least one thickness to be painted, in Å.")

    @property
    def stem(self) -> str:
        """The first file's name, repainted."""
        return f"{Path(self.files[0]).stem}-repainted"

    def settings(self) -> dict[str, Any]:
        """For `gcd.repaint`, beside the structure and the metal."""
        names = ("count", "painted", "move", "anyway", "checkpoint", "evaluations", "seed", "repeats")
        return super().settings() | {name: getattr(self, name) for name in names}

    def understand(self, atoms: Atoms) -> Recast:
        """Which boundary a structure holds; ValueError, in one sentence, where it cannot be repainted."""
        from gcd.generate.own_slabs import check_thicknesses, painting_model, understand

        recast = understand(
            atoms,
            self.metal,
            plane=self.plane,
            potential=self.potential,
            rescale=self.rescale,
            repeats=self.repeats,
        )
        painting_model(recast.boundary, self.checkpoint, anyway=self.anyway)
        check_thicknesses(recast, self.painted)
        return recast

    def check(self, atoms: Atoms) -> None:
        """ValueError, in one sentence, for a structure that cannot be repainted."""
        self.understand(atoms)

    def run(self, listener: Listener | None = None, structures: Sequence[Atoms] | None = None) -> list[Atoms]:
        """Of each structure, by default those of the files, the lowest: itself or a candidate.

        The listener is told of a `Progress` over a slab's candidates, of each of them as painted, of each before and
        after, the slab itself too; ``info["slab"]`` says which structure it is of.
        """
        from gcd.generate.repainting import repaint

        before = (
            [a for file in self.files for a in self.read(file)] if structures is None else list(structures)
        )
        told = listener or Listener()
        best = []
        for row, atoms in enumerate(before):

            def made(candidate: Atoms, row: int = row) -> None:
                candidate.info["slab"] = row
                told.made(candidate)

            def relaxed(painted: Atoms, after: Atoms, row: int = row) -> None:
                painted.info["slab"] = after.info["slab"] = row
                told.relaxed(painted, after)

            ranked = repaint(
                atoms,
                self.metal,
                on_sampling=told.progress,
                on_candidate=made,
                on_relaxed=relaxed,
                **self.settings(),
            )
            ranked[0].info["slab"] = row
            best.append(ranked[0])
        return best

    def python(self) -> str:
        """Python that asks for the same."""
        usual = {"rescale": False, "engine": "auto", "device": "auto", "move": False, "anyway": False}
        given = {"metal": self.metal, **self.settings()}
        words = [f"{k}={v!r}" for k, v in given.items() if v is not None and v != usual.get(k, ...)]
        how = "".join(f", {k}={v!r}" for k in ("format", "elements") if (v := getattr(self, k)) is not None)
        files = f"for file in {list(self.files)!r} for atoms in read_structures(file{how})"
        return (
            "import gcd\nfrom gcd.structures.formats import read_structures\n\n"
            f"structures = [atoms {files}]\n"
            f"repainted = [gcd.repaint({', '.join(['atoms', *words])})[0] for atoms in structures]"
        ).replace("'", '"')


def _thickness(value: Any) -> float:
    if not (limits.is_finite(value) and 0 < value <= MAX_PAINTED):
        raise ValueError(
            f"A painted thickness is a number of Å above 0 and up to {MAX_PAINTED:g}, not {value!r}."
        )
    return float(value)
