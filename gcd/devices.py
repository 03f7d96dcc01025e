"""Where tensors are computed: the device asked for, and the fastest number format it multiplies."""

from __future__ import annotations

import torch

DEVICES = ("auto", "cpu", "cuda")


def resolve_device(device: str) -> torch.device:
    """The device of that name; "auto" is a GPU where there is one, else the CPU.

    Raises:
        ValueError: an unknown name, or cuda where there is none.
    """
    if device not in DEVICES:
        raise ValueError(f"The device is one of {', '.join(DEVICES)}, not {device!r}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("The device 'cuda' was asked for but there is none here; legal are auto, cpu.")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it (AVX-512-bf16 or AMX, and GPUs), else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    capabilities = torch.cpu.get_capabilities()
    capable = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if capable else torch.float32


def describe(device: torch.device) -> str:
    """The device in words, with the number format that networks use there."""
    dtype = str(best_dtype(device)).removeprefix("torch.")
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {dtype}"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}, {dtype}"
