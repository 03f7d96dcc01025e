"""The sites that a CIF lists: which element, where, how much of it, and which of several alternatives is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gcd.structures.elements import GROUPS, mixture, named, symbol_of, symbol_of_ion, symbols_of_label

UNKNOWN = ("?", ".", "")
UNPLACED = ("?", "")  # "." is 0, the default of the CIF dictionary, as old files of databases have it
VACANCIES = ("va", "vac", "vc", "vacancy", "null")


@dataclass(frozen=True)
class Sites:
    """Fractional positions (S, 3), elements and occupancies (S,) of the sites that hold something, with their labels.

    ``complete`` says whether all that the file lists is among them.
    """

    fractional: np.ndarray
    symbols: list[str]
    occupancies: np.ndarray
    labels: list[str]
    complete: bool


def read_sites(tags: Mapping[str, Sequence[str]], cell: np.ndarray, say: Callable[[str], None]) -> Sites:
    """Read the list of atom sites of a block.

    Args:
        tags: values of the block's tags, in lower case, dots as underscores, quotes taken off.
        cell: (3, 3) Å.
        say: takes each word that a person should see.

    Raises:
        ValueError: a label that names no element, or a coordinate that is no number; it names the site.
    """
    coordinates = _coordinates(tags, cell)
    count = len(coordinates[0])
    labels = _column(tags, ("_atom_site_label", "_atom_site_label_atom_id", "_atom_site_id"), count, "")
    types = _column(tags, ("_atom_site_type_symbol",), count, "")
    occupancies = _column(tags, ("_atom_site_occupancy",), count, "1")
    flags = _column(tags, ("_atom_site_calc_flag",), count, "")
    keep = _taken_alternatives(tags, count, occupancies, labels, say)

    formula = _formula_elements(tags)
    fractional, symbols, shares, names = [], [], [], []
    unplaced, dummies, empty, dotted = [], [], [], []
    mixtures = False
    for row in range(count):
        name = labels[row] or types[row] or f"number {row + 1}"
        if not keep[row]:
            continue
        if flags[row].lower() == "dum":
            dummies.append(name)
            continue
        if (labels[row] + types[row]).lower().startswith(VACANCIES) and (
            types[row] or labels[row]
        ).lower().rstrip("0123456789+-") in VACANCIES:
            empty.append(name)
            continue
        place = [axis[row].strip() for axis in coordinates]
        if any(text in UNPLACED for text in place):
            unplaced.append(name)
            continue
        if "." in place:
            dotted.append(name)
            place = ["0" if text == "." else text for text in place]
        share = 1.0 if occupancies[row].strip() in UNKNOWN else _number(occupancies[row], "occupancy", name)
        if share <= 0.0:
            continue
        symbol, part = _element(labels[row], types[row], formula, say)
        mixtures = mixtures or part != 1.0
        fractional.append([_number(text, "coordinate", name) for text in place])
        symbols.append(symbol)
        shares.append(min(share * part, 1.0))
        names.append(name)
    if unplaced:
        say(f"the places of {named(unplaced)} are not known: left out")
    if dotted:
        say(f"coordinates of {named(dotted)} are a dot: they are read as 0, the default")
    if dummies:
        say(f"{named(dummies)} are marked as dummies: left out")
    if empty:
        say(f"{named(empty)} are vacancies: left out")
    places = np.array(fractional, dtype=float).reshape(-1, 3)
    if tags.get("_atom_site_fract_x") is None:
        places = places @ np.linalg.inv(cell)
    complete = all(keep) and not unplaced and not mixtures
    return Sites(places, symbols, np.array(shares), names, complete)


def number_of(text: str) -> float:
    """A CIF's number: an uncertainty in brackets is left out, 1/3 is a third; ValueError for any other text."""
    plain = text.strip().strip("'\"").partition("(")[0].strip()
    above, slash, below = plain.partition("/")
    if "_" in plain or len(plain) > 60:
        raise ValueError(plain[:20])
    return float(above) / float(below) if slash and float(below) else float(plain)


def _coordinates(tags: Mapping[str, Sequence[str]], cell: np.ndarray) -> list[Sequence[str]]:
    for kind in ("fract", "cartn"):
        axes = [tags.get(f"_atom_site_{kind}_{axis}", ()) for axis in "xyz"]
        if all(axes) and len({len(axis) for axis in axes}) == 1:
            return axes
    raise ValueError("its list of atom sites gives no coordinates x, y and z")


def _column(tags: Mapping[str, Sequence[str]], names: Sequence[str], count: int, default: str) -> list[str]:
    for name in names:
        values = tags.get(name, ())
        if len(values) == count:
            return ["" if text in ("?", ".") and not default else text for text in values]
    return [default] * count


def _number(text: str, what: str, name: str) -> float:
    try:
        value = number_of(text)
    except ValueError:
        raise ValueError(f"the {what} {text[:20]!r} of the site {name[:30]!r} is no number") from None
    if not np.isfinite(value):
        raise ValueError(f"the {what} {text[:20]!r} of the site {name[:30]!r} is not a finite number")
    return value


def _element(label: str, kind: str, formula: set[str], say: Callable[[str], None]) -> tuple[str, float]:
    """The element of a site, and its share where the site holds a mixture."""
    word = kind.strip().strip("'\"")
    if word:
        if word.lower() in GROUPS and symbol_of(word) != word:
            say(f"{word} at the site {label or word} is a group of atoms: {GROUPS[word.lower()]} is taken")
            return GROUPS[word.lower()], 1.0
        if symbol := symbol_of(word) or symbol_of_ion(word):
            return symbol, 1.0
        if parts := mixture(word):
            symbol, part = max(parts, key=lambda each: each[1])
            say(f"the site {label or word} holds the mixture {word[:40]}: {symbol} is taken")
            whole = sum(each for _, each in parts)
            return symbol, part / max(whole, 1.0)
        if "(" in word and (symbol := symbol_of_ion(word.partition("(")[0])):
            say(f"the type {word[:20]} of the site {label or word} is read as {symbol}")
            return symbol, 1.0
        if len(word) > 2 and symbol_of(word[:2]) and word[2:].isalpha() and word[2:].islower():
            return str(symbol_of(word[:2])), 1.0  # scattering types such as Siva
        if len(word) > 1 and symbol_of(word[0]) and word[1:].lower() in ("val", "va", "iso", "x", "w"):
            return str(symbol_of(word[0])), 1.0
        raise ValueError(f"{word[:20]!r}, the type of the site {(label or '?')[:20]!r}, is no element")
    found = symbols_of_label(label)
    within = [symbol for symbol in found if symbol in formula]
    if not found or (not within and label[:1] == "T" and not label[1:2].isalpha()):
        raise ValueError(
            f"{label[:20]!r}, the label of a site, names no element: a column of type symbols is needed"
        )
    symbol = (within or found)[0]
    if len(found) > 1 and len(within) != 1:
        say(f"the label {label} is read as {symbol}, not {found[1] if symbol == found[0] else found[0]}")
    elif label.lower().startswith(("wat", "o-h", "h2o", "hoh")):
        say(f"the label {label} is read as {symbol}")
    return symbol, 1.0


def _formula_elements(tags: Mapping[str, Sequence[str]]) -> set[str]:
    return set(formula_counts(next(iter(tags.get("_chemical_formula_sum", ())), "")))


def formula_counts(text: str) -> dict[str, float]:
    """Elements and numbers of ``C2 H6 O``; empty where a word of it is no element with a number."""
    counts: dict[str, float] = {}
    for word in text[:2000].strip("'\" ").split():
        letters = word.rstrip("0123456789.")
        symbol = symbol_of(letters)
        if symbol is None:
            return {}
        try:
            counts[symbol] = counts.get(symbol, 0.0) + float(word[len(letters) :] or 1.0)
        except ValueError:
            return {}
    return counts


def _taken_alternatives(
    tags: Mapping[str, Sequence[str]],
    count: int,
    occupancies: Sequence[str],
    labels: Sequence[str],
    say: Callable[[str], None],
) -> list[bool]:
    """Of each assembly of alternatives, keep the group that is there most often; and the first of several models."""
    keep = [True] * count
    models = _column(tags, ("_atom_site_pdbx_pdb_model_num",), count, "1")
    if len(set(models)) > 1:
        keep = [model == models[0] for model in models]
        say(f"it holds {len(set(models)):,} models: the first is taken")
    groups = _column(tags, ("_atom_site_disorder_group", "_atom_site_label_alt_id"), count, "")
    assemblies = _column(tags, ("_atom_site_disorder_assembly",), count, "")
    weights: dict[str, dict[str, list[float]]] = {}
    for row in range(count):
        if groups[row] and groups[row] != "0":
            try:
                share = number_of(occupancies[row])
            except ValueError:
                share = 1.0
            weights.setdefault(assemblies[row], {}).setdefault(groups[row].lstrip("-"), []).append(share)
    left_out = []
    for assembly, shares in weights.items():
        if len(shares) > 1:
            best = max(shares, key=lambda group: float(np.mean(shares[group])))
            for row in range(count):
                placed = groups[row] not in ("", "0") and assemblies[row] == assembly
                if placed and groups[row].lstrip("-") != best:
                    keep[row] = False
                    left_out.append(labels[row])
    if left_out:
        say(f"of alternative sites the more frequent are taken; left out: {named(left_out)}")
    return keep
