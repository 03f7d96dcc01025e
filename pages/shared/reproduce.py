"""The reproduce box: the command, the Python, the seed, the versions and the weights that give the same result."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from gcd.requests import Request
from pages.shared.status import installation


@dataclass(frozen=True)
class Recipe:
    """What a reader needs to make the same again."""

    command: str
    python: str
    facts: dict[str, str]


def recipe_for(request: Request, device: str, weights: str) -> Recipe:
    """The recipe of a request that ran on that device with the checkpoint of that name."""
    here = installation()
    place: dict[str, Any] = {"device": device} if any(f.name == "device" for f in fields(request)) else {}
    exact = replace(request, **place)
    sha256 = here.sha256(weights)
    facts = {
        "seed": str(getattr(request, "seed", "none")),
        "device": device,
        "weights": f"{weights}, sha256 {sha256[:16]}",
    }
    return Recipe(exact.command(), exact.python(), facts | here.versions)


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


def show_recipe(recipe: Recipe) -> None:
    """The box itself."""
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
