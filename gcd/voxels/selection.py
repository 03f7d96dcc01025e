"""Which candidates are atoms: the likelihood of each, weighed by a small network that sees where its neighbours are.

The three modules of the paper see four voxels each way. With noise that is not enough: a lone atom in the middle of
eight voxels cannot always be told from chance. Where the others lie tells: a site of the crystal, a hole just wide
enough, a place where nothing fits. The paper has no such step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

Periodic = tuple[bool, bool, bool]
CUTOFF = 7.0  # voxels; sc's neighbours on the paper's grid are 6 apart
KNOTS = 28  # between which a filter is linear in the distance
LARGEST_FACTOR = 60.0  # nats of a Bayes factor that count; with noise 0.05 most atoms have 20 to 190
CONTEXT = 12.0  # nats that the neighbours can add or take: far less than what clean voxels say
MEASURES = 4  # numbers that the network is told of a candidate
FACTOR = 15.0  # nats, the unit of the first of them
UNSEEN = 4.0  # nats that an untrained network asks for: one atom in 55 voxels


class Candidates(NamedTuple):
    """Places that may hold an atom, and what the voxels say of each; lengths in voxels."""

    positions: np.ndarray  # (K, 3) fitted, inside the cell on periodic axes
    start: np.ndarray  # (K, 3) where the fit began
    log_bayes_factor: np.ndarray  # (K,) how much likelier the voxels are with an atom near than without
    strength: np.ndarray  # (K,) by how much an atom at the place would raise their log-likelihood on average
    evidence: np.ndarray  # (K,) log-odds that its voxels are occupied, DE_cls
    sigma: float  # noise of a voxel


class Pairs(NamedTuple):
    """Directed pairs of candidates within `CUTOFF`, periodic images included."""

    first: Tensor  # (E,)
    second: Tensor  # (E,)
    distance: Tensor  # (E,) voxels


class Selection(nn.Module):
    """Log-odds that each candidate is an atom: a share of its log Bayes factor, and what a graph network adds.

    Continuous-filter convolutions over the distances to the neighbours, after SchNet (Schuett et al. 2017,
    arXiv:1706.08566): turned, mirrored and shifted structures are judged alike. What the network adds is bounded, so
    that where the voxels are clear they alone decide.
    """

    def __init__(self, features: int, layers: int) -> None:
        super().__init__()
        self.embed = _perceptron(MEASURES, features, features)
        self.filters = nn.ParameterList(
            nn.Parameter(0.5 * torch.randn(KNOTS + 1, features)) for _ in range(layers)
        )
        self.send = nn.ModuleList(nn.Linear(features, features, bias=False) for _ in range(layers))
        self.update = nn.ModuleList(_perceptron(features, features, features) for _ in range(layers))
        self.head = _perceptron(features, features, 1)
        self.share = nn.Parameter(torch.tensor(1.0))
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, -UNSEEN)

    def forward(self, measures: Tensor, pairs: Pairs) -> Tensor:
        """(K, 4) of `measures_of` and the pairs, to (K,) log-odds."""
        knot = (pairs.distance * (KNOTS / CUTOFF)).clamp(max=KNOTS)
        below = knot.floor().long().clamp(max=KNOTS - 1)
        between = (knot - below)[:, None]
        fade = (0.5 + 0.5 * (pairs.distance * (math.pi / CUTOFF)).cos())[:, None]
        h = self.embed(measures)
        for filters, send, update in zip(self.filters, self.send, self.update, strict=True):
            near, far = filters.index_select(0, below), filters.index_select(0, below + 1)
            message = send(h).index_select(0, pairs.second) * torch.lerp(near, far, between) * fade
            h = h + update(torch.zeros_like(h).index_add(0, pairs.first, message))
        context = self.head(h)[:, 0]
        return self.share * FACTOR * measures[:, 0] + CONTEXT * torch.tanh(context / CONTEXT)


def measures_of(candidates: Candidates) -> Tensor:
    """(K, 4) numbers of the order of one: Bayes factor, evidence, strength and noise."""
    columns = [
        candidates.log_bayes_factor.clip(-LARGEST_FACTOR, LARGEST_FACTOR) / FACTOR,
        candidates.evidence / 7,
        np.log(candidates.strength / 25).clip(-2, 4),
        np.full(len(candidates.strength), math.log10(candidates.sigma) + 1.3),
    ]
    return torch.as_tensor(np.stack(columns, axis=1), dtype=torch.float32)


def pairs_of(positions: np.ndarray, shape: tuple[int, ...], periodic: Periodic) -> Pairs:
    """All pairs of (K, 3) positions within `CUTOFF` voxels, in a box of this shape."""
    from vesin import NeighborList

    if len(positions) == 0:
        return Pairs(torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    search = NeighborList(cutoff=CUTOFF, full_list=True, n_threads=1)
    box = np.diag(np.array(shape, dtype=float))
    i, j, d = search.compute(np.ascontiguousarray(positions), box, list(periodic), "ijd")
    return Pairs(
        torch.from_numpy(i.astype(np.int64)),
        torch.from_numpy(j.astype(np.int64)),
        torch.from_numpy(d.astype(np.float32)),
    )


def _perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))
