"""Tables of the boundary dataset and of searches: what they count, and what the self-check would notice."""

import numpy as np
import pytest

from gcd.evaluation import dataset as tables
from gcd.evaluation.search import evaluate_searches, markdown, summarise_searches, summary_table
from gcd.search.dataset import BoundaryDataset
from gcd.search.store import Candidate, Store
from gcd.structures.bicrystals import twist_bicrystal

META = {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "recipe": {}}


def dataset_of(structures):
    """Unrelaxed bicrystals stand in for relaxed ones: the energies are right, the forces are not small."""
    from gcd.energetics.boundary_energy import slab_energy
    from gcd.energetics.boundary_plane import atomic_energies, make_slab

    slabs = [make_slab(atoms, "W", plane=atoms.info["plane"]) for atoms in structures]
    energies = [atomic_energies(a.positions, a.cell.array, "W") for a in structures]
    count = len(structures)
    arrays = {
        "egb": np.array([slab_energy(s, e) for s, e in zip(slabs, energies, strict=True)]),
        "n": np.array([a.info["n"] for a in structures]),
        "plane": np.array([a.info["plane"] for a in structures]),
        "offsets": np.concatenate([[0], np.cumsum([len(a) for a in structures])]),
        "positions": np.concatenate([a.positions for a in structures]).astype(np.float32),
        "energies": np.concatenate(energies).astype(np.float32),
        "cell": structures[0].cell.lengths(),
        "shift": np.zeros((count, 2)),
    } | {
        name: np.zeros(count, int)
        for name in ("seed", "number", "converged", "removed", "inserted", "steps", "temperature", "ramp")
    }
    return BoundaryDataset(
        arrays, {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "voxels": [12, 12, 72]}
    )


@pytest.fixture(scope="module")
def dataset():
    return dataset_of(
        [twist_bicrystal("sigma5", "W", gap=gap, remove=k) for gap, k in ((0.2, 0), (0.4, 0), (0.4, 8))]
    )


def test_the_table_counts_by_n(dataset):
    rows = tables.evaluate_dataset(dataset)
    assert [(row.n, row.structures) for row in rows] == [(0.0, 2), (0.2, 1)]
    assert rows[0].lowest == dataset.egb[:2].min()
    assert (rows[0].known, rows[1].known) == (2.980, 2.297)
    assert "| all | 3 |" in tables.markdown(rows)


def test_the_check_computes_the_same_energies(dataset):
    check = tables.check_dataset(dataset)
    assert check.largest_energy_error < 1e-4
    assert check.largest_force > 0.1  # these are not relaxed, and that shows
    assert (check.structures, check.distinct, check.wrong_n) == (3, 3, 0)


def test_the_check_notices_a_wrong_energy_and_a_wrong_n(dataset):
    wrong = BoundaryDataset(
        dataset.arrays | {"egb": dataset.egb + [0.0, 0.01, 0.0], "n": np.array([0.0, 0.0, 0.3])},  # noqa: RUF005
        dataset.about,
    )
    check = tables.check_dataset(wrong)
    assert check.largest_energy_error == pytest.approx(0.01, abs=1e-3)
    assert check.wrong_n == 1


def test_the_plot_is_a_picture(dataset, tmp_path):
    assert tables.plot(dataset, tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_search_is_timed_until_its_answer(tmp_path):
    energies = [(3.0, 0.2), (2.469, 0.1), (2.4693, 0.4), (2.2969, 0.2), (2.2969, 0.2)]
    with Store(tmp_path / "s.db", META) as store:
        store.add(Candidate(7, 9, {}, 5.0, "it crashed"))
        for number, (egb, n) in enumerate(energies):
            store.add(Candidate(7, number, {}, 1.5, "", egb, n))
        store.add(Candidate(8, 0, {}, 2.0, "", 2.469, 0.4))
    rows = {(r.seed, r.n): r for r in evaluate_searches([tmp_path / "s.db"])}
    assert (rows[7, 0.4].candidates, rows[7, 0.4].core_seconds) == (4, 9.5)
    assert (rows[7, 0.2].candidates, rows[7, 0.2].core_seconds) == (5, 11.0)
    assert rows[8, 0.4].candidates == 1
    assert rows[8, 0.2].candidates is None
    assert "not found" in markdown(list(rows.values()))
    assert "| median of 2 | 0.4 |" in markdown(list(rows.values()))


def test_a_search_of_any_boundary_is_summed_up(tmp_path):
    recipe = {"repeats": [1, 1]}
    with Store(
        tmp_path / "s.db", META | {"twist": "s5-310-001", "potential": "Fe.fs", "recipe": recipe}
    ) as store:
        store.add(Candidate(7, 9, {}, 5.0, "it crashed"))
        for number, (egb, n) in enumerate([(3.0, 0.5), (2.11, 0.0), (2.0996, 0.0), (2.0996, 0.0)]):
            store.add(Candidate(7, number, {}, 1.0, "", egb, n, converged=True))
    (row,) = summarise_searches([tmp_path / "s.db"])
    assert (row.boundary, row.potential, row.repeats) == ("s5-310-001", "Fe.fs", "1 x 1")
    assert (row.candidates, row.failed, row.core_seconds, row.core_seconds_each) == (5, 1, 9.0, 1.8)
    assert (row.lowest, row.lowest_n, row.found_after) == (2.0996, 0.0, 4)
    assert row.at == "0:2.100 1/2:3.000"
    assert "| s5-310-001 |" in summary_table([row])
