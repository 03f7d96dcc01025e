"""How it works, second part: voxels become atoms again, stage by stage, and how close two atoms may come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
import torch

from gcd.analysis.matching import match_structures
from gcd.checkpoints import load_decoder
from gcd.structures.crystals import PHASES, crystal_grid, ideal_positions
from gcd.views.decoding import STAGES, pairs_figure, stage_figure
from gcd.views.style import config
from gcd.voxels import Grid, encode
from gcd.voxels.decoder import Decoder, Stages, decode_in_stages
from gcd.voxels.resolution import BOX, PairDecoding, decode_pairs, pair_positions
from pages.shared.reproduce import show_python
from pages.shared.status import DECODER, installation, missing_sentence

if TYPE_CHECKING:
    from gcd.analysis.matching import StructureMatch

CELLS = 3
SEPARATIONS = (0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0)
BOND = 2.74  # Å, nearest neighbours in tungsten
BOUNDARY_L = 0.834  # Å, the paper's voxel for tungsten boundaries

WORDS = {
    "Input": (
        r"C = \mathrm{EN}(\mathbf{R}) + \epsilon,\quad \epsilon \sim \mathcal{N}(0, \sigma^2)",
        (
            "What the decoder gets: voxels as a diffusion model leaves them, nearly right but noisy. The crosses "
            "are the true "
            "atoms, which the decoder does not see."
        ),
    ),
    "Denoise": (
        r"C' = \mathrm{DE}_{den}(C)",
        "A small network looks at each voxel and those around it, and takes the noise off (Eq. 3).",
    ),
    "Classify": (
        r"\mathrm{DE}_{cls}(C') \approx \left[\mathrm{EN}(\mathbf{R}) > p_{thre}\right]",
        (
            "A second network says for each voxel how likely more than $p_{thre}$ = 5 % of an atom lies in it (Eq. 4). "
            "An atom shared evenly leaves an eighth in each of its eight voxels."
        ),
    ),
    "Displace": (
        r"\mathbf{r} = (iL, jL, kL) + \mathrm{DE}_{cor}(C')",
        (
            "A third network tells each occupied voxel how far it is to its atom (Eq. 5). Up to eight arrows "
            "point at the "
            "same atom; only those that start in this layer are drawn."
        ),
    ),
    "Merge": (
        r"\bar{\mathbf{r}} = \frac{\sum_e m_e^2\, \mathbf{r}_e}{\sum_e m_e^2}",
        (
            "Estimates that lie close together are one atom: each group becomes its average, weighted by the share "
            "$m$ of the "
            "atom in the voxel that it came from. The paper stops here."
        ),
    ),
    "Fit": (
        r"\min_{\mathbf{R}}\ |C - \mathrm{EN}(\mathbf{R})|^2 / \sigma^2 + |\mathbf{R} - \mathbf{R}_0|^2 / e^2",
        (
            "Here the positions are also fitted to the voxels, since the encoder is known exactly, and what the "
            "fit leaves is searched for atoms that were missed. A small network keeps each candidate that its own "
            "voxels and the places of its neighbours make more likely an atom than chance. Without noise this is exact."
        ),
    ),
}


@st.cache_resource(max_entries=1, show_spinner=False)
def decoder_of(sha256: str) -> Decoder:
    """The real decoder, read once."""
    return load_decoder(torch.device("cpu"))


def decoder_here() -> Decoder | None:
    """The decoder, or None after saying what is missing."""
    here = installation()
    if DECODER not in here.checkpoints:
        st.warning(missing_sentence([DECODER]), icon=":material/inventory_2:")
        return None
    return decoder_of(here.sha256(DECODER))


def noisy_crystal(phase: str, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray, Grid]:
    """True atoms (N, 3) in voxels, their noisy voxels (X, Y, Z), and the grid, whose voxels have an edge of 1."""
    edge = PHASES[phase].voxels_per_cell
    grid = Grid(crystal_grid(phase, CELLS).shape, (float(CELLS * edge),) * 3)
    rng = np.random.default_rng(seed)
    truth = (ideal_positions(phase, CELLS) * edge + rng.uniform(0, 1, 3)) % grid.lengths
    C = encode(torch.tensor(truth), grid)[0].numpy()
    return truth, C + noise * rng.standard_normal(C.shape), grid


def against_truth(
    truth: np.ndarray, found: np.ndarray, grid: Grid, cutoff: float | None = None
) -> StructureMatch:
    """Pairs of true and found atoms, no farther apart than the cutoff; distances in voxels."""
    from ase import Atoms

    cell = {"cell": grid.lengths, "pbc": True}
    return match_structures(
        Atoms(["X"] * len(truth), truth, **cell), Atoms(["X"] * len(found), found, **cell), cutoff=cutoff
    )


@st.fragment
def show_decoder() -> None:
    """The stages on a crystal with as much noise as asked for."""
    st.markdown(
        "The way back is harder: the model's voxels are never perfect. The decoder **DE** is three small "
        "networks and a "
        "little geometry. Turn up the noise and walk through its stages."
    )
    decoder = decoder_here()
    if decoder is None:
        return
    stage = str(st.pills("Stage", STAGES, default="Input", required=True, key="stage", bind="query-params"))
    controls, picture = st.columns([5, 6], gap="large")
    with controls:
        phase = str(
            st.segmented_control(
                "Phase", [name.upper() for name in PHASES], default="BCC", required=True, key="decode_phase",
                bind="query-params",
            )
        ).lower()  # fmt: skip
        noise = st.slider(
            "Noise σ (atoms per voxel)", 0.0, 0.3, 0.1, 0.01, key="noise", bind="query-params",
            help="The networks were trained with up to 0.1.",
        )  # fmt: skip
        edge = CELLS * PHASES[phase].voxels_per_cell
        left, right = st.columns(2, gap="small")
        seed = right.number_input("Seed", 0, 9999, 0, key="decode_seed", bind="query-params")
        truth, C, grid = noisy_crystal(phase, float(noise), int(seed))
        full = int(np.rint(truth[0, 2])) % edge  # a layer with atoms
        layer = left.slider("Layer across z", 0, edge - 1, full, key="decode_layer", bind="query-params")
        formula, words = WORDS[stage]
        st.latex(formula)
        st.markdown(words)
    (stages,) = decode_in_stages(decoder, torch.tensor(C)[None], grid)
    with controls:
        _numbers(stage, truth, C, stages, grid)
    with picture:
        st.plotly_chart(
            stage_figure(stage, C, stages, truth, int(layer)),
            key="stage_figure", config=config(f"decoder-{stage.lower()}", only_download=True),
            alt=f"One layer of voxels at the stage {stage} of decoding",
        )  # fmt: skip
    show_python(
        "import torch\nfrom gcd.checkpoints import load_decoder\nfrom gcd.voxels.decoder import decode_in_stages\n"
        "from pages.parts.how_it_works.decoder import noisy_crystal\n\n"
        f'truth, voxels, grid = noisy_crystal("{phase}", noise={noise:g}, seed={seed})\n'
        'decoder = load_decoder(torch.device("cpu"))\n'
        "(stages,) = decode_in_stages(decoder, torch.tensor(voxels)[None], grid)\n"
        "print(len(truth), len(stages.merged), len(stages.atoms))"
    )


def _numbers(stage: str, truth: np.ndarray, C: np.ndarray, stages: Stages, grid: Grid) -> None:
    """What can be counted at this stage, against the truth."""
    clean = encode(torch.tensor(truth), grid)[0].numpy()
    number = STAGES.index(stage)
    with st.grid(3, min_column_width=100):
        if number <= 1:
            st.metric(
                "Error",
                f"{float(np.sqrt(((C - clean) ** 2).mean())):.3f}",
                help="Rms of the voxels, in atoms per voxel.",
            )
            denoised = stages.estimates.denoised
            st.metric(
                "Denoised",
                f"{float(np.sqrt(((denoised - clean) ** 2).mean())):.3f}",
                help="Rms of the voxels, in atoms per voxel.",
            )
            st.metric("Sum", f"{float((denoised if number else C).sum()):.1f}", help=f"True: {len(truth)}.")
        elif number <= 3:
            said, occupied = stages.estimates.probability >= 0.5, clean > 0.05
            st.metric("Truly occupied", int(occupied.sum()))
            st.metric("Found of them", int((said & occupied).sum()))
            st.metric("Falsely found", int((said & ~occupied).sum()))
        else:
            found = stages.merged if number == 4 else stages.atoms
            match = against_truth(truth, found, grid, cutoff=1.0)
            st.metric("Atoms", len(found), help=f"True: {len(truth)}.")
            st.metric(
                "Matched", f"{len(match.pairs)} of {len(truth)}",
                help="True atoms that have a found one of their own within a voxel.",
            )  # fmt: skip
            st.metric("Rms error", f"{match.rms_error:.3f} L", help="Of the matched atoms, in voxels.")


@st.cache_data(max_entries=16, show_spinner="Decoding 88 pairs of atoms …")
def pairs_curve(noise: float, seed: int, sha256: str) -> list[PairDecoding]:
    """The decoder's record with pairs of atoms at `SEPARATIONS`."""
    return decode_pairs(decoder_of(sha256), SEPARATIONS, noise=noise, seed=seed)


@st.fragment
def show_resolution() -> None:
    """Two atoms pushed together."""
    st.markdown(
        "Why must $L$ be a **small fraction of the bond length**? Because two atoms that share voxels cannot be "
        "told apart. "
        "Push two atoms together, or make the voxels coarser, until decoding fails."
    )
    decoder = decoder_here()
    if decoder is None:
        return
    sha256 = installation().sha256(DECODER)
    controls, picture = st.columns([5, 6], gap="large")
    with controls:
        size = st.slider(
            "Voxel size L (Å)",
            0.4,
            2.0,
            BOUNDARY_L,
            0.002,
            format="%.3f",
            key="pair_L",
            bind="query-params",
        )
        distance = st.slider(
            "Distance of the two atoms (Å)", 0.2, 6.0, BOND, 0.01, key="pair_d", bind="query-params"
        )
        left, right = st.columns(2, gap="small")
        noise = left.slider(
            "Noise (atoms per voxel)", 0.0, 0.1, 0.0, 0.01, key="pair_noise", bind="query-params"
        )
        seed = right.number_input("Seed", 0, 9999, 0, key="pair_seed", bind="query-params")
        apart = float(distance) / float(size)
        st.latex(rf"\frac{{d}}{{L}} = \frac{{{distance:.2f}}}{{{size:.3f}}} = {apart:.2f}")
        shown = min(apart, BOX / 2)
        truth = pair_positions(shown, 1, int(seed), in_plane=True)[0]
        grid = Grid((BOX,) * 3, (float(BOX),) * 3)
        rng = np.random.default_rng(int(seed))
        C = encode(torch.tensor(truth), grid)[0].numpy() + float(noise) * rng.standard_normal(grid.shape)
        (stages,) = decode_in_stages(decoder, torch.tensor(C)[None], grid)
        match = against_truth(truth, stages.atoms, grid)
        with st.grid(3, min_column_width=90):
            st.metric("Decoded", len(stages.atoms), help="Two were encoded.")
            st.metric("Largest error", f"{match.largest_error * float(size):.3f} Å")
            st.metric("Voxels / nm³", f"{(10 / float(size)) ** 3:,.0f}", help="What a smaller L costs.")
        if len(stages.atoms) != 2:
            st.warning(
                "They are too close for these voxels: the decoder takes them for one.", icon=":material/join:"
            )
        elif apart > BOX / 2:
            st.caption(f"Shown {BOX / 2:g} voxels apart: farther than that they no longer meet.")
    with picture:
        layer = int(np.rint(truth[:, 2].mean())) % BOX
        st.plotly_chart(
            stage_figure("Fit", C, stages, truth, layer, height=400),
            key="pair_figure", config=config("pair", only_download=True),
            alt=f"Two atoms {apart:.2f} voxels apart: {len(stages.atoms)} decoded",
        )  # fmt: skip
    st.markdown("**The record**: pairs at random places and directions, decoded by the same networks")
    bonds = {
        f"{name.upper()} model": PHASES[name].nearest_neighbour * PHASES[name].voxels_per_cell
        for name in PHASES
    } | {"W boundary": BOND / BOUNDARY_L}
    st.plotly_chart(
        pairs_figure(pairs_curve(float(noise), int(seed), sha256), now=apart if apart <= BOX else None, models=bonds),
        key="pairs_curve", config=config("pairs", only_download=True),
        alt="Share of atom pairs decoded right against their distance in voxels: none below about two voxels",
    )  # fmt: skip
    st.caption(
        "Dotted: the bond length of each model's crystal in its voxels. All stay well above two voxels, "
        "below which two atoms share voxels and are taken for one."
    )
    show_python(
        "import torch\nfrom gcd.checkpoints import load_decoder\nfrom gcd.voxels.resolution import decode_pairs\n\n"
        f'decoder = load_decoder(torch.device("cpu"))\n'
        f"for point in decode_pairs(decoder, {SEPARATIONS}, noise={noise:g}, seed={seed}):\n    print(point)"
    )
