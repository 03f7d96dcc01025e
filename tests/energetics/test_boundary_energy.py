"""E_gb (Eq. 7), and slabs relaxed by either engine."""

from __future__ import annotations

import numpy as np
import pytest
from slab_examples import perfect_slab, rough_slab

import gcd
from gcd.energetics import boundary_energy as module
from gcd.energetics import lammps
from gcd.energetics.boundary_energy import boundary_energy, choose_engine, relax_boundaries
from gcd.energetics.boundary_plane import make_slab

needs_lammps = pytest.mark.skipif(not lammps.available(), reason=str(lammps.missing()))
ENGINES = [pytest.param("lammps", marks=needs_lammps), "torch"]


def test_equation_7_by_hand():
    """Two atoms, each 0.5 eV above the crystal's 8, on 10 Å^2; the third is too far away to count."""
    positions = np.array([[0, 0, 0], [0, 0, 21], [0, 0, 22]], float)
    energies = np.array([-7.5, -7.5, 0.0])
    assert boundary_energy(energies, positions, 0.0, 10.0, -8.0) == pytest.approx(1.602177)
    assert boundary_energy(energies, positions, 0.0, 10.0, -8.0, window=(5, 5)) == pytest.approx(0.8010885)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_twist_no_energy(engine):
    """Opened by 0.3 Å and shaken, a crystal without twist or shift closes again."""
    atoms = perfect_slab(planes=(16, 16), repeats=(2, 2))
    z = atoms.positions[:, 2]
    middle = 0.5 * (z.min() + z.max())
    atoms.positions[z > middle, 2] += 0.3
    near = np.abs(z - middle) < 5.0
    atoms.positions[near] += np.random.default_rng(0).normal(0.0, 0.1, (near.sum(), 3))
    (relaxed,) = relax_boundaries(atoms, engine=engine)
    assert relaxed.info["egb_initial"] > 0.1
    assert abs(relaxed.info["egb"]) < 1e-3
    assert relaxed.info["n"] == 0
    assert relaxed.info["converged"]


@pytest.mark.parametrize("metal", ["W", "Cu"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_perfect_crystal_stays_as_it_is(engine, metal):
    atoms = perfect_slab(metal, planes=(16, 16), repeats=(2, 2))
    (relaxed,) = relax_boundaries(atoms, metal, engine=engine)
    assert abs(relaxed.info["egb"]) < 1e-5
    assert np.abs(relaxed.positions - atoms.positions).max() < 1e-3


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_relaxed_slab_tells(engine):
    atoms = rough_slab()
    atoms.set_array("grain", np.arange(len(atoms)) % 2)
    atoms.info["from"] = "a test"
    (relaxed,) = relax_boundaries([atoms], engine=engine, workers=1)
    info = relaxed.info
    assert 2.2 < info["egb"] < info["egb_initial"]
    assert info["n"] == pytest.approx(0.2)
    assert info["converged"] is True
    assert "error" not in info
    assert (info["metal"], info["engine"], info["from"]) == ("W", engine, "a test")
    assert info["force_evaluations"] > 10
    assert info["area"] == pytest.approx(100.1627, abs=1e-3)
    assert np.array_equal(relaxed.arrays["grain"], atoms.arrays["grain"])
    again = boundary_energy(
        relaxed.arrays["energy"],
        relaxed.positions,
        info["plane"],
        info["area"],
        -8.759994057,
        window=(12, 12),
    )
    assert again == pytest.approx(info["egb"], abs=1e-3)
    assert "egb" not in atoms.info


@pytest.mark.parametrize("engine", ENGINES)
def test_bad_structures_cost_themselves_alone(engine):
    good = rough_slab(planes=(9, 9))
    double = good.copy()
    double.positions[5] = double.positions[4] + (0.01, 0, 0)
    other = good.copy()
    other.symbols[:] = "Cu"
    told = []
    results = relax_boundaries([double, good, other, good[:0], good], engine=engine, callback=told.append)
    assert [r.info.get("error", "")[:20] for r in results] == [
        "Two atoms are only 0",
        "",
        "The structure holds ",
        "The structure has no",
        "",
    ]
    assert np.isnan(results[0].info["egb"])
    assert results[0].info["converged"] is False
    assert results[1].info["egb"] == pytest.approx(results[4].info["egb"], abs=1e-6)
    assert sorted(t.index for t in told) == [0, 1, 2, 3, 4]
    assert [t.done for t in told] == [1, 2, 3, 4, 5]
    assert all(t.total == 5 for t in told)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_can_stop_the_work(engine):
    class Enough(Exception):
        pass

    def callback(progress):
        raise Enough

    with pytest.raises(Enough):
        relax_boundaries([rough_slab(planes=(9, 9))] * 2, engine=engine, callback=callback)


@pytest.mark.parametrize("engine", ENGINES)
def test_stopping_early_is_told(engine):
    (relaxed,) = relax_boundaries(rough_slab(planes=(9, 9)), engine=engine, max_evaluations=20)
    assert relaxed.info["converged"] is False
    assert relaxed.info["stopped_by"].startswith("max")


@needs_lammps
def test_a_lammps_that_takes_too_long_is_skipped_and_told():
    (result,) = relax_boundaries(rough_slab(), engine="lammps", workers=1, timeout=0.05)
    assert result.info["error"] == "It took longer than 0.05 s and was stopped."
    assert np.isnan(result.info["egb"])


def test_without_lammps_torch_does_the_work(monkeypatch):
    monkeypatch.setattr(lammps, "missing", lambda: "LAMMPS is not installed.")
    assert choose_engine("auto") == "torch"
    (relaxed,) = relax_boundaries(rough_slab(planes=(9, 9)))
    assert relaxed.info["engine"] == "torch"
    with pytest.raises(ValueError, match="not installed"):
        relax_boundaries(rough_slab(), engine="lammps")


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="the engines are auto, lammps, torch"):
        relax_boundaries(rough_slab(), engine="vasp")
    with pytest.raises(ValueError, match="the metals are"):
        relax_boundaries(rough_slab(), metal="Xx")


def test_nothing_to_do():
    assert relax_boundaries([], engine="torch") == []


def test_it_is_one_of_the_package_s_verbs():
    assert gcd.relax_boundaries is module.relax_boundaries


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"workers": 0}, "number of workers must be a whole number from 1"),
        ({"workers": -1}, "not -1"),
        ({"max_steps": 3}, "Unknown setting 'max_steps': the settings are energy_tolerance, force_tolerance"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_relaxed(arguments, says):
    with pytest.raises(ValueError, match=says):
        relax_boundaries(rough_slab(), **arguments)


def test_a_plane_that_is_no_number():
    with pytest.raises(ValueError, match="finite number of Å, not 'a'"):
        make_slab(rough_slab(), "W", plane="a")
