"""The dataset of a boundary: distinct structures in one npz file that loads with numpy alone.

Arrays, M structures of N atoms in all: ``egb`` (M,) J/m2, ``n`` (M,), ``offsets`` (M + 1,) into ``positions`` (N, 3) Å
and ``energies`` (N,) eV, structures end to end; ``cell`` (3,) Å; ``plane`` (M,), z in Å of the boundary as built; how
each was made: ``seed``, ``number``, ``converged``, ``shift`` (M, 2) Å, ``removed``, ``inserted``, ``steps``,
``temperature`` K, ``ramp``; and ``about``, JSON text with what all share (boundary, its short name
under twist, metal, atoms_per_plane, voxels, recipes).
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcd.files import atomic_file
from gcd.places import dataset_folder
from gcd.search.store import Candidate, Store
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.twists import metal_phase

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.voxels.grid import Grid

SETTINGS = ("removed", "inserted", "steps", "temperature", "ramp")  # of a proposal, one number each
_PER_STRUCTURE = ("egb", "n", "plane", "seed", "number", "converged", "shift", *SETTINGS)


class DatasetError(ValueError):
    """The file is no dataset, or candidates do not make one; the message is one sentence."""


@dataclass(frozen=True)
class BoundaryDataset:
    """Distinct relaxed structures of one boundary, sorted by [n] and E_gb; all share one cell."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]

    @property
    def egb(self) -> np.ndarray:
        """(M,) J/m2."""
        return self.arrays["egb"]

    @property
    def n(self) -> np.ndarray:
        """(M,) [n]."""
        return self.arrays["n"]

    @property
    def cell(self) -> np.ndarray:
        """(3,) Å; periodic along the first two."""
        return self.arrays["cell"]

    @property
    def boundary(self) -> Boundary:
        """What all are structures of, repeats included."""
        return find_boundary(
            self.about.get("boundary", self.about["twist"]), metal_phase(self.about["metal"]).name
        )

    @property
    def voxels(self) -> tuple[int, int, int]:
        """The grid on which the structures are drawn."""
        x, y, z = self.about["voxels"]
        return x, y, z

    def __len__(self) -> int:
        return len(self.egb)

    def positions(self, index: int) -> np.ndarray:
        """(N, 3) Å of one structure."""
        return self.arrays["positions"][slice(*self.arrays["offsets"][index : index + 2])]

    def energies(self, index: int) -> np.ndarray:
        """(N,) eV of one structure."""
        return self.arrays["energies"][slice(*self.arrays["offsets"][index : index + 2])]

    def info(self, index: int) -> dict[str, Any]:
        """What is known of one structure, as plain numbers: E_gb, [n], seed, number, search settings."""
        known = {name: self.arrays[name][index].tolist() for name in _PER_STRUCTURE}
        shared = {name: self.about[name] for name in ("twist", "metal", "atoms_per_plane")}
        return known | shared | {"boundary": self.boundary.slug}

    def atoms(self, index: int) -> Atoms:
        """One structure as ``ase.Atoms``, with :meth:`info` and ``arrays["energy"]`` (eV)."""
        from ase import Atoms

        positions = self.positions(index).astype(float)
        atoms = Atoms(
            [self.about["metal"]] * len(positions),
            positions,
            cell=self.cell,
            pbc=(True, True, False),
            info=self.info(index),
        )
        atoms.set_array("energy", self.energies(index).astype(float))
        return atoms

    def lowest(self) -> dict[float, float]:
        """[n] -> lowest E_gb (J/m2)."""
        return {float(n): float(self.egb[self.n == n].min()) for n in np.unique(self.n)}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the npz file, whole or not at all; the same content gives the same bytes."""
        write_npz(path, self.arrays | {"about": np.array(json.dumps(self.about, sort_keys=True))})

    def export(self, path: str | os.PathLike[str], indices: Iterable[int] | None = None) -> int:
        """Write all structures, or those of ``indices``, as extxyz, whole or not at all; how many there are."""
        from ase.io import write

        structures = [self.atoms(index) for index in (range(len(self)) if indices is None else indices)]
        for (
            atoms
        ) in structures:  # "energies" is ASE's word in files; a column "energy" would be read as the total
            atoms.set_array("energies", atoms.arrays.pop("energy"))
        with atomic_file(path) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
            write(text, structures, format="extxyz")
        return len(structures)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BoundaryDataset:
        """Read a file that :meth:`save` wrote; DatasetError, in one sentence, for any other."""
        needed = {"offsets", "positions", "energies", "cell", *_PER_STRUCTURE}
        arrays, about = read_npz(path, "dataset", "boundary dataset", needed)
        return cls(arrays, about)


def read_npz(
    path: str | os.PathLike[str], short: str, kind: str, needed: set[str]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and the JSON called about of a file that `write_npz` wrote, never by pickle.

    Args:
        short, kind: what such a file is called where there is none, and where there is another.
        needed: names of the arrays without which it is another.

    Raises:
        DatasetError: no such file, or another one, in one sentence.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop("about")))
    except FileNotFoundError:
        raise DatasetError(f"There is no {short} {str(path)!r}.") from None
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{str(path)!r} is no {kind}: {error}.") from None
    if lacking := needed - set(arrays):
        raise DatasetError(f"{str(path)!r} is no {kind}: it lacks {', '.join(sorted(lacking))}.")
    return arrays, about


def write_npz(path: str | os.PathLike[str], members: dict[str, np.ndarray]) -> None:
    """Arrays as an npz file, whole or not at all; the same content gives the same bytes."""
    with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in sorted(members.items()):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
            # A fixed date, so that the same content is the same file.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9
            )


def load_dataset(name: str = "w-sigma5") -> BoundaryDataset:
    """The dataset of that name in :func:`gcd.places.dataset_folder`."""
    return BoundaryDataset.load(dataset_folder() / f"{name}.npz")


def build_dataset(
    stores: Iterable[str | os.PathLike[str]],
    *,
    voxels: tuple[int, int, int] | None = None,
    height: float | None = None,
    highest: float = np.inf,
) -> BoundaryDataset:
    """Gather the distinct, converged structures of one or several searches of the same boundary.

    Args:
        stores: files of :class:`gcd.search.store.Store`; of duplicates the first is kept.
        voxels: the grid of the frame that all structures lie in; by default that of `Boundary.frame`, with room for
            the highest of them.
        height: of that frame in Å; by default that of the grid.
        highest: E_gb in J/m2 above which structures are left out.

    Raises:
        DatasetError: searches of different boundaries, nothing found, or structures that do not fit the frame.
    """
    kept: dict[tuple[int, float], Candidate] = {}
    about: dict[str, Any] = {}
    recipes = []
    for path in stores:
        with Store(path, read_only=True) as store:
            shared = {name: store.meta[name] for name in ("twist", "metal", "atoms_per_plane")}
            # Older stores have no more than the name, under which the same boundary is found.
            phase = metal_phase(shared["metal"]).name
            shared["boundary"] = find_boundary(store.meta.get("boundary", shared["twist"]), phase).to_dict()
            if about and about != shared:
                raise DatasetError(f"{str(path)!r} is a search of another boundary: {shared}, not {about}.")
            about = shared
            if store.meta["recipe"] not in recipes:
                recipes.append(store.meta["recipe"])
            for candidate in store.unique():
                if candidate.converged and candidate.egb <= highest:
                    kept.setdefault(candidate.key, candidate)
    if not kept:
        raise DatasetError("The searches hold no converged structure.")
    found = sorted(kept.values(), key=lambda c: (c.n, c.egb))
    if voxels is None or height is None:
        frame = _frame(Boundary.from_dict(about["boundary"]), found, voxels)
        voxels, height = (
            frame.shape if voxels is None else voxels,
            frame.lengths[2] if height is None else height,
        )
    about |= {"format": 1, "voxels": list(voxels), "recipes": recipes}
    return BoundaryDataset(_arrays(found, voxels, height), about)


def _frame(boundary: Boundary, found: list[Candidate], voxels: tuple[int, int, int] | None) -> Grid:
    """The frame with room for the highest structure, or for the layers that are given."""
    a = float(found[0].cell[0] / boundary.edges[0])
    size = boundary.frame(1.0, a).voxel_size[2]
    highest = max(float(c.positions[:, 2].max()) for c in found)
    return boundary.frame(highest + size if voxels is None else voxels[2] * size, a)


def _arrays(found: list[Candidate], voxels: tuple[int, int, int], height: float) -> dict[str, np.ndarray]:
    cell = np.array([*found[0].cell[:2], height])
    margin = 0.5 * height / voxels[2]  # atoms further out would leave part of themselves outside the voxels
    positions = []
    for c in found:
        x = c.positions.copy()
        x[:, :2] %= cell[:2]
        if x[:, 2].min() < -margin or x[:, 2].max() > height - 2 * margin:
            raise DatasetError(
                f"Candidate {c.number} of seed {c.seed} does not fit a frame {height:.2f} Å high."
            )
        positions.append(x)
    counts = [len(x) for x in positions]
    column = {name: np.array([c.proposal[name] for c in found]) for name in ("shift", *SETTINGS)}
    return column | {
        "egb": np.array([c.egb for c in found]),
        "n": np.array([round(c.n, 6) for c in found]),
        "plane": np.array([c.plane for c in found]),
        "seed": np.array([c.seed for c in found]),
        "number": np.array([c.number for c in found]),
        "converged": np.array([c.converged for c in found]),
        "offsets": np.concatenate([[0], np.cumsum(counts)]),
        "positions": np.concatenate(positions).astype(np.float32),
        "energies": np.concatenate([c.energies for c in found]).astype(np.float32),
        "cell": cell,
    }
