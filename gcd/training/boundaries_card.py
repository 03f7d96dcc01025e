"""The card of a model of many boundaries: what it has learnt, what was held out, how it was made, how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gcd.structures.boundary import Boundary
from gcd.training.crystal_card import origin, recipe


def model_card(config: dict[str, Any]) -> str:
    """README.md of the checkpoint; `{sha256}` in it stands for the weights' hash.

    Args:
        config: config.json; its "quality" is written by `gcd evaluate boundaries --held-out --record`.
    """
    net, data, held = config["architecture"], config["data"], config["held_out"]
    (low, high), (excess, spread) = config["painted_layers"], config["excess"]
    learnt = config["learnt"]
    total, names = sum(m["structures"] for m in learnt), {m["name"] for m in learnt}
    made = recipe(config, f"about {data['voxels']:,} voxels of one boundary") + origin(config)
    return f"""# In-painting model of many {config["phase"]} boundaries

Paints the middle of a bicrystal whose two grains it is shown, whatever the boundary and the metal: voxels of about
0.2635 lattice constants, periodic in x and y. A 3D U-Net takes noisy voxels and the mask, and predicts
`{config["prediction"]}`; voxels are divided by s = {config["scale"]:g}. It is told the size of the voxels, and may be
asked for [n] and for the rank of E_gb at that [n]. Times from 1 to {config["t_end"]:g}.

- Network: channels {net["channels"]}, strides {net["strides"]}, {net["blocks"]} blocks a level,
  {net["conditions"]} numbers as conditions.
- Sees {config["frame"]} voxel layers, {low} to {high} of them painted. Sampling lifts the upper grain by [n]
  planes' spacing and {excess:g} +- {spread:g} lattice constants, as measured on what was learnt, and shifts it anywhere
  in the DSC cell.
- Trained on {total:,} structures of {len(names)} boundaries in {len(learnt)} cells of {data["file"]}
  (sha256 {data["file_sha256"]}).
  Under the symmetry of each boundary and any translation; a cell is drawn with weight (its structures) **
  {data["mixing"]:g}, an [n] of it with (its structures) ** {data["balance"]:g}, within it with
  exp(-(E_gb - lowest) / {data["preference"]:g} J/m2). Both wishes, [n] alone and the rank alone are each left out of
  {data["unasked"]:.0%} of the structures.
- Held out, refused by the training (data/held-out.toml): {", ".join(held["boundaries"])} in any metal and any cell,
  and everything of {", ".join(held["metals"])}.
{made}- sha256 of model.safetensors: {{sha256}}

## Learnt

{learnt_table(learnt)}

## Measured

{_quality(config)}

## Limits

It has to have learnt several members of a family (axis and kind) before it paints another one. The potential is that of
Zhou, Johnson and Wadley throughout. What it paints is a proposal: E_gb is known after relaxation only.
"""


def learnt_table(members: Sequence[Mapping[str, Any]]) -> str:
    """One line a cell that was learnt."""
    lines = [
        "| boundary | metal | cell | voxels | structures | lowest E_gb (J/m2) at [n] |",
        "|---|---|---|---|---|---|",
    ]
    for m in sorted(members, key=lambda m: (m["name"], m["metal"])):
        n, egb = min(m["lowest"].items(), key=lambda item: item[1])
        across, up = Boundary.from_dict(m["boundary"]).repeats
        x, y = m["voxels"]
        cells = [m["name"], m["metal"], f"{across} x {up}", f"{x} x {y}", str(m["structures"])]
        lines.append(f"| {' | '.join(cells)} | {egb:.4f} at {float(n):.3g} |")
    return "\n".join(lines)


def _quality(config: Mapping[str, Any]) -> str:
    tables = config.get("quality")
    return (
        "\n\n".join(tables.values())
        if tables
        else "Not measured yet: `gcd evaluate boundaries --held-out --record`."
    )
