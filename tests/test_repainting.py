"""Slabs of one's own, painted anew: the grains stay, the lowest is kept, and what cannot be painted is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms

import gcd
from gcd.checkpoints import ManyBoundariesCheckpoint, available
from gcd.cli import main
from gcd.energetics.boundary_energy import relax_boundaries
from gcd.generate.own_slabs import painting_model, understand
from gcd.requests import RepaintRequest
from gcd.structures.bicrystals import bicrystal, twist_bicrystal
from gcd.structures.boundary import Boundary
from gcd.structures.boundary_names import find_boundary
from gcd.structures.formats import read_structures, write_structure

MANY = next(
    (n for n, c in available().items() if isinstance(c, ManyBoundariesCheckpoint) and c.phase == "bcc"), None
)
CHECKPOINT = MANY or "boundary-w-sigma5-full"
QUICK = {"checkpoint": CHECKPOINT, "workers": 1, "device": "cpu", "seed": 1}


def slab(metal="W", planes=(10, 10), **settings):
    settings = {"gap": 0.3, "remove": 4, "in_plane_shift": (2, 3)} | settings
    atoms = twist_bicrystal("sigma5", metal, planes=planes, **settings)
    atoms.info = {}
    atoms.arrays.pop("grain")
    return atoms


def on_its_side(atoms):
    """The same slab with its boundary across x, and types in the place of elements."""
    lying = Atoms(
        ["H"] * len(atoms), atoms.positions[:, [2, 0, 1]], cell=np.diag(atoms.cell.lengths()[[2, 0, 1]])
    )
    lying.pbc = (False, True, True)
    return lying[np.random.default_rng(0).permutation(len(lying))]


@pytest.fixture(scope="module")
def painted():
    """Ranked candidates of a slab, and each as painted, by index."""
    seen = {}
    ranked = gcd.repaint(
        slab(),
        count=3,
        painted=(10.0, 16.0),
        on_candidate=lambda a: seen.setdefault(a.info["index"], a),
        **QUICK,
    )
    return ranked, seen


def test_the_slab_itself_takes_part_and_the_lowest_comes_first(painted):
    ranked, _ = painted
    (alone,) = relax_boundaries(slab(), "W", workers=1)
    (own,) = [a for a in ranked if a.info["own"]]
    assert own.info["egb"] == pytest.approx(alone.info["egb"], abs=1e-4)
    assert all(a.info["egb_own"] == own.info["egb"] for a in ranked)
    energies = [a.info["egb"] for a in ranked if a.info["converged"]]
    assert energies == sorted(energies)
    assert energies[0] <= own.info["egb"]
    assert len(ranked) == 4
    assert {a.info["boundary"] for a in ranked} == {"sigma5"}


def test_outside_the_painted_layers_every_atom_lies_where_it_lay(painted):
    _, seen = painted
    before = slab().positions
    for index, atoms in seen.items():
        kept = ~atoms.arrays["painted"]
        apart = np.linalg.norm(atoms.positions[kept][:, None] - before[None], axis=2).min(axis=1)
        assert apart.max() < 1e-9
        missing = np.linalg.norm(before[:, None] - atoms.positions[kept][None], axis=2).min(axis=1) > 1e-9
        thickness = (10.0, 16.0)[index % 2]
        assert np.ptp(before[missing, 2]) == pytest.approx(thickness, abs=2.5)
        assert atoms.info["painted"] == pytest.approx(thickness, abs=0.9)
        assert np.array_equal(atoms.cell.array, slab().cell.array)


def test_however_the_slab_lies_the_same_is_painted(painted):
    ranked, _ = painted
    lying = gcd.repaint(on_its_side(slab()), "W", count=3, painted=(10.0, 16.0), **QUICK)
    assert list(lying[0].pbc) == [False, True, True]
    by_index = [{a.info["index"]: a for a in some} for some in (ranked, lying)]
    for index, atoms in by_index[0].items():
        other = by_index[1][index]
        assert len(other) == len(atoms)
        if "error" not in atoms.info:
            assert other.info["egb"] == pytest.approx(atoms.info["egb"], abs=5e-3)


def test_a_pile_is_painted_and_opened_at_its_other_boundary():
    """Slabs are let grow together at their ends, as most tools write them."""
    pile = bicrystal(
        find_boundary("sigma5"), 3.1648, "W", planes=(14, 14), in_plane_shift=(1.0, 2.0), gap=0.3, vacuum=0.0
    )
    pile.set_cell([*pile.cell.lengths()[:2], pile.cell.lengths()[2] + 3.1648 / 2 + 0.3], scale_atoms=False)
    pile.pbc = True
    ranked = gcd.repaint(pile, count=1, **QUICK)
    assert ranked[0].info["egb"] <= ranked[0].info["egb_own"] + 1e-9
    assert list(ranked[0].pbc) == [True, True, False]
    (alone,) = relax_boundaries(pile, "W", workers=1)
    assert ranked[0].info["egb_own"] == pytest.approx(alone.info["egb"], abs=1e-4)


def test_the_upper_grain_moves_as_a_block_when_told_to():
    before = slab()
    seen = {}
    gcd.repaint(
        before,
        count=3,
        move=True,
        painted=(10.0,),
        on_candidate=lambda a: seen.setdefault(a.info["index"], a),
        **QUICK,
    )
    middle = 0.5 * (before.positions[:, 2].min() + before.positions[:, 2].max())
    for index, atoms in seen.items():
        kept = atoms.positions[~atoms.arrays["painted"]]
        top = kept[kept[:, 2] > middle + 6.0]
        below = kept[kept[:, 2] < middle - 6.0]
        assert np.linalg.norm(below[:, None] - before.positions[None], axis=2).min(axis=1).max() < 1e-9
        highest = top[:, 2].max() - before.positions[:, 2].max()
        assert (abs(highest) < 1e-9) == (index % 3 == 0)


def named(name, phase="bcc", a=3.1648, metal="W", height=16.0, **settings):
    boundary = find_boundary(name, phase)
    return bicrystal(boundary, a, metal, planes=boundary.planes_for(height, a), gap=0.6, **settings)


def apart(atoms, gap):
    """The upper grain lifted off: two crystals with vacuum between them."""
    atoms.positions[atoms.positions[:, 2] > atoms.positions[:, 2].mean(), 2] += gap
    atoms.cell[2, 2] += gap
    return atoms


ASYMMETRIC = Boundary(((0, 5, 0), (0, 0, 1), (1, 0, 0)), ((3, 4, 0), (0, 0, 1), (4, -3, 0)), "bcc", (1, 3))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: slab(planes=(3, 3)), "too thin"),
        (lambda: twist_bicrystal((1, 0), "W", planes=(12, 12), repeats=(3, 3)), "no boundary to paint"),
        (lambda: apart(slab(), 8.0), "no boundary to paint: at z = .* Å of vacuum between its crystals"),
        (lambda: named(ASYMMETRIC), "never trained on anything like .*asymmetric tilt.*--anyway"),
        (lambda: named("s5-210-001", "fcc", 3.615, "Cu"), "never trained on anything like .* of fcc"),
        (
            lambda: Atoms("Ti2", [(0, 0, 0), (0, 1.7, 2.3)], cell=(3, 5, 4.6), pbc=True) * (3, 2, 8),
            "Ti is neither",
        ),
    ],
)
def test_what_cannot_be_painted_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        gcd.repaint(make(), checkpoint="boundary-w-sigma5-full")
    assert "\n" not in str(error.value)


def test_another_metal_is_refused_and_one_that_no_model_knows_is_not():
    with pytest.raises(ValueError, match="holds W, but the metal chosen is Ta"):
        gcd.repaint(slab(), "Ta", **QUICK)
    recast = understand(slab("Ta"))
    assert recast.boundary.slug == "sigma5"
    assert recast.found.lattice_constant == pytest.approx(3.3025, rel=1e-3)
    painting_model(recast.boundary, "boundary-w-sigma5-full")


def test_it_goes_on_with_what_it_has_never_seen_when_told_to():
    boundary = understand(named(ASYMMETRIC)).boundary
    assert painting_model(boundary, CHECKPOINT, anyway=True).name == CHECKPOINT


def test_a_hexagonal_or_short_cell_is_made_one_that_can_be_painted():
    (atoms,) = read_structures("tests/energetics/bicrystals/cu-twin-hex-120.vasp")
    recast = understand(atoms)
    assert recast.boundary.slug == "s3-111-110"
    assert len(recast.standing) == 16 * len(atoms)
    assert min(recast.found.lengths) > 8.0
    assert "with a right angle" in recast.words[-1]
    assert len(understand(slab()).standing) == len(slab())
    assert len(understand(slab(), repeats=(2, 1)).standing) == 2 * len(slab())
    energies = [a.info["egb"] for a in relax_boundaries([atoms, recast.standing], "Cu", workers=1)]
    assert energies == pytest.approx([0.0140, 0.0140], abs=1e-3)


def test_two_different_boundaries_of_a_pile_are_told():
    (atoms,) = read_structures("tests/energetics/bicrystals/w-s3-112-twin-pile.vasp")
    height = atoms.cell.array[2, 2]
    z = np.mod(atoms.positions[:, 2], height)
    seam = int(np.argmin(np.abs(z - z.min())))
    del atoms[seam]
    words = understand(atoms).words
    assert any("two different boundaries" in word for word in words)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_verb_writes_the_lowest_and_says_what_it_is(here, capsys):
    write_structure(slab(), here / "slab.extxyz")
    words = [
        "repaint",
        "slab.extxyz",
        "--count",
        "2",
        "--painted",
        "12",
        "--checkpoint",
        CHECKPOINT,
        "--workers",
        "1",
    ]
    assert main([*words, "--out", "o", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])["structures"]
    assert (row["file"], row["boundary"], row["metal"], row["candidates"]) == (
        "o/slab-repainted.extxyz",
        "sigma5",
        "W",
        2,
    )
    assert row["egb"] <= row["egb_own"]
    (written,) = read_structures(row["file"])
    assert written.info["egb"] == pytest.approx(row["egb"])
    assert len(written) == row["atoms"]
    request = RepaintRequest(("slab.extxyz",), count=2, painted=(12.0,), checkpoint=CHECKPOINT, workers=1)
    found = {}
    exec(request.python(), found)
    assert found["repainted"][0].info["egb"] == pytest.approx(row["egb"], abs=1e-6)


def test_nothing_is_written_when_one_of_the_files_is_refused(here, capsys):
    write_structure(slab(), here / "slab.extxyz")
    write_structure(twist_bicrystal((1, 0), "W", planes=(12, 12), repeats=(3, 3)), here / "perfect.extxyz")
    assert main(["repaint", "slab.extxyz", "perfect.extxyz", "--checkpoint", CHECKPOINT, "--out", "o"]) == 2
    assert "perfect.extxyz: The slab has no boundary to paint" in capsys.readouterr().err
    assert not (here / "o").exists()
