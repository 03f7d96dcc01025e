"""The elements of LAMMPS's atom types: as a person names them, as labels or remarks say, or as the masses say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gcd.structures.elements import named, symbol_of, symbol_of_mass, symbols, symbols_of_label

HELP = "name them in the order of the types, as in --elements W Re"


def elements_of_types(
    types: Sequence[int],
    *,
    elements: Sequence[str] | None = None,
    labels: Mapping[int, str] | None = None,
    remarks: Mapping[int, str] | None = None,
    masses: Mapping[int, float] | None = None,
    say: Callable[[str], None],
) -> dict[int, str]:
    """The element of each type that occurs.

    Args:
        types: the types that occur.
        elements: of the types 1, 2, ..., as a person names them.
        labels: of the types, where the file has them.
        remarks: behind the masses of the types.
        masses: of the types, in u.
        say: takes each word that a person should see.

    Raises:
        ValueError: fewer elements than types.
    """
    labels, remarks, masses = labels or {}, remarks or {}, masses or {}
    if elements is not None:
        if max(types, default=0) > len(elements):
            raise ValueError(
                f"it has atoms of type {max(types)}, and {len(elements)} elements are named for the types"
            )
        return {kind: elements[kind - 1] for kind in types}
    found: dict[int, str] = {}
    nameless = []
    for kind in types:
        label, remark = labels.get(kind, ""), (remarks.get(kind, "").split() or [""])[0]
        by_mass = symbol_of_mass(masses[kind]) if kind in masses else None
        exact = [word for word in (label, remark) if word in symbols() or word in ("D", "T")]
        likely = [symbol for word in (label, remark) for symbol in symbols_of_label(word)]
        if by_mass and masses[kind] != 1.0:
            found[kind] = by_mass
            if exact and symbol_of(exact[0]) != by_mass:
                say(f"type {kind} is labelled {exact[0]} and has the mass of {by_mass}: {by_mass} is taken")
        elif exact:
            found[kind] = str(symbol_of(exact[0]))
        elif by_mass:
            found[kind] = by_mass
            say(f"type {kind} has the mass 1: it is read as H; {HELP}")
        elif likely:
            found[kind] = likely[0]
            say(f"type {kind} is labelled {label or remark}: it is read as {likely[0]}")
        else:
            if not 0 < kind <= len(symbols()):
                raise ValueError(f"type {kind} has no element, no label and no mass")
            found[kind] = symbols()[kind - 1]
            nameless.append(kind)
    if nameless:
        names = named([f"{kind} as {found[kind]}" for kind in nameless])
        say(f"nothing says which elements the types are; they stand for the atomic numbers: {names}; {HELP}")
    return found
