"""What all requests about a boundary share, and candidates for one, asked of an in-painting model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.request import Listener, Request, asked
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.crystals import check_element

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.energetics.potential import Potential

LONGEST_SHIFT = 1e3  # Å


def boundary_word(text: Any, phase: str = "bcc") -> str:
    """The shortest text that `find_boundary` reads as the same boundary: its short name, or its directions."""
    boundary = find_boundary(text, phase)
    try:
        if find_boundary(boundary.slug, boundary.phase) == boundary:
            return boundary.slug
    except ValueError:
        pass
    rows = ("; ".join(" ".join(map(str, d)) for d in grain) for grain in (boundary.lower, boundary.upper))
    return "lower={}; upper={}".format(*rows)


def shift_pair(name: str, values: Any) -> tuple[float, float] | None:
    """Two finite numbers in Å, or None; ValueError in one sentence for anything else."""
    if values is None:
        return None
    two = not isinstance(values, str) and hasattr(values, "__len__") and len(values) == 2
    if not two or not all(limits.is_finite(v) and abs(v) <= LONGEST_SHIFT for v in values):
        raise ValueError(f"The {name} is two finite numbers in Å, not {values!r}.")
    return float(values[0]), float(values[1])


@dataclass(frozen=True)
class OfBoundary(Request):
    """A request about one boundary of one metal in one potential."""

    boundary: str = asked(default="sigma5", address=("boundary",), always=True)
    metal: str = asked(
        "--metal",
        default="W",
        address=("metal",),
        metavar="EL",
        always=True,
        help="bcc or fcc metal (default W)",
    )
    potential: str | None = asked(
        "--potential", default=None, address=("potential",), metavar="P",
        help="zhou2004 (the default), an EAM file, LAMMPS's pair lines, or package.module:Class of an ASE calculator",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Check the three, and write the boundary's short name."""
        metal = check_element(self.metal)
        phase = self.phase_of(metal)
        self.settle(metal=metal, boundary=boundary_word(self.boundary, phase))

    def phase_of(self, metal: str) -> str:
        """The phase whose boundaries are meant: that of the metal, which the potential must know."""
        from gcd.energetics.potential import find_potential

        potential = find_potential(self.potential)
        potential.check_element(metal)
        return reference_phase(metal, potential)

    @property
    def geometry(self) -> Boundary:
        """The boundary itself."""
        return find_boundary(self.boundary, self.phase_of(self.metal))

    @property
    def slug(self) -> str:
        """Metal and boundary, for the names of files, and the potential where it is not the usual one."""
        from pathlib import Path

        words = [self.metal.lower(), self.geometry.slug.replace(",", "-")]
        if self.potential is not None and self.potential != "zhou2004":
            name = "".join(c if c.isalnum() or c in "._" else "-" for c in Path(self.potential).name)
            words.append(name[:40].strip("-._"))
        return "-".join(words)


def reference_phase(metal: str, potential: Potential) -> str:
    """Bcc or fcc: the metal's own, else the one that the potential finds lower; ValueError for hcp metals."""
    from gcd.structures.bicrystals import metal_phase

    try:
        return metal_phase(metal).name
    except ValueError:
        if potential.name == "zhou2004":
            raise
    return potential.crystal(metal).phase


@dataclass(frozen=True)
class BoundaryRequest(OfBoundary):
    """What `gcd sample boundary` and `gcd.generate_boundaries` take; ValueError for what is not legal.

    Lengths in Å. None is drawn at random for each candidate (shift, spacing), or is what the model was measured with
    (evaluations, order). With ``relax`` each candidate is relaxed while the next ones are sampled.
    """

    verb: ClassVar[str] = "sample boundary"
    result: ClassVar[str] = "boundaries"

    model: str | None = asked(
        "--model", default=None, address=("model",), metavar="M", always=True,
        help="full or window: the boundary's own; any: trained on many boundaries (default: full where there is one)",
    )  # fmt: skip
    checkpoint: str | None = asked(
        "--checkpoint", default=None, metavar="C", help="name or folder of another model"
    )
    count: int = asked(
        "--count", default=1, address=("candidates",), parse=parse.count, metavar="N", always=True,
        help=f"how many candidates (1 to {limits.MAX_COUNT:,}; default 1)",
    )  # fmt: skip
    in_plane_shift: tuple[float, float] | None = asked(
        "--shift", default=None, nargs=2, metavar=("X", "Y"),
        parse=parse.number("in-plane shift in Å", -LONGEST_SHIFT, LONGEST_SHIFT),
        help="of the upper grain in Å (default: drawn for each candidate)",
    )  # fmt: skip
    spacing: float | None = asked(
        "--spacing", default=None, address=("spacing",), metavar="Z",
        parse=parse.number("spacing in Å", -LONGEST_SHIFT, LONGEST_SHIFT),
        help="Å by which the upper grain is lifted beyond perfect stacking (default: drawn for each candidate)",
    )  # fmt: skip
    painted: float | None = asked(
        "--painted", default=None, address=("painted",), metavar="Å",
        parse=parse.number("painted thickness in Å", 0.0, 1e4), help="thickness of the painted middle (default 30)",
    )  # fmt: skip
    repeats: tuple[int, int] | None = common.repeats("1 1; of any: as many as make each edge 8 Å long")
    planes: tuple[int, int] | None = common.planes()
    n: str | None = asked(
        "--n", default=None, address=("ask_n",), metavar="N",
        help='[n] to ask "any" for: 1/5, or several in turn: 0,1/5,2/5, or all (default: as it comes)',
    )  # fmt: skip
    low_energy: bool = asked(
        "--low-energy", default=False, address=("ask_low",), help='ask "any" for low energies'
    )
    guidance: float | None = asked(
        "--guidance", default=None, address=("guidance",), metavar="W",
        parse=parse.number("guidance weight", 0.0, 10.0),
        help="weight of these two wishes; other than 1 costs twice the evaluations (default: as it was measured)",
    )  # fmt: skip
    anyway: bool = asked(
        "--anyway", default=False, help='paint a boundary too that is unlike all that "any" has learnt'
    )
    evaluations: int | None = asked(
        "--nfe", default=None, address=("gb_nfe",), parse=parse.evaluations, metavar="N",
        help="evaluations of the network a sample, a multiple of the order (default: what the model was measured with)",
    )  # fmt: skip
    order: int | None = asked(
        "--order", default=None, address=("gb_order",), parse=parse.order, choices=(1, 2, 3),
        help="order of DPM-Solver (default 3 where evaluations are given)",
    )  # fmt: skip
    time_spacing: str = asked(
        "--time-spacing", default="lambda", choices=("lambda", "t", "t-quadratic"),
        help="spacing of the solver's times (default lambda, the logarithm of the signal-to-noise ratio)",
    )  # fmt: skip
    restarts: int = asked(
        "--restarts", default=3, parse=parse.whole("the number of restarts", 0, 20), metavar="N",
        help="how often a candidate with atoms too close to each other is painted again (default 3)",
    )  # fmt: skip
    seed: int = common.seed("sample_seed")
    relax: bool = asked("--relax", default=False, python=False, help="relax each candidate; gives E_gb")
    engine: str = "auto"
    workers: int | None = common.workers("processes that relax")
    first: int = 0  # index of the first candidate, so that a long series can be made in parts
    device: str = common.device()

    def __post_init__(self) -> None:
        """Check everything but the ends, which are drawn candidate by candidate."""
        super().__post_init__()
        limits.check_count(self.count)
        limits.check_seed(self.seed)
        limits.check_first(self.first)
        limits.check_integer("the number of restarts", self.restarts, 0, 20)
        self.settle(in_plane_shift=shift_pair("in-plane shift", self.in_plane_shift))
        if self.model is None:
            from gcd.generate.boundaries import usual_model

            self.settle(model=usual_model(self.geometry, self.metal))
        if self.n is not None:
            from gcd.structures.bicrystals import n_values

            n_values(self.n)
        common.settle_pairs(self)
        if self.evaluations is not None or self.order is not None:
            from gcd.diffusion.samplers import check_evaluations

            order = 3 if self.order is None else self.order
            check_evaluations(
                order if self.evaluations is None else self.evaluations, order, self.time_spacing
            )

    @property
    def function(self) -> str:  # type: ignore[override]
        """Of the package."""
        return "generate_relaxed_boundaries" if self.relax else "generate_boundaries"

    @property
    def stem(self) -> str:
        """Metal, boundary, model, cells, seed and evaluations."""
        cells = "" if self.repeats in (None, (1, 1)) else "-{}x{}".format(*(self.repeats or (1, 1)))
        steps = "" if self.evaluations is None else f"-nfe{self.evaluations}"
        wish = "" if self.n is None else f"-n{self.n.replace('/', 'of').replace(',', '-').replace(' ', '')}"
        wish += "-low" if self.low_energy else ""
        return f"{self.slug}-{self.model}{cells}{wish}-seed{self.seed}{steps}"

    def arguments(self) -> dict[str, Any]:
        """For `generate_boundaries`, beside the boundary; what is left to it is left out."""
        names = (
            "metal", "model", "checkpoint", "count", "in_plane_shift", "spacing", "painted", "repeats", "planes",
            "n", "low_energy", "guidance", "anyway", "evaluations", "order", "time_spacing", "restarts", "seed",
            "first", "device",
        )  # fmt: skip
        return {name: value for name in names if (value := getattr(self, name)) not in (None, False)}

    def run(self, listener: Listener | None = None) -> list[Atoms]:
        """The candidates, relaxed if asked to; the listener is told of `gcd.generate.Progress` and of each of them."""
        from gcd.generate import generate_boundaries, generate_relaxed_boundaries

        told = listener or Listener()
        if self.relax:
            return generate_relaxed_boundaries(
                self.boundary,
                workers=self.workers,
                engine=self.engine,
                potential=self.potential,
                on_sampling=told.progress,
                on_candidate=told.made,
                on_relaxed=told.relaxed,
                **self.arguments(),
            )
        made: Any = generate_boundaries(
            self.boundary, callback=told.progress, on_candidate=told.made, **self.arguments()
        )
        return list(made)

    def ends(self, index: int = 0) -> Atoms:
        """The two grains that a candidate is painted between."""
        from gcd.generate import boundary_ends

        not_theirs = (
            "count", "n", "low_energy", "guidance", "anyway", "evaluations", "order", "time_spacing", "restarts",
            "device", "first",
        )  # fmt: skip
        given = {name: value for name, value in self.arguments().items() if name not in not_theirs}
        return boundary_ends(self.boundary, index=index, **given)
