import numpy as np
import pytest

from gcd.analysis.boundary_similarity import BoundaryLibrary
from gcd.structures.bicrystals import push_atoms, twist_bicrystal


@pytest.fixture(scope="module")
def slabs():
    rng = np.random.default_rng(1)
    made = []
    for remove in range(4):
        atoms = twist_bicrystal(
            "sigma5", "W", gap=0.3, remove=remove, in_plane_shift=tuple(rng.uniform(0, 10, 2)), rng=rng
        )
        push_atoms(atoms, atoms.info["plane"], 0.3, rng)
        made.append(atoms)
    return made


@pytest.fixture(scope="module")
def library(slabs):
    cell = tuple(slabs[0].cell.lengths()[:2])
    return BoundaryLibrary([(a.positions, a.info["plane"]) for a in slabs], cell)


@pytest.mark.parametrize("which", range(4))
def test_a_structure_is_found_again_turned_and_moved(slabs, library, which):
    atoms = slabs[which]
    r, plane = atoms.positions.copy(), atoms.info["plane"]
    r[:, 2] -= plane
    r = np.column_stack([-r[:, 1], -r[:, 0], -r[:, 2]])  # half a turn about x, then a quarter turn about z
    r = r + np.array([3.7, 1.234, 0.4])
    like = library.most_like(r, 0.2)
    assert like.index == which
    assert like.matched == pytest.approx(1.0, abs=0.03)
    assert like.rms < 0.02


def test_another_structure_is_less_alike(slabs, library):
    other = twist_bicrystal(
        "sigma5", "W", gap=0.3, remove=5, in_plane_shift=(4.0, 2.2), rng=np.random.default_rng(9)
    )
    push_atoms(other, other.info["plane"], 0.6, np.random.default_rng(10))
    like = library.most_like(other.positions, other.info["plane"])
    assert like.matched < 0.9
