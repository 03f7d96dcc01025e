"""The networks that are timed: the trained ones where they are, else untrained ones of the default shape."""

from __future__ import annotations

from gcd import checkpoints
from gcd.diffusion.unet import UNet, UNetConfig
from gcd.voxels.decoder import Decoder


def unet_for_benchmark(name: str = "crystal-bcc") -> tuple[UNet, str]:
    """A U-Net on the CPU and where it comes from; an untrained one takes the same time."""
    if name in checkpoints.available():
        return checkpoints.load_unet(name, "cpu")[0], f"checkpoint {name}"
    return UNet(UNetConfig()).eval(), "default shape, untrained"


def decoder_for_benchmark(name: str = "decoder") -> tuple[Decoder, bool]:
    """The decoder on the CPU, and whether it is trained: an untrained one gives the merging other work to do."""
    if name in checkpoints.available():
        return checkpoints.load_decoder("cpu", name), True
    return Decoder().eval(), False


def trained_phases() -> list[str]:
    """The phases whose crystal model and the decoder are here."""
    there = checkpoints.available()
    return [p for p in ("sc", "bcc", "fcc") if f"crystal-{p}" in there and "decoder" in there]
