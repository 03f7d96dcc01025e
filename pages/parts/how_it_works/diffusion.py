"""How it works, third part: the noise schedule on real voxels, and the solver that walks back from noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch

from gcd.diffusion.accuracy import ONE_GAUSSIAN, TWO_CLUSTERS, Mixture, solver_errors, trajectories
from gcd.diffusion.prediction import denoiser_of
from gcd.diffusion.schedules import VPSchedule
from gcd.generate import VoxelModel
from gcd.jobs import Job
from gcd.structures.crystals import PHASES, crystal_grid, ideal_positions
from gcd.views.diffusion import cells_figure, error_figure, schedule_figure, trajectories_figure
from gcd.views.style import config
from gcd.voxels import encode
from pages.parts.how_it_works.solver_run import CELLS, EVALUATIONS, REFERENCE, run_solver_errors
from pages.shared import work
from pages.shared.reproduce import show_python
from pages.shared.status import installation, missing_sentence

SLOT = "solver_job"
COUNTS = (3, 6, 12, 18, 30, 60, 120, 240)
OFF_GRID = (0.06, 0.12, 0.0)  # cells; a crystal never lies on the voxels by chance
DRAWN = 24  # numbers that are followed
PROBLEMS: dict[str, Mixture] = {"Two clusters": TWO_CLUSTERS, "One Gaussian": ONE_GAUSSIAN}
MODEL = "A crystal model"


@st.cache_resource(max_entries=1, show_spinner=False)
def model_of(phase: str, sha256: str) -> VoxelModel:
    """A phase's diffusion model, read once."""
    return VoxelModel.load(f"crystal-{phase}", torch.device("cpu"))


def phase_chooser(key: str) -> str | None:
    """A phase whose model is here; None after saying what is missing."""
    here = installation()
    phases = [name for name in PHASES if f"crystal-{name}" in here.checkpoints]
    if not phases:
        st.warning(missing_sentence([f"crystal-{name}" for name in PHASES]), icon=":material/inventory_2:")
        return None
    options = [name.upper() for name in phases]
    chosen = st.segmented_control(
        "Model",
        options,
        default="BCC" if "BCC" in options else options[0],
        required=True,
        key=key,
        bind="query-params",
    )
    return str(chosen).lower()


def noised(phase: str, t: float, seed: int, model: VoxelModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Layers across z, in atoms a voxel: clean voxels, x_t, and what the network takes the clean ones to be."""
    grid = crystal_grid(phase, CELLS)
    a = grid.lengths[0] / CELLS
    r = (ideal_positions(phase, CELLS) + np.array(OFF_GRID)) * a
    x0 = encode(torch.tensor(r), grid).float()[:, None] / model.scale
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(seed))
    alpha, sigma = float(model.schedule.alpha(t)), float(model.schedule.sigma(t))
    x = alpha * x0 + sigma * eps
    with torch.inference_mode():
        guess = denoiser_of(model.unet, model.schedule, model.checkpoint.prediction, grid.periodic)(x, t)
    guess = (x - sigma * guess) / alpha
    clean, noisy, said = (array[0, 0, :, :, 0].numpy() * model.scale for array in (x0, x, guess))
    return clean, noisy, said


@st.fragment
def show_schedule() -> None:
    """Noise on real voxels."""
    st.markdown(
        "A diffusion model learns to **undo noise**. In training, clean voxels $x_0$ are mixed with noise "
        "$\\epsilon$, a "
        "little ($t$ near 0) or so much that nothing is left ($t = 1$), and a network learns to say what was "
        "underneath. "
        "To make a crystal, start from pure noise and let the network take it off, bit by bit."
    )
    controls, curves = st.columns([5, 6], gap="large")
    with controls:
        st.latex(r"x_t = \alpha(t)\, x_0 + \sigma(t)\, \epsilon,\qquad \epsilon \sim \mathcal{N}(0, 1)")
        t = float(st.slider("Time t", 0.001, 1.0, 0.4, 0.001, format="%.3f", key="time", bind="query-params"))
        seed = int(st.number_input("Seed of the noise", 0, 9999, 0, key="noise_seed", bind="query-params"))
        phase = phase_chooser("noise_phase")
        schedule = VPSchedule()
        with st.grid(3, min_column_width=80):
            st.metric("alpha", f"{float(schedule.alpha(t)):.4f}", help="How much of the data is left.")
            st.metric(
                "sigma",
                f"{float(schedule.sigma(t)):.4f}",
                help="How much noise there is; alpha² + sigma² = 1.",
            )
            st.metric(
                "lambda",
                f"{float(schedule.lambda_(t)):+.3f}",
                help="log(alpha / sigma): above 0 data, below 0 noise.",
            )
        st.latex(r"\ln\alpha = -\tfrac{t^2}{4}(\beta_1 - \beta_0) - \tfrac{t}{2}\beta_0")
        st.caption(
            "With $\\beta_0$ = 0.1 and $\\beta_1$ = 20: the variance-preserving schedule of the paper."
        )
    with curves:
        st.plotly_chart(
            schedule_figure(schedule, now=t), key="schedule", config=config("schedule", only_download=True),
            alt="alpha falls from 1 to 0, sigma rises from 0 to 1, lambda falls from 4.6 to -5",
        )  # fmt: skip
    if phase is None:
        return
    sha256 = installation().sha256(f"crystal-{phase}")
    model = model_of(phase, sha256)
    clean, noisy, said = noised(phase, t, seed, model)
    top = float(clean.max())
    shown = (
        ("Clean voxels $x_0$", clean, "clean", top),
        (f"Noisy voxels $x_t$ at t = {t:.3f}", noisy, "noisy", max(top, 2.5 * float(noisy.std()))),
        ("What the network sees in them", said, "said", top),
    )
    for column, (title, values, name, limit) in zip(st.columns(3, gap="medium"), shown, strict=True):
        with column:
            st.markdown(title, text_alignment="center")
            st.plotly_chart(
                cells_figure(values, top=limit), key=f"cells_{name}",
                config=config(f"{phase}-{name}", only_download=True), alt=f"{title}: one layer of {phase.upper()}",
            )  # fmt: skip
    st.caption(
        f"One layer of the {phase.upper()} crystal, orange above zero and blue below, the darker the farther from it; "
        "the last picture is one evaluation of the real network. "
        "Near t = 1 it sees nothing and answers with the average of all crystals it knows; as the noise goes, "
        "it settles on one."
    )
    show_python(
        "from gcd.generate import VoxelModel\nfrom pages.parts.how_it_works.diffusion import noised\nimport torch\n\n"
        f'model = VoxelModel.load("crystal-{phase}", torch.device("cpu"))\n'
        f'clean, noisy, said = noised("{phase}", t={t:g}, seed={seed}, model=model)'
    )


@st.cache_data(max_entries=4, show_spinner="Solving …")
def known_errors(problem: str) -> dict[int, list[tuple[int, float]]]:
    """Errors over evaluations and order on a problem of one number, over 256 starting points."""
    mixture, schedule = PROBLEMS[problem], VPSchedule()
    x = torch.randn(256, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return solver_errors(mixture.denoiser(schedule), x, mixture.solution(x, schedule), schedule, COUNTS)


@st.cache_data(max_entries=4, show_spinner=False)
def fine_path(problem: str) -> tuple[np.ndarray, np.ndarray]:
    """The paths of the drawn numbers, to the eye exact."""
    times, states = trajectories(
        PROBLEMS[problem].denoiser(VPSchedule()), _starts(), VPSchedule(), evaluations=180, order=3
    )
    return lambdas(times), states.numpy()


def lambdas(times: torch.Tensor) -> np.ndarray:
    """Half the log signal-to-noise ratio at these times."""
    return VPSchedule().lambda_(times).numpy()


def _starts() -> torch.Tensor:
    """Evenly filled Gaussian starting points."""
    return torch.distributions.Normal(0.0, 1.0).icdf((torch.arange(DRAWN, dtype=torch.float64) + 0.5) / DRAWN)


@st.fragment
def show_solver() -> None:
    """Fewer evaluations, higher orders."""
    st.markdown(
        "Taking the noise off is solving a differential equation from $t = 1$ to $0$. Each step asks the "
        "network, and that "
        "is what costs time. **DPM-Solver** takes long steps: of order 1 it asks once a step, of order 2 twice, "
        "of order 3 "
        "three times, and bends along with the path."
    )
    controls, picture = st.columns([5, 6], gap="large")
    with controls:
        problem = str(
            st.pills(
                "Problem", [*PROBLEMS, MODEL], default="Two clusters", required=True, key="problem",
                bind="query-params",
                help="Two clusters: numbers near -1 or 1, the smallest picture of a crystal's many equal sites. "
                "One Gaussian: the answer is known exactly.",
            )
        )  # fmt: skip
        order = int(
            st.segmented_control(
                "Order", [1, 2, 3], default=3, required=True, key="solver_order", bind="query-params"
            )
            or 3
        )
        nfe = int(st.select_slider("Evaluations (NFE)", COUNTS, 12, key="solver_nfe", bind="query-params"))
        st.latex(r"x_t = \tfrac{\alpha_t}{\alpha_s} x_s - \sigma_t\,(e^{h} - 1)\,\epsilon_\theta(x_s, s)")
        st.caption(
            "The step of order 1, $h = \\lambda_t - \\lambda_s$ long. Steps are equally long in lambda; the "
            "paper spends 60 evaluations of order 3."
        )
        if nfe % order:
            nfe = order * max(1, nfe // order)
            st.caption(f"Order {order} spends {order} evaluations a step: {nfe} are drawn.")
    errors: Any = None
    unit = ""
    if problem in PROBLEMS:
        mixture = PROBLEMS[problem]
        times, states = trajectories(
            mixture.denoiser(VPSchedule()), _starts(), VPSchedule(), evaluations=nfe, order=order
        )
        x = torch.linspace(-3, 3, 601, dtype=torch.float64)
        with picture:
            st.plotly_chart(
                trajectories_figure(
                    lambdas(times), states.numpy(), fine_path(problem), (x.numpy(), mixture.density(x).numpy())
                ),
                key="paths", config=config("paths", only_download=True),
                alt=f"{DRAWN} numbers on their way from noise to data with {nfe} evaluations of order {order}",
            )  # fmt: skip
        errors = known_errors(problem)
        st.caption(
            "Grey: the exact paths. Blue: the solver's, a dot a step. Orange: how the data are distributed. "
            "Here the best possible "
            "network is a formula, so that only the solver errs."
        )
    else:
        with picture:
            errors = _model_errors()
        unit = "atoms per voxel"
    if errors:
        st.markdown("**Error against evaluations**")
        st.plotly_chart(
            error_figure(errors, now=(order, nfe), unit=unit), key="errors",
            config=config("solver-error", only_download=True),
            alt="Error falls with the evaluations, faster for higher orders",
        )  # fmt: skip
        st.caption(
            "Both axes in decades: a straight line that falls n decades a decade belongs to a solver of order n. "
            "With very few evaluations the lower order wins, because long steps of high order overshoot."
        )
    show_python(_solver_python(problem, nfe, order))


def _model_errors() -> dict[int, list[tuple[int, float]]] | None:
    """The curves of a real model, computed as a job when asked for."""
    phase = phase_chooser("solver_phase")
    if phase is None:
        return None
    seed = int(st.number_input("Seed", 0, 9999, 0, key="solver_seed", bind="query-params"))
    evaluations = REFERENCE + sum(n for order in (1, 2, 3) for n in EVALUATIONS if n % order == 0)
    st.caption(
        f"A {CELLS}×{CELLS}×{CELLS} crystal from one array of noise, solved with each order and number of "
        "evaluations, against "
        f"{REFERENCE} evaluations of order 3: {evaluations} evaluations of the real network, about half a minute."
    )
    wanted = (phase, seed)
    job = work.current(SLOT)
    if st.button(
        "Compute",
        type="primary",
        icon=":material/calculate:",
        key="solve",
        disabled=bool(job and not job.ended),
    ):
        job = work.submit(SLOT, run_solver_errors, label=f"solver {phase}", phase=phase, seed=seed)
        st.session_state["solver_wanted"] = wanted
        if job:
            st.rerun()
    if job and not job.ended:
        work.watch(SLOT, _nothing)
        return None
    if job and work.show_end(job) and st.session_state.get("solver_wanted") == wanted:
        return job.result
    return None


def _nothing(_: Job) -> None:
    """The progress bar says it all."""


def _solver_python(problem: str, nfe: int, order: int) -> str:
    if problem == MODEL:
        phase = str(st.session_state.get("solver_phase") or "BCC").lower()
        seed = int(st.session_state.get("solver_seed") or 0)
        return (
            "from pages.parts.how_it_works.solver_run import run_solver_errors\n\n"
            f'errors = run_solver_errors(lambda *_: None, phase="{phase}", seed={seed})'
        )
    name = "TWO_CLUSTERS" if problem == "Two clusters" else "ONE_GAUSSIAN"
    return (
        f"import torch\nfrom gcd.diffusion.accuracy import {name}, solver_errors\n"
        "from gcd.diffusion.schedules import VPSchedule\n\n"
        "schedule = VPSchedule()\nx = torch.randn(256, generator=torch.Generator().manual_seed(0), "
        "dtype=torch.float64)\n"
        f"exact = {name}.solution(x, schedule)\n"
        f"print(solver_errors({name}.denoiser(schedule), x, exact, schedule, [{nfe}], orders=[{order}]))"
    )
