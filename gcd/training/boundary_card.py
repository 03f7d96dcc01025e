"""The card of a boundary model: its configuration, its training data and its measured quality."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from gcd.structures.boundary_names import find_boundary
from gcd.structures.twists import metal_phase
from gcd.training.crystal_card import origin, recipe


def model_card(config: dict[str, Any]) -> str:
    """README.md of the checkpoint; `{sha256}` in it stands for the weights' hash.

    Args:
        config: config.json; its "quality" is written by `gcd evaluate boundaries --record`.
    """
    net, data = config["architecture"], config["data"]
    low, high = data["window"]
    counts = Counter(str(Fraction(n).limit_denominator(100)) for n, _ in data["structures"])
    energies = [egb for _, egb in data["structures"]]
    chosen = (
        "all structures"
        if low is None and high is None
        else f"only structures with {low:g} <= E_gb <= {high:g} J/m2"
    )
    drawn = (
        f"every [n] drawn with weight (structures) ** {data['balance']:g}"
        if data["balance"]
        else "every [n] drawn alike"
    )
    if data["preference"] is not None:
        drawn += f", within it with weight exp(-(E_gb - lowest) / {data['preference']:g} J/m2)"
    size = ", ".join(f"{v:.4f}" for v in config["voxel_size"])
    return f"""# In-painting model of the {config["metal"]} {_boundary(config)} boundary: {config["model"]}

Paints the middle of a bicrystal: voxels of {size} Å between two given ends, periodic in x and y. A 3D U-Net takes
noisy voxels and the mask, and predicts `{config["prediction"]}`; voxels are divided by s = {config["scale"]:g}.
Variance-preserving schedule, times from 1 to {config["t_end"]:g}.

- Network: channels {net["channels"]}, strides {net["strides"]}, {net["blocks"]} blocks a level.
- Trained on {chosen} of {data["file"]} (sha256 {data["file_sha256"]}):
  {len(energies)} structures from {min(energies):.4f} to {max(energies):.4f} J/m2; of each [n]
  {", ".join(f"{n}: {count}" for n, count in counts.items())}; {drawn}.
  Each (E_gb, [n]) is listed in config.json. sha256 of the positions learnt from: {config["data_sha256"]}.
- Under the {_symmetry(config)} of the boundary and random translations, {_translations(data)};
  {config["painted_layers"][0]} to {config["painted_layers"][1]} of {config["grid"][2]} layers painted.
{_ends(config)}{recipe(config)}{origin(config)}- sha256 of model.safetensors: {{sha256}}

## Measured

{_quality(config)}

## Limits

One metal and one boundary, at the plane spacing of its potential. What it paints is a proposal: E_gb is known after
relaxation only.
"""


def _boundary(config: dict[str, Any]) -> str:
    """What it is called: sigma5 (100) twist; Σ5 (310)[001] symmetric tilt."""
    found = find_boundary(config.get("boundary", config["twist"]), metal_phase(config["metal"]).name)
    return f"{config['twist']} (100) twist" if found.is_square_twist else found.title.split(",")[0]


def _symmetry(config: dict[str, Any]) -> str:
    found = find_boundary(config.get("boundary", config["twist"]), metal_phase(config["metal"]).name)
    return "symmetry D4" if found.is_square_twist else f"{len(found.cell_group())} operations"


def _quality(config: dict[str, Any]) -> str:
    """Tables of `gcd evaluate boundaries`, by what they were made with."""
    tables = config.get("quality")
    if not tables:
        return "Not measured yet: `gcd evaluate boundaries --record`."
    lead = (
        "Seeds that neither training nor the choice of the network has seen. Physical: no two atoms closer than 0.73\n"
        "of the nearest-neighbour distance. Core matched: share of the atoms within 6 Å of the plane that lie on the\n"
        "most similar training structure of that [n], over all symmetries and translations; median.\n\n"
    )
    return lead + "\n\n".join(tables.values())


def _translations(data: dict[str, Any]) -> str:
    """How far structures were moved."""
    if data.get("shift_xy") is None:
        return "over the whole cell in x and y"
    return (
        f"the lower grain within {data['shift_xy']:g} voxels in x and y and {data['shift_z']:g} in z of where sampling "
        "puts it"
    )


def _ends(config: dict[str, Any]) -> str:
    """How sampling draws what it paints between."""
    if "ends" not in config:
        return ""
    jitter, (low, high) = config["ends"]["jitter"], config["ends"]["opening"]
    return (
        f"- Sampling draws its ends from the states learnt: in-plane shift to {jitter:g} Å (standard deviation),\n"
        f"  spacing opened by {low:g} to {high:g} Å.\n"
    )
