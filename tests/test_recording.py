"""Films of denoising: the same structure as without a film, kept small, read back, and refused when it is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcd.checkpoints import available
from gcd.diffusion.samplers import Cancelled
from gcd.generate import generate_boundaries, generate_crystals, generate_particles
from gcd.generate.record import record_boundary, record_crystal, record_particles
from gcd.generate.recording import load_recording

SHIPPED = Path(__file__).resolve().parent.parent / "pages" / "parts" / "denoising" / "recordings"
PARTICLES, BOUNDARY = "particle-sc", "boundary-w-sigma5-window"


def test_a_film_shows_the_crystal_that_is_generated(models):
    film = record_crystal("sc", size=(2, 1, 1), seed=3, evaluations=6, order=3)
    atoms = generate_crystals("sc", size=(2, 1, 1), seed=3, evaluations=6, lattice_constant=1.0)[0]
    assert len(film.t) == len(film.state) == len(film.estimate) == len(film.atoms) == 3
    assert film.t[0] == 1.0
    assert film.state.shape[1:] == (12, 6, 6)
    assert film.counts[-1] == len(atoms)
    assert film.atoms[-1] == pytest.approx(atoms.positions, abs=1e-5)


@pytest.mark.skipif(PARTICLES not in available(), reason=f"no checkpoint {PARTICLES}")
def test_a_film_shows_the_particles_that_are_generated():
    film = record_particles("sc", size=3, initial_sigma=0.1, sampler="ode", steps=5, seed=3)
    atoms = generate_particles(
        "sc", size=3, initial_sigma=0.1, sampler="ode", steps=5, seed=3, lattice_constant=1.0, device="cpu"
    )[0]
    assert film.counts.tolist() == [27] * 6
    assert film.atoms[-1] == pytest.approx(atoms.positions, abs=1e-5)
    assert film.t[-1] == 0.0
    assert np.all(np.diff(film.t) < 0)
    assert film.matched[-1] == 1.0


@pytest.mark.skipif(PARTICLES not in available(), reason=f"no checkpoint {PARTICLES}")
def test_a_long_way_is_thinned_and_keeps_its_end():
    film = record_particles("sc", size=3, initial_sigma=0.1, sampler="ode", steps=130)
    assert 40 < len(film.t) <= 61
    assert film.t[-1] == 0.0


@pytest.mark.skipif(BOUNDARY not in available(), reason=f"no checkpoint {BOUNDARY}")
def test_a_film_shows_the_boundary_that_is_generated():
    film = record_boundary(model="window", seed=3, index=1, evaluations=4, order=1)
    atoms = generate_boundaries(
        model="window", seed=3, first=1, evaluations=4, order=1, restarts=0, device="cpu"
    )[0]
    painted = atoms.positions[atoms.arrays["painted"]]
    assert film.atoms[-1] == pytest.approx(painted, abs=1e-4)
    assert len(film.known) + film.counts[-1] == len(atoms)
    assert film.about["n"] == pytest.approx(atoms.info["n"])
    assert film.periodic == (True, True, False)
    low = film.state[:, :, :, 2]  # a layer of the ends, which are never noisy
    assert (low == low[0]).all()


def test_a_film_reads_back(models, tmp_path):
    film = record_crystal("bcc", size=1, evaluations=3)
    again = load_recording(film.save(tmp_path / "film.npz"))
    assert again.about == film.about
    assert again.grid == film.grid
    for name in ("t", "state", "estimate", "occupied", "matched", "known"):
        assert np.array_equal(getattr(again, name), getattr(film, name))
    assert [len(atoms) for atoms in again.atoms] == film.counts.tolist()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"no film"])
def test_what_is_no_film_is_refused_in_a_sentence(content, tmp_path):
    path = tmp_path / "film.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no recording"):
        load_recording(path)


def test_a_film_can_be_cancelled(models):
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        record_crystal("sc", size=1, evaluations=3, callback=stop)


@pytest.mark.parametrize(("phase", "atoms"), [("sc", 64), ("bcc", 128), ("fcc", 256)])
def test_shipped_films_end_in_a_whole_crystal(phase, atoms):
    film = load_recording(SHIPPED / f"{phase}.npz")
    assert film.counts[0] == 0
    assert film.counts[-1] == atoms
    assert film.matched[-1] == 1.0
    assert film.about["phase"] == phase


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.npz")), ids=lambda path: path.stem)
def test_shipped_films_are_small_and_whole(path):
    film = load_recording(path)
    assert path.stat().st_size < 1_000_000
    assert film.matched[-1] == 1.0
    assert film.about["kind"] in ("voxels", "particles", "boundary")
    assert film.about.get("physical", True)
