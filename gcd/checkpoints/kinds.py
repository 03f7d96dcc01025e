"""What a checkpoint of each kind knows: config.json as frozen dataclasses, checked once, when they are made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from gcd.diffusion.prediction import PREDICTIONS
from gcd.diffusion.schedules import VPSchedule
from gcd.diffusion.unet import UNetConfig
from gcd.particles.network import NetworkConfig
from gcd.particles.noise import VESchedule
from gcd.structures.bicrystal_ends import JITTER, OPENING
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.twists import metal_phase
from gcd.voxels.decoder import DecoderConfig

Value = TypeVar("Value")


class CheckpointError(ValueError):
    """A checkpoint that is missing, incomplete or damaged; the message names the file and what is wrong."""


@dataclass(frozen=True)
class SolverSettings:
    """Evaluations and order of DPM-Solver that a model was measured to be good with."""

    evaluations: int
    order: int


@dataclass(frozen=True, eq=False)
class Learnt:
    """The structures that a boundary model has learnt from.

    Attributes:
        n: (S,) their [n].
        egb: (S,) J/m2.
        states: (S, 3) Å, how each upper grain lies on the lower one, by `measure_state`.
        preference: J/m2; at an [n] they were drawn with weight exp(-(E_gb - lowest) / preference), None: all alike.
        window: lowest and highest E_gb (J/m2) of the structures looked at; None: no limit.
    """

    n: np.ndarray
    egb: np.ndarray
    states: np.ndarray
    preference: float | None
    window: tuple[float | None, float | None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint:
    """What every kind has.

    Attributes:
        name: as it was asked for, a name or a folder.
        sha256: of the weights.
        record: config.json as it stands; beside what the fields say it tells how the model was made and measured.
    """

    KIND: ClassVar[str]
    NEEDED: ClassVar[tuple[str, ...]] = ()  # in config.json, beside kind, architecture and sha256

    name: str
    folder: Path
    sha256: str
    record: dict[str, Any]

    @property
    def kind(self) -> str:
        """One of "crystal", "boundary", "particle", "decoder"."""
        return self.KIND

    @property
    def subject(self) -> str:
        """What the model is of, in a word or two."""
        return "anything"

    @property
    def steps(self) -> int | None:
        """Of the training."""
        return self.record.get("steps")


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelCheckpoint(Checkpoint):
    """A U-Net on voxels; they are divided by `scale`, times run from 1 to `t_end`."""

    NEEDED: ClassVar[tuple[str, ...]] = ("scale", "prediction", "schedule", "t_end")

    architecture: UNetConfig
    scale: float
    prediction: str
    schedule: VPSchedule
    t_end: float


@dataclass(frozen=True, eq=False, kw_only=True)
class CrystalCheckpoint(VoxelCheckpoint):
    """The voxel model of one phase; `fast` are the fewest evaluations that it was measured to be as good with."""

    KIND = "crystal"
    NEEDED = ("phase", *VoxelCheckpoint.NEEDED)

    phase: str
    training_sizes: tuple[tuple[int, ...], ...]  # supercells
    fast: SolverSettings | None
    quality: tuple[dict[str, Any], ...]

    @property
    def subject(self) -> str:
        return self.phase.upper()


@dataclass(frozen=True, eq=False, kw_only=True)
class BoundaryCheckpoint(VoxelCheckpoint):
    """The in-painting model of a boundary.

    Attributes:
        variant: which of the boundary's models, such as "full" or "window"; "model" in config.json.
        voxels: along x, y, z of the frame that was trained on.
        voxel_size: Å.
        jitter, opening: Å, how sampling draws its ends from the states learnt, as in `draw_state`.
        sampling: what the solver does by default.
    """

    KIND = "boundary"
    NEEDED = ("twist", "metal", "model", "grid", "voxel_size", "data", *VoxelCheckpoint.NEEDED)

    twist: str
    metal: str
    variant: str
    voxels: tuple[int, int, int]
    voxel_size: tuple[float, float, float]
    learnt: Learnt
    jitter: float
    opening: tuple[float, float]
    sampling: SolverSettings

    @property
    def subject(self) -> str:
        return f"{self.metal} {self.twist}"

    @cached_property
    def boundary(self) -> Boundary:
        """What the model paints; ``twist`` is its short name."""
        return find_boundary(self.record.get("boundary", self.twist), metal_phase(self.metal).name)


@dataclass(frozen=True, eq=False, kw_only=True)
class ManyBoundariesCheckpoint(VoxelCheckpoint):
    """An in-painting model of many boundaries of a phase; lengths in lattice constants, whatever the metal.

    Attributes:
        learnt: the boundaries learnt from, each with its metal; config.json says how many structures of each.
        held_out: names of boundaries, and metals, that nothing was learnt from.
        frame: voxel layers that the network sees.
        painted_layers: thickness of what it paints, least and most.
        excess: lattice constants by which boundaries are thicker than their atoms' planes, mean and standard deviation.
        sampling: what the solver does by default.
        rank, guidance: what a wish for low energy asks for, and how strongly, by default.
    """

    KIND = "boundaries"
    NEEDED = ("phase", "frame", "painted_layers", "excess", "learnt", *VoxelCheckpoint.NEEDED)
    variant: ClassVar[str] = "any"

    phase: str
    learnt: tuple[tuple[Boundary, str], ...]
    held_out: tuple[frozenset[str], frozenset[str]]
    frame: int
    painted_layers: tuple[int, int]
    excess: tuple[float, float]
    sampling: SolverSettings
    rank: float
    guidance: float

    @property
    def subject(self) -> str:
        return f"{self.phase} boundaries"

    @cached_property
    def families(self) -> frozenset[str]:
        """Axis and kind of all that was learnt, such as "[001] symmetric tilt"."""
        return frozenset(boundary.family for boundary, _ in self.learnt)

    def has_learnt(self, boundary: Boundary, metal: str | None = None) -> bool:
        """Whether structures of that boundary were learnt from: of that metal, or of any when None."""
        return any(
            (known.slug, known.phase) == (boundary.slug, boundary.phase) and metal in (None, of)
            for known, of in self.learnt
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class ParticleCheckpoint(Checkpoint):
    """The score network of one phase."""

    KIND = "particle"
    NEEDED = ("phase", "schedule", "t_end")

    architecture: NetworkConfig
    phase: str
    schedule: VESchedule
    t_end: float

    @property
    def subject(self) -> str:
        return self.phase.upper()


@dataclass(frozen=True, eq=False, kw_only=True)
class DecoderCheckpoint(Checkpoint):
    """The voxel-to-particle decoder."""

    KIND = "decoder"

    architecture: DecoderConfig


KINDS: dict[str, type[Checkpoint]] = {
    kind.KIND: kind
    for kind in (
        CrystalCheckpoint,
        BoundaryCheckpoint,
        ManyBoundariesCheckpoint,
        ParticleCheckpoint,
        DecoderCheckpoint,
    )
}


def typed(name: str, path: Path, config: Any) -> Checkpoint:
    """The checkpoint that a config.json describes.

    Args:
        path: of config.json, for the error's sentence.
        config: what it holds.

    Raises:
        CheckpointError: an entry that is missing or not what it should be, named in one sentence.
    """
    if not isinstance(config, dict) or not {"kind", "architecture", "sha256"} <= set(config):
        raise CheckpointError(f"The checkpoint's {path} lacks kind, architecture or sha256.")
    kind = KINDS.get(str(config["kind"]))
    if kind is None:
        raise CheckpointError(
            f"The checkpoint's {path} is of the kind {config['kind']!r}: legal are {', '.join(KINDS)}."
        )
    if missing := [key for key in kind.NEEDED if key not in config]:
        raise CheckpointError(f"The checkpoint's {path} lacks {', '.join(missing)}.")
    entries = _Entries(path, config)
    common: dict[str, Any] = {
        "name": name,
        "folder": path.parent,
        "sha256": str(config["sha256"]),
        "record": config,
    }
    if kind is DecoderCheckpoint:
        return DecoderCheckpoint(**common, architecture=entries.network(DecoderConfig))
    if kind is ParticleCheckpoint:
        return ParticleCheckpoint(
            **common,
            architecture=entries.network(NetworkConfig),
            phase=str(config["phase"]),
            schedule=entries.read("schedule", lambda value: VESchedule(**value)),
            t_end=entries.read("t_end", _time),
        )
    voxel: dict[str, Any] = common | {
        "architecture": entries.network(UNetConfig),
        "scale": entries.read("scale", _positive),
        "prediction": entries.read("prediction", _prediction),
        "schedule": entries.read("schedule", lambda value: VPSchedule(**value)),
        "t_end": entries.read("t_end", _time),
    }
    if kind is CrystalCheckpoint:
        return CrystalCheckpoint(
            **voxel,
            phase=str(config["phase"]),
            training_sizes=entries.read("training_sizes", lambda value: tuple(map(tuple, value or ()))),
            fast=entries.read("fast", lambda value: value and _solver(value)),
            quality=tuple(config.get("quality") or ()),
        )
    if kind is ManyBoundariesCheckpoint:
        return _many(voxel, entries)
    ends = entries.read("ends", lambda value: dict(value or {}))
    return BoundaryCheckpoint(
        **voxel,
        twist=str(config["twist"]),
        metal=str(config["metal"]),
        variant=str(config["model"]),
        voxels=entries.read("grid", _counts),
        voxel_size=entries.read("voxel_size", lambda value: _numbers(value, 3)),
        learnt=entries.read("data", _learnt),
        jitter=entries.read("ends", lambda _: float(ends.get("jitter", JITTER))),
        opening=entries.read("ends", lambda _: _numbers(ends.get("opening", OPENING), 2)),
        sampling=entries.read("sampling", lambda value: _solver(value or {"evaluations": 60, "order": 3})),
    )


def _many(voxel: dict[str, Any], entries: _Entries) -> ManyBoundariesCheckpoint:
    """The model of many boundaries that a config.json describes."""

    def held(value: Any) -> tuple[frozenset[str], frozenset[str]]:
        value = value or {"boundaries": [], "metals": []}
        return frozenset(map(str, value["boundaries"])), frozenset(map(str, value["metals"]))

    wish = entries.read("wish", lambda value: dict(value or {}))
    return ManyBoundariesCheckpoint(
        **voxel,
        phase=str(entries.config["phase"]),
        learnt=entries.read(
            "learnt",
            lambda value: tuple(
                (Boundary.from_dict(entry["boundary"]), str(entry["metal"])) for entry in value
            ),
        ),
        held_out=entries.read("held_out", held),
        frame=entries.read("frame", int),
        painted_layers=entries.read("painted_layers", lambda value: _numbers(value, 2)),
        excess=entries.read("excess", lambda value: _numbers(value, 2)),
        sampling=entries.read("sampling", lambda value: _solver(value or {"evaluations": 8, "order": 1})),
        rank=entries.read("wish", lambda _: float(wish.get("rank", 0.05))),
        guidance=entries.read("wish", lambda _: float(wish.get("guidance", 1.0))),
    )


@dataclass(frozen=True)
class _Entries:
    """Reads the entries of a config.json, so that one that is wrong is named."""

    path: Path
    config: Mapping[str, Any]

    def read(self, key: str, parse: Callable[[Any], Value]) -> Value:
        try:
            return parse(self.config.get(key))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            reason = (
                f"lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split()).rstrip(".")
            )
            raise CheckpointError(
                f"The checkpoint's {self.path} has no {key} to work with: {reason}."
            ) from None

    def network(self, config: type[Value]) -> Value:
        try:
            architecture = self.config["architecture"]
            if isinstance(architecture, dict) and architecture.get("species") == 0:
                # of score networks trained when there was a setting for telling atoms apart
                architecture = {key: value for key, value in architecture.items() if key != "species"}
            return config(**architecture)
        except (TypeError, ValueError, ArithmeticError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise CheckpointError(f"The checkpoint's {self.path} describes no network: {reason}.") from None


def _positive(value: Any) -> float:
    number = float(value)
    if not 0 < number < math.inf:
        raise ValueError(f"it is {value!r}, not a positive number")
    return number


def _time(value: Any) -> float:
    number = float(value)
    if not 0 < number < 1:
        raise ValueError(f"it is {value!r}, not a time between 0 and 1")
    return number


def _prediction(value: Any) -> str:
    if value not in PREDICTIONS:
        raise ValueError(f"it is {value!r}, not one of {', '.join(PREDICTIONS)}")
    return str(value)


def _numbers(value: Any, count: int) -> Any:
    numbers = tuple(float(v) for v in value)
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"it is {value!r}, not {count} finite numbers")
    return numbers


def _counts(value: Any) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in _numbers(value, 3))
    if min(x, y, z) < 1:
        raise ValueError(f"it is {value!r}, not three whole numbers from 1 up")
    return x, y, z


def _solver(value: Mapping[str, Any]) -> SolverSettings:
    return SolverSettings(int(value["evaluations"]), int(value["order"]))


def _learnt(value: Mapping[str, Any]) -> Learnt:
    structures = np.array(value["structures"], dtype=float)
    states = np.array(value["states"], dtype=float)
    if structures.ndim != 2 or structures.shape[1] != 2 or states.shape != (len(structures), 3):
        raise ValueError("its structures are not pairs of [n] and E_gb with a state of three numbers each")
    low, high = value.get("window") or (None, None)
    preference = value.get("preference")
    return Learnt(
        n=structures[:, 0],
        egb=structures[:, 1],
        states=states,
        preference=None if preference is None else _positive(preference),
        window=(low, high),
    )
