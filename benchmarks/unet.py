"""U-Net forward pass in FLOP/s, against what conv3d and matmul reach on this machine in the same run."""

from __future__ import annotations

import copy
from collections import defaultdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import percent, quantity, seconds, table, together
from benchmarks.models import unet_for_benchmark

GRIDS = {"BCC 4x4x4": ("crystal-bcc", (20, 20, 20)), "FCC 4x4x4": ("crystal-fcc", (24, 24, 24))}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

# Where the rest goes: kernels by the step of the network they serve.
KINDS = {
    "convolution": ("conv",),
    "matrix product": ("addmm", "::mm", "::bmm", "linear", "matmul"),
    "attention": ("scaled_dot_product", "flash_attention", "efficient_attention"),
    "group norm": ("group_norm", "batch_norm"),
    "SiLU": ("silu",),
    "padding and layout copies": (
        "copy_",
        "::cat",
        "clone",
        "contiguous",
        "zero_",
        "fill_",
        "pad",
        "index_select",
    ),
    "scale, shift, sums": ("addcmul", "::add", "::mul", "::sub"),
}


def run(quick: bool = False) -> None:
    """The three tables: the machine's own rates, the network against them, the profile."""
    batch = 2 if quick else 8
    matmul = {name: matmul_rate(dtype) for name, dtype in DTYPES.items()}
    rows, rates = [], []
    profiles: dict[str, dict[str, float]] = {}
    origins = []
    for title, (checkpoint, shape) in GRIDS.items():
        unet, origin = unet_for_benchmark(checkpoint)
        origins.append(origin)
        for name, dtype in DTYPES.items():
            network = copy.deepcopy(unet).to(dtype).eval()
            x = torch.randn(batch, unet.config.in_channels, *shape).to(dtype)
            t = torch.linspace(0.1, 0.9, batch)
            convolutions = recorded_convolutions(network, x, t)
            with torch.inference_mode():
                flops = count_flops(network, x, t)
                forward, alone = together(
                    [
                        lambda n=network, x=x, t=t: n(x, t),  # type: ignore[misc]
                        lambda c=convolutions: [F.conv3d(y, m.weight, m.bias, m.stride) for m, y in c],  # type: ignore[misc]
                    ],
                    least=0.5 if quick else 3.0,
                    repeats=3,
                )
                best = max(layer_rate(m, y) for m, y in widest(convolutions))
                if title == next(iter(GRIDS)):
                    profiles[name] = profile(network, x, t)
            conv_flops = sum(2 * m.weight.numel() * y_out(m, y) for m, y in convolutions)
            rates.append(
                [
                    f"{title}, {name}",
                    quantity(conv_flops / alone / 1e9),
                    quantity(best / 1e9),
                    quantity(matmul[name] / 1e9),
                ]
            )
            rows.append(
                [
                    f"{title}, {name}",
                    quantity(1e3 * forward / batch),
                    quantity(flops / batch / 1e9),
                    quantity(flops / forward / 1e9),
                    percent(flops / forward / (conv_flops / alone)),
                    percent(flops / forward / best),
                    percent(flops / forward / matmul[name]),
                ]
            )
    table(
        "This machine, GFLOP/s",
        ["grid and type", "the network's conv3d layers alone", "its fastest conv3d layer", "matmul 2048"],
        rates,
        "Channels last; inputs padded beforehand; measured in turn with the network below.",
    )
    table(
        f"U-Net forward, batch {batch} ({', '.join(origins)})",
        [
            "grid and type",
            "ms a grid",
            "GFLOP a grid",
            "GFLOP/s",
            "of conv3d alone",
            "of fastest conv3d",
            "of matmul",
        ],
        rows,
        "FLOP are counted by torch's FlopCounterMode: convolutions and matrix products; all else counts as none.",
    )
    kinds = [*KINDS, "other"]
    table(
        f"Where the forward pass spends its time, {next(iter(GRIDS))}",
        ["step", *profiles],
        [[kind, *(percent(p.get(kind, 0.0)) for p in profiles.values())] for kind in kinds],
    )


def matmul_rate(dtype: torch.dtype, n: int = 2048) -> float:
    """FLOP/s of an n x n matrix product: the machine's practical peak."""
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    return 2 * n**3 / seconds(lambda: a @ b, repeats=5)


def recorded_convolutions(network: nn.Module, x: Tensor, t: Tensor) -> list[tuple[nn.Conv3d, Tensor]]:
    """Every 3D convolution of one forward pass with the input it was given."""
    seen: list[tuple[nn.Conv3d, Tensor]] = []

    def remember(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        assert isinstance(module, nn.Conv3d)
        seen.append((module, inputs[0].detach().clone(memory_format=torch.preserve_format)))

    hooks = [m.register_forward_hook(remember) for m in network.modules() if isinstance(m, nn.Conv3d)]
    with torch.no_grad():
        network(x, t)
    for hook in hooks:
        hook.remove()
    return seen


def y_out(module: nn.Conv3d, y: Tensor) -> int:
    """Number of output places (batch times voxels) of an unpadded convolution."""
    places = y.shape[0]
    for n, kernel, stride in zip(y.shape[2:], module.kernel_size, module.stride, strict=True):
        places *= (n - kernel) // stride + 1
    return places


def widest(convolutions: list[tuple[nn.Conv3d, Tensor]]) -> list[tuple[nn.Conv3d, Tensor]]:
    """One convolution for each different shape."""
    by_shape = {(tuple(m.weight.shape), tuple(y.shape)): (m, y) for m, y in convolutions}
    return list(by_shape.values())


def layer_rate(module: nn.Conv3d, y: Tensor) -> float:
    """FLOP/s of one convolution layer by itself."""
    taken = seconds(lambda: F.conv3d(y, module.weight, module.bias, module.stride), least=0.3)
    return 2 * module.weight.numel() * y_out(module, y) / taken


def count_flops(network: nn.Module, x: Tensor, t: Tensor) -> int:
    """FLOP of one forward pass."""
    with FlopCounterMode(display=False) as counter:
        network(x, t)
    return counter.get_total_flops()


def profile(network: nn.Module, x: Tensor, t: Tensor, passes: int = 3) -> dict[str, float]:
    """Share of each kind of kernel in the forward pass's own time."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as record:
        for _ in range(passes):
            network(x, t)
    spent: dict[str, float] = defaultdict(float)
    for event in record.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total
    total = sum(spent.values())
    return {kind: value / total for kind, value in spent.items()}


def kind_of(kernel: str) -> str:
    """Which step of the network a kernel serves."""
    for kind, parts in KINDS.items():
        if any(part in kernel for part in parts):
            return kind
    return "other"


if __name__ == "__main__":
    run()
