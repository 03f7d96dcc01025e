"""Slabs of one's own, relaxed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gcd.requests import common, parse
from gcd.requests.request import Listener, Request, asked

if TYPE_CHECKING:
    from ase import Atoms

    from gcd.structures.formats import Reading

USUAL = "W"  # the metal of files that name none, in potentials of several
ENGINES = ("auto", "lammps", "torch", "ase")


@dataclass(frozen=True)
class RelaxationRequest(Request):
    """What `gcd relax` and `gcd.relax_boundaries` take, beside the structures; ValueError for what is not legal."""

    verb: ClassVar[str] = "relax"
    function: ClassVar[str] = "relax_boundaries"
    result: ClassVar[str] = "relaxed"

    files: tuple[str, ...] = asked(nargs="+", metavar="FILE", help="CIF, POSCAR, extxyz, LAMMPS data or dump")
    metal: str | None = asked(
        "--metal", default=None, metavar="EL", help="metal of the potential (default: the file's, else W)"
    )
    potential: str | None = asked(
        "--potential", default=None, address=("potential",), metavar="P",
        help="zhou2004 (the default), an EAM file, LAMMPS's pair lines, or package.module:Class of an ASE calculator",
    )  # fmt: skip
    plane: float | None = asked(
        "--plane", default=None, metavar="Z", parse=parse.number("plane", -1e6, 1e6),
        help="z of the boundary in Å (default: found from the energies of the atoms)",
    )  # fmt: skip
    rescale: bool = asked(
        "--rescale", default=False,
        help="take off the strain that the grains have against the potential's crystal",
    )  # fmt: skip
    elements: tuple[str, ...] | None = asked("--elements", default=None)
    format: str | None = asked("--format", default=None)
    engine: str = asked(
        "--engine", default="auto", choices=ENGINES,
        help="what relaxes (default auto: the best that can, with the potential, and is installed)",
    )  # fmt: skip
    workers: int | None = common.workers("processes for LAMMPS")
    device: str = common.device()

    def __post_init__(self) -> None:
        """Check everything but the files, which are read when it runs."""
        from gcd.energetics.boundary_energy import choose_engine
        from gcd.energetics.potential import find_potential

        self.settle(files=tuple(map(str, self.files)))
        if not self.files:
            raise ValueError("Name at least one file to relax.")
        if self.metal is not None:
            self.settle(metal=find_potential(self.potential).check_element(self.metal))
        if self.elements is not None:
            self.settle(elements=tuple(self.elements))
        choose_engine(self.engine, find_potential(self.potential))

    @property
    def stem(self) -> str:
        """The first file's name, relaxed."""
        return f"{Path(self.files[0]).stem}-relaxed"

    def metal_of(self, atoms: Atoms) -> str:
        """The metal asked for, else the structure's, else the potential's only one, else tungsten."""
        from gcd.energetics.boundary_plane import metal_of

        return metal_of(atoms, self.metal, self.potential)

    def settings(self) -> dict[str, Any]:
        """For `relax_boundaries`, beside the structures and the metal."""
        names = ("potential", "plane", "rescale", "engine", "workers", "device")
        return {name: getattr(self, name) for name in names}

    def read(self, file: str) -> Reading:
        """The structures of a file, and the words of its reader."""
        from gcd.structures.formats import read_structures

        return read_structures(file, format=self.format, elements=self.elements)

    def check(self, atoms: Atoms) -> None:
        """ValueError, in one sentence, for a structure that is no slab or pile of the metal."""
        from gcd.energetics.boundary_plane import make_slab

        make_slab(
            atoms, self.metal_of(atoms), plane=self.plane, potential=self.potential, rescale=self.rescale
        )

    def run(self, listener: Listener | None = None, structures: Sequence[Atoms] | None = None) -> list[Atoms]:
        """Relax the structures, by default those of the files, metal by metal.

        The listener is told of a `RelaxProgress` over all of them, and of each before and after.
        """
        from gcd.energetics.boundary_energy import RelaxProgress, relax_boundaries

        before = (
            [a for file in self.files for a in self.read(file)] if structures is None else list(structures)
        )
        metals = [self.metal_of(atoms) for atoms in before]
        results: dict[int, Atoms] = {}
        for metal in dict.fromkeys(metals):
            rows = [row for row, other in enumerate(metals) if other == metal]

            def tell(progress: RelaxProgress, rows: list[int] = rows) -> None:
                row = rows[progress.index]
                results[row] = progress.atoms
                if listener is not None:
                    listener.progress(RelaxProgress(len(results), len(before), row, progress.atoms))
                    listener.relaxed(before[row], progress.atoms)

            relax_boundaries([before[row] for row in rows], metal, callback=tell, **self.settings())
        return [results[row] for row in range(len(before))]

    def python(self) -> str:
        """Python that asks for the same."""
        given = {"metal": self.metal or USUAL, **self.settings()}
        usual = {"rescale": False, "engine": "auto", "device": "auto"}
        words = [f"{k}={v!r}" for k, v in given.items() if v is not None and v != usual.get(k, ...)]
        how = "".join(f", {k}={v!r}" for k in ("format", "elements") if (v := getattr(self, k)) is not None)
        files = f"for file in {list(self.files)!r} for atoms in read_structures(file{how})"
        return (
            "import gcd\nfrom gcd.structures.formats import read_structures\n\n"
            f"structures = [atoms {files}]\nrelaxed = gcd.relax_boundaries({', '.join(['structures', *words])})"
        ).replace("'", '"')
