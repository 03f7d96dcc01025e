"""The reproduce box: the command, the Python, the seed, the versions and the weights that give the same result."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import streamlit as st

from pages.parts.crystal_run import CrystalRun, CrystalSettings
from pages.parts.status import installation


@dataclass(frozen=True)
class Recipe:
    """What a reader needs to make the same again."""

    command: str
    python: str
    facts: dict[str, str]


def crystal_recipe(
    settings: CrystalSettings, device: str, checkpoint_sha256: str, versions: dict[str, str]
) -> Recipe:
    """The recipe of a run on the Crystals page."""
    words = [
        "gcd", "sample", "crystal", "--phase", settings.phase, "--element", settings.element,
        "--lattice-constant", f"{settings.lattice_constant:g}", "--size", *map(str, settings.size),
        "--count", str(settings.count), "--seed", str(settings.seed), "--nfe", str(settings.evaluations),
        "--order", str(settings.order), "--device", device, "--out", f"{settings.stem}",
    ]  # fmt: skip
    python = (
        "import gcd\n\ncrystals = gcd.generate_crystals(\n"
        f'    "{settings.phase}",\n    element="{settings.element}",\n'
        f"    lattice_constant={settings.lattice_constant:g},\n    size={settings.size},\n"
        f"    count={settings.count},\n    seed={settings.seed},\n    evaluations={settings.evaluations},\n"
        f'    order={settings.order},\n    device="{device}",\n)'
    )
    facts = {
        "seed": str(settings.seed),
        "device": device,
        "weights": f"crystal-{settings.phase}, sha256 {checkpoint_sha256[:16]}",
    } | versions
    return Recipe(shlex.join(words), python, facts)


def continued(command: str, width: int = 32) -> str:
    """A long command over several lines, each but the last with a backslash, broken between its options only.

    A browser would break it at any hyphen, and so in the middle of ``--option``.
    """
    first, *options = command.split(" --")
    lines = [first]
    for option in options:
        if len(lines[-1]) + len(option) + 3 <= width:
            lines[-1] += f" --{option}"
        else:
            lines.append(f"  --{option}")
    return " \\\n".join(lines)


def recipe_of(run: CrystalRun) -> Recipe:
    """The recipe of a finished run on this installation."""
    here = installation()
    config = here.checkpoints.get(f"crystal-{run.settings.phase}", {})
    return crystal_recipe(run.settings, run.device, str(config.get("sha256", "unknown")), here.versions)


def show_recipe(run: CrystalRun) -> None:
    """The box itself."""
    recipe = recipe_of(run)
    with st.container(border=True):
        st.markdown("**Reproduce**")
        st.code(continued(recipe.command), language="bash", wrap_lines=True)
        st.code(recipe.python, language="python", wrap_lines=True)
        st.caption(" · ".join(f"{name} {value}" for name, value in recipe.facts.items()))
        st.caption(
            "The same seed on the same kind of device gives the same structure; the address bar holds this page."
        )


def show_python(python: str, *, command: str = "", note: str = "") -> None:
    """The box for what a page computes at once: Python, a command where there is one, and versions."""
    with st.container(border=True):
        st.markdown("**Reproduce**")
        if command:
            st.code(command, language="bash", wrap_lines=True)
        st.code(python, language="python", wrap_lines=True)
        st.caption(" · ".join(f"{name} {value}" for name, value in installation().versions.items()))
        st.caption(note or "The address bar holds this page with every control.")
