"""The 3D U-Net that predicts the noise in a voxel array, after Palette (Saharia et al. 2021, arXiv:2111.05826)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Periodic = tuple[bool, bool, bool]
ALL_PERIODIC: Periodic = (True, True, True)


@dataclass(frozen=True)
class UNetConfig:
    """The network's shape; the numbers were chosen by measurement (docs/results.md)."""

    in_channels: int = 1  # noisy voxels; 2 with the in-painting mask
    channels: tuple[int, ...] = (64, 128)  # features at each level; the paper has 2 levels
    strides: tuple[int, ...] = (
        2,
        2,
    )  # voxels a token of the first level spans, then tokens each further level joins
    blocks: int = 3  # residual blocks a level, on the way down and on the way up
    groups: int = 8  # of the group norms
    attention: bool = True  # among the tokens of the deepest level, as in Palette
    context: bool = True  # blocks of the deepest level also hear the mean over all tokens
    time_features: int = 128  # width of the time embedding
    halo: int = 8  # voxels of neighbourhood around a grid that the strides do not divide
    conditions: int = 0  # numbers that the network is told beside the time (gcd.diffusion.conditions)

    def __post_init__(self) -> None:
        for name in ("channels", "strides"):
            object.__setattr__(self, name, tuple(int(v) for v in getattr(self, name)))
        if len(self.channels) != len(self.strides) or not self.channels:
            raise ValueError(
                f"channels {self.channels} and strides {self.strides} name the same levels, at least one."
            )
        if any(c % self.groups for c in self.channels):
            raise ValueError(
                f"Every level's channels {self.channels} are a multiple of the {self.groups} groups."
            )

    @property
    def multiple(self) -> int:
        """Voxels that one token of the deepest level spans along each axis."""
        return math.prod(self.strides)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class UNet(nn.Module):
    """Noisy voxels and time in, one channel of the same shape out.

    Any grid goes: along a periodic axis that the strides do not divide the voxels are continued periodically
    (exactly, where a few repeats of the cell are divisible; else with a halo that is cut off again), along an open
    axis with zeros.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = c = config
        width = c.time_features
        self.time = nn.Sequential(
            nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, 2 * width), nn.SiLU()
        )
        self.conditions = (
            nn.Sequential(nn.Linear(c.conditions, 2 * width), nn.SiLU(), nn.Linear(2 * width, 2 * width))
            if c.conditions
            else None
        )
        if self.conditions is not None:
            last = self.conditions[2]  # zero: a network that was trained without them begins as it was
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.stem = Patch(c.in_channels, c.channels[0], c.strides[0])

        def stage(level: int) -> Stage:
            context = c.context and level == len(c.channels) - 1
            return Stage(
                ResidualBlock(c.channels[level], 2 * width, c.groups, context) for _ in range(c.blocks)
            )

        self.down = nn.ModuleList(stage(level) for level in range(len(c.channels)))
        self.join = nn.ModuleList(
            Patch(a, b, s) for a, b, s in zip(c.channels, c.channels[1:], c.strides[1:], strict=False)
        )
        self.middle = Attention(c.channels[-1], c.groups) if c.attention else nn.Identity()
        self.split = nn.ModuleList(
            Unpatch(b, a, s) for a, b, s in zip(c.channels, c.channels[1:], c.strides[1:], strict=False)
        )
        self.merge = nn.ModuleList(nn.Linear(2 * n, n) for n in c.channels[:-1])
        self.up = nn.ModuleList(stage(level) for level in range(len(c.channels)))
        self.norm = GroupNorm(c.groups, c.channels[0])
        self.head = Unpatch(c.channels[0], 1, c.strides[0])
        nn.init.zeros_(self.head.linear.weight)

    def forward(
        self, x: Tensor, t: Tensor, periodic: Periodic = ALL_PERIODIC, conditions: Tensor | None = None
    ) -> Tensor:
        """(B, in_channels, X, Y, Z) voxels, (B,) times and (B, C) conditions to (B, 1, X, Y, Z)."""
        shape = x.shape[2:]
        x, crop = self._to_multiple(x, periodic)
        dtype = self.head.linear.weight.dtype
        time = self.time(sinusoids(t, self.config.time_features).to(dtype))  # (B, 2 T)
        if self.conditions is not None:
            if conditions is None:
                raise ValueError(
                    f"This network is told {self.config.conditions} conditions, and was told none."
                )
            time = time + self.conditions(conditions.to(dtype))
        h = self.stem(x.to(dtype))  # (B, C, X/s, Y/s, Z/s), channels last in memory as all that follows
        skips: list[Tensor] = []
        for level, stage in enumerate(self.down):
            if level:
                skips.append(h)
                h = self.join[level - 1](h)
            h = stage(h, time, periodic)
        h = self.middle(h)
        for level in reversed(range(len(self.up))):
            h = self.up[level](h, time, periodic)
            if level:
                h = torch.cat([self.split[level - 1](h), skips.pop()], dim=1)
                h = features(self.merge[level - 1], h)
        h = self.head(F.silu(self.norm(h)))  # (B, 1, X, Y, Z)
        return h[(..., *(slice(a, a + n) for a, n in zip(crop, shape, strict=True)))]

    def _to_multiple(self, x: Tensor, periodic: Periodic) -> tuple[Tensor, list[int]]:
        """Continue x until the strides divide every axis; also where along each axis the original begins."""
        begin = []
        for axis, wraps in enumerate(periodic):
            n, multiple = x.shape[2 + axis], self.config.multiple
            length = -(-n // multiple) * multiple
            before = 0
            if wraps and length != n:
                with_halo = -(-(n + 2 * self.config.halo) // multiple) * multiple
                length = min(math.lcm(n, multiple), with_halo)
                before = 0 if length % n == 0 else (length - n) // 2
            begin.append(before)
            if length == n:
                continue
            index = torch.arange(length, device=x.device) - before
            if wraps:
                x = x.index_select(2 + axis, index % n)
            else:
                x = F.pad(x, [0, 0] * (2 - axis) + [0, length - n])
        return x, begin


class Stage(nn.ModuleList):
    """The residual blocks of one level, one after the other."""

    def forward(self, x: Tensor, time: Tensor, periodic: Periodic) -> Tensor:
        for block in self:
            x = block(x, time, periodic)
        return x


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions; the time, and the mean over all tokens, scale and shift what lies between them."""

    def __init__(self, channels: int, time_features: int, groups: int, context: bool) -> None:
        super().__init__()
        self.norm1 = GroupNorm(groups, channels)
        self.conv1 = nn.Conv3d(channels, channels, 3)
        self.time = nn.Linear(time_features, 2 * channels)
        self.context = nn.Linear(channels, 2 * channels, bias=False) if context else None
        self.norm2 = GroupNorm(groups, channels)
        self.conv2 = nn.Conv3d(channels, channels, 3)
        nn.init.zeros_(self.conv2.weight)  # every block starts as the identity
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, time: Tensor, periodic: Periodic) -> Tensor:
        h = F.silu(self.norm1(x))
        style = self.time(time)
        if self.context is not None:
            style = style + self.context(h.mean(dim=(2, 3, 4)))
        scale, shift = style[:, :, None, None, None].chunk(2, dim=1)
        h = self.conv1(pad(h, periodic))
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return x + self.conv2(pad(F.silu(h), periodic))


class GroupNorm(nn.GroupNorm):
    """Group norm whose result for a sample does not depend on its batch."""

    def forward(self, x: Tensor) -> Tensor:
        return sample_by_sample(super().forward, x, self.training)


class Attention(nn.Module):
    """Self-attention among all tokens, without positions."""

    def __init__(self, channels: int, groups: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = GroupNorm(groups, channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels = x.shape[:2]
        h = self.norm(x).flatten(2).transpose(1, 2)  # (B, tokens, C)
        q, k, v = (y.unflatten(2, (self.heads, -1)).transpose(1, 2) for y in self.qkv(h).chunk(3, dim=2))
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, -1, channels)
        return x + self.out(h).transpose(1, 2).unflatten(2, x.shape[2:])


class Patch(nn.Module):
    """Join s x s x s neighbours into one token: a convolution of stride s, written as a matrix product."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.linear = nn.Linear(inputs * stride**3, outputs)

    def forward(self, x: Tensor) -> Tensor:
        s = self.stride
        batch, channels, nx, ny, nz = x.shape
        x = x.permute(0, 2, 3, 4, 1).reshape(batch, nx // s, s, ny // s, s, nz // s, s, channels)
        x = x.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4)  # (B, X/s, Y/s, Z/s, s³ C)
        return sample_by_sample(self.linear, x, self.training).permute(0, 4, 1, 2, 3)


class Unpatch(nn.Module):
    """The reverse of `Patch`: one token into s x s x s."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.outputs = stride, outputs
        self.linear = nn.Linear(inputs, outputs * stride**3)

    def forward(self, x: Tensor) -> Tensor:
        s = self.stride
        batch, _, nx, ny, nz = x.shape
        h = self.linear(x.permute(0, 2, 3, 4, 1)).unflatten(4, (s, s, s, self.outputs))
        h = h.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(batch, nx * s, ny * s, nz * s, self.outputs)
        return h.permute(0, 4, 1, 2, 3)


def sample_by_sample(function: Callable[[Tensor], Tensor], x: Tensor, training: bool) -> Tensor:
    """A function of (B, ...), one sample after the other when sampling on a CPU.

    There the order of its sums depends on how threads share the batch, and in bfloat16 that is enough to move atoms by
    0.01 Å: a sample would depend on its neighbours in the batch. The convolutions keep samples apart by themselves.
    """
    if training or len(x) == 1 or x.device.type != "cpu":
        return function(x)
    return torch.cat([function(sample) for sample in x.split(1)])


def features(linear: nn.Module, x: Tensor) -> Tensor:
    """A linear map over the features of (B, C, X, Y, Z)."""
    return linear(x.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3)


def sinusoids(t: Tensor, width: int) -> Tensor:
    """(B,) times in [0, 1] to (B, width) sines and cosines with periods from 2 pi / 1000 to about 60."""
    frequencies = 1000 * torch.exp(-math.log(1e4) * torch.arange(width // 2, device=t.device) / (width // 2))
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def pad(x: Tensor, periodic: Periodic) -> Tensor:
    """(B, C, X, Y, Z) to (B, C, X+2, Y+2, Z+2): the opposite face on periodic axes, zeros on open ones."""
    return _FacePad.apply(x, periodic)


class _FacePad(torch.autograd.Function):
    """One allocation and six face copies each way; padding by concatenation costs a copy of everything an axis."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, periodic: Periodic) -> Tensor:
        ctx.periodic = periodic
        batch, channels, *shape = x.shape
        y = x.new_empty(batch, *(n + 2 for n in shape), channels)  # channels last
        y[:, 1:-1, 1:-1, 1:-1] = x.permute(0, 2, 3, 4, 1)
        for axis, wraps in enumerate(periodic, start=1):
            first, last = y.narrow(axis, 0, 1), y.narrow(axis, -1, 1)
            if wraps:
                first.copy_(y.narrow(axis, -2, 1))
                last.copy_(y.narrow(axis, 1, 1))
            else:
                first.zero_()
                last.zero_()
        return y.permute(0, 4, 1, 2, 3)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        g = grads[0].permute(0, 2, 3, 4, 1).contiguous().clone()
        for axis, wraps in reversed(list(enumerate(ctx.periodic, start=1))):
            if wraps:
                g.narrow(axis, -2, 1).add_(g.narrow(axis, 0, 1))
                g.narrow(axis, 1, 1).add_(g.narrow(axis, -1, 1))
        return g[:, 1:-1, 1:-1, 1:-1].permute(0, 4, 1, 2, 3), None
