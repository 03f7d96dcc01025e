"""The plots of the particle model: Fig. 2 (g(r) before and after denoising) and Fig. 4 (voxels and particles)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcd.evaluation.plots import GENERATED, IDEAL, OTHER, pyplot, save_figure
from gcd.evaluation.samples import BINS, R_MAX
from gcd.structures.crystals import PHASES, ideal_crystal

COLOURS = (GENERATED, OTHER, "#CC79A7", "#E69F00", "#56B4E9", "#009E73")
HIGHEST = 4.0  # of a curve in the ridge plot; taller peaks are cut off there


def noise_rdf_plot(samples: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], path: Path) -> None:
    """Fig. 2: g(r) of the structures started from, and of those generated from them by each sampler.

    Args:
        samples: sampler -> start -> samples with "g_initial" and "g"; curves are means over them.
    """
    plt = pyplot()
    first = next(iter(samples.values()))
    starts = list(first)
    panels = [("start", first, "g_initial"), *((name, of_it, "g") for name, of_it in samples.items())]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(0.5 + 3.1 * len(panels), 1.5 + 0.75 * len(starts)), sharey=True,
        layout="constrained",
    )  # fmt: skip
    r = (np.arange(BINS) + 0.5) * R_MAX / BINS
    for ax, (title, of_panel, key) in zip(axes, panels, strict=True):
        for level, start in enumerate(starts):
            curves = [sample[key] for sample in of_panel.get(start, []) if key in sample]
            if not curves:
                continue
            base = level * HIGHEST
            curve = np.clip(np.mean(curves, axis=0), 0, 0.95 * HIGHEST)
            ax.fill_between(
                r, base, base + curve, color=OTHER if key == "g" else IDEAL, alpha=0.6, linewidth=0
            )
            ax.axhline(base, color=IDEAL, linewidth=0.4)
        ax.set(xlabel="r / lattice constant", title=title, xlim=(0, R_MAX))
    names = [start if start == "random" else f"σ = {start}" for start in starts]
    axes[0].set_yticks([level * HIGHEST for level in range(len(starts))], labels=names)
    axes[0].set(ylim=(0, HIGHEST * len(starts)))
    save_figure(figure, path)


def models_plot(
    voxel: Mapping[str, Sequence[Mapping[str, Any]]],
    particle: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    path: Path,
) -> None:
    """Fig. 4: q4 and q6 of every atom, and g(r), a row a phase, from both models.

    Args:
        voxel: phase -> samples of the voxel model.
        particle: phase -> sampler -> samples of the particle model from random positions.
    """
    plt = pyplot()
    phases = list(dict.fromkeys([*voxel, *particle]))
    figure, axes = plt.subplots(
        len(phases), 2, figsize=(9, 0.6 + 2.6 * len(phases)), squeeze=False, layout="constrained",
        width_ratios=(1, 1.4),
    )  # fmt: skip
    for (left, right), phase in zip(axes, phases, strict=True):
        made = {"voxel": voxel.get(phase, [])} | {
            f"particle, {name}": of_it for name, of_it in particle.get(phase, {}).items()
        }
        colours = dict(zip(made, COLOURS, strict=False))
        for name, of_model in reversed(made.items()):  # the voxel model last, on top
            colour = colours[name]
            q4 = np.concatenate([sample["q4s"] for sample in of_model if "q4s" in sample] or [[]])
            q6 = np.concatenate([sample["q6s"] for sample in of_model if "q6s" in sample] or [[]])
            left.plot(q4, q6, ".", markersize=3, alpha=0.35, color=colour, label=name, rasterized=True)
            curves = [sample["g"] for sample in of_model if "g" in sample]
            if curves:
                r = (np.arange(BINS) + 0.5) * R_MAX / BINS
                right.plot(r, np.mean(curves, axis=0), color=colour, linewidth=1.1, label=name)
        left.plot(PHASES[phase].q4, PHASES[phase].q6, "+", markersize=14, color=IDEAL, label="ideal")
        shells = ideal_crystal(phase, 4, lattice_constant=1.0).get_all_distances(mic=True)[0]
        for distance in sorted({round(float(d), 4) for d in shells if 0 < d < R_MAX}):
            right.axvline(distance, color=IDEAL, linewidth=0.4, linestyle=":")
        left.set(xlabel="q4", ylabel="q6", title=PHASES[phase].title)
        right.set(
            xlabel="r / lattice constant", ylabel="g(r)", xlim=(0, R_MAX), yscale="symlog", ylim=(0, None)
        )
        right.legend(frameon=False, fontsize="small", loc="upper left")
    save_figure(figure, path)
