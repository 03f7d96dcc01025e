"""The potential as a file for LAMMPS (``pair_style eam/alloy``), fine enough to agree with the analytic one.

LAMMPS draws cubic splines through the tables. 10,000 points an axis keep the two within 1e-7 eV an atom, and the file
is read in hundredths of a second.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch

from gcd.energetics.zhou2004 import Zhou2004, check_metal, lattice_constant

POINTS = 10_000  # of each table
# F's table reaches 8 rho_e, the density where atoms sit at about 60 % of their distance; LAMMPS goes on linearly.
HIGHEST_DENSITY = 8.0


def eam_alloy(metal: str) -> str:
    """The text of the file: header, then F(rho), f(r) and r phi(r) on even grids from 0."""
    potential = Zhou2004(metal)
    entry = potential.metal
    d_rho = HIGHEST_DENSITY * entry.p["rho_e"] / (POINTS - 1)
    # The last point lies on the cut-off, where everything is zero.
    d_r = potential.cutoff / (POINTS - 1)
    rho = d_rho * torch.arange(POINTS, dtype=torch.float64)
    r = d_r * torch.arange(POINTS, dtype=torch.float64)
    phi, f = potential.pair_and_density(r)
    head = [
        f"{entry.symbol}: Zhou, Johnson and Wadley, Phys. Rev. B 69, 144113 (2004)",
        "written by gcd from the analytic functions",
        f"units metal; cut-off {potential.cutoff:.6f} A",
        f"1 {entry.symbol}",
        f"{POINTS} {d_rho:.16e} {POINTS} {d_r:.16e} {potential.cutoff:.16e}",
        f"{entry.number} {entry.mass} {lattice_constant(entry.symbol):.6f} {entry.structure}",
    ]
    columns = torch.cat([potential.embedding(rho), f, r * phi]).numpy().reshape(-1, 5)
    return "\n".join([*head, *(" ".join(f"{v:.16e}" for v in row) for row in columns)]) + "\n"


def write_eam_alloy(metal: str, path: str | os.PathLike[str]) -> Path:
    """Write :func:`eam_alloy` to ``path``, first under a temporary name, so that it is there whole or not at all."""
    path = Path(path)
    text = eam_alloy(metal)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
    return path


_written: dict[str, tuple[tempfile.TemporaryDirectory[str], Path]] = {}


def eam_alloy_file(metal: str) -> Path:
    """The file in a temporary folder of this process, written when first asked for and removed at the end."""
    symbol = check_metal(metal).symbol
    if symbol not in _written:
        folder = tempfile.TemporaryDirectory(prefix="gcd-eam-")
        _written[symbol] = folder, write_eam_alloy(symbol, Path(folder.name) / f"{symbol}.eam.alloy")
    return _written[symbol][1]
