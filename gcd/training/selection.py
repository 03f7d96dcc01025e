"""Train the network that selects the decoder's atoms among its candidates; the rest of the decoder stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gcd.training.common import RunConfig, Trained, fit, record_of
from gcd.training.decoder import Structures
from gcd.training.decoder_structures import Sample, random_addition
from gcd.training.state import settings_of, sha256_of
from gcd.voxels.decoder import Decoder, candidates_in
from gcd.voxels.encoder import encode
from gcd.voxels.grid import Grid
from gcd.voxels.merging import minimum_image
from gcd.voxels.selection import Pairs, Selection, measures_of, pairs_of

REACH = (
    1.3  # voxels between an atom and what was found of it, at most: half the shortest distance of the bars
)
TRIES = 64  # places that are tried for an atom between others


@dataclass(frozen=True)
class SelectionTraining:
    """All that decides what the selection becomes."""

    run: RunConfig = field(
        default_factory=lambda: RunConfig(
            steps=3000, batch_size=16, learning_rate=2e-3, minimum_learning_rate=2e-5, ema=0.995
        )
    )
    pool: int = 16_000  # structures with their candidates that are kept and used again
    fresh: int = 5  # structures that each step adds to them, until they are as many
    clean: float = 0.1  # share of structures without noise
    usual: tuple[float, float] = (0.035, 0.065)  # noise of most others
    largest: float = 0.08  # noise of the rest, from 0 up
    rest: float = 0.25  # share of those
    between: float = 0.06  # share of structures with one atom more, wherever there is room
    random: float = 0.4  # share of random structures, from almost empty to full
    emptiest: float = 0.01  # filling that they begin with


class Judged(NamedTuple):
    """The candidates of one structure, and which of them are atoms."""

    measures: Tensor  # (K, 4)
    pairs: Pairs
    true: Tensor  # (K,) 1 or 0


def grid_of(sample: Sample) -> Grid:
    """A sample's grid, with voxels of 1 Å so that Å and voxels are the same."""
    x, y, z = sample.shape
    return Grid(sample.shape, (float(x), float(y), float(z)), sample.periodic)


def match_atoms(sample: Sample, found: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-to-one pairs of atoms and found positions (M, 3) in voxels: indices of both, and distances below `REACH`."""
    from scipy.optimize import linear_sum_assignment

    d = _distances(sample, found)
    first, second = linear_sum_assignment(np.minimum(d, REACH))
    near = d[first, second] < REACH
    return first[near], second[near], d[first, second][near]


def one_more(rng: np.random.Generator, sample: Sample, apart: float = 2.45) -> Sample:
    """The structure with one atom more, at random, `apart` voxels from all others; as it was where there is no room."""
    edge = np.array(sample.shape, dtype=float)
    places = rng.uniform(0, 1, (TRIES, 3)) * (edge - np.where(sample.periodic, 0, 1))
    free = places[(_distances(sample, places) >= apart).all(axis=0)]
    return replace(sample, positions=np.concatenate([sample.positions, free[:1]]))


def _distances(sample: Sample, places: np.ndarray) -> np.ndarray:
    """(N, M) voxels from each atom to the nearest image of each place."""
    box = np.where(sample.periodic, sample.shape, 0.0)
    vectors = minimum_image(sample.positions[:, None] - places[None], box)
    return np.sqrt((vectors**2).sum(-1))


class Pool:
    """Structures with their candidates, ever more of them until there are enough."""

    def __init__(self, decoder: Decoder, training: SelectionTraining, seed: int) -> None:
        self.decoder, self.training = decoder, training
        self.structures = Structures(seed, pool=400)
        self.rng = np.random.default_rng([seed, 1])
        self.generator = torch.Generator().manual_seed(seed)
        self.judged: list[Judged] = []

    def grow(self, count: int) -> None:
        """Add the candidates of `count` new structures."""
        for _ in range(min(count, self.training.pool - len(self.judged))):
            sample = self._random() if self.rng.random() < self.training.random else self.structures.draw()
            if self.rng.random() < self.training.between:
                sample = one_more(self.rng, sample)
            self.judged.append(judge(self.decoder, sample, self._noise(), self.generator))

    def draw(self, count: int) -> list[Judged]:
        """Structures at random."""
        return [self.judged[i] for i in self.rng.integers(0, len(self.judged), count)]

    def _random(self) -> Sample:
        least = self.training.emptiest  # half of them thin: what is alone is learnt from few atoms
        thin = float(np.exp(self.rng.uniform(np.log(least), 0)))
        return random_addition(self.rng, filling=self.rng.choice([thin, self.rng.uniform(least, 1)]))

    def _noise(self) -> float:
        u = self.rng.random()
        if u < self.training.clean:
            return 0.0
        low, high = (
            (0.0, self.training.largest)
            if u < self.training.clean + self.training.rest
            else self.training.usual
        )
        return float(self.rng.uniform(low, high))


def judge(decoder: Decoder, sample: Sample, noise: float, generator: torch.Generator) -> Judged:
    """Encode a structure, add noise, find the candidates, and say which are its atoms."""
    grid = grid_of(sample)
    C = encode(torch.as_tensor(sample.positions, dtype=torch.float32), grid)
    C = C + noise * torch.randn(C.shape, generator=generator)
    (found,) = candidates_in(decoder, C, grid)
    candidates = found.candidates
    true = torch.zeros(len(candidates.positions))
    true[match_atoms(sample, candidates.positions)[1]] = 1
    return Judged(
        measures_of(candidates), pairs_of(candidates.positions, sample.shape, sample.periodic), true
    )


def selection_loss(decoder: Decoder, batch: list[Judged]) -> Tensor:
    """Cross entropy of the log-odds, summed over candidates and averaged over structures."""
    device = decoder.denoise.head.weight.device
    start = np.cumsum([0] + [len(one.true) for one in batch])
    pairs = Pairs(
        torch.cat([one.pairs.first + int(s) for one, s in zip(batch, start, strict=False)]).to(device),
        torch.cat([one.pairs.second + int(s) for one, s in zip(batch, start, strict=False)]).to(device),
        torch.cat([one.pairs.distance for one in batch]).to(device),
    )
    log_odds = decoder.selection(torch.cat([one.measures for one in batch]).to(device), pairs)
    true = torch.cat([one.true for one in batch]).to(device)
    return F.binary_cross_entropy_with_logits(log_odds, true, reduction="sum") / len(batch)


def train_selection(
    training: SelectionTraining | None = None,
    *,
    folder: Path,
    start_from: Decoder,
    keep: bool = False,
    device: torch.device | str = "cpu",
    anew: bool = False,
    progress: Callable[[int, float], None] | None = None,
    max_seconds: float | None = None,
) -> Trained:
    """Train the selection of a trained decoder, or go on with the run that `folder` holds.

    Args:
        folder: the run's state and log.
        anew: a run there with other settings is set aside and a new one begun, instead of refusing.
        start_from: the decoder; its three modules are kept as they are.
        keep: go on with its selection instead of beginning anew.

    Returns:
        The decoder with the averaged selection, and the run's figures.
    """
    training = training or SelectionTraining()
    if not keep:
        torch.manual_seed(training.run.seed)  # of the initial weights
        config = start_from.config
        start_from.selection = Selection(config.selection_features, config.selection_layers)
    decoder = start_from.to(device).eval().requires_grad_(False)
    decoder.selection.requires_grad_(True)
    pool: Pool | None = None

    def loss_of_batch(module: nn.Module, generator: torch.Generator) -> Tensor:
        nonlocal pool
        assert isinstance(module, Decoder)
        seed = int(torch.randint(2**31, (1,), generator=generator))
        if pool is None:  # a resumed run goes on with new structures
            pool = Pool(module, training, seed)
            pool.grow(training.run.batch_size)
        pool.grow(training.fresh)
        return selection_loss(module, pool.draw(training.run.batch_size))

    fixed = Pool(decoder, training, 1_000_003)
    fixed.grow(8 * training.run.batch_size)

    def validate(module: nn.Module) -> float:
        assert isinstance(module, Decoder)
        with torch.no_grad():
            return float(selection_loss(module, fixed.judged))

    kept = {k: v for k, v in decoder.state_dict().items() if not k.startswith("selection.")}
    return fit(
        decoder,
        loss_of_batch,
        validate,
        run=training.run,
        folder=folder,
        settings=settings_of(
            training, kind="selection", keep=keep, decoder=start_from.config, decoder_sha256=sha256_of(kept)
        ),
        anew=anew,
        progress=progress,
        max_seconds=max_seconds,
    )


def selection_config(training: SelectionTraining, trained: Trained, command: str) -> dict[str, Any]:
    """What the decoder's config.json says of its selection."""
    settings = asdict(training)
    del settings["run"]
    return {
        "training": settings,
        **record_of(training.run, trained, command),
    }
