"""Reads a campaign's file. Whatever is wrong is told in one sentence with its line.

boundaries = ["sigma5", "all [001] tilts up to Σ29"]
metals = ["W", "Mo"]

[[stage]]
do = "search"
count = 50
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from functools import partial
from pathlib import Path
from typing import Any

from gcd import limits
from gcd.campaigns import jobs
from gcd.campaigns.families import HOW, boundaries_meant
from gcd.campaigns.jobs import Job
from gcd.campaigns.spec import KEEP, Campaign, Running, SpecError, Target, parse_bytes
from gcd.campaigns.toml_lines import Lines
from gcd.requests.boundary import boundary_word

LISTS = ("boundaries", "metals", "potentials", "seeds")
TOP = ("name", *LISTS, "keep", "stage", "target", "run")
RUN = ("bundle", "in_flight", "retries", "timeout", "memory")
TARGET = ("still", "windows", "core_seconds")
VERBS = ("search", "sample boundary", "build", "relax", "sample crystal", "sample particle")
OF_BOUNDARY = ("search", "sample boundary", "build")
UNASKED = ("workers", "device", "windows", "model")  # a campaign's own affair, or told as models
MAX_JOBS = 20_000


def read_campaign(path: str | Path) -> Campaign:
    """The campaign of a file; :class:`SpecError` for what is wrong in it."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise SpecError(f"There is no campaign file {str(path)!r}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{str(path)!r} cannot be read as a campaign: {error}.") from None
    return parse_campaign(text, str(path), name=path.stem, folder=path.parent)


def parse_campaign(text: str, where: str, *, name: str, folder: Path | None = None) -> Campaign:
    """The campaign that a text asks for.

    Args:
        text: TOML.
        where: what sentences call it.
        name: of the campaign where the text says none.
        folder: that the paths of potentials and structures are relative to.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{where} is not TOML: {error}.") from None
    return _Reader(data, Lines(text), where, folder or Path()).campaign(name, text)


class _Reader:
    """Goes through a file's data; knows the line of each part."""

    def __init__(self, data: dict[str, Any], lines: Lines, where: str, folder: Path) -> None:
        self.data, self.lines, self.where, self.folder = data, lines, where, folder

    def wrong(self, line: int, words: object) -> SpecError:
        return SpecError(f"{self.where}, line {line}: {words}")

    def checked(self, line: int, check: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """What the check gives; its sentence with the line when it finds something wrong."""
        try:
            return check(*args, **keywords)
        except SpecError:
            raise
        except (ValueError, TypeError) as error:
            raise self.wrong(line, error) from None

    def campaign(self, name: str, text: str) -> Campaign:
        self.known(self.data, TOP, "", 0, "A campaign")
        name = self.data.get("name", name)
        if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,80}", name) or name.startswith("."):
            raise self.wrong(
                self.lines.key("", 0, "name"), f"A campaign's name is letters, digits, - and _, not {name!r}."
            )
        keep = self.data.get("keep", "all")
        if keep not in KEEP:
            raise self.wrong(
                self.lines.key("", 0, "keep"), f"keep is one of {', '.join(KEEP)}, not {keep!r}."
            )
        stages = self.data.get("stage", [])
        if not isinstance(stages, list) or not stages:
            raise self.wrong(1, "A campaign needs at least one [[stage]], which says what to do.")
        found: dict[str, Job] = {}
        for number, stage in enumerate(stages):
            for job in self.stage(stage, number):
                if job.name in found:
                    line = self.lines.table("stage", number)
                    raise self.wrong(
                        line, f"This stage asks for {job.name} again, which an earlier one does."
                    )
                found[job.name] = job
                if len(found) > MAX_JOBS:
                    raise self.wrong(1, f"These are more than {MAX_JOBS:,} boundaries, metals and seeds.")
        campaign = Campaign(name, tuple(found.values()), self.target(), self.running(), keep, text)
        if campaign.total > limits.MAX_CANDIDATES:
            raise self.wrong(
                1, f"{campaign.total:,} candidates are too many: the most is {limits.MAX_CANDIDATES:,}."
            )
        return campaign

    def known(
        self, table: Mapping[str, Any], keys: tuple[str, ...], name: str, number: int, what: str
    ) -> None:
        for key in table:
            if key not in keys:
                line = self.lines.key(name, number, key)
                if line == 1 and not name:
                    line = self.lines.table(key)
                raise self.wrong(line, f"{what} has no {key!r}: its keys are {', '.join(keys)}.")

    # --- Stages -----------------------------------------------------------------------------------------------

    def stage(self, stage: Any, number: int) -> Iterator[Job]:
        line = self.lines.table("stage", number)
        if not isinstance(stage, dict):
            raise self.wrong(line, "A stage is a table, [[stage]].")
        verb = stage.get("do")
        if verb not in VERBS:
            raise self.wrong(
                self.lines.key("stage", number, "do"), f"do is one of {', '.join(VERBS)}, not {verb!r}."
            )
        request = _request(verb)
        legal = tuple(f.name for f, how in request.asked() if f.name not in UNASKED)
        more = ("models",) if verb == "sample boundary" else ("relax",) if verb == "build" else ()
        self.known(
            stage,
            ("do", *LISTS, *more, *(k for k in legal if k not in more)),
            "stage",
            number,
            f"A {verb} stage",
        )
        settings = {k: _tupled(v) for k, v in stage.items() if k in legal}
        relax = stage.get("relax", False)
        if not isinstance(relax, bool):
            raise self.wrong(
                self.lines.key("stage", number, "relax"), f"relax is true or false, not {relax!r}."
            )
        given = {key: self.listed(stage, number, key) for key in LISTS}
        if verb in OF_BOUNDARY:
            yield from self.of_boundaries(verb, request, settings, given, stage, number)
        else:
            yield from self.of_others(verb, request, settings, given, number)

    def listed(self, stage: Mapping[str, Any], number: int, key: str) -> list[tuple[Any, int]]:
        """A list's values with their lines: the stage's, else the file's."""
        table, at = ("stage", number) if key in stage else ("", 0)
        values = stage.get(key, self.data.get(key))
        if values is None:
            return []
        values = values if isinstance(values, list) else [values]
        if not values:
            raise self.wrong(self.lines.key(table, at, key), f"{key} is an empty list.")
        return [(value, self.lines.value(table, at, key, value)) for value in values]

    def of_boundaries(
        self, verb: str, request: Any, settings: dict[str, Any], given: dict[str, list[tuple[Any, int]]],
        stage: Mapping[str, Any], number: int,
    ) -> Iterator[Job]:  # fmt: skip
        line = self.lines.table("stage", number)
        if "boundary" in settings:
            given["boundaries"] = [(settings.pop("boundary"), self.lines.key("stage", number, "boundary"))]
        for key, many in (("metal", "metals"), ("potential", "potentials"), ("seed", "seeds")):
            if key in settings:
                given[many] = [(settings.pop(key), self.lines.key("stage", number, key))]
        models = stage.get("models", [settings.pop("model")] if "model" in settings else [None])
        if not isinstance(models, list) or not models:
            raise self.wrong(self.lines.key("stage", number, "models"), f"models is a list, not {models!r}.")
        if not given["boundaries"]:
            raise self.wrong(
                line, f"This stage has no boundaries: write boundaries = [...], with names or {HOW}."
            )
        metals = given["metals"] or [("W", line)]
        potentials = given["potentials"] or [(None, line)]
        seeds = given["seeds"] or [(0, line)]
        for (potential, there), (metal, of_metal) in itertools.product(potentials, metals):
            found = self.potential(potential, there)
            symbol, phase = self.checked(of_metal, _metal, found, metal)
            for word, at in given["boundaries"]:
                for boundary in self.checked(at, boundaries_meant, word, phase):
                    for (seed, of_seed), model in itertools.product(seeds, models):
                        self.checked(of_seed, limits.check_seed, seed)
                        asked = {
                            **settings,
                            "boundary": boundary_word(boundary),
                            "metal": symbol,
                            "seed": seed,
                        }
                        asked |= {} if potential is None else {"potential": self.path(potential)}
                        asked |= {} if model is None else {"model": model}
                        yield self.made(request, asked, number, partial(_job, verb, found, stage))

    def of_others(
        self, verb: str, request: Any, settings: dict[str, Any], given: dict[str, list[tuple[Any, int]]], number: int
    ) -> Iterator[Job]:  # fmt: skip
        line = self.lines.table("stage", number)
        if verb == "relax":
            potentials = given["potentials"] or [(settings.pop("potential", None), line)]
            if "files" in settings:
                settings["files"] = tuple(str(self.folder / str(file)) for file in settings["files"])
            for potential, at in potentials:
                found = self.potential(potential, at)
                asked = settings | ({} if potential is None else {"potential": self.path(potential)})
                yield self.made(request, asked, number, partial(_relax, found))
            return
        seeds = [(settings.pop("seed"), line)] if "seed" in settings else given["seeds"] or [(0, line)]
        for seed, at in seeds:
            self.checked(at, limits.check_seed, seed)
            yield self.made(request, {**settings, "seed": seed}, number, jobs.crystal_job)

    def made(self, request: Any, asked: dict[str, Any], number: int, job_of: Callable[[Any], Job]) -> Job:
        """The job of a request; what is refused is told with the line of the setting that is to blame."""
        count = asked.pop("count", None)
        if count is not None:
            high, at = limits.MAX_CANDIDATES, self.lines.key("stage", number, "count")
            self.checked(at, limits.check_integer, "the count", count, 1, high)

        def make(settings: dict[str, Any]) -> Job:
            filled = request(**settings)
            if (
                count is not None
            ):  # a request alone may ask for fewer than a campaign, which makes it in parts
                filled.settle(count=count)
            return job_of(filled)

        try:
            return make(asked)
        except (ValueError, TypeError) as error:
            several = "models" if "model" in asked else "do"
            line = self.lines.keys.get(("stage", number, several), self.lines.table("stage", number))
            for key in asked:
                without = {k: v for k, v in asked.items() if k != key}
                if ("stage", number, key) in self.lines.keys and not _refused(make, without):
                    line = self.lines.key("stage", number, key)
                    break
            lacking = [f.name for f, _ in request.asked() if f.default is MISSING and f.name not in asked]
            words = f"The stage must say {lacking[0]}." if lacking else error
            raise self.wrong(line, words) from None

    def potential(self, potential: Any, line: int) -> Any:
        from gcd.energetics.potential import find_potential

        return self.checked(line, find_potential, None if potential is None else self.path(potential))

    def path(self, potential: Any) -> Any:
        """A potential's file is looked for beside the campaign's file."""
        if isinstance(potential, str) and (self.folder / potential).is_file():
            return str(self.folder / potential)
        return potential

    # --- Target and running -------------------------------------------------------------------------------------

    def target(self) -> Target:
        table = self.data.get("target", {})
        self.known(table, TARGET, "target", 0, "A target")
        at = {key: self.lines.key("target", 0, key) for key in TARGET}
        still, seconds = table.get("still"), table.get("core_seconds")
        if still is not None:
            self.checked(
                at["still"],
                limits.check_integer, "the number of candidates at rest", still, 1, limits.MAX_CANDIDATES,
            )  # fmt: skip
        if seconds is not None and not (limits.is_finite(seconds) and seconds > 0):
            raise self.wrong(at["core_seconds"], f"core_seconds is a number above 0, not {seconds!r}.")
        windows = table.get("windows", [])
        windows = tuple(windows) if isinstance(windows, list) else (windows,)
        self.checked(at["windows"], _windows, windows)
        return Target(still, windows, None if seconds is None else float(seconds))

    def running(self) -> Running:
        table = dict(self.data.get("run", {}))
        self.known(table, RUN, "run", 0, "[run]")
        for key, high in (("bundle", 1000), ("in_flight", 100), ("retries", 100)):
            if key in table:
                low, line = int(key != "retries"), self.lines.key("run", 0, key)
                self.checked(line, limits.check_integer, key, table[key], low, high)
        timeout = table.get("timeout", 1.0)
        if not (limits.is_finite(timeout) and timeout > 0):
            line = self.lines.key("run", 0, "timeout")
            raise self.wrong(line, f"timeout is a number of seconds above 0, not {timeout!r}.")
        if "memory" in table:
            line = self.lines.key("run", 0, "memory")
            table["memory"] = self.checked(line, parse_bytes, table["memory"])
        return Running(**table)


def _refused(make: Callable[[dict[str, Any]], Job], settings: dict[str, Any]) -> bool:
    try:
        make(settings)
    except (ValueError, TypeError):
        return True
    return False


def _request(verb: str) -> Any:
    from gcd import requests

    return {
        "search": requests.SearchRequest,
        "sample boundary": requests.BoundaryRequest,
        "build": requests.BuildRequest,
        "relax": requests.RelaxationRequest,
        "sample crystal": requests.CrystalRequest,
        "sample particle": requests.ParticleRequest,
    }[verb]


def _relax(potential: Any, request: Any) -> Job:
    return jobs.relax_job(request, potential)


def _job(verb: str, potential: Any, stage: Mapping[str, Any], request: Any) -> Job:
    if verb == "search":
        return jobs.search_job(request, potential)
    if verb == "build":
        return jobs.build_job(request, potential, relax=bool(stage.get("relax", False)))
    return jobs.sample_job(request, potential)


def _metal(potential: Any, metal: Any) -> tuple[str, str]:
    """Symbol and phase."""
    from gcd.requests.boundary import reference_phase

    if not isinstance(metal, str):
        raise ValueError(f"A metal is a chemical symbol, not {metal!r}.")
    symbol = potential.check_element(metal)
    return symbol, reference_phase(symbol, potential)


def _windows(texts: tuple[Any, ...]) -> None:
    from gcd.search.windows import Window

    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"A window is text such as '2.6:2.8:40', not {text!r}.")
        Window.parse(text)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
