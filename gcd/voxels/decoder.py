"""The decoder DE: voxels to particles, with three small networks, merged (paper, Eqs. 3 to 6), fitted, selected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gcd.voxels.candidates import find_candidates
from gcd.voxels.fitting import fit_positions
from gcd.voxels.grid import Grid
from gcd.voxels.merging import merge_estimates, wrap
from gcd.voxels.selection import Candidates, Pairs, Selection, measures_of, pairs_of
from gcd.voxels.yardstick import centre_of_mass_decode, check_voxels

__all__ = [
    "Decoded",
    "Decoder",
    "DecoderConfig",
    "Estimates",
    "Stages",
    "centre_of_mass_decode",
    "decode",
    "decode_in_stages",
]

Periodic = tuple[bool, bool, bool]
ALL_PERIODIC: Periodic = (True, True, True)
VOXELS_AT_ONCE = 60_000  # voxels in one forward pass of `decode`: four 24^3 arrays, 60 MB a hidden layer


@dataclass(frozen=True)
class DecoderConfig:
    """The decoder's shape, and the numbers that turn its output into atoms."""

    features: int = 64  # hidden features of each module, as in the paper
    expansion: int = 4  # features widen fourfold inside a block, as in ConvNeXt
    threshold: float = 0.05  # p_thre of Eq. 4; an atom spread evenly leaves 1/8 in each voxel
    noise: float = 0.1  # sigma_max of Eq. 3: twice the noise of the quality bars
    # From the networks to atoms; lengths in voxels, gains in nats.
    probability: float = 0.05  # of a voxel that gives an estimate; at 0.5 three times as many atoms are lost
    link: float = 0.6  # estimates closer than this are one atom's; at 1.0 strays join neighbours
    absorb: float = 1.4  # strays this close to an atom are its own; atoms keep 2.6 apart
    evidence_of_mass: float = 2.0  # an estimate's evidence is its probability and this many times its mass
    least_evidence: float = 0.3  # clusters with less are not looked at; most atoms have 6 to 10
    error: float = 0.07  # of a merged position along an axis, as the fit takes it
    weak_gain: float = 12.0  # merged estimates that gain less in the fit are looked for anew in what is left
    least_gain: float = 1.0  # of what is found there
    # The network that selects among the candidates.
    selection_features: int = 48
    selection_layers: int = 3

    def as_dict(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)


class Decoded(NamedTuple):
    """What the three modules say of every voxel."""

    denoised: Tensor  # (B, X, Y, Z) C' = DE_den(C), Eq. 3
    logits: Tensor  # (B, X, Y, Z) log-odds that more than the threshold of an atom is in the voxel, DE_cls(C'), Eq. 4
    displacement: Tensor  # (B, 3, X, Y, Z) from the voxel's centre to its atom, in voxels, DE_cor(C'), Eq. 5


class Decoder(nn.Module):
    """Denoise, classify, displace: three single-layer ConvNeXt modules, the last two on the first one's output.

    Beside them `selection`, which judges the candidates that the three lead to.
    """

    def __init__(self, config: DecoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DecoderConfig()
        self.denoise = ConvNeXt(1, config.features, config.expansion)
        self.classify = ConvNeXt(1, config.features, config.expansion)
        self.displace = ConvNeXt(3, config.features, config.expansion)
        self.selection = Selection(config.selection_features, config.selection_layers)

    def forward(self, C: Tensor, periodic: Periodic = ALL_PERIODIC) -> Decoded:
        """(B, X, Y, Z) voxels, clean or noisy, on any grid, to what `Decoded` names."""
        everywhere = torch.ones_like(C, dtype=torch.bool)
        C = self.denoised(C, periodic)
        displacement = self.displacements(C, everywhere, periodic)  # (B X Y Z, 3)
        return Decoded(C, self.logits(C, periodic), displacement.view(*C.shape, 3).permute(0, 4, 1, 2, 3))

    def denoised(self, C: Tensor, periodic: Periodic = ALL_PERIODIC) -> Tensor:
        """C' = DE_den(C), Eq. 3: a correction, so that clean voxels pass unchanged when it is zero."""
        return C + self.denoise(neighbourhoods(C, periodic).flatten(0, 3)).view_as(C)

    def logits(self, C: Tensor, periodic: Periodic = ALL_PERIODIC) -> Tensor:
        """DE_cls(C') of denoised voxels, Eq. 4."""
        return self.classify(neighbourhoods(C, periodic).flatten(0, 3)).view_as(C)

    def displacements(self, C: Tensor, where: Tensor, periodic: Periodic = ALL_PERIODIC) -> Tensor:
        """DE_cor(C') of denoised voxels, Eq. 5, in the M voxels that the mask `where` (B, X, Y, Z) marks: (M, 3)."""
        return self.displace(neighbourhoods(C, periodic)[where])


class ConvNeXt(nn.Module):
    """A ConvNeXt of one block (Liu et al. 2022, arXiv:2201.03545), as a function of a voxel's neighbourhood.

    A 3x3x3 convolution to `features`, then the block: a depthwise 3x3x3 convolution, layer norm, two linear layers with
    a GELU between them, and the skip; then a linear head. The two convolutions follow each other with nothing between
    them, so their product is one 5x5x5 filter a feature: computed once and applied as a matrix product, which trains
    several times as fast as a depthwise convolution does on CPUs, and is needed only in those voxels that matter.
    Without ConvNeXt's layer scale: starting at 1e-6 it would make a network of one block start as its stem alone.
    """

    def __init__(self, outputs: int, features: int, expansion: int) -> None:
        super().__init__()
        self.stem = nn.Conv3d(1, features, 3)
        self.depthwise = nn.Conv3d(features, features, 3, groups=features)
        self.norm = nn.LayerNorm(features)
        self.expand = nn.Linear(features, expansion * features)
        self.contract = nn.Linear(expansion * features, features)
        self.head = nn.Linear(features, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, neighbourhood: Tensor) -> Tensor:
        """(M, 5, 5, 5) voxels around M voxels to (M, outputs) in the middle ones."""
        with torch.autocast(
            neighbourhood.device.type, enabled=False
        ):  # positions need the filters in full precision
            weight, bias = self.filters()
            x, h = F.linear(neighbourhood.reshape(-1, 125), weight, bias).chunk(2, dim=1)  # (M, F) each
        h = self.contract(F.gelu(self.expand(self.norm(h))))
        return self.head((x + h).float())

    def filters(self) -> tuple[Tensor, Tensor]:
        """(2 F, 125) filters and (2 F) biases: of the stem, and of the depthwise convolution of the stem."""
        stem, depthwise = self.stem.weight, self.depthwise.weight  # (F, 1, 3, 3, 3) both
        # Correlating with one filter and then another is correlating with their full convolution.
        both = F.conv3d(F.pad(stem, [2] * 6).transpose(0, 1), depthwise.flip(2, 3, 4), groups=len(stem))[0]
        weight = torch.cat([F.pad(stem[:, 0], [1] * 6), both]).flatten(1)
        first, second = self.stem.bias, self.depthwise.bias
        assert first is not None
        assert second is not None
        return weight, torch.cat([first, second + first * depthwise.sum((1, 2, 3, 4))])


REACH = 2  # voxels that one module sees to each side


def neighbourhoods(C: Tensor, periodic: Periodic) -> Tensor:
    """(B, X, Y, Z) to (B, X, Y, Z, 5, 5, 5), the voxels around each voxel: a view, copied only where it is used."""
    C = pad(C, REACH, periodic)
    for axis in (1, 2, 3):
        C = C.unfold(axis, 2 * REACH + 1, 1)
    return C


def pad(C: Tensor, halo: int, periodic: Periodic) -> Tensor:
    """(B, X, Y, Z) with `halo` more voxels on each side; any size of axis, also one smaller than the halo."""
    for axis, wraps in enumerate(periodic, start=1):
        n = C.shape[axis]
        if wraps:
            C = C.index_select(axis, torch.arange(-halo, n + halo, device=C.device) % n)
        else:
            C = F.pad(C, [0, 0] * (3 - axis) + [halo, halo])
    return C


class Estimates(NamedTuple):
    """What the networks say of one structure before anything is merged; lengths in voxels."""

    denoised: np.ndarray  # (X, Y, Z) C', Eq. 3
    probability: np.ndarray  # (X, Y, Z) that a voxel is occupied, Eq. 4
    voxels: np.ndarray  # (M, 3) int, those that give an estimate
    positions: np.ndarray  # (M, 3) their centres + DE_cor, Eq. 5
    mass: np.ndarray  # (M,) denoised voxel values
    evidence: np.ndarray  # (M,) what each adds to the belief that there is an atom


class Stages(NamedTuple):
    """A structure on its way through the decoder; positions in voxels."""

    estimates: Estimates
    merged: np.ndarray  # (M, 3) duplicates merged: averages of estimates, as the paper's decoder ends
    candidates: Candidates  # those and what a scan of the voxels adds, fitted
    log_odds: np.ndarray  # (K,) that each candidate is an atom
    atoms: np.ndarray  # (N, 3) those more likely than not


@torch.no_grad()
def decode(decoder: Decoder, voxels: Tensor, grid: Grid) -> list[np.ndarray]:
    """Atoms in each voxel array: (i L, j L, k L) + DE_cor of every occupied voxel, duplicates merged, fitted, selected.

    The paper stops at the averages of the merged estimates; fit and selection are ours (`docs/results.md` has both).

    Args:
        decoder: a trained decoder.
        voxels: (B, X, Y, Z) in units of atoms, on any device.
        grid: the voxels' grid.

    Returns:
        B arrays (N, 3) of positions in Å, float64, inside the cell on periodic axes.

    Raises:
        ValueError: voxels that are not on the grid, not finite, or of more atoms than there can be.
    """
    size = np.array(grid.voxel_size)
    return [stages.atoms * size for stages in decode_in_stages(decoder, voxels, grid)]


@torch.no_grad()
def decode_in_stages(decoder: Decoder, voxels: Tensor, grid: Grid) -> Iterator[Stages]:
    """`decode`, one structure after the other, with all that lies between voxels and atoms.

    Raises:
        ValueError: voxels that are not on the grid, not finite, or of more atoms than there can be.
    """
    device = decoder.denoise.head.weight.device
    for C, found, merged, candidates in candidates_in(decoder, voxels, grid):
        pairs = pairs_of(candidates.positions, grid.shape, grid.periodic)
        log_odds = decoder.selection(
            measures_of(candidates).to(device), Pairs(*(part.to(device) for part in pairs))
        )
        log_odds = log_odds.double().cpu().numpy()
        kept, atoms = log_odds > 0, candidates.positions
        if not kept.all():
            start, error = candidates.start[kept], decoder.config.error
            fit = fit_positions(start, C, periodic=grid.periodic, error=error)
            atoms = wrap(fit.positions, np.where(grid.periodic, grid.shape, 0.0))
        yield Stages(found, merged, candidates, log_odds, atoms)


class Found(NamedTuple):
    """One structure halfway through the decoder."""

    voxels: np.ndarray  # (X, Y, Z) as they came, float64
    estimates: Estimates
    merged: np.ndarray  # (M, 3) in voxels, duplicates merged
    candidates: Candidates


@torch.no_grad()
def candidates_in(decoder: Decoder, voxels: Tensor, grid: Grid) -> Iterator[Found]:
    """The way from (B, X, Y, Z) voxels to candidates for atoms, one structure after the other.

    Raises:
        ValueError: voxels that are not on the grid, not finite, or of more atoms than there can be.
    """
    check_voxels(voxels, grid)
    config, weight = decoder.config, decoder.denoise.head.weight
    for batch in voxels.to(weight.device, weight.dtype).split(max(1, VOXELS_AT_ONCE // grid.count)):
        estimates = _estimates(decoder, batch, grid.periodic)
        for C, found in zip(batch.cpu().double().numpy(), estimates, strict=True):
            merged = merge_estimates(
                found.positions,
                found.mass,
                found.evidence,
                shape=grid.shape,
                periodic=grid.periodic,
                link=config.link,
                absorb=config.absorb,
                minimum_evidence=config.least_evidence,
            )
            candidates = find_candidates(
                C,
                merged,
                found.probability,
                periodic=grid.periodic,
                error=config.error,
                weak_gain=config.weak_gain,
                least_gain=config.least_gain,
                apart=config.absorb,
            )
            yield Found(C, found, merged, candidates)


def _estimates(decoder: Decoder, C: Tensor, periodic: Periodic) -> list[Estimates]:
    """The three modules on (B, X, Y, Z) voxels, structure by structure."""
    config = decoder.config
    denoised = decoder.denoised(C, periodic)
    probability = decoder.logits(denoised, periodic).sigmoid()
    occupied = probability >= config.probability
    index = occupied.nonzero()  # (M, 4)
    positions = index[:, 1:] + decoder.displacements(denoised, occupied, periodic).double()
    mass = denoised[occupied].double()
    evidence = probability[occupied].double() + config.evidence_of_mass * mass
    structures = []
    for b in range(len(C)):
        mine = index[:, 0] == b
        parts = (denoised[b], probability[b], index[mine, 1:], positions[mine], mass[mine], evidence[mine])
        structures.append(Estimates(*(part.cpu().numpy() for part in parts)))
    return structures
