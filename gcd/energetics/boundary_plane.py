"""A bicrystal slab made ready to be relaxed: where its boundary is, which atoms are clamped, what counts for E_gb.

The boundary plane is found from the energies of the atoms, so any file will do: free surfaces or none, boundary off
centre, other thickness, atoms in any order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.energetics.disorder import centrosymmetry
from gcd.energetics.neighbours import neighbour_arrays
from gcd.energetics.orientation import Standing, stand_up
from gcd.energetics.potential import Potential, find_potential
from gcd.energetics.slab import Slab
from gcd.energetics.strain import NEAREST, Strain, measure_strain
from gcd.limits import is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

FREE = 20.0  # Å on either side of the plane in which atoms move freely; beyond, the grains are clamped
# What files of LAMMPS without elements are read as: types 1, 2, 3 ...
NAMELESS = {"X", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne"}
NO_BOUNDARY = "No boundary was found: between its ends the slab is a perfect crystal."
USUAL = "W"  # the metal of files that name none, in potentials of several
CLOSEST = 0.1  # Å; two atoms closer than that are a mistake, not a structure
CAP = 2.0  # eV: an atom's excess energy when looking for the plane, so that one overlap does not decide
DISORDER = 0.1  # eV that stand for 1 of centrosymmetry where a potential has no energies of atoms
FLAT = 1e-4  # eV; atoms of a slab without a boundary differ by less
DIFFERENT = 2e-3  # J/m2 by which the two boundaries of a pile differ, unrelaxed, if they are two


def nameless(atoms: Atoms, symbol: str) -> set[str]:
    """Symbols in the structure that only number LAMMPS's types; real hydrogen in a metal is not among them."""
    symbols = set(atoms.symbols)
    return symbols & NAMELESS if symbols <= NAMELESS | {symbol} and symbol not in symbols - {"X"} else {"X"}


def metal_of(atoms: Atoms, metal: str | None = None, potential: Any = None) -> str:
    """The metal asked for, else the structure's, else the potential's only one, else tungsten."""
    potential = find_potential(potential)
    named = set(atoms.symbols) - NAMELESS
    only = potential.elements[0] if len(potential.elements) == 1 else USUAL
    symbol: str = potential.check_element(metal or (named.pop() if len(named) == 1 else only))
    return symbol


def name_elements(atoms: Atoms, elements: Sequence[str]) -> Atoms:
    """A copy whose nameless types 1, 2, 3 ... are those elements; atoms as they are when the file names them.

    ValueError when there are more types than elements.
    """
    symbols = set(atoms.symbols)
    if not elements or not symbols <= NAMELESS:
        return atoms
    types = atoms.arrays.get("type", atoms.numbers)
    highest = int(max(types)) if len(atoms) else 0
    if highest > len(elements):
        raise ValueError(
            f"The file has atoms of type {highest}, but only {len(elements)} elements are named."
        )
    result = atoms.copy()
    result.symbols[:] = [elements[max(int(t), 1) - 1] for t in types]
    return result


def check_atoms(atoms: Atoms, symbol: str) -> None:
    """ValueError, in one sentence, unless these are atoms of that metal in a cell periodic in the plane."""
    if len(atoms) == 0:
        raise ValueError("The structure has no atoms.")
    if not np.isfinite(atoms.positions).all():
        raise ValueError("Some positions are not finite numbers.")
    if others := sorted(set(atoms.symbols) - {symbol} - nameless(atoms, symbol)):
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


def _boxed(atoms: Atoms, nearest: float) -> bool:
    """Whether the cell merely encloses the slab, as LAMMPS's data files do, and cannot be periodic in z.

    Then the lowest and the highest planes would lie on top of each other. A cell with its vacuum in the middle is
    periodic: its boundary lies at the edge, where atoms of an unrelaxed one may be as close.
    """
    if len(atoms) < 2 or not all(atoms.pbc) or not np.isfinite(atoms.positions).all():
        return False
    cell = atoms.cell.array
    if not cell[2].any() or np.ptp(atoms.positions[:, 2]) > cell[2, 2] + 0.1:
        return False
    if np.diff(np.sort(atoms.positions[:, 2])).max() > 1.5 * nearest:
        return False
    free = atoms.copy()
    free.pbc = (True, True, False)
    closest = minimum_distance(atoms)
    return closest < 0.7 * nearest and closest < 0.8 * minimum_distance(free)


def minimum_distance(atoms: Atoms) -> float:
    """Å between the two closest atoms, images included; inf when none are within 4 Å."""
    i, j, shift = neighbour_arrays(atoms.positions, atoms.cell.array, atoms.pbc, 4.0)
    vectors = atoms.positions[j] - atoms.positions[i] + shift
    return float(np.linalg.norm(vectors, axis=1).min(initial=np.inf))


def atomic_energies(
    positions: np.ndarray,
    cell: np.ndarray,
    metal: str,
    periodic_z: bool = False,
    potential: Potential | None = None,
) -> np.ndarray:
    """Energy of each atom (N,) in eV. ValueError when the potential knows only their sum."""
    from ase import Atoms

    potential = find_potential(potential)
    symbol = potential.check_element(metal)
    atoms = Atoms([symbol] * len(positions), positions, cell=cell, pbc=(True, True, periodic_z))
    (static,) = potential.statics([atoms])
    if static.energies is None:
        raise ValueError(f"The potential {potential.name} has no energies of atoms.")
    return static.energies


def _excess_of(atoms: Atoms, symbol: str, potential: Potential) -> np.ndarray:
    """(N,) eV above the crystal; where the potential has no energies of atoms, what their disorder stands for."""
    from ase import Atoms

    crystal = potential.crystal(symbol)
    named = Atoms([symbol] * len(atoms), atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    if getattr(potential, "per_atom", True):
        (static,) = potential.statics([named])
        if static.energies is not None:
            return static.energies - crystal.cohesive_energy
    nearest = NEAREST[crystal.phase] * crystal.lattice_constant
    return DISORDER * centrosymmetry(
        named.positions, named.cell.array, tuple(named.pbc), crystal.phase, nearest
    )


def make_slab(
    atoms: Atoms,
    metal: str = "W",
    *,
    plane: float | None = None,
    free: float = FREE,
    potential: Any = None,
    rescale: bool = False,
) -> Slab:
    """The slab in ``atoms``, with its boundary plane found unless ``plane`` gives its z in Å.

    A file that is periodic across its boundary is opened in its vacuum; without vacuum, half way between the boundary
    and its image. A boundary across x or y, and a cell turned in space, are stood up; ``turn`` and ``axis`` of the slab
    say how it lay. ``rescale`` takes off what strain the grains have. Raises ValueError in one sentence when the atoms
    are no slab of that metal.
    """
    potential = find_potential(potential)
    symbol = potential.check_element(metal)
    crystal = potential.crystal(symbol)
    if plane is not None and not is_finite(plane):
        raise ValueError(f"The plane must be a finite number of Å, not {plane!r}.")
    standing = _stand(atoms, symbol, potential)
    atoms = standing.atoms
    if _boxed(atoms, NEAREST.get(crystal.phase, 1.0) * crystal.lattice_constant):
        atoms = atoms.copy()
        atoms.pbc = (True, True, False)
    check_atoms(atoms, symbol)
    words = list(standing.words)
    if rescale and (strain := _strain(atoms, symbol, potential)) is not None:
        relief = strain.undone()
        atoms = atoms.copy()
        atoms.set_cell(atoms.cell.array @ relief, scale_atoms=False)
        atoms.positions = atoms.positions @ relief
        plane = None if plane is None else plane * relief[2, 2]
        if strain.worth_telling:
            words.append(_strain_word(strain, symbol, "was taken off"))
    if plane is not None and atoms.pbc[2]:
        _check_plane(plane, *_span(atoms))
    whole = atoms.pbc[2] and plane is None and np.ptp(_excess_of(atoms, symbol, potential)) < FLAT
    positions, other = open_slab(atoms, symbol, plane, potential)
    cell = atoms.cell.array.copy()
    z = positions[:, 2]
    low, high = z.min(), z.max()
    if high - low < (least := crystal.lattice_constant):
        raise ValueError(
            f"The slab is only {high - low:.2f} Å thick: two grains of {symbol} are at least {least:.2f} Å."
        )
    cell[2] = (0.0, 0.0, max(float(np.linalg.norm(cell[2])), high - low))
    opened = atoms.copy()
    opened.positions, opened.cell, opened.pbc = positions, cell, (True, True, False)
    excess = _excess_of(opened, symbol, potential) if plane is None else None
    if plane is None:
        assert excess is not None
        if whole or _flat(z, excess, crystal.cutoff):
            words.append(NO_BOUNDARY)
        plane = locate_plane(z, excess, crystal.cutoff)
    _check_plane(plane, low, high)
    if not rescale and (strain := _strain(opened, symbol, potential)) is not None and strain.worth_telling:
        words.append(
            _strain_word(strain, symbol, "adds to E_gb") + " Rescale the slab (--rescale) to take it off."
        )
    return Slab(
        positions=positions,
        cell=cell,
        metal=symbol,
        plane=plane,
        lower=z < plane - _free_width(plane - low, free, crystal.cutoff),
        upper=z > plane + _free_width(high - plane, free, crystal.cutoff),
        turn=standing.turn,
        axis=standing.axis,
        words=tuple(words),
        other=other,
    )


def turned_about(slab: Slab, atoms: Atoms, potential: Any = None) -> Slab:
    """The slab of a pile's other boundary, cut at the first; ``atoms`` are those that ``slab`` was made of."""
    potential = find_potential(potential)
    standing = _stand(atoms, slab.metal, potential)
    assert slab.other is not None
    plane = max(slab.other, 1e-3)  # inside the cell, and not on its edge
    return replace(make_slab(standing.atoms, slab.metal, plane=plane, potential=potential), words=())


def _stand(atoms: Atoms, symbol: str, potential: Potential) -> Standing:
    def excess(of: Atoms) -> np.ndarray:
        if minimum_distance(of) < CLOSEST:
            raise ValueError("Two atoms are on top of each other.")
        return np.clip(_excess_of(of, symbol, potential), -CAP, CAP)

    return stand_up(atoms, 0.8 * potential.lattice_constant(symbol), excess)


def _strain(atoms: Atoms, symbol: str, potential: Potential) -> Strain | None:
    everywhere = np.ones(len(atoms), dtype=bool)
    return measure_strain(
        atoms.positions, atoms.cell.array, tuple(atoms.pbc), everywhere, potential.crystal(symbol)
    )


def _strain_word(strain: Strain, symbol: str, what: str) -> str:
    low, high = 100 * strain.in_plane
    return (
        f"In the plane the grains are strained by {low:+.2f} and {high:+.2f} % against the potential's crystal of "
        f"{symbol}, which {what}."
    )


def _flat(z: np.ndarray, excess: np.ndarray, cutoff: float) -> bool:
    """Whether all atoms away from the ends have the same energy."""
    low, high = z.min(), z.max()
    margin = min(1.4 * cutoff, 0.4 * (high - low))
    inner = excess[(z > low + margin) & (z < high - margin)]
    return len(inner) > 1 and float(np.abs(inner - np.median(inner)).max()) < FLAT


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


def locate_plane(z: np.ndarray, excess: np.ndarray, cutoff: float) -> float:
    """Centroid in Å of the energy above the crystal's around its densest 6 Å, away from the ends of the slab.

    ``z`` (N,) in Å, ``excess`` (N,) in eV, ``cutoff`` in Å; the middle of the slab when there is nothing but a crystal.
    """
    low, high = z.min(), z.max()
    margin = min(cutoff + 2.0, 0.3 * (high - low))
    inner = (z > low + margin) & (z < high - margin)
    # The energy of a strain that is the same everywhere says nothing.
    even = float(np.quantile(excess[inner], 0.2)) if inner.any() else 0.0
    weight = np.where(inner, np.clip(excess - (even if 0.001 < even < 0.1 else 0.0), 0.0, CAP), 0.0)
    if weight.sum() < 0.05:  # eV
        return float(0.5 * (low + high))
    centres = np.arange(low + margin, high - margin + 0.25, 0.25)
    inside = np.abs(z[None, :] - centres[:, None]) < 3.0
    peak = centres[np.argmax(inside @ weight)]
    near = np.abs(z - peak) < 5.0
    return float(np.average(z[near], weights=weight[near]))


def open_slab(
    atoms: Atoms, metal: str, plane: float | None = None, potential: Potential | None = None
) -> tuple[np.ndarray, float | None]:
    """Positions (N, 3) with z unwrapped, so that the ends of the slab are the ends of z.

    A file that is not periodic in z is left alone. One that is, is cut in the middle of its vacuum; a periodic pile of
    two grains, which holds two boundaries, is cut at the boundary that lies further from the middle of the cell (or
    from ``plane``). With them comes that boundary's z in Å where it costs another energy, else None.
    """
    potential = find_potential(potential)
    positions = np.array(atoms.positions, dtype=float)
    if not atoms.pbc[2]:
        return positions, None
    height = float(atoms.cell.array[2, 2])
    z = np.mod(positions[:, 2], height)
    order = np.sort(z)
    gaps = np.diff(np.append(order, order[0] + height))
    widest = int(np.argmax(gaps))
    other = None
    if gaps[widest] > 0.8 * potential.lattice_constant(metal):
        cut = order[widest] + 0.5 * gaps[widest]
    else:
        excess = _excess_of(atoms, metal, potential)
        cut, other = _far_boundary(z, np.clip(excess, 0.0, CAP), height, plane)
        if other is not None and not _unequal(z, excess, height, other, plane, atoms):
            other = None
    lifted = np.where(z < np.mod(cut, height), z + height, z)
    # Of all the places it could have, the one nearest to where the file has its atoms, or the plane given.
    aim, middle = (np.median(positions[:, 2]), np.median(lifted)) if plane is None else (plane, lifted.mean())
    positions[:, 2] = lifted + np.round((aim - middle) / height) * height
    return positions, other


def _unequal(
    z: np.ndarray, excess: np.ndarray, height: float, other: float, plane: float | None, atoms: Atoms
) -> bool:
    """Whether the two boundaries of a pile differ in energy; asked only where no plane was given."""
    if plane is not None:
        return False
    near = np.abs(_periodic(z - other, height)) < 0.25 * height
    energy = excess - np.median(excess)
    area = float(np.linalg.norm(np.cross(atoms.cell.array[0], atoms.cell.array[1])))
    return abs(energy[near].sum() - energy[~near].sum()) * 16.02177 / area > DIFFERENT


def _far_boundary(
    z: np.ndarray, excess: np.ndarray, height: float, plane: float | None
) -> tuple[float, float | None]:
    """Where to cut a pile without vacuum: at its other boundary, else half a period away, between planes of atoms.

    With it, where that other boundary is, if there is one.
    """
    centres = np.arange(0.0, height, 0.25)
    profile = (np.abs(_periodic(z[None, :] - centres[:, None], height)) < 2.0) @ excess
    if plane is None:
        peaks = centres[profile > 0.1 * max(float(profile.max()), 1.0)]
        plane = peaks[np.argmin(np.abs(peaks - 0.5 * height))] if len(peaks) else 0.5 * height
    others = np.abs(_periodic(centres - plane, height)) > min(10.0, 0.25 * height)
    other = centres[others][np.argmax(profile[others])]
    found: float | None = float(other)
    if profile[others].max() < 0.1 * profile.max():
        other, found = plane + 0.5 * height, None
    steps = np.sort(_periodic(z - other, height))
    steps = steps[np.abs(steps) < 4.0]
    if len(steps) < 2:
        return float(other), found
    middles = 0.5 * (steps[1:] + steps[:-1])
    widest = int(np.argmax(np.diff(steps) - 0.02 * np.abs(middles)))  # of equal ones the nearest
    return float(other + middles[widest]), found


def _periodic(distance: np.ndarray, height: float) -> np.ndarray:
    """The distance to the nearest image."""
    return (distance + 0.5 * height) % height - 0.5 * height
