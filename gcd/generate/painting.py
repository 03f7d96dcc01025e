"""Paint the middle of bicrystals: noise to voxels to atoms, and again where what came out is not physical."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gcd import limits
from gcd.checkpoints import ManyBoundariesCheckpoint, load_decoder
from gcd.devices import resolve_device
from gcd.diffusion.conditions import Conditions
from gcd.diffusion.samplers import check_evaluations
from gcd.generate.boundary_models import PaintingCheckpoint
from gcd.generate.painted_slab import assemble, decode_middle, known_voxels
from gcd.generate.voxel_model import Progress, VoxelModel, initial_noise, reporter
from gcd.structures.bicrystal_ends import BicrystalEnds
from gcd.structures.bicrystals import as_fraction, n_values
from gcd.voxels.grid import Grid

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.decoder import Decoder

RESTARTS, MAX_RESTARTS = 3, 20
ATTEMPTS = 10  # at the [n] asked for, each with other ends and other noise
RESTART_TIME = 0.6  # noise enough to move atoms, not to forget the boundary
MAX_GUIDANCE = 10.0


@dataclass(frozen=True)
class Wish:
    """What a candidate shall be like; only a model of many boundaries can be asked.

    Attributes:
        n: [n], or several, which candidates ask for in turn, or "all" there are of the cell; None: any.
        rank: share of the structures of that boundary and [n] that may be lower in energy; None: any.
        guidance: weight of the wishes; 1 is what was learnt, more follows them harder at twice the cost.
    """

    n: float | Sequence[float] | str | None = None
    rank: float | None = None
    guidance: float = 1.0

    def __post_init__(self) -> None:
        """ValueError, in one sentence, for what cannot be wished."""
        if isinstance(self.n, str):
            object.__setattr__(self, "n", n_values(self.n))
        many: list[Any] = (
            [self.n] if self.n is None or isinstance(self.n, str | float | int) else list(self.n)
        )
        for n in many:
            if n is not None and n != "all" and not (limits.is_finite(n) and 0 <= n < 1):
                raise ValueError(
                    f'The [n] asked for is a number from 0 up to but not 1, or "all", not {n!r}.'
                )
        if not many:
            raise ValueError("The list of [n] asked for is empty.")
        if self.rank is not None and not (limits.is_finite(self.rank) and 0 <= self.rank <= 1):
            raise ValueError(f"The rank of the energy asked for is from 0 (lowest) to 1, not {self.rank!r}.")
        if not (limits.is_finite(self.guidance) and 0 <= self.guidance <= MAX_GUIDANCE):
            raise ValueError(f"The guidance weight is from 0 to {MAX_GUIDANCE:g}, not {self.guidance!r}.")

    @property
    def any(self) -> bool:
        """Whether something is wished."""
        return self.n is not None or self.rank is not None

    def n_of(self, index: int, per_plane: int) -> float | None:
        """[n] that a candidate of that index asks for; ValueError where the cell has no such [n]."""
        if self.n is None:
            return None
        if self.n == "all":
            return index % per_plane / per_plane
        many = self.n if isinstance(self.n, Sequence) else [self.n]
        n = float(many[index % len(many)])
        if abs(n * per_plane - round(n * per_plane)) > 0.02:
            legal = ", ".join(as_fraction(k / per_plane) for k in range(min(per_plane, 12)))
            more = " ..." if per_plane > 12 else ""
            raise ValueError(f"A cell of {per_plane} atoms a plane has [n] of {legal}{more}, not {n:g}.")
        return round(n * per_plane) / per_plane


@dataclass(frozen=True)
class Painter:
    """A model and how it is asked; what every candidate of a call shares."""

    model: VoxelModel
    decoder: Decoder
    seed: int
    evaluations: int
    order: int
    time_spacing: str = "lambda"
    restarts: int = RESTARTS
    wish: Wish = Wish()

    @classmethod
    def load(
        cls,
        checkpoint: PaintingCheckpoint,
        *,
        device: str = "auto",
        seed: int = 0,
        evaluations: int | None = None,
        order: int | None = None,
        time_spacing: str = "lambda",
        restarts: int = RESTARTS,
        wish: Wish | None = None,
    ) -> Painter:
        """A painter of that checkpoint; evaluations and order are by default what it was measured with.

        Raises:
            ValueError: settings outside the legal ones, or a wish to a model that knows of none.
        """
        if wish is not None and wish.any and not isinstance(checkpoint, ManyBoundariesCheckpoint):
            raise ValueError(
                f"The model {checkpoint.name!r} cannot be asked for [n] or low energy: only one of many boundaries can."
            )
        if order is None:
            order = 3 if evaluations is not None else checkpoint.sampling.order
        evaluations = checkpoint.sampling.evaluations if evaluations is None else evaluations
        check_evaluations(evaluations, order, time_spacing)
        where = resolve_device(device)
        return cls(
            VoxelModel.load(checkpoint, where),
            load_decoder(where),
            limits.check_seed(seed),
            evaluations,
            order,
            time_spacing,
            limits.check_integer("the number of restarts", restarts, 0, MAX_RESTARTS),
            wish or Wish(),
        )

    @property
    def checkpoint(self) -> PaintingCheckpoint:
        """Of the model."""
        found = self.model.checkpoint
        assert isinstance(found, PaintingCheckpoint)
        return found

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.decoder.parameters()).device

    def settings(self) -> dict[str, Any]:
        """For `info` of what was painted."""
        found = self.checkpoint
        wished = {"asked_rank": self.wish.rank, "guidance": self.wish.guidance} if self.wish.any else {}
        return wished | {
            "model": found.variant,
            "checkpoint": found.name,
            "seed": self.seed,
            "evaluations": int(self.evaluations),
            "order": int(self.order),
            "time_spacing": self.time_spacing,
            "device": self.device.type,
        }

    def seen(self, ends: BicrystalEnds) -> tuple[int, int]:
        """The voxel layers low <= z < high that the network is shown."""
        layers = ends.grid.shape[2]
        if not isinstance(self.checkpoint, ManyBoundariesCheckpoint):
            return 0, layers
        low, high = ends.layers
        frame = max(self.checkpoint.frame, high - low + 8)
        multiple = self.model.unet.config.multiple
        frame = min(-(-frame // multiple) * multiple, layers)
        start = min(max(0, (low + high - frame) // 2), layers - frame)
        return start, start + frame

    def conditions(self, ends: BicrystalEnds, index: int) -> Conditions | None:
        """What the network is told about a candidate; None for a model that is told nothing."""
        if not isinstance(self.checkpoint, ManyBoundariesCheckpoint):
            return None
        info = ends.atoms.info
        x, y, z = (float(v) / info["lattice_constant"] for v in ends.grid.voxel_size)
        return Conditions((x, y, z), self.wish.n_of(index, info["atoms_per_plane"]), self.wish.rank)

    def paint(
        self,
        ends: Sequence[BicrystalEnds],
        indices: Sequence[int],
        *,
        attempt: int = 0,
        report: Callable[[int | None], Callable[[Any], None] | None] | None = None,
    ) -> tuple[list[Atoms], Tensor]:
        """Candidates and their voxels (B, X, Y, Z); those that are not physical are noised and painted again.

        Args:
            ends: one a candidate, in frames of one shape.
            indices: of the candidates: their noise is drawn from (seed, index).
            attempt: another one than the first has other noise.
            report: gives the solver's callback; called with the place in the batch of the first that is painted again,
                or None.
        """
        grid = ends[0].grid
        start, stop = self.seen(ends[0])
        frame = Grid(
            (*grid.shape[:2], stop - start),
            (*grid.lengths[:2], grid.lengths[2] * (stop - start) / grid.shape[2]),
            grid.periodic,
        )
        parts = zip(*map(known_voxels, ends), strict=True)
        known, mask = (torch.stack(part).to(self.device) for part in parts)
        told = [self.conditions(e, i) for e, i in zip(ends, indices, strict=True)]
        voxels = known.clone()
        made: dict[int, Atoms] = {}
        todo = list(range(len(ends)))
        for restart in range(self.restarts + 1):
            again = attempt * (MAX_RESTARTS + 1) + restart
            noise = torch.stack([initial_noise(grid, self.seed, indices[i], again) for i in todo])
            with torch.inference_mode():
                voxels[todo, ..., start:stop] = self.model.paint(
                    noise[..., start:stop].to(self.device),
                    known[todo, ..., start:stop],
                    mask[todo, ..., start:stop],
                    frame,
                    evaluations=self.evaluations,
                    order=self.order,
                    time_spacing=self.time_spacing,
                    callback=report(todo[0] if restart else None) if report is not None else None,
                    again=voxels[todo, ..., start:stop] if restart else None,
                    t_start=RESTART_TIME if restart else 1.0,
                    conditions=[c for i in todo if (c := told[i]) is not None],
                    guidance=self.wish.guidance,
                )
                positions = decode_middle(self.decoder, voxels[todo], ends[todo[0]])
            for i, r in zip(todo, positions, strict=True):
                made[i] = assemble(ends[i], r)
                made[i].info |= self.settings() | {"index": int(indices[i]), "restarts": restart}
                if (wanted := told[i]) is not None and wanted.n is not None:
                    made[i].info["asked_n"] = wanted.n
            todo = [i for i in todo if not made[i].info["physical"]]
            if not todo:
                break
        return [made[i] for i in range(len(ends))], voxels


def batch_report(
    callback: Callable[[Progress], None] | None, indices: range, painter: Painter, count: int
) -> Callable[[int | None], Callable[[Any], None] | None]:
    """For `Painter.paint`: progress of a batch as progress of a whole job of `count` candidates."""

    def of(again: int | None) -> Callable[[Any], None] | None:
        restarted = None if again is None else indices[again]
        return reporter(
            callback, indices, painter.evaluations, count, painter.model.scale, restarted=restarted
        )

    return of


def as_asked(atoms: Atoms) -> bool:
    """Whether a candidate is physical and has the [n] that was asked for, if one was."""
    info = atoms.info
    if "asked_n" not in info:
        return True
    return bool(info["physical"]) and abs(info["n"] - info["asked_n"]) < 1e-3
