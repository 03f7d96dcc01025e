"""A collection: distinct relaxed structures of many boundaries in one npz file that loads with numpy alone.

Arrays, M structures of N atoms in all: ``positions`` (N, 3) uint16, in thousandths of an Å from (0, 0, -reach), z from
the plane of the boundary; ``offsets`` (M + 1,) into them, structures end to end; ``member`` (M,), which boundary each
is of; ``egb`` (M,) J/m2; ``n`` (M,); and ``about``, JSON text with the phase and the members: boundary, metal,
potential, lattice constant (Å), cell (Å), reach (Å: atoms further from the plane are left out), how each was searched.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gcd.places import dataset_folder
from gcd.search.dataset import DatasetError, read_npz, write_npz
from gcd.structures.boundary import Boundary

REACH = 6.3  # lattice constants from the plane within which atoms are kept: 19.9 Å of tungsten
STEP = 1e-3  # Å, of the positions that are stored


@dataclass(frozen=True)
class Member:
    """The boundary that some of the structures are of.

    Attributes:
        boundary: with the repeats that the structures have.
        lattice_constant: Å.
        cell: (2,) Å along x and y.
        reach: Å.
        record: the rest of what is known: how they were searched for, of which file.
    """

    boundary: Boundary
    metal: str
    lattice_constant: float
    cell: np.ndarray
    reach: float
    potential: str
    record: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return self.record | {
            "boundary": self.boundary.to_dict(),
            "name": self.boundary.slug,
            "metal": self.metal,
            "lattice_constant": self.lattice_constant,
            "cell": [float(v) for v in self.cell],
            "reach": self.reach,
            "potential": self.potential,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Member:
        """What :meth:`as_dict` wrote."""
        own = ("boundary", "name", "metal", "lattice_constant", "cell", "reach", "potential")
        return cls(
            Boundary.from_dict(data["boundary"]),
            str(data["metal"]),
            float(data["lattice_constant"]),
            np.array(data["cell"], dtype=float),
            float(data["reach"]),
            str(data["potential"]),
            {key: value for key, value in data.items() if key not in own},
        )


@dataclass(frozen=True)
class BoundaryCollection:
    """Distinct relaxed structures of many boundaries of one phase."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]

    @property
    def phase(self) -> str:
        """Bcc or fcc."""
        return str(self.about["phase"])

    @cached_property
    def members(self) -> list[Member]:
        """The boundaries."""
        return [Member.from_dict(entry) for entry in self.about["members"]]

    @property
    def egb(self) -> np.ndarray:
        """(M,) J/m2."""
        return self.arrays["egb"]

    @property
    def n(self) -> np.ndarray:
        """(M,) [n]."""
        return self.arrays["n"]

    def __len__(self) -> int:
        return len(self.egb)

    def of(self, member: int) -> np.ndarray:
        """Indices of the structures of a member."""
        return np.flatnonzero(self.arrays["member"] == member)

    def positions(self, index: int) -> np.ndarray:
        """(N, 3) Å of one structure, z from the plane of the boundary."""
        part = self.arrays["positions"][slice(*self.arrays["offsets"][index : index + 2])]
        reach = self.members[int(self.arrays["member"][index])].reach
        return part * STEP - np.array([0.0, 0.0, reach])

    def sha256(self) -> str:
        """Hash of the structures, whatever else is in the file."""
        text = hashlib.sha256()
        for name in ("positions", "offsets", "member", "egb", "n"):
            text.update(np.ascontiguousarray(self.arrays[name]).tobytes())
        return text.hexdigest()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the npz file, whole or not at all; the same content gives the same bytes."""
        write_npz(path, self.arrays | {"about": np.array(json.dumps(self.about, sort_keys=True))})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BoundaryCollection:
        """Read a file that :meth:`save` wrote; DatasetError, in one sentence, for any other."""
        kind = "collection of boundaries"
        arrays, about = read_npz(path, kind, kind, {"positions", "offsets", "member", "egb", "n"})
        if "members" not in about:
            raise DatasetError(f"{str(path)!r} is no {kind}: it lacks its members.")
        return cls(arrays, about)


@dataclass(frozen=True)
class Part:
    """Structures of one boundary, on their way into a collection: positions in Å, z from the plane."""

    member: Member
    egb: Sequence[float]
    n: Sequence[float]
    positions: Sequence[np.ndarray]


def collect(phase: str, parts: Iterable[Part]) -> BoundaryCollection:
    """A collection of parts; DatasetError where a part is of another phase or a cell is wider than can be stored."""
    arrays: dict[str, list[Any]] = {"positions": [], "member": [], "egb": [], "n": []}
    members: list[Member] = []
    for part in parts:
        member = part.member
        if member.boundary.phase != phase:
            raise DatasetError(
                f"{member.metal} {member.boundary.slug} is {member.boundary.phase}, not {phase}."
            )
        if max(*member.cell, 2 * member.reach) / STEP >= 2**16:
            raise DatasetError(
                f"{member.metal} {member.boundary.slug} has a cell wider than {2**16 * STEP:.1f} Å."
            )
        for egb, n, r in zip(part.egb, part.n, part.positions, strict=True):
            near = r[np.abs(r[:, 2]) <= member.reach]
            x = np.column_stack([near[:, :2] % member.cell, near[:, 2] + member.reach])
            arrays["positions"].append(np.rint(x / STEP).astype(np.uint16))
            arrays["member"].append(len(members))
            arrays["egb"].append(round(float(egb), 6))
            arrays["n"].append(round(float(n), 6))
        members.append(member)
    if not members:
        raise DatasetError("There is nothing to collect.")
    counts = [len(x) for x in arrays["positions"]]
    return BoundaryCollection(
        {
            "positions": np.concatenate(arrays["positions"]),
            "offsets": np.concatenate([[0], np.cumsum(counts)]),
            "member": np.array(arrays["member"]),
            "egb": np.array(arrays["egb"]),
            "n": np.array(arrays["n"]),
        },
        {"format": 1, "phase": phase, "members": [m.as_dict() for m in members]},
    )


@dataclass(frozen=True)
class HeldOut:
    """What no model for many boundaries learns from: boundaries in any metal and any cell, and metals altogether."""

    boundaries: frozenset[str]
    metals: frozenset[str]

    @classmethod
    def read(cls, phase: str, path: str | os.PathLike[str] | None = None) -> HeldOut:
        """The list of a phase in ``data/held-out.toml``; DatasetError where the file says nothing of it."""
        path = dataset_folder() / "held-out.toml" if path is None else Path(path)
        try:
            entry = tomllib.loads(path.read_text(encoding="utf-8"))[phase]
            return cls(frozenset(entry["boundaries"]), frozenset(entry["metals"]))
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise DatasetError(
                f"The list of what is held out, {str(path)!r}, says nothing of {phase}: {error}."
            ) from None

    def __contains__(self, member: object) -> bool:
        """Whether a member may not be learnt from."""
        return isinstance(member, Member) and (
            member.boundary.slug in self.boundaries or member.metal in self.metals
        )

    def refuse(self, members: Iterable[Member]) -> None:
        """DatasetError that names the first member that is held out."""
        for member in members:
            if member in self:
                raise DatasetError(
                    f"{member.metal} {member.boundary.slug} is held out: nothing may be learnt from it "
                    f"(held out are {', '.join(sorted(self.boundaries))} in any metal, and all of "
                    f"{', '.join(sorted(self.metals))})."
                )
