"""What boundaries are called: by people (Σ5 (310)[001] symmetric tilt), in files (s5-310-001), and back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gcd.structures import csl, grains
from gcd.structures.boundary import Boundary, check_boundary_phase
from gcd.structures.twists import TWISTS, Twist, check_twist

HOW = "sigma5, 'twist 110 sigma3', s5-310-001 or 'lower=1 3 0; 0 0 1; 3 -1 0; upper=-1 3 0; 0 0 1; 3 1 0'"
ANGLE = 0.01  # degrees by which two misorientations that are one may differ
_TWIST = re.compile(r"twist[ -]*\[?([\d ]{3,5})\]?[ -]*(?:sigma|s)?(\d+)([a-z]?)")
_NAMED = re.compile(
    r"(?:sigma|s)(\d+)[a-z]?[ -]*\(?([\d.]+)\)?[ -]*\[?(\d{3})\]?(?:[ -]*(?:symmetric)?[ -]*tilt)?"
)
_TITLE = re.compile(r"(?:sigma|s)(\d+)([a-z]?)[ -]*\(?(\d{3})\)?[ -]*twist")
_OWN = re.compile(r"(?:lower *[=:] *)?(.*?)[;, ]*upper *[=:] *(.*)")


def find_boundary(
    boundary: str | Sequence[int] | Twist | Boundary | dict[str, Any], phase: str = "bcc"
) -> Boundary:
    """The boundary of that name, in any of its spellings; or of directions of one's own.

    Args:
        boundary: "sigma5", "3,1", "twist 001 sigma5", "Σ5 (310)[001]", "s5-310-001", "lower=...; upper=...", a pair
            (m, n), a `Twist`, what :meth:`Boundary.to_dict` gives, or a `Boundary`.
        phase: "bcc" or "fcc", where the boundary itself does not say it.

    Raises:
        ValueError: one sentence, that names the nearest boundaries there are.
    """
    if isinstance(boundary, Boundary):
        return boundary
    if isinstance(boundary, dict):
        return Boundary.from_dict(boundary)
    phase = check_boundary_phase(phase).name
    if not isinstance(boundary, str):
        return csl.twist_of(check_twist(boundary), phase)
    text = re.sub(r"\s+", " ", boundary.strip().lower().replace("σ", "sigma").replace("Σ", "sigma"))
    text = re.sub(r",? [\d.]+ ?°$", "", text).replace("symmetric tilt", "").strip()
    if text in TWISTS or re.fullmatch(r"-?\d+ ?, ?-?\d+", text):
        return csl.twist_of(check_twist(text), phase)
    if match := re.fullmatch(r"twist-001-(\d+)-(\d+)", text):
        return csl.twist_of(check_twist((int(match[1]), int(match[2]))), phase)
    if match := _OWN.fullmatch(text):
        return Boundary(_rows("lower", match[1]), _rows("upper", match[2]), phase)
    if match := _TWIST.fullmatch(text):
        return _twist(match[1].replace(" ", ""), int(match[2]), match[3], phase)
    if match := _TITLE.fullmatch(text):
        return _twist(match[3], int(match[1]), match[2], phase)
    if match := _NAMED.fullmatch(text):
        return _tilt(int(match[1]), match[2], match[3], phase)
    raise ValueError(f"Unknown boundary {boundary!r}: write {HOW}; `gcd boundaries` lists them.")


def title(b: Boundary) -> str:
    """As a person writes it: Σ5 (310)[001] symmetric tilt, 36.87°."""
    lower, upper, axis = (f"({_indices(d)})" for d in (b.plane_lower, b.plane_upper, b.axis))
    axis = f"[{axis[1:-1]}]"
    if b.kind == "none":
        return f"{lower} plane of a perfect crystal"
    if b.kind == "twist":
        plane = "(100)" if lower == "(001)" else lower
        letter = b.slug[-1] if b.slug.startswith("twist-") and b.slug[-1].isalpha() else ""
        return f"Σ{b.sigma}{letter} {plane} twist, {b.angle:.2f}°"
    planes = lower if b.kind == "symmetric tilt" else f"{lower}/{upper}"
    return f"Σ{b.sigma} {planes}{axis} {b.kind}{' boundary' if b.kind == 'mixed' else ''}, {b.angle:.2f}°"


def slug(b: Boundary) -> str:
    """A short name in ASCII that :func:`find_boundary` reads; the old names of the old twists.

    Boundaries of one's own, which are in no list, have a few digits of their directions' hash at the end.
    """
    single = replace(b, repeats=(1, 1))
    if b.is_square_twist:
        name, (m, n, _) = twist_name(b), b.upper[0]
        return name if name in TWISTS else f"twist-001-{m}-{n}"
    plane, axis = _indices(b.plane_lower), _indices(b.axis, ordered=True)
    if b.kind == "twist" and axis in csl.AXES and b.sigma <= csl.MAX_SIGMA:
        alike = [t for t in csl.twists(b.phase, axis, _enough(b.sigma)) if t.sigma == b.sigma]
        if single in alike:
            return f"twist-{axis}-sigma{b.sigma}{_letter(alike, single)}"
    if b.kind == "symmetric tilt" and axis in csl.AXES:
        name = f"s{b.sigma}-{plane}-{axis}"
        listed = csl.tilt(b.phase, axis, b.plane_lower) if b.lower[1] == csl.AXES[axis] else None
        if listed is not None and (listed.lower, listed.upper) == (b.lower, b.upper):
            listed = find_boundary(name, b.phase)
        if listed == single:
            return name
    digits = hashlib.sha256(repr((b.lower, b.upper)).encode()).hexdigest()[:6]
    return f"s{b.sigma}-{plane}-{_indices(b.plane_upper)}-{digits}"


def listed(b: Boundary) -> Boundary | None:
    """The twist or symmetric tilt of the lists with the same misorientation and plane, whatever its cell; or None."""
    axis = _indices(b.axis, ordered=True)
    if axis not in csl.AXES or b.sigma > csl.MAX_SIGMA:
        return None
    if b.kind == "twist":
        every = csl.twists(b.phase, axis, _enough(b.sigma))
        return next((t for t in every if t.sigma == b.sigma and abs(t.angle - b.angle) < ANGLE), None)
    if b.kind == "symmetric tilt":
        plane = sorted(map(abs, b.plane_lower))
        every = csl.tilts(b.phase, axis, _enough(b.sigma))
        return next((t for t in every if sorted(map(abs, t.plane_lower)) == plane), None)
    return None


def twist_name(b: Boundary) -> str:
    """What stands in stores and datasets under ``twist``: sigma5 or m,n of (100) twists, the slug of others."""
    m, n, _ = b.upper[0]
    return check_twist((m, n)).name if b.is_square_twist else b.slug


def _letter(alike: Sequence[Boundary], boundary: Boundary) -> str:
    """Of boundaries with one Σ and axis: a, b, ... by angle; the field calls Σ33 about [110] a and c."""
    if len(alike) == 1:
        return ""
    letters = "ac" if boundary.sigma == 33 else "abcdefgh"
    return letters[alike.index(boundary)]


def _twist(axis: str, sigma: int, letter: str, phase: str) -> Boundary:
    axis = csl.check_axis(axis)
    every = csl.twists(phase, axis, _enough(sigma))
    alike = [t for t in every if t.sigma == sigma]
    found = [t for t in alike if letter in ("", _letter(alike, t))]
    if not found:
        raise ValueError(
            f"There is no Σ{sigma}{letter} twist about [{axis}]; the nearest are {_nearest(sigma, every)}."
        )
    return found[0]


def _tilt(sigma: int, plane: str, axis: str, phase: str) -> Boundary:
    axis = csl.check_axis(axis)
    wanted = sorted(int(v) for v in (plane.split(".") if "." in plane else plane))
    # Up to the Σ of the plane itself, so that a wrong Σ can be told from a plane that does not contain the axis.
    every = csl.tilts(phase, axis, _enough(max(sigma, grains.square(wanted))))
    found = [t for t in every if sorted(map(abs, t.plane_lower)) == wanted]
    if not found:
        near = ", ".join(f"s{t.sigma}-{_indices(t.plane_lower)}-{axis}" for t in _closest(sigma, every)[:4])
        raise ValueError(
            f"There is no symmetric tilt about [{axis}] on a plane ({plane}); near Σ{sigma} there are {near}."
        )
    if found[0].sigma != sigma:
        planes = [f"({_indices(t.plane_lower)})" for t in every if t.sigma == sigma]
        there = (
            f"those of Σ{sigma} about [{axis}] are {', '.join(planes)}"
            if planes
            else f"there is no Σ{sigma} about [{axis}], the nearest are {_nearest(sigma, every)}"
        )
        raise ValueError(f"The tilt on ({plane}) about [{axis}] is Σ{found[0].sigma}, not Σ{sigma}; {there}.")
    return found[0]


def _enough(sigma: int) -> int:
    """One of a few highest Σ, beyond which a list goes on for a while, so that few lists are made."""
    return min(csl.MAX_SIGMA, 45 * (1 + (sigma + 4) // 45))


def _closest(sigma: int, every: Sequence[Boundary]) -> list[Boundary]:
    return sorted(every, key=lambda t: (abs(t.sigma - sigma), t.sigma))


def _nearest(sigma: int, every: Sequence[Boundary]) -> str:
    """The two Σ below and above that there are."""
    there = sorted({t.sigma for t in every})
    near = [*[s for s in there if s < sigma][-1:], *[s for s in there if s > sigma][:1]]
    return " and ".join(f"Σ{s}" for s in near)


def _indices(direction: Sequence[int], *, ordered: bool = False) -> str:
    """Miller indices without signs: the two that are alike first (112, 110), else the largest first (310).

    Three digits, or with points between them where an index has two.
    """
    values = sorted((abs(v) for v in direction), reverse=True)
    if values[1] == values[2] != values[0] and values[1]:
        values = [values[1], values[2], values[0]]
    if values[1] == values[2] == 0:
        values = [0, 0, 1]
    return ("." if max(values) > 9 else "").join(map(str, values))


def _rows(side: str, text: str) -> Any:
    rows = [
        row.replace(",", " ").replace("[", " ").replace("]", " ").split()
        for row in text.strip(" ;,").split(";")
    ]
    try:
        return tuple(tuple(int(v) for v in row) for row in rows)
    except ValueError:
        raise ValueError(
            f"The {side} grain is three directions such as '1 3 0; 0 0 1; 3 -1 0', not {text.strip()!r}."
        ) from None
