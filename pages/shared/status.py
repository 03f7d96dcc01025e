"""What this installation has and lacks: device, checkpoints, versions. Cheap enough for every page."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import streamlit as st

from gcd import __version__
from gcd.checkpoints import CARD, Checkpoint, available, checkpoint_folder
from gcd.devices import describe, resolve_device
from gcd.structures.crystals import PHASES
from gcd.views.curves import loss_figure
from gcd.views.style import config
from pages.viewers.atoms import static_library

DECODER = "decoder"
NAMED_PACKAGES = ("torch", "numpy", "ase", "freud-analysis", "streamlit", "plotly")


@dataclass(frozen=True)
class Installation:
    """The state of this installation at a glance."""

    device: str
    checkpoints: dict[str, Checkpoint]  # by name
    versions: dict[str, str]
    local_viewer: bool

    def sha256(self, name: str) -> str:
        """Of a checkpoint's weights; "unknown" where it is not here any more."""
        return self.checkpoints[name].sha256 if name in self.checkpoints else "unknown"

    @property
    def phases(self) -> list[str]:
        """Phases that can be generated here."""
        if DECODER not in self.checkpoints:
            return []
        return [phase for phase in PHASES if f"crystal-{phase}" in self.checkpoints]

    @property
    def missing(self) -> list[str]:
        """Checkpoints that the pages need and that are not here."""
        wanted = [DECODER, *(f"crystal-{phase}" for phase in PHASES)]
        return [name for name in wanted if name not in self.checkpoints]


@st.cache_data(ttl="20s", max_entries=1, show_spinner=False)
def installation() -> Installation:
    """Look at this installation; a checkpoint that arrives shows within seconds."""
    return Installation(
        device=describe(resolve_device("auto")),
        checkpoints=available(),
        versions=versions(),
        local_viewer=static_library().is_file(),
    )


def versions() -> dict[str, str]:
    """Versions that decide what comes out."""
    found = {"gcd": __version__, "python": platform.python_version()}
    for name in NAMED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def missing_sentence(names: list[str]) -> str:
    """One sentence for checkpoints that are not here."""
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb, noun = ("is", "checkpoint") if len(names) == 1 else ("are", "checkpoints")
    return (
        f"The {noun} {listed} {verb} missing: put {'it' if len(names) == 1 else 'them'} under `checkpoints/`."
    )


def show_in_sidebar() -> None:
    """Device and checkpoints, small."""
    here = installation()
    st.caption(f":material/memory: {here.device}")
    badges = [f":green-badge[:material/check: {name}]" for name in here.checkpoints]
    badges += [f":orange-badge[:material/block: {name}]" for name in here.missing]
    st.markdown(" ".join(badges))
    waiting = sum(not job.ended for job in _jobs())
    if waiting:
        st.caption(
            f":material/hourglass_top: {waiting} {'job' if waiting == 1 else 'jobs'} waiting or running"
        )


def show_details() -> None:
    """Device, checkpoints with what their cards say, versions, and what is missing."""
    here = installation()
    if here.missing:
        st.warning(missing_sentence(here.missing), icon=":material/inventory_2:")
    rows = [
        {
            "checkpoint": name,
            "of": checkpoint.subject,
            "training steps": checkpoint.steps,
            "sha256": checkpoint.sha256[:12],
        }
        for name, checkpoint in here.checkpoints.items()
    ]
    device, packages = st.columns(2, gap="large")
    with device:
        st.markdown(f"**Device**  \n{here.device}")
        viewer = "brought along, works without internet" if here.local_viewer else "loaded from its CDN"
        st.markdown(f"**3D viewer**  \n3Dmol.js, {viewer}")
    with packages:
        text = ", ".join(f"{name}\N{NO-BREAK SPACE}{number}" for name, number in here.versions.items())
        st.markdown(f"**Versions**  \n{text}")
    if rows:
        st.dataframe(rows, hide_index=True, alt="Checkpoints of this installation")
        cards = st.expander(
            "Model cards: how each was trained, and how good it is", on_change="rerun", key="cards"
        )
        if cards.open:
            with cards:
                name = st.selectbox("Model", list(here.checkpoints), key="card")
                _show_card(str(name))


def _show_card(name: str) -> None:
    """A model's card, and the curve of its loss where there is one."""
    folder = checkpoint_folder(name)
    card, log = folder / CARD, folder / "loss.csv"
    if card.is_file():
        st.markdown(_without_images(card.read_text(encoding="utf-8")))
    if log.is_file():
        columns = np.genfromtxt(log, delimiter=",", names=True, ndmin=1)
        curves = {
            label: columns[label] for label in ("loss", "validation") if label in (columns.dtype.names or ())
        }
        figure = loss_figure(
            {label: (columns["step"], values) for label, values in curves.items()}, height=280
        )
        st.plotly_chart(figure, key="loss", config=config(f"{name}-loss"), alt=f"Training loss of {name}")


def _without_images(card: str) -> str:
    """A card's text with headings a size smaller; its pictures lie beside it on disk, out of a browser's reach."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", card)
    return re.sub(r"^#", "####", text, flags=re.MULTILINE)


def _jobs() -> list[Any]:
    from pages.shared.work import jobs

    return jobs()
