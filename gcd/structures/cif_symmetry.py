"""The symmetry operations of a CIF.

Those it lists are taken, else its Hall symbol, else its group's name and setting, else its number; where that leaves
several, those that leave the cell as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gcd.limits import MAX_OPERATIONS

LISTED = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
MAGNETIC = ("_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_operation_xyzt")
MAGNETIC_CENTRING = ("_space_group_symop_magn_centering_xyz", "_space_group_symop_magn_centring_xyz")
HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
NAMES = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_h-m_full",
    "_space_group_name_h-m_ref",
    "_space_group_name_h-m",
    "_space_group_name",
)
NUMBERS = (
    "_space_group_it_number",
    "_symmetry_int_tables_number",
    "_space_group_number",
    "_symmetry_int_table_number",
)
CODES = ("_space_group_it_coordinate_system_code", "_symmetry_space_group_setting", "_space_group_setting")
STRAIN = 0.01  # relative change of the metric tensor under an operation that counts as rounding
_TERM = re.compile(r"([+-]?)(\d+/\d+|\d+\.\d*|\.\d+|\d+)?\*?([xyz])?")


@dataclass(frozen=True)
class Symmetry:
    """Rotations (M, 3, 3) and translations (M, 3) on fractional coordinates, and how they were found."""

    rotations: np.ndarray
    translations: np.ndarray
    name: str


def symmetries(
    tags: Mapping[str, Sequence[str]], cell: np.ndarray, say: Callable[[str], None]
) -> list[Symmetry]:
    """The symmetry of a block, or the several that its words leave open, the likeliest first.

    Args:
        tags: values of the block's tags, in lower case, dots as underscores, quotes taken off.
        cell: (3, 3) cell vectors in Å.
        say: takes each word that a person should see.

    Raises:
        ValueError: operations that are none, too many of them, or a group that is not known.
    """
    magnetic = _values(tags, MAGNETIC)
    if listed := magnetic or _values(tags, LISTED):
        parsed = [_operation(text) for text in dict.fromkeys(listed)]
        if magnetic and (centring := _values(tags, MAGNETIC_CENTRING)):
            parsed = [_product(_operation(c), o) for c in dict.fromkeys(centring) for o in parsed]
        found = _distinct(parsed, "listed")
        _compare_with_name(tags, len(found.rotations), say)
        if not _is_group(found):
            say("the operations that it lists are no group: some may be missing")
        return [_checked(found, cell, say)]
    if hall := _values(tags, HALL)[:1]:
        group = _by_hall(hall[0])
        if group is not None:
            return [_checked(group, cell, say)]
        say(f"the Hall symbol {hall[0][:40]!r} is not known; the group's name or number is taken instead")
    return _by_name(tags, cell, say)


def _by_name(
    tags: Mapping[str, Sequence[str]], cell: np.ndarray, say: Callable[[str], None]
) -> list[Symmetry]:
    import gemmi

    name, number = _name_and_number(tags)
    if not name and not number:
        magnetic = any(tag.startswith("_space_group_magn") for tag in tags)
        lacking = "its magnetic group lists no operations" if magnetic else "no symmetry is named"
        say(f"{lacking}: it is read as P 1, the atoms that are listed and no others")
        return [Symmetry(np.eye(3)[None], np.zeros((1, 3)), "P 1")]
    plain, setting = _plain_name(name)
    code = next((text.strip().lower() for text in _values(tags, CODES)), "") or setting
    table = list(gemmi.spacegroup_table())
    group = gemmi.find_spacegroup_by_name(plain) if plain else None
    rows: list[Any] = []
    if group is not None:
        rows = [row for row in table if row.number == group.number and row.hm == group.hm] or [group]
        if number and group.number != number:
            say(
                f"the group's name, {name[:40]}, is that of number {group.number}, not {number}: the name is taken"
            )
        if _is_short(plain) and code:
            rows = [row for row in table if row.number == group.number]
    elif number:
        rows = [row for row in table if row.number == number]
        if name:
            if len(rows) > 1 and not code:
                raise ValueError(
                    f"its space group, {name[:40]!r}, is not a setting that is known: list the symmetry operations"
                )
            say(f"the space group's name, {name[:40]!r}, is not known: its number, {number}, is taken")
    if not rows:
        raise ValueError(
            f"its space group, {(name or str(number))[:40]!r}, is not known: list its operations"
        )
    if code and len(rows) > 1:
        exact = [row for row in rows if code in _codes(row)]
        exact = exact or [row for row in table if row.number == rows[0].number and code in _codes(row)]
        if exact:
            others = [row for row in rows if _fits(_of_group(row), cell)]
            if not _fits(_of_group(exact[0]), cell) and others:
                say(f"the cell does not have the symmetry of {exact[0].xhm()}: {others[0].xhm()} is taken")
                return [_of_group(others[0])]
            return [_checked(_of_group(exact[0]), cell, say)]
        say(f"the setting {code[:20]!r} of {rows[0].hm} is not known")
    fitting = [row for row in rows if _fits(_of_group(row), cell)]
    if not fitting:
        say(f"the cell does not have the symmetry of {rows[0].xhm()}")
        fitting = rows[:1]
    first = fitting[0]
    if {row.ext for row in fitting if row.hm == first.hm} >= {"1", "2"}:  # two choices of origin
        both = [row for row in fitting if row.hm == first.hm]
        return [_of_group(row) for row in sorted(both, key=lambda row: row.ext, reverse=True)]
    if not name and len(fitting) > 1:
        first = next((row for row in fitting if row.is_reference_setting()), first)
        say(f"only the number of the space group is given: its standard setting, {first.xhm()}, is taken")
    return [_of_group(first)]


def _values(tags: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[str]:
    for name in names:
        found = [text for text in tags.get(name, ()) if text.strip(" ?.'\"") and text.strip() != "0"]
        if found:
            return found
    return []


def _name_and_number(tags: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    number = next(
        (int(text) for text in _values(tags, NUMBERS) if text.isdecimal() and 0 < int(text) < 231), 0
    )
    names = [_values(tags, (name,))[0] for name in NAMES if _values(tags, (name,))]
    name = names[0] if names else ""
    if name.isdecimal() and 0 < int(name) < 231:
        return "", int(name)
    return name, number


def _plain_name(name: str) -> tuple[str, str]:
    """A name as gemmi spells it, and the setting that the words behind it say."""
    text = name.replace("_", "").replace("\\", "").strip(" *'\"")
    text = re.sub(r"\(([0-9])\)", r"\1", re.sub(r"\s+", " ", text))  # SHELX writes P2(1)/c
    setting = ""
    lower = text.lower()
    for words, code in (
        ("(origin choice 2)", "2"), ("(origin choice 1)", "1"), ("origin choice 2", "2"), ("origin choice 1", "1"),
        ("o2", "2"), ("o1", "1"), (":2", "2"), (": 2", "2"), (":1", "1"), (": 1", "1"),
        ("(hexagonal axes)", "h"), ("(rhombohedral axes)", "r"), (":h", "h"), (": h", "h"), (":r", "r"), (": r", "r"),
        (" hr", "r"), (" h", "h"), (" r", "r"), (" z", "2"), (" s", "1"),
    ):  # fmt: skip
        if lower.endswith(words) and len(text) > len(words) + 1:
            text, setting = text[: -len(words)].strip(" ,;:"), code
            break
    glued = re.fullmatch(r"([Rr][\s\d\w/-]*)([HhRr])", text)  # R-3mH
    if not setting and glued and len(glued.group(1)) > 1:
        text, setting = glued.group(1), glued.group(2).lower()
    if setting in ("h", "r") and text[:1].upper() not in ("R", "H"):
        return re.sub(r"\s+", " ", name.replace("_", "").strip()), ""
    return text, setting


def _is_short(name: str) -> bool:
    """Whether the name leaves the unique axis open, as P 21/c does."""
    return len(name.replace(" ", "")) <= 5


def _codes(row: Any) -> set[str]:
    """What the dictionary calls a row of the table: its axes, its origin, or both."""
    ext = "" if row.ext == "\0" else row.ext.lower()
    qualifier = row.qualifier.lower()
    axes = qualifier or ("abc" if 15 < row.number < 75 else "")
    return {code for code in (ext, qualifier, ext + qualifier, ext + axes, axes if not ext else "") if code}


def _compare_with_name(tags: Mapping[str, Sequence[str]], count: int, say: Callable[[str], None]) -> None:
    import gemmi

    name, number = _name_and_number(tags)
    plain, _ = _plain_name(name)
    group = gemmi.find_spacegroup_by_name(plain) if plain else None
    if group is None and number and not name:
        group = gemmi.find_spacegroup_by_number(number)
    if group is None or name == "" or group.ext in ("H", "R"):
        return
    order = len(group.operations())
    if order != count:
        say(f"it lists {count:,} symmetry operations where {name[:40]} has {order}: the list is taken")


def _by_hall(hall: str) -> Symmetry | None:
    import gemmi

    try:
        return _of_operations(gemmi.symops_from_hall(hall.strip()[:60]), hall)
    except (RuntimeError, ValueError):
        return None


def _of_group(row: Any) -> Symmetry:
    return _of_operations(row.operations(), row.xhm())


def _of_operations(operations: Any, name: str) -> Symmetry:
    found = list(operations)
    return Symmetry(
        np.array([np.array(op.rot) / op.DEN for op in found]),
        np.array([np.array(op.tran) / op.DEN for op in found]),
        name,
    )


def _operation(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) of ``-x+y, 1/2+Y, z-.25``; a fourth entry, time reversal, is left out."""
    parts = text.lower().replace(" ", "").replace("\t", "").strip("'\"").split(",")
    if len(parts) not in (3, 4) or len(text) > 200:
        raise ValueError(f"{text[:40]!r} is no symmetry operation such as 'x, y+1/2, -z'")
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    for row, part in enumerate(parts[:3]):
        at = 0
        while at < len(part):
            match = _TERM.match(part, at)
            if match is None or match.end() == at or not (match.group(2) or match.group(3)):
                raise ValueError(f"{text[:40]!r} is no symmetry operation such as 'x, y+1/2, -z'")
            value = -1.0 if match.group(1) == "-" else 1.0
            if match.group(2):
                above, _, below = match.group(2)[:12].partition("/")
                if below and not float(below):
                    raise ValueError(f"{text[:40]!r} is no symmetry operation: it divides by zero")
                value *= float(above) / float(below or 1)
            if match.group(3):
                rotation[row, "xyz".index(match.group(3))] += value
            else:
                translation[row] += value
            at = match.end()
    if not np.isclose(abs(np.linalg.det(rotation)), 1.0):
        raise ValueError(f"{text[:40]!r} is no symmetry operation: it changes the volume")
    return rotation, _to_twelfths(translation)


def _to_twelfths(translation: np.ndarray) -> np.ndarray:
    """0.3333 is meant as 1/3."""
    near = np.round(translation * 24) / 24
    return np.where(np.abs(near - translation) < 2e-3, near, translation)


def _product(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return a[0] @ b[0], a[0] @ b[1] + a[1]


def _distinct(parsed: Sequence[tuple[np.ndarray, np.ndarray]], name: str) -> Symmetry:
    """Each operation once, translations within the cell."""
    unique: dict[tuple[float, ...], tuple[np.ndarray, np.ndarray]] = {}
    for rotation, translation in parsed:
        wrapped = np.round(translation % 1.0, 4) % 1.0
        unique.setdefault((*rotation.ravel(), *wrapped), (rotation, translation))
    if len(unique) > MAX_OPERATIONS:
        raise ValueError(f"it lists {len(unique):,} symmetry operations, the most is {MAX_OPERATIONS:,}")
    rotations, translations = zip(*unique.values(), strict=True)
    return Symmetry(np.array(rotations), np.array(translations), name)


def _is_group(symmetry: Symmetry) -> bool:
    """Whether the product of any two operations is one of them; not asked of the longest lists."""
    count = len(symmetry.rotations)
    if count > 400:
        return True
    rotations = np.einsum("aij,bjk->abik", symmetry.rotations, symmetry.rotations).reshape(-1, 9)
    shifts = (
        np.einsum("aij,bj->abi", symmetry.rotations, symmetry.translations) + symmetry.translations[:, None]
    )
    products = np.unique(_rounded(rotations, shifts.reshape(-1, 3)), axis=0)
    own = _rounded(symmetry.rotations.reshape(-1, 9), symmetry.translations)
    return len(products) == len(np.unique(own, axis=0))


def _rounded(rotations: np.ndarray, translations: np.ndarray) -> np.ndarray:
    return np.concatenate([np.round(rotations), np.round(translations * 240) % 240], axis=1).astype(np.int64)


def _fits(symmetry: Symmetry, cell: np.ndarray) -> bool:
    """Whether every rotation leaves the metric tensor of the cell as it is, but for rounding."""
    metric = cell @ cell.T
    turned = np.einsum("oki,kl,olj->oij", symmetry.rotations, metric, symmetry.rotations)
    scale = np.sqrt(np.outer(np.diag(metric), np.diag(metric)))
    return bool((np.abs(turned - metric) <= STRAIN * scale).all())


def _checked(symmetry: Symmetry, cell: np.ndarray, say: Callable[[str], None]) -> Symmetry:
    if not _fits(symmetry, cell):
        name = "operations that it lists" if symmetry.name == "listed" else f"operations of {symmetry.name}"
        say(f"the cell does not have the symmetry of the {name}")
    return symmetry
