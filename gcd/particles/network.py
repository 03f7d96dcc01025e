"""The score network of the particle model: MeshGraphNets' encoder, processor, decoder (paper, Eqs. 10-12).

Pfaff et al. 2020, arXiv:2010.03409. Edges are its cost: the first layer of an edge's perceptron, which acts on the edge
and both its atoms, is taken apart so that the atoms' shares are computed once an atom and not once an edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gcd.particles.graph import periodic_graph


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the score network; lengths are in lattice constants."""

    features: int = 128  # of nodes and edges
    layers: int = 5  # rounds of message passing
    cutoff: float = 1.75  # three shells of SC; five rounds see all of a 4x4x4 cell
    time_features: int = 128  # Gaussian Fourier features of t
    time_scale: float = 1.0  # standard deviation of their frequencies
    edge_frequencies: int = (
        0  # Gaussian Fourier features of the edge vectors beside (r, |r|); 0 is the paper's
    )
    edge_scale: float = 0.5  # standard deviation of their frequencies, in inverse lattice constants

    def __post_init__(self) -> None:
        if self.features < 1 or self.layers < 1 or self.time_features < 1:
            raise ValueError(
                "Features, layers and time features of the score network are whole numbers from 1."
            )
        if not self.cutoff > 0:
            raise ValueError(f"The cut-off is above 0 lattice constants, not {self.cutoff!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)


def perceptron(inputs: int, features: int, outputs: int, *, norm: bool = True) -> nn.Sequential:
    """Two dense layers with SiLU between; layer normalisation after the second."""
    layers: list[nn.Module] = [nn.Linear(inputs, features), nn.SiLU(), nn.Linear(features, outputs)]
    return nn.Sequential(*layers, *([nn.LayerNorm(outputs)] if norm else []))


class FourierFeatures(nn.Module):
    """cos and sin of 2 pi B x with fixed random B (Tancik et al. 2020, arXiv:2006.10739)."""

    def __init__(self, inputs: int, features: int, scale: float) -> None:
        super().__init__()
        frequencies = torch.randn(inputs, (features + 1) // 2) * scale
        self.frequencies = nn.Parameter(frequencies, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., features), in float32 at least: a phase has no digits to spare."""
        phase = 2 * torch.pi * (x @ self.frequencies.to(x))
        return torch.cat([phase.cos(), phase.sin()], dim=-1)


class Round(nn.Module):
    """One round of message passing: edges hear their atoms, atoms hear the sum of their edges; both by residuals.

    Edges may be in a shorter number format than the weights, atoms are not: they are few, and sums are made of them.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.from_edge = nn.Linear(features, features)
        self.from_receiver = nn.Linear(features, features, bias=False)
        self.from_sender = nn.Linear(features, features, bias=False)
        self.edge_output = nn.Linear(features, features)
        self.edge_norm = nn.LayerNorm(features)
        self.node = perceptron(2 * features, features, features)

    def forward(self, h: Tensor, e: Tensor, sender: Tensor, receiver: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes (B N, F) and edges (E, F)."""
        hidden = in_format_of(e, self.from_edge)
        hidden = hidden + self.from_receiver(h).to(e.dtype).index_select(0, receiver)
        hidden = hidden + self.from_sender(h).to(e.dtype).index_select(0, sender)
        message = in_format_of(nn.functional.silu(hidden), self.edge_output)
        message = in_format_of(message, self.edge_norm)
        heard = torch.zeros(h.shape, dtype=e.dtype, device=h.device).index_add(0, receiver, message)
        h = h + self.node(torch.cat([h, heard.to(h.dtype)], dim=-1))
        return h, e + message


def in_format_of(x: Tensor, layer: Any) -> Tensor:
    """The output of a dense layer or a normalisation in the number format of its input, not of its weights."""
    weight, bias = layer.weight.to(x.dtype), layer.bias.to(x.dtype)
    if isinstance(layer, nn.Linear):
        return nn.functional.linear(x, weight, bias)
    return nn.functional.layer_norm(x, layer.weight.shape, weight, bias, layer.eps)


class ScoreNetwork(nn.Module):
    """y = score * sigma at every atom: minus the noise that the atom is expected to carry."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.edge_format: torch.dtype | None = None  # number format of the edges; None: that of the positions
        features = config.features
        self.time_features = FourierFeatures(1, config.time_features, config.time_scale)
        self.time = perceptron(2 * ((config.time_features + 1) // 2), features, features)
        more = 2 * ((config.edge_frequencies + 1) // 2)
        self.edge_features = FourierFeatures(3, more, config.edge_scale) if more else None
        self.edge = perceptron(4 + more, features, features)
        self.rounds = nn.ModuleList(Round(features) for _ in range(config.layers))
        self.output = perceptron(features, features, 3, norm=False)

    def forward(self, positions: Tensor, t: Tensor, lengths: Sequence[float]) -> Tensor:
        """Eqs. 10 to 12.

        Args:
            positions: (B, N, 3) in lattice constants, anywhere in space.
            t: (B,) times in [0, 1].
            lengths: the periodic cell's edges in lattice constants.

        Returns:
            (B, N, 3), whose sum over the atoms of a structure is zero: moving them all makes no structure more likely.
        """
        batch, atoms, _ = positions.shape
        graph = periodic_graph(positions, lengths, self.config.cutoff)
        h = self.time(self.time_features(t[:, None])).repeat_interleave(atoms, dim=0)
        e = self._encode(graph.vectors)
        for layer in self.rounds:
            h, e = layer(h, e, graph.sender, graph.receiver)
        y = self.output(h).view(batch, atoms, 3)
        return y - y.mean(dim=1, keepdim=True)

    def _encode(self, vectors: Tensor) -> Tensor:
        """Eq. 11. The first layer sees the vectors in full precision: at low noise they differ in the third digit."""
        inputs = [vectors, torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)]
        if self.edge_features is not None:
            inputs.append(self.edge_features(vectors))
        first, activation, second, norm = self.edge
        e = activation(first(torch.cat(inputs, dim=-1))).to(self.edge_format or vectors.dtype)
        return in_format_of(in_format_of(e, second), norm)
