"""Reading CIF: gemmi parses the text; here its words become atoms, and what is ambiguous is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gcd.limits import MAX_ATOMS
from gcd.structures.amounts import Amount
from gcd.structures.cif_sites import Sites, formula_counts, number_of, read_sites
from gcd.structures.cif_symmetry import Symmetry, symmetries
from gcd.structures.cif_text import blocks
from gcd.structures.coincidence import check_crowd, near_pairs
from gcd.structures.elements import named

if TYPE_CHECKING:
    from ase import Atoms

SAME_SITE = 0.4  # Å between images of one site that are one atom
ROUNDING = 0.06  # Å by which rounded coordinates miss a special position; nearer images are averaged
ALTERNATIVE = 0.9  # Å between partly filled sites of which one at a time is filled
HYDROGEN = 0.6  # Å, the same where one is hydrogen, which X-rays see 0.8 away from oxygen
NUMBER_OF_ATOMS = "_gcd_number_of_atoms"  # in files that are written here: one that breaks off is known by it
PERIODIC_AXES = "_gcd_periodic_axes"


def read_cif(text: str, say: Callable[[str], None]) -> list[Atoms]:
    """All structures of a CIF, with the whole cell filled by symmetry and positions in [0, 1) of it.

    Where several elements share a site, the one with the largest occupancy is taken, and said; so is all else that
    the file leaves open.

    Raises:
        ValueError: text that is no CIF, or a block with atom sites that are no structure.
    """
    found: list[Atoms] = []
    failed: list[tuple[str, ValueError]] = []
    amount = Amount()
    for name, tags in blocks(text, say):
        if not any(tag.startswith(("_atom_site_fract_", "_atom_site_cartn_")) for tag in tags):
            continue
        amount.add(len(next(tags[tag] for tag in tags if tag.startswith("_atom_site_"))))
        try:
            found.append(_structure(tags, say, ended=text.endswith(("\n", "\r"))))
        except ValueError as error:
            failed.append((name, error))
    if failed and not found:
        raise failed[0][1]
    for name, reason in failed:
        say(f"the block {name[:30]!r} is left out: {reason}")
    return found


def _structure(tags: dict[str, list[str]], say: Callable[[str], None], *, ended: bool) -> Atoms:
    from ase import Atoms

    cell = _cell(tags)
    sites = read_sites(tags, cell, say)
    if not len(sites.symbols):
        raise ValueError("none of its atom sites holds an atom whose place is known")
    choices = symmetries(tags, cell, say)
    filled = [_filled(sites, symmetry, cell) for symmetry in choices]
    chosen = 0
    if len(filled) > 1:
        chosen = _likelier(filled, sites, choices, tags, say)
    fractional, rows = filled[chosen]
    listed = len(choices[chosen].rotations) == 1
    kept, repeated = _alternatives(fractional, rows, sites, cell, say, listed=listed)
    weighed = _weighed(rows[~repeated], sites)
    fractional, rows = fractional[kept], rows[kept]
    symbols = [sites.symbols[row] for row in rows]
    _compare_with_formula(
        tags, Counter(symbols), weighed, say if sites.complete else (lambda _: None), ended=ended
    )
    flags = tags.get(PERIODIC_AXES, ["T T T"])[0].split()
    periodic = np.array([flag == "T" for flag in flags] if len(flags) == 3 else [True] * 3)
    wrapped = fractional % 1.0
    wrapped[wrapped >= 1.0] = 0.0
    places = np.where(periodic, wrapped, fractional)
    return Atoms(symbols, scaled_positions=places, cell=cell, pbc=periodic)


def _cell(tags: dict[str, list[str]]) -> np.ndarray:
    from ase.geometry import cellpar_to_cell

    numbers = []
    for tag, default in (
        ("_cell_length_a", None), ("_cell_length_b", None), ("_cell_length_c", None),
        ("_cell_angle_alpha", "90"), ("_cell_angle_beta", "90"), ("_cell_angle_gamma", "90"),
    ):  # fmt: skip
        text = next(iter(tags.get(tag, ())), default)
        if text in ("?", "."):
            text = default
        if text is None:
            raise ValueError(f"it has no cell: {tag} is missing")
        try:
            numbers.append(number_of(text))
        except ValueError:
            raise ValueError(f"{tag} is {text[:20]!r}, not a number") from None
    lengths, angles = np.array(numbers[:3]), np.array(numbers[3:])
    legal = np.isfinite(numbers).all() and (lengths > 0).all() and (angles > 0).all() and (angles < 180).all()
    cosines = np.cos(np.radians(angles)) if legal else np.zeros(3)
    if not legal or 1 - (cosines**2).sum() + 2 * cosines.prod() < 1e-9:
        raise ValueError(f"edges {numbers[:3]} and angles {numbers[3:]} make no cell with a volume")
    return np.asarray(cellpar_to_cell(numbers))


def _filled(sites: Sites, symmetry: Symmetry, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All images (N, 3) of the sites, each once, and the row of the site that each comes from."""
    count, operations = len(sites.symbols), len(symmetry.rotations)
    if operations == 1 and np.allclose(symmetry.rotations[0], np.eye(3)) and not symmetry.translations.any():
        return sites.fractional, np.arange(count)
    if count * operations > 8 * MAX_ATOMS:  # special positions coincide in groups
        raise ValueError(f"{count:,} sites under {operations:,} symmetry operations are too many")
    places, rows, atoms = [], [], 0
    for row in range(count):
        images = symmetry.rotations @ sites.fractional[row] + symmetry.translations
        merged = _merged(images, cell)
        places.append(merged)
        atoms += len(merged)
        if atoms > MAX_ATOMS:
            raise ValueError(f"its symmetry makes more than {MAX_ATOMS:,} atoms of {count:,} sites")
        rows.append(np.full(len(merged), row))
    return np.concatenate(places), np.concatenate(rows)


def _merged(images: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Images (M, 3) of one site, those that are one atom put together: at their mean where they differ by rounding."""
    left, found = images % 1.0, []
    while len(left):
        away = left - left[0]
        away -= np.round(away)
        distance = np.linalg.norm(away @ cell, axis=1)
        same = distance < SAME_SITE
        near = distance < ROUNDING
        found.append(left[0] + away[near].mean(axis=0))
        left = left[~same]
    return np.array(found) % 1.0


def _likelier(
    filled: list[tuple[np.ndarray, np.ndarray]],
    sites: Sites,
    choices: list[Symmetry],
    tags: dict[str, list[str]],
    say: Callable[[str], None],
) -> int:
    """Of two choices of origin, the one that the formula fits, else the one with fewer atoms."""
    found = [_weighed(rows, sites) for _, rows in filled]
    promised, formula = _promised(tags), _formula(tags)
    fits = [
        index
        for index, counts in enumerate(found)
        if (promised and all(abs(counts[s] - n) < 0.5 for s, n in promised.items()))
        or (not promised and len({round(counts[s] / n, 2) for s, n in formula.items()}) == 1)
    ]
    chosen = fits[0] if len(fits) == 1 else int(np.argmin([len(rows) for _, rows in filled]))
    ways = ", ".join(
        f"{''.join(f'{s}{n:g}' for s, n in counts.items())} by {choice.name}"
        for counts, choice in zip(found, choices, strict=True)
    )
    say(f"it does not say the choice of origin ({ways}): {choices[chosen].name} is taken")
    return chosen


def _alternatives(
    fractional: np.ndarray,
    rows: np.ndarray,
    sites: Sites,
    cell: np.ndarray,
    say: Callable[[str], None],
    *,
    listed: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Which atoms are taken: one of each set that cannot be there together, of the largest share, else the first.

    Returns:
        (N,) whether an atom is taken, and (N,) whether it is another site's atom a second time, by symmetry.
    """
    check_crowd(fractional @ cell, cell, np.array([True] * 3), times=10)
    pairs, apart = near_pairs(fractional @ cell, cell, np.array([True] * 3), ALTERNATIVE)
    shares = sites.occupancies[rows]
    partial = shares < 0.999
    elements = np.array(sites.symbols)[rows]
    bonded = (elements[pairs] == "H").any(axis=1) & (apart > HYDROGEN)
    both = partial[pairs].all(axis=1) & ~bonded
    images = (apart < 0.1) & (rows[pairs[:, 0]] != rows[pairs[:, 1]]) & (not listed)
    excluded = pairs[both | images]
    gone = np.zeros(len(rows), dtype=bool)
    repeated = np.zeros(len(rows), dtype=bool)
    order = np.argsort(-shares, kind="stable")
    rank = np.empty(len(rows), dtype=int)
    rank[order] = np.arange(len(rows))
    partners: dict[int, list[int]] = {}
    for i, j in excluded:
        first, second = (i, j) if rank[i] < rank[j] else (j, i)
        partners.setdefault(int(first), []).append(int(second))
    for first in sorted(partners, key=lambda atom: rank[atom]):
        if not gone[first]:
            gone[partners[first]] = True
    same = elements[pairs[:, 0]] == elements[pairs[:, 1]]
    repeated[pairs[images & same & ~partial[pairs].any(axis=1)].ravel()] = True
    _say_shares(rows, gone, excluded, shares, elements, sites, say)
    return ~gone, repeated & gone


def _say_shares(
    rows: np.ndarray,
    gone: np.ndarray,
    excluded: np.ndarray,
    shares: np.ndarray,
    elements: np.ndarray,
    sites: Sites,
    say: Callable[[str], None],
) -> None:
    mixed, tied, split, images = [], [], [], []
    for i, j in excluded:
        kept, left = (i, j) if gone[j] else (j, i)
        if gone[kept] or not gone[left]:
            continue
        words = f"{sites.labels[rows[kept]]} over {sites.labels[rows[left]]}"
        if shares[i] >= 0.999 and shares[j] >= 0.999 and elements[i] == elements[j]:
            images.append(sites.labels[rows[left]])
        elif elements[i] == elements[j]:
            split.append(words)
        elif abs(shares[i] - shares[j]) < 1e-6:
            tied.append(words)
        else:
            mixed.append(words)
    if mixed:
        say(f"elements share sites; the largest share is taken: {named(mixed)}")
    if tied:
        say(f"elements share sites in equal parts; the first that is listed is taken: {named(tied)}")
    if split:
        say(f"of sites too near to be filled together one is taken: {named(split)}")
    if images:
        say(f"{named(images)} are images of other sites by symmetry: each atom is taken once")
    involved = {int(rows[atom]) for atom in excluded.ravel()}
    alone = [
        f"{sites.labels[row]} ({sites.occupancies[row]:g})"
        for row in sorted(set(rows[~gone].tolist()) - involved)
        if sites.occupancies[row] < 0.999
    ]
    if alone:
        say(f"partly filled sites are read as full: {named(alone)}")


def _weighed(rows: np.ndarray, sites: Sites) -> Counter[str]:
    total: Counter[str] = Counter()
    for row, count in Counter(rows.tolist()).items():
        total[sites.symbols[row]] += count * sites.occupancies[row]  # type: ignore[assignment]
    return total


def _formula(tags: dict[str, list[str]]) -> dict[str, float]:
    return formula_counts(next(iter(tags.get("_chemical_formula_sum", ())), ""))


def _promised(tags: dict[str, list[str]]) -> dict[str, float]:
    """Atoms of the cell by the formula and its units; empty where the file does not say both."""
    counts = _formula(tags)
    try:
        units = number_of(next(iter(tags.get("_cell_formula_units_z", ())), ""))
    except ValueError:
        return {}
    return {symbol: count * units for symbol, count in counts.items()}


def _compare_with_formula(
    tags: dict[str, list[str]],
    found: Counter[str],
    weighed: Counter[str],
    say: Callable[[str], None],
    *,
    ended: bool,
) -> None:
    total = sum(found.values())
    if NUMBER_OF_ATOMS in tags:
        said = tags[NUMBER_OF_ATOMS][0]
        if said != str(total):
            raise ValueError(f"it is truncated: it announces {said[:20]} atoms and holds {total:,}")
        return
    promised = _promised(tags)
    if not promised and "_cell_formula_units_z" not in tags:  # the formula is at most that of the whole cell
        promised = {s: n for s, n in _formula(tags).items() if n > weighed[s] + 0.5}
        if any(symbol in found and symbol != "H" for symbol in promised) and not ended:
            counts = ", ".join(f"{n:g} {s}" for s, n in promised.items())
            raise ValueError(f"it is truncated: its formula has {counts} and its sites hold fewer")
    different = {s: n for s, n in promised.items() if abs(n - weighed[s]) > max(0.5, 0.02 * n)}
    if different:
        says = ", ".join(f"{n:g} {s} (found {weighed[s]:g})" for s, n in different.items())
        say(f"its formula has other numbers of atoms in the cell than its sites: {says}")
