"""The card of a particle model: its configuration and its measured quality, as a person reads them."""

from __future__ import annotations

from typing import Any

from gcd.training.crystal_card import origin, recipe


def model_card(config: dict[str, Any]) -> str:
    """README.md of the checkpoint; `{sha256}` in it stands for the weights' hash.

    Args:
        config: config.json; its "quality" (a list of rows) is written by `gcd evaluate noise --record`.
    """
    net, phase = config["architecture"], config["phase"].upper()
    size = "x".join(map(str, config["training_sizes"][0]))
    frequencies = net["edge_frequencies"]
    edges = f"(r, |r|) and {frequencies} Fourier features of r" if frequencies else "(r, |r|)"
    focus = config.get("focus")
    times = f"half of them from {focus[0]:g} to {focus[1]:g}" if focus else "uniform"
    return f"""# Particle diffusion model of {phase} crystals

The baseline: moves a fixed number of atoms from random displacements towards an ideal {phase} crystal.
A score network on the atomic graph (MeshGraphNets); variance-exploding schedule, sigma = {config["schedule"]["k"]:g} t
lattice constants; denoising score matching.

- Network: {net["features"]} features, {net["layers"]} rounds of message passing, cut-off {net["cutoff"]:g} lattice
  constants, edges described by {edges}, {net["time_features"]} Fourier features of t.
- Trained on the ideal supercell of {size} cells under Gaussian displacements, t from {config["t_end"]:g} to 1, {times}.
{recipe(config)}{origin(config)}- sha256 of model.safetensors: {{sha256}}

## Measured

{_quality(config)}
## Limits

One phase, no element: lattice constant and symbol are put in afterwards. How much disorder it can undo is what it is
here to show: docs/results.md.
"""


def _quality(config: dict[str, Any]) -> str:
    rows = config.get("quality")
    if not rows:
        return "Not measured yet: `gcd evaluate noise --record`.\n"
    lines = [
        "Supercells of 4x4x4 from the ideal crystal under displacements sigma (lattice constants), or from random",
        "positions; with seeds that training has not seen. Displacements in nearest-neighbour distances.",
        "",
        "| start | sampler | steps | samples | perfect | median rms | q4 | q6 | s each |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['start']} | {row['sampler']} | {row['steps']} | {row['samples']} | {row['perfect']} | "
        f"{_figure(row['median_rms'])} | {_figure(row['q4'])} | {_figure(row['q6'])} | "
        f"{row['seconds']:.2f} ({row['device']}) |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
