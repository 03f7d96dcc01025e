"""Plots in results/ and beside checkpoints, drawn with matplotlib: no browser is needed for them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcd.files import atomic_file
from gcd.structures.crystals import PHASES, ideal_crystal

# Okabe and Ito's colours, told apart by colour-blind readers too.
IDEAL, GENERATED, OTHER = "#000000", "#0072B2", "#D55E00"
COLOURS = (
    GENERATED,
    OTHER,
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)  # of phases, in the order of their table
DPI = 150


def loss_plot(log: Sequence[Mapping[str, float]], path: Path) -> None:
    """Training and validation loss over the steps."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    steps = [entry["step"] for entry in log]
    axes.plot(
        steps, [entry["loss"] for entry in log], color=GENERATED, label="training, mean since the last point"
    )
    axes.plot(
        steps, [entry["validation"] for entry in log], color=OTHER, label="validation, averaged weights"
    )
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(frameon=False)
    save_figure(figure, path)


def rdf_plot(
    samples: Mapping[str, Sequence[Mapping[str, Any]]], path: Path, *, r_max: float, bins: int
) -> None:
    """Fig. 4, right: g(r) of each phase, generated (averaged) and ideal; r in lattice constants."""
    from gcd.analysis.rdf import radial_distribution

    plt = pyplot()
    figure, axes = plt.subplots(
        len(samples),
        1,
        figsize=(6, 1.0 + 1.9 * len(samples)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, (phase, of_phase) in zip(axes[:, 0], samples.items(), strict=True):
        r, ideal = radial_distribution(ideal_crystal(phase, 4, lattice_constant=1.0), r_max, bins)
        curves = [sample["g"] for sample in of_phase if "g" in sample]
        ax.plot(r, ideal, color=IDEAL, linewidth=0.8, label="ideal")
        if curves:
            label = f"generated, mean of {len(curves)}"
            ax.fill_between(r, np.mean(curves, axis=0), color=GENERATED, alpha=0.6, label=label)
        ax.set(ylabel="g(r)", title=PHASES[phase].title, xlim=(0, r_max), ylim=(0, None))
        ax.legend(frameon=False, loc="upper left", fontsize="small")
    axes[-1, 0].set_xlabel("r / lattice constant")
    save_figure(figure, path)


def bond_order_plot(samples: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """Fig. 4, middle: q4 and q6 of every atom of the first samples of each phase, and the ideal values."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    colours = dict(zip(PHASES, itertools.cycle(COLOURS), strict=False))
    for phase, of_phase in samples.items():
        q4 = np.concatenate([sample["q4s"] for sample in of_phase if "q4s" in sample] or [[]])
        q6 = np.concatenate([sample["q6s"] for sample in of_phase if "q6s" in sample] or [[]])
        label = f"{phase.upper()}, {len(q4):,} atoms"
        axes.plot(q4, q6, ".", markersize=3, alpha=0.4, color=colours[phase], label=label, rasterized=True)
    ideal = [(PHASES[phase].q4, PHASES[phase].q6) for phase in samples]
    axes.plot(*zip(*ideal, strict=True), "+", markersize=14, color=IDEAL, label="ideal")
    axes.set(xlabel="q4", ylabel="q6")
    for handle in axes.legend(frameon=False, loc="center left").legend_handles:
        handle.set(alpha=1, markersize=8)
    save_figure(figure, path)


def voxels_plot(voxels: Mapping[str, np.ndarray], path: Path) -> None:
    """Fig. S.2: a slice through the voxels of each phase, ideal, generated, and their difference.

    Args:
        voxels: phase -> (2, X, Y, Z), the ideal crystal at the same place and the generated one.
    """
    plt = pyplot()
    figure, axes = plt.subplots(
        len(voxels), 3, figsize=(8.5, 0.4 + 2.5 * len(voxels)), squeeze=False, layout="constrained"
    )
    for row, (phase, (ideal, generated)) in zip(axes, voxels.items(), strict=True):
        z = int(np.argmax(ideal.sum(axis=(0, 1))))  # a plane of atoms
        top = float(ideal.max())
        pictures = (
            ("ideal", ideal, "viridis", 0.0),
            ("generated", generated, "viridis", 0.0),
            ("difference", generated - ideal, "PuOr", -top),
        )
        for ax, (title, picture, colours, low) in zip(row, pictures, strict=True):
            image = ax.imshow(picture[:, :, z].T, origin="lower", cmap=colours, vmin=low, vmax=top)
            ax.set(title=f"{phase.upper()}, {title}", xticks=[], yticks=[])
            if title != "ideal":  # it shares its colours with the generated one
                figure.colorbar(image, ax=ax, label="atoms a voxel")
        row[0].set(xlabel=f"x, {ideal.shape[0]} voxels", ylabel=f"y, {ideal.shape[1]} voxels")
    save_figure(figure, path)


def evaluations_plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Share of perfect crystals over the number of evaluations, a panel a phase and a curve an order."""
    plt = pyplot()
    phases = list(dict.fromkeys(row["phase"] for row in rows))
    figure, axes = plt.subplots(
        1, len(phases), figsize=(1 + 3 * len(phases), 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, phase in zip(axes[0], phases, strict=True):
        for order, colour, marker in ((1, OTHER, "o"), (2, "#009E73", "s"), (3, GENERATED, "^")):
            chosen = sorted(
                (row["evaluations"], 100 * row["perfect"] / row["samples"])
                for row in rows
                if row["phase"] == phase and row["order"] == order
            )
            if chosen:
                ax.plot(*zip(*chosen, strict=True), marker=marker, color=colour, label=f"order {order}")
        ax.axhline(98, color=IDEAL, linewidth=0.8, linestyle=":")
        ax.set(xlabel="evaluations", title=PHASES[phase].title, xscale="log", ylim=(-3, 103))
        ax.set_xticks([3, 6, 10, 20, 30, 60], labels=["3", "6", "10", "20", "30", "60"])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("perfect (%)")
    axes[0, 0].legend(frameon=False)
    save_figure(figure, path)


def pyplot() -> Any:
    """Pyplot of matplotlib, without a screen."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    import matplotlib.pyplot as plt

    return plt


def save_figure(figure: Any, path: Path) -> None:
    """Write the figure as PNG, whole or not at all, and close it."""
    picture = io.BytesIO()
    # Without the version and date that would make the same plot another file.
    figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": None})
    pyplot().close(figure)
    with atomic_file(path) as file:
        file.write(picture.getvalue())
