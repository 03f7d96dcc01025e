"""A GRIP-style search for the structures of a boundary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gcd import limits
from gcd.requests import common, parse
from gcd.requests.boundary import OfBoundary
from gcd.requests.request import Listener, asked

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.search.grip import SearchProgress
    from gcd.search.proposals import Proposal, Recipe
    from gcd.search.windows import Window

STEPS, KELVIN = (300, 30_000), (1000.0, 2500.0)  # of molecular dynamics: 2 fs steps, and temperature


@dataclass(frozen=True)
class SearchRequest(OfBoundary):
    """What `gcd search` and `gcd.search.grip.search` take; ValueError for what is not legal."""

    verb: ClassVar[str] = "search"
    function: ClassVar[str] = "search"
    result: ClassVar[str] = "progress"

    count: int = asked(
        "--count", default=100, address=("search_count",), metavar="N", always=True,
        parse=parse.whole("the number of candidates", 1, limits.MAX_CANDIDATES), help="candidates in all (default 100)",
    )  # fmt: skip
    workers: int | None = common.workers("processes")
    windows: tuple[str, ...] = asked("--window", default=(), keyword="windows")
    md_steps: tuple[int, int] = asked(
        "--md-steps", default=STEPS, nargs=2, metavar=("LOW", "HIGH"),
        parse=parse.whole("the number of MD steps", 1, 10_000_000),
        help="molecular dynamics of 2 fs steps, log-uniform (default 300 30000)",
    )  # fmt: skip
    temperature: tuple[float, float] = asked(
        "--temperature", default=KELVIN, nargs=2, metavar=("LOW", "HIGH"),
        parse=parse.number("temperature", 1.0, 10_000.0), help="in K (default 1000 2500)",
    )  # fmt: skip
    without_md: float = asked(
        "--without-md", default=0.15, metavar="SHARE", parse=parse.number("share without MD", 0.0, 1.0),
        help="share of candidates that are only relaxed (default 0.15)",
    )  # fmt: skip
    repeats: tuple[int, int] | None = common.repeats()
    planes: tuple[int, int] | None = common.planes()
    seed: int = common.seed("search_seed")

    def __post_init__(self) -> None:
        """Check everything."""
        super().__post_init__()
        limits.check_integer("the number of candidates", self.count, 1, limits.MAX_CANDIDATES)
        limits.check_seed(self.seed)
        settled: dict[str, Any] = {"windows": tuple(map(str, self.windows))}
        common.settle_pairs(self)
        steps, kelvin = self.md_steps, self.temperature
        settled |= {"md_steps": (int(steps[0]), int(steps[1]))}
        settled |= {"temperature": (float(kelvin[0]), float(kelvin[1]))}
        self.settle(**settled)
        _ = self.recipe, self.filled

    @property
    def recipe(self) -> Recipe:
        """The ranges that proposals are drawn from; ValueError for those that mean nothing."""
        from gcd.search.proposals import Recipe

        ranges: dict[str, Any] = {"steps": self.md_steps, "temperature": self.temperature}
        return Recipe(still_share=self.without_md, planes=self.planes, **ranges)

    def proposal(self, number: int) -> tuple[Proposal, Atoms]:
        """The proposal of that number, as a search without windows draws it, and its bicrystal."""
        from gcd.energetics.potential import find_potential
        from gcd.search.proposals import build_proposal, draw_proposal
        from gcd.structures.bicrystals import default_planes, working_cell

        boundary = self.geometry
        a = find_potential(self.potential).lattice_constant(self.metal, boundary.phase)
        cell = working_cell(boundary, a, self.repeats)
        recipe = replace(self.recipe, planes=self.planes or default_planes(cell, a))
        drawn = draw_proposal(cell, self.metal, self.seed, number, recipe, lattice_constant=a)
        return drawn, build_proposal(drawn, cell, self.metal, recipe, lattice_constant=a)

    @property
    def filled(self) -> list[Window]:
        """The windows to fill."""
        from gcd.search.windows import Window

        return [Window.parse(text) for text in self.windows]

    @property
    def stem(self) -> str:
        """The store's usual name: METAL-BOUNDARY.db."""
        return f"{self.slug}.db"

    def run(self, listener: Listener | None = None, out: str | Path | None = None) -> SearchProgress:
        """Search into the store ``out``, by default `stem`; the listener is told of each `SearchProgress`."""
        from gcd.search.grip import search

        return search(
            self.boundary,
            self.metal,
            potential=self.potential,
            count=self.count,
            out=self.stem if out is None else out,
            seed=self.seed,
            workers=self.workers,
            windows=self.filled,
            recipe=self.recipe,
            repeats=self.repeats,
            callback=None if listener is None else listener.progress,
        )

    def command(self, out: str | None = None) -> str:
        """As of any request; every window has an option of its own."""
        import shlex

        words = [word for text in self.windows for word in ("--window", text)]
        plain = replace(self, windows=()) if self.windows else self
        return super(SearchRequest, plain).command(out) + (" " + shlex.join(words) if words else "")

    def python(self) -> str:
        """Python that asks for the same."""
        lines = ["from gcd.requests import SearchRequest", "", f"{self.result} = {self.call('')}.run()"]
        return "\n".join(lines).replace("search(", "SearchRequest(", 1)
