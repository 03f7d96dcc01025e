import numpy as np
import pytest

from gcd.search.collection import BoundaryCollection, HeldOut, Member, Part, collect
from gcd.search.dataset import DatasetError
from gcd.structures.bicrystals import bicrystal, working_cell
from gcd.structures.boundary_names import find_boundary


def _part(name: str, metal: str, a: float) -> Part:
    boundary = working_cell(find_boundary(name), a)
    atoms = bicrystal(boundary, a, metal, gap=1.0)
    member = Member(boundary, metal, a, atoms.cell.lengths()[:2], 6.3 * a, "zhou2004", {"file": "x"})
    return Part(member, [2.0], [0.0], [atoms.positions - np.array([0.0, 0.0, atoms.info["plane"]])])


def test_what_is_stored_comes_back_to_a_thousandth_of_an_angstrom(tmp_path):
    part = _part("s5-310-001", "Fe", 2.866)
    collect("bcc", [part]).save(tmp_path / "c.npz")
    found = BoundaryCollection.load(tmp_path / "c.npz")
    (member,) = found.members
    assert (member.boundary, member.metal) == (part.member.boundary, "Fe")
    whole = part.positions[0]
    near = whole[abs(whole[:, 2]) <= member.reach]
    off = found.positions(0) - near
    off[:, :2] -= member.cell * np.rint(off[:, :2] / member.cell)
    assert abs(off).max() < 6e-4
    assert len(near) < len(whole)  # atoms further away are left out


def test_the_same_structures_give_the_same_file(tmp_path):
    for name in ("a", "b"):
        collect("bcc", [_part("sigma5", "W", 3.165)]).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_held_out_is_refused_in_any_metal_and_cell():
    held = HeldOut.read("bcc")
    assert {"sigma25", "sigma29", "s13-320-001", "s17-530-001", "s9-114-110", "s7-321-111"} <= held.boundaries
    assert "Ta" in held.metals
    members = [_part(name, metal, 3.2).member for name, metal in (("sigma29", "Mo"), ("sigma5", "Ta"))]
    wide = Member(members[0].boundary.repeated((2, 1)), "W", 3.2, members[0].cell, 20.0, "zhou2004", {})
    for member in (*members, wide):
        with pytest.raises(DatasetError, match=f"{member.metal} {member.boundary.slug} is held out"):
            held.refuse([member])
    held.refuse([_part("sigma5", "W", 3.165).member])


def test_the_shipped_collections_hold_nothing_that_is_held_out():
    from gcd.places import dataset_folder

    for phase in ("bcc", "fcc"):
        path = dataset_folder() / f"boundaries-{phase}.npz"
        if path.is_file():
            collection = BoundaryCollection.load(path)
            HeldOut.read(phase).refuse(collection.members)
            assert path.stat().st_size < 25e6


@pytest.mark.parametrize("content", [b"", b"no npz", None])
def test_another_file_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "x.npz"
    if content is None:
        np.savez(path, about=np.array("{}"), egb=np.zeros(1))
    else:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"is no collection of boundaries: .*\.$"):
        BoundaryCollection.load(path)
    with pytest.raises(DatasetError, match="There is no collection"):
        BoundaryCollection.load(tmp_path / "none.npz")
