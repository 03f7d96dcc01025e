"""A bicrystal slab made ready to be relaxed: where its boundary is, which atoms are clamped, what counts for E_gb.

The boundary plane is found from the energies of the atoms, so any file will do: free surfaces or none, boundary off
centre, other thickness, atoms in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from gcd.energetics.neighbours import neighbour_arrays, neighbour_pairs
from gcd.energetics.slab import Slab
from gcd.energetics.zhou2004 import METALS, Zhou2004, check_metal, cohesive_energy, lattice_constant
from gcd.limits import is_finite

if TYPE_CHECKING:
    from ase import Atoms

FREE = 20.0  # Å on either side of the plane in which atoms move freely; beyond, the grains are clamped
NAMELESS = {"X", "H", "He"}  # what files of LAMMPS without elements are read as: types 1 and 2
CLOSEST = 0.1  # Å; two atoms closer than that are a mistake, not a structure
CAP = 2.0  # eV: an atom's excess energy when looking for the plane, so that one overlap does not decide


def check_atoms(atoms: Atoms, symbol: str) -> None:
    """ValueError, in one sentence, unless these are atoms of that metal in a cell periodic in the plane."""
    if len(atoms) == 0:
        raise ValueError("The structure has no atoms.")
    if not np.isfinite(atoms.positions).all():
        raise ValueError("Some positions are not finite numbers.")
    if others := sorted(set(atoms.symbols) - {symbol} - NAMELESS):
        raise ValueError(f"The structure holds {', '.join(others)}, but the metal chosen is {symbol}.")
    if not all(atoms.pbc[:2]):
        raise ValueError("The cell must be periodic in x and y, the directions of the boundary.")
    a, b, c = atoms.cell.array
    if abs(a[2]) + abs(b[2]) > 1e-3 or np.linalg.norm(np.cross(a, b)) < 1.0:
        raise ValueError("The cell's first two vectors must lie in the xy plane, the plane of the boundary.")
    if atoms.pbc[2] and np.hypot(c[0], c[1]) > 1e-3:
        raise ValueError("The cell's third vector must point along z, across the boundary.")
    if (distance := minimum_distance(atoms)) < CLOSEST:
        raise ValueError(f"Two atoms are only {distance:.2g} Å apart.")


def _boxed(atoms: Atoms, metal: str) -> bool:
    """Whether the cell merely encloses the slab, as LAMMPS's data files do, and cannot be periodic in z.

    Then the lowest and the highest planes would lie on top of each other.
    """
    if len(atoms) < 2 or not all(atoms.pbc) or not np.isfinite(atoms.positions).all():
        return False
    cell = atoms.cell.array
    if not cell[2].any() or np.ptp(atoms.positions[:, 2]) > cell[2, 2] + 0.1:
        return False
    free = atoms.copy()
    free.pbc = (True, True, False)
    closest = minimum_distance(atoms)
    return closest < 0.7 * METALS[metal].p["re"] and closest < 0.8 * minimum_distance(free)


def minimum_distance(atoms: Atoms) -> float:
    """Å between the two closest atoms, images included; inf when none are within 4 Å."""
    i, j, shift = neighbour_arrays(atoms.positions, atoms.cell.array, atoms.pbc, 4.0)
    vectors = atoms.positions[j] - atoms.positions[i] + shift
    return float(np.linalg.norm(vectors, axis=1).min(initial=np.inf))


def atomic_energies(
    positions: np.ndarray, cell: np.ndarray, metal: str, periodic_z: bool = False
) -> np.ndarray:
    """Energy of each atom (N,) in eV."""
    from ase import Atoms

    potential = Zhou2004(metal)
    atoms = Atoms(np.zeros(len(positions)), positions, cell=cell, pbc=(True, True, periodic_z))
    x, pairs = neighbour_pairs(atoms, potential.cutoff)
    with torch.no_grad():
        return potential.atomic_energies(x, pairs).numpy()


def make_slab(atoms: Atoms, metal: str = "W", *, plane: float | None = None, free: float = FREE) -> Slab:
    """The slab in ``atoms``, with its boundary plane found unless ``plane`` gives its z in Å.

    A file that is periodic in z is opened in its vacuum; without vacuum, half way between the boundary and its image.
    Raises ValueError in one sentence when the atoms are no slab of that metal.
    """
    symbol = check_metal(metal).symbol
    if plane is not None and not is_finite(plane):
        raise ValueError(f"The plane must be a finite number of Å, not {plane!r}.")
    if _boxed(atoms, symbol):
        atoms = atoms.copy()
        atoms.pbc = (True, True, False)
    check_atoms(atoms, symbol)
    if plane is not None and atoms.pbc[2]:
        _check_plane(plane, *_span(atoms))
    positions = open_slab(atoms, symbol, plane)
    cell = atoms.cell.array.copy()
    z = positions[:, 2]
    low, high = z.min(), z.max()
    if high - low < (least := lattice_constant(symbol)):
        raise ValueError(
            f"The slab is only {high - low:.2f} Å thick: two grains of {symbol} are at least {least:.2f} Å."
        )
    cell[2] = (0.0, 0.0, max(float(np.linalg.norm(cell[2])), high - low))
    if plane is None:
        plane = locate_plane(z, atomic_energies(positions, cell, symbol), symbol)
    _check_plane(plane, low, high)
    cutoff = METALS[symbol].cutoff
    return Slab(
        positions=positions,
        cell=cell,
        metal=symbol,
        plane=plane,
        lower=z < plane - _free_width(plane - low, free, cutoff),
        upper=z > plane + _free_width(high - plane, free, cutoff),
    )


def _check_plane(plane: float, low: float, high: float) -> None:
    if not low < plane < high:
        raise ValueError(
            f"The plane z = {plane:g} Å lies outside the slab, which goes from {low:.2f} to {high:.2f} Å."
        )


def _span(atoms: Atoms) -> tuple[float, float]:
    """Å from the lowest to the highest point of a cell periodic in z and of its atoms."""
    z, height = atoms.positions[:, 2], float(atoms.cell.array[2, 2])
    return min(0.0, height, float(z.min())), max(0.0, height, float(z.max()))


def _free_width(thickness: float, free: float, cutoff: float) -> float:
    """Å of a grain of that thickness that move freely: the clamped end is as thick as the cut-off where it can be."""
    return min(free, max(thickness - cutoff, 0.5 * thickness))


def find_boundary_plane(atoms: Atoms, metal: str = "W") -> float:
    """The boundary plane's z in Å: where the atoms' energy above that of the crystal is concentrated.

    Free surfaces are left out; a perfect crystal gives the middle of the slab.
    """
    return make_slab(atoms, metal).plane


def _excess(energies: np.ndarray, metal: str) -> np.ndarray:
    return np.clip(energies - cohesive_energy(metal), 0.0, CAP)


def locate_plane(z: np.ndarray, energies: np.ndarray, metal: str) -> float:
    """Centroid in Å of the energy above E_coh around its densest 6 Å, away from the ends of the slab.

    ``z`` (N,) in Å and ``energies`` (N,) in eV; the middle of the slab when there is nothing but a perfect crystal.
    """
    low, high = z.min(), z.max()
    margin = min(METALS[metal].cutoff + 2.0, 0.3 * (high - low))
    inner = (z > low + margin) & (z < high - margin)
    weight = np.where(inner, _excess(energies, metal), 0.0)
    if weight.sum() < 0.05:  # eV
        return float(0.5 * (low + high))
    centres = np.arange(low + margin, high - margin + 0.25, 0.25)
    inside = np.abs(z[None, :] - centres[:, None]) < 3.0
    peak = centres[np.argmax(inside @ weight)]
    near = np.abs(z - peak) < 5.0
    return float(np.average(z[near], weights=weight[near]))


def open_slab(atoms: Atoms, metal: str, plane: float | None = None) -> np.ndarray:
    """Positions (N, 3) with z unwrapped, so that the ends of the slab are the ends of z.

    A file that is not periodic in z is left alone. One that is, is cut in the middle of its vacuum; a periodic pile of
    two grains, which holds two boundaries, is cut at the boundary that lies further from the middle of the cell (or
    from ``plane``).
    """
    positions = np.array(atoms.positions, dtype=float)
    if not atoms.pbc[2]:
        return positions
    height = float(atoms.cell.array[2, 2])
    z = np.mod(positions[:, 2], height)
    order = np.sort(z)
    gaps = np.diff(np.append(order, order[0] + height))
    widest = int(np.argmax(gaps))
    if gaps[widest] > 0.8 * lattice_constant(metal):
        cut = order[widest] + 0.5 * gaps[widest]
    else:
        energies = atomic_energies(positions, atoms.cell.array, metal, periodic_z=True)
        cut = _far_boundary(z, _excess(energies, metal), height, plane)
    lifted = np.where(z < np.mod(cut, height), z + height, z)
    # Of all the places it could have, the one nearest to where the file has its atoms, or the plane given.
    aim, middle = (np.median(positions[:, 2]), np.median(lifted)) if plane is None else (plane, lifted.mean())
    positions[:, 2] = lifted + np.round((aim - middle) / height) * height
    return positions


def _far_boundary(z: np.ndarray, excess: np.ndarray, height: float, plane: float | None) -> float:
    """Where to cut a pile without vacuum: at its other boundary, else half a period away, between planes of atoms."""
    centres = np.arange(0.0, height, 0.25)
    profile = (np.abs(_periodic(z[None, :] - centres[:, None], height)) < 2.0) @ excess
    if plane is None:
        peaks = centres[profile > 0.1 * max(float(profile.max()), 1.0)]
        plane = peaks[np.argmin(np.abs(peaks - 0.5 * height))] if len(peaks) else 0.5 * height
    others = np.abs(_periodic(centres - plane, height)) > min(10.0, 0.25 * height)
    other = centres[others][np.argmax(profile[others])]
    if profile[others].max() < 0.1 * profile.max():
        other = plane + 0.5 * height
    steps = np.sort(_periodic(z - other, height))
    steps = steps[np.abs(steps) < 4.0]
    if len(steps) < 2:
        return float(other)
    middles = 0.5 * (steps[1:] + steps[:-1])
    widest = int(np.argmax(np.diff(steps) - 0.02 * np.abs(middles)))  # of equal ones the nearest
    return float(other + middles[widest])


def _periodic(distance: np.ndarray, height: float) -> np.ndarray:
    """The distance to the nearest image."""
    return (distance + 0.5 * height) % height - 0.5 * height
